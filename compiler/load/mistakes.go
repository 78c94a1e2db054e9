package load

import (
	stderrors "errors"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/errors"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// kindHelp is where the form of a kind is described.
const kindHelp = "see docs/reference/KINDS.md for the form of a kind"

// own says whether a root holds a user's kinds.
func (r root) own() bool { return r.name != "" }

// place is where a user has to look for a value. Nobody looks for the built-in ones, of which there are many.
func (r root) place(v cue.Value) diag.Pos {
	if r.own() {
		return keyOf(v)
	}
	return position(v.Pos())
}

// maxMistakes bounds how many errors of one value are shown: a disjunction that fails has one for each alternative.
const maxMistakes = 3

// mistakes makes an error of CUE one that passes can report, where the kind is a user's own. at is the place of errors without one.
func (r root) mistakes(at diag.Pos, err error) error {
	if !r.own() {
		return errors.New(errors.Details(err, nil))
	}
	if m, ok := stderrors.AsType[*kind.Mistakes](err); ok {
		return m
	}
	m := &kind.Mistakes{}
	all := errors.Errors(errors.Sanitize(errors.Promote(err, "")))
	for _, e := range all[:min(len(all), maxMistakes)] {
		d := diag.Diagnostic{Code: "E0101", Path: strings.Join(e.Path(), "."), Message: message(e, nil, false), Help: kindHelp, Pos: at}
		if isNotAllowed(e) {
			d.Code = "E0102"
		}
		found := false
		for _, p := range errors.Positions(e) {
			pos := position(p)
			switch {
			case !strings.HasPrefix(pos.File, r.name+"/"):
			case !found:
				found, d.Pos = true, pos
			case pos != d.Pos && len(d.Related) < maxMistakes:
				d.Related = append(d.Related, diag.Related{Message: "also here", Pos: pos})
			}
		}
		m.Found = append(m.Found, d)
	}
	m.Found = withoutEchoes(m.Found)
	return m
}

// withoutEchoes are findings without those that another one at the same place is the cause of: "error in call to list.Min: undefined field: img".
func withoutEchoes(found []diag.Diagnostic) []diag.Diagnostic {
	return slices.DeleteFunc(slices.Clone(found), func(d diag.Diagnostic) bool {
		return slices.ContainsFunc(found, func(cause diag.Diagnostic) bool {
			return d.Pos == cause.Pos && strings.HasSuffix(d.Message, ": "+cause.Message)
		})
	})
}

// fail reports a mistake in a kind: the built-in ones have none, so there it is a broken invariant.
func (l *lib) fail(r root, at diag.Pos, err error) {
	m, ok := stderrors.AsType[*kind.Mistakes](r.mistakes(at, err))
	if !ok {
		panic("the library: " + errors.Details(err, nil))
	}
	for _, d := range m.Found {
		l.list.Add(d)
	}
}
