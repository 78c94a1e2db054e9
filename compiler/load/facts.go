package load

import (
	"platc.dev/platc/compiler/eval"
)

// facts reads what a kind says of itself, whatever it is asked about. What is absent, or not known before the kind is asked, is the zero value.
type facts struct {
	answer
	failed *error // the first failure of the evaluator, whose facts do not count then; nil where CUE answers
}

// at is a part, which need not exist.
func (f facts) at(path ...string) (part facts, exists bool) {
	for _, name := range path {
		a, ok := f.field(name)
		if !ok {
			return f, false
		}
		f.answer = a
	}
	return f, true
}

func (f facts) has(path ...string) bool {
	_, ok := f.at(path...)
	return ok
}

// data is the data of a part, nil where there is none.
func (f facts) data(path ...string) any {
	part, ok := f.at(path...)
	if !ok {
		return nil
	}
	data, err := part.decode()
	if err != nil {
		part.fail(err)
		return nil
	}
	return data
}

func (f facts) fail(err error) {
	if f.failed != nil && *f.failed == nil {
		*f.failed = err
	}
}

func (f facts) text(path ...string) string { return str(f.data(path...)) }

// texts are the strings of a list that does not depend on what the kind is asked about.
func (f facts) texts(path ...string) []string {
	part, ok := f.at(path...)
	if !ok {
		return nil
	}
	items, err := part.items()
	if err != nil {
		part.fail(err)
	}
	for _, item := range items {
		// an item that cannot be read is left to who can: left out here, it would be missed by nobody
		if _, err := item.decode(); err != nil {
			part.fail(err)
		}
	}
	return part.knownTexts()
}

// knownTexts are the strings of a list, as far as they are known before the kind is asked.
func (f facts) knownTexts(path ...string) []string {
	part, ok := f.at(path...)
	if !ok {
		return nil
	}
	items, err := part.items()
	if err != nil {
		return nil
	}
	var all []string
	for _, item := range items {
		if data, err := item.decode(); err == nil {
			if s, ok := data.(string); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

func (f facts) flag(otherwise bool, path ...string) bool { return boolean(f.data(path...), otherwise) }

// each is the fields of a part.
func (f facts) each(path ...string) ([]part, error) {
	part, ok := f.at(path...)
	if !ok {
		return nil, nil
	}
	return part.fields()
}

// wholePackage is what a package says, as the evaluator answers it.
type wholePackage struct {
	ownAnswer

	program *eval.Program
	path    string
	failed  *error
}

func (w wholePackage) field(name string) (answer, bool) {
	q, refused := w.program.Question(w.path, name)
	if refused != nil {
		*w.failed = refusal{*refused}
		return nil, false
	}
	a, err := q.Ask(nil)
	if err != nil {
		*w.failed = err
		return nil, false
	}
	return ownAnswer{a}, a.Exists()
}

// refusal is why the evaluator leaves something to CUE.
type refusal struct{ eval.Refusal }

func (r refusal) Error() string { return r.Pos.String() + ": " + r.Reason }

// ownFacts are the facts of a package by the evaluator, cueFacts by CUE.
func (l *lib) ownFacts(p *pkg) facts {
	failed := new(error)
	return facts{wholePackage{program: l.program, path: p.path, failed: failed}, failed}
}

func (l *lib) cueFacts(p *pkg) facts { return facts{cueAnswer{l.engine.value(p)}, nil} }
