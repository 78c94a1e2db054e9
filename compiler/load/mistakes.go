package load

import (
	"cmp"
	stderrors "errors"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/errors"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	library "platc.dev/platc/cue"
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
		r.atCause(&d)
		if before := slices.IndexFunc(m.Found, func(before diag.Diagnostic) bool {
			return strings.HasPrefix(d.Message, "reference ") && before.Message == d.Message && before.Pos.File == d.Pos.File
		}); before >= 0 {
			m.Found[before].Related = append(m.Found[before].Related, diag.Related{Message: "also here", Pos: d.Pos})
			continue
		}
		if help := r.slip(d); help != "" {
			d.Help = help
		}
		m.Found = append(m.Found, d)
	}
	m.Found = withoutEchoes(m.Found)
	return m
}

// atCause moves a mistake in an argument of a function of CUE, or in a text, from there to its own place: what passes it on has no part in it.
func (r root) atCause(d *diag.Diagnostic) {
	found := regexp.MustCompile(`(?s)^(?:error in call to [\w.]+: |invalid interpolation: )+(undefined field: (.*))$|^(?:error in call to [\w.]+: )+(invalid interpolation: .*)$`).FindStringSubmatch(d.Message)
	if found == nil {
		return
	}
	begins := cmp.Or(found[2], `"`)
	for i, related := range d.Related {
		if line, ok := r.line(related.Pos); ok && strings.HasPrefix(line[min(max(related.Pos.Column-1, 0), len(line)):], begins) {
			d.Message, d.Pos, d.Related[i].Pos = cmp.Or(found[1], found[3]), related.Pos, d.Pos
			return
		}
	}
}

// line is the line of a file of a user's kind that a place is in.
func (r root) line(at diag.Pos) (string, bool) {
	data, err := fs.ReadFile(r.fs, strings.TrimPrefix(at.File, r.name+"/"))
	lines := strings.Split(string(data), "\n")
	if err != nil || at.Line < 1 || at.Line > len(lines) {
		return "", false
	}
	return strings.TrimSuffix(lines[at.Line-1], "\r"), true
}

// slip is what to write in place of what CUE cannot read in a file of a user's kind, "" where nobody knows.
func (r root) slip(d diag.Diagnostic) string {
	line, ok := r.line(d.Pos)
	if !ok {
		return ""
	}
	if name, ok := strings.CutPrefix(d.Message, "undefined field: #"); ok && strings.Contains(line, "schema.#"+name) {
		return diag.DidYouMean(diag.Near("schema.#"+name, schemaNames()))
	}
	if name, ok := strings.CutPrefix(d.Message, "undefined field: "); ok && strings.Contains(line, "parts."+name) {
		return "parts has the slots that kind.cue lists: add " + strconv.Quote(name) + " to slots, or name one of them"
	}
	if rest, ok := strings.CutPrefix(d.Message, `reference "#`); ok {
		if name, _, _ := strings.Cut(rest, `"`); slices.Contains(inputs(), name) {
			return "declare it where the kind or the rule is asked: #" + name + ": _"
		}
		return ""
	}
	help := slipHelp(d.Message, line, d.Pos.Column, append(kind.Basics(), "true", "false"))
	if strings.Contains(help, "@tag") {
		return "" // a kind has none
	}
	return help
}

// schemaNames are the definitions of the schema, as kinds refer to them.
func schemaNames() []string {
	var all []string
	for _, name := range sorted(topLevel(packageOf(root{fs: library.FS}, "schema", module+"/schema", sources(library.FS, "schema")...).files())) {
		if strings.HasPrefix(name, "#") {
			all = append(all, "schema."+name)
		}
	}
	return all
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
