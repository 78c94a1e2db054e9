package load

import (
	"fmt"
	"regexp"
	"strings"

	library "platc.dev/platc/cue"
)

// telling are the patterns that tell a secret: those of W0120, so that no excerpt shows what that calls one.
type telling struct {
	speaking *regexp.Regexp // names that say so, whatever the schema says of them: more than W0120 warns of
	names    *regexp.Regexp // of W0120, which flags may have too
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
