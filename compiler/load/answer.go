package load

import (
	"cuelang.org/go/cue"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// answer is what a kind says to a question, or a part of it. It is read piece by piece: what nobody reads may be wrong.
type answer interface {
	err() error
	field(name string) (a answer, exists bool)
	fields() ([]part, error)
	decode() (any, error)
	place(r root) diag.Pos                       // where it is written
	check(form *kind.Type, subject string) error // what it has that the form does not allow
	trace() kind.Trace
}

// part is a field of an answer.
type part struct {
	name string
	answer
}

// cueAnswer is an answer of CUE. Whoever reads it holds the lock.
type cueAnswer struct{ v cue.Value }

func (a cueAnswer) err() error { return a.v.Err() }

func (a cueAnswer) field(name string) (answer, bool) {
	f := a.v.LookupPath(cue.MakePath(cue.Str(name)))
	return cueAnswer{f}, f.Exists()
}

func (a cueAnswer) fields() ([]part, error) {
	it, err := a.v.Fields()
	if err != nil {
		return nil, err
	}
	var all []part
	for it.Next() {
		all = append(all, part{it.Selector().Unquoted(), cueAnswer{it.Value()}})
	}
	return all, nil
}

func (a cueAnswer) decode() (any, error) { return decode(a.v) }

func (a cueAnswer) place(r root) diag.Pos { return r.place(a.v) }

func (a cueAnswer) check(form *kind.Type, subject string) error { return check(form, a.v, subject) }

func (a cueAnswer) trace() kind.Trace { return nil }

// decoded is the data of a part that may be absent.
func decoded(a answer, name string) (any, error) {
	f, ok := a.field(name)
	if !ok {
		return nil, nil
	}
	return f.decode()
}

// decodedFields is the data of an answer with fields.
func decodedFields(a answer) (kind.Object, error) {
	all, err := a.fields()
	if err != nil {
		return nil, err
	}
	o := make(kind.Object, len(all))
	for _, f := range all {
		if o[f.name], err = f.decode(); err != nil {
			return nil, err
		}
	}
	return o, nil
}
