package load

import (
	"cuelang.org/go/cue"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/eval"
	"platc.dev/platc/compiler/kind"
)

// answer is what a kind says to a question, or a part of it. It is read piece by piece: what nobody reads may be wrong.
type answer interface {
	err() error
	field(name string) (a answer, exists bool)
	fields() ([]part, error)
	items() ([]answer, error)
	decode() (any, error)
	pos() token.Pos                              // of CUE, for errors; none of the evaluator, whose errors nobody sees
	place(r root) diag.Pos                       // where it is written
	check(form *kind.Type, subject string) error // what it has that the form does not allow
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
	members, err := membersOf(a.v)
	if err != nil {
		return nil, err
	}
	var all []part
	for _, m := range members {
		all = append(all, part{m.name, cueAnswer{m.value}})
	}
	return all, nil
}

func (a cueAnswer) items() ([]answer, error) {
	it, err := a.v.List()
	if err != nil {
		return nil, err
	}
	var all []answer
	for it.Next() {
		all = append(all, cueAnswer{it.Value()})
	}
	return all, nil
}

func (a cueAnswer) decode() (any, error) { return decode(a.v) }

func (a cueAnswer) pos() token.Pos { return a.v.Pos() }

func (a cueAnswer) place(r root) diag.Pos { return r.place(a.v) }

func (a cueAnswer) check(form *kind.Type, subject string) error {
	return misfits(form, outline(a.v, form, ""), a.v.Path().String(), subject)
}

// ownAnswer is an answer of the evaluator.
type ownAnswer struct{ a *eval.Answer }

func (a ownAnswer) err() error {
	_, err := a.a.Keys()
	return err
}

func (a ownAnswer) field(name string) (answer, bool) {
	f := a.a.Look(name)
	return ownAnswer{f}, f.Exists()
}

func (a ownAnswer) fields() ([]part, error) {
	keys, err := a.a.Keys()
	if err != nil {
		return nil, err
	}
	all := make([]part, len(keys))
	for i, key := range keys {
		all[i] = part{key, ownAnswer{a.a.Look(key)}}
	}
	return all, nil
}

func (a ownAnswer) items() ([]answer, error) {
	if err := a.a.Look(0).Err(); err != nil {
		return nil, err
	}
	var all []answer
	for item := a.a.Look(0); item.Exists(); item = a.a.Look(len(all)) {
		all = append(all, ownAnswer{item})
	}
	return all, nil
}

func (a ownAnswer) decode() (any, error) { return a.a.Data() }

func (a ownAnswer) pos() token.Pos { return token.NoPos }

func (a ownAnswer) place(root) diag.Pos { return a.a.Pos() }

func (a ownAnswer) check(form *kind.Type, subject string) error {
	return misfits(form, outlineOf(a, form, ""), "", subject)
}

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
