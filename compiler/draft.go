package compiler

import (
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/draft"
)

// DraftOptions are what a draft of an architecture is made with.
type DraftOptions = draft.Options

// Draft drafts the arch.cue of an architecture from a Compose file, and says what it left out. What does not pass the checks is left out with the reason, so
// that the draft is an architecture without errors.
//
// Errors: a file that cannot be read, or is no Compose file; a draft that cannot be mended.
func Draft(file string, o DraftOptions) (text []byte, notes []string, err error) {
	d, err := draft.Compose(file, o)
	if err != nil {
		return nil, nil, err
	}
	kinds := &Kinds{}
	for {
		if text, err = d.CUE(o.Package, o.Schema); err != nil {
			return nil, nil, err
		}
		in := Input{Args: []string{Stdin}, Dir: o.Dir, Stdin: func() ([]byte, error) { return text, nil }, Env: func(string) (string, bool) { return "", false }, Kinds: kinds, Untraced: true}
		found := Check(in).Findings.Sorted()
		errors := slices.DeleteFunc(slices.Clone(found), func(f diag.Diagnostic) bool { return f.Severity != diag.Error })
		if len(errors) == 0 {
			return text, d.All(), nil
		}
		if !slices.ContainsFunc(errors, func(f diag.Diagnostic) bool { return withoutFault(d, string(text), f) }) {
			return nil, nil, fmt.Errorf("a draft of %s has the error %s: %s", o.Shown, errors[0].Code, errors[0].Message)
		}
	}
}

// withoutFault leaves out the attribute that a finding is about, and says whether there was one.
func withoutFault(d *draft.Draft, text string, f diag.Diagnostic) bool {
	places := append([]diag.Pos{f.Pos}, related(f)...)
	for _, pos := range places {
		if component, attribute := attributeAt(text, pos.Line); attribute != "" && d.Remove(component, attribute, f.Message) {
			return true
		}
	}
	return false
}

func related(f diag.Diagnostic) []diag.Pos {
	var all []diag.Pos
	for _, r := range f.Related {
		all = append(all, r.Pos)
	}
	return all
}

// attributeAt is the component and the attribute that a line of a formatted draft belongs to. Components are one tab in, their attributes two.
func attributeAt(text string, line int) (component, attribute string) {
	lines := strings.Split(text, "\n")
	for n := min(line, len(lines)) - 1; n >= 0; n-- {
		name, _, field := strings.Cut(strings.TrimLeft(lines[n], "\t"), ":")
		depth := len(lines[n]) - len(strings.TrimLeft(lines[n], "\t"))
		switch {
		case !field || strings.HasPrefix(name, "//") || strings.HasPrefix(name, "}"):
		case depth == 2 && attribute == "" && component == "":
			attribute = strings.Trim(name, `"`)
		case depth == 1:
			return strings.Trim(name, `"`), attribute
		}
	}
	return "", ""
}
