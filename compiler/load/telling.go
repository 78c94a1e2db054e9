package load

import (
	"fmt"
	"regexp"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	library "platc.dev/platc/cue"
)

// telling are the patterns that tell a secret: those of W0120, so that no excerpt shows what that calls one.
type telling struct {
	speaking *regexp.Regexp // names that say so, whatever the schema says of them: more than W0120 warns of
	names    *regexp.Regexp // of W0120, which flags may have too
	public   *regexp.Regexp // names that say that it is none
	plain    *regexp.Regexp // values that are none, whatever their name
	values   *regexp.Regexp // values that say so themselves
}

func newTelling() telling {
	p := packageOf(root{fs: library.FS}, "schema", module+"/schema", "schema/telling.cue")
	data, err := constantOf(compiled([]*pkg{p}), p.path, "telling")
	if err != nil {
		panic(fmt.Sprintf("the library's telling: %s", err))
	}
	of := func(name string) string { text, _ := object(data)[name].(string); return text }
	return telling{
		speaking: regexp.MustCompile(`(?i)pass(w|phrase|code)|passwd|pwd|secret|token|credential|(api|private|access|signing|encryption)[_-]?key|` + of("names")),
		names:    regexp.MustCompile(of("names")),
		public:   regexp.MustCompile(of("public")),
		plain:    regexp.MustCompile(of("plain")),
		values:   regexp.MustCompile(of("values")),
	}
}

// assignment is a setting in a text: --password=x, PGPASSWORD='x y'.
func assignment() *regexp.Regexp {
	return regexp.MustCompile(`([A-Za-z0-9_.-]+)=("[^"]*"|'[^']*'|[^\s"']+)`)
}

// in are the secrets that a text says to be in it. before is the item of the list before it, which may be a flag.
func (t telling) in(text, before string) []string {
	var all []string
	switch password := inURL(text); {
	case password != "":
		all = append(all, password)
	case t.values.MatchString(text), strings.HasPrefix(before, "-") && t.names.MatchString(before) && t.secret(text):
		all = append(all, text)
	}
	if !strings.Contains(text, "=") {
		return all
	}
	for _, found := range assignment().FindAllStringSubmatch(text, -1) {
		if value := strings.Trim(found[2], `"'`); t.names.MatchString(found[1]) && t.secret(value) {
			all = append(all, value)
		}
	}
	return all
}

// secret says whether the value of what is named like a secret can be one: no switch or path, no variable of a shell, and no other flag.
func (t telling) secret(value string) bool {
	return !t.plain.MatchString(value) && !strings.HasPrefix(value, "$") && !strings.HasPrefix(value, "-")
}

// openVariables warns of texts in variables of a link that read like secrets. A field of the link is none: its value is not in arch.cue.
func (l *lowering) openVariables(link ir.Link) {
	given := link.Given.Field("variables")
	if given == nil {
		return
	}
	t, component := l.concealer.telling, link.Source.Component().Name
	for _, f := range given.Fields {
		text, _ := f.Scalar.(string)
		rest := regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllString(text, "")
		named := rest == text && t.names.MatchString(f.Key) && !t.public.MatchString(f.Key) && !t.plain.MatchString(text)
		if !named && !t.values.MatchString(rest) {
			continue
		}
		name := link.Source.ID + " -> " + link.Target
		l.add(diag.Diagnostic{
			Code: "W0120", Secret: true, Path: link.Path() + ".variables." + f.Key, Pos: f.Pos,
			Message: fmt.Sprintf("the link %s has %s in variables, which is in plain text in arch.cue and in the output, but reads like a secret", name, f.Key),
			Help:    fmt.Sprintf("move it to secrets of %s, as %s: {env: \"%s\"} or, to have it drawn, %s: {}, or write fields of the link in its place; change it if the file was shared", component, f.Key, strings.ToUpper(f.Key), f.Key),
		})
	}
}
