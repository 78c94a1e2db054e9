package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every concern of the page on production names a rule or a warning, and tests or scripts, that exist.
func TestEveryConcernOfProductionHasATest(t *testing.T) {
	t.Parallel()
	page := document(t, "docs/guides/production.md")
	_, table, ok := strings.Cut(page, "| concern | what platc does | rule | held by |\n|---|---|---|---|\n")
	if !ok {
		t.Fatal("docs/guides/production.md has no table of concerns")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	rules := document(t, "docs/reference/OUTPUT.md")
	codes := document(t, "docs/reference/LANGUAGE.md")
	tests := testNames(t)
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) != 4 {
			t.Errorf("%q does not have four cells", line)
			continue
		}
		named := regexp.MustCompile(`#([A-Z0-9]+-\d+)\)|\b([EW]\d{4})\b`).FindAllStringSubmatch(cells[2], -1)
		if len(named) == 0 {
			t.Errorf("%q is by nothing: %s", cells[0], cells[2])
		}
		for _, m := range named {
			rule := m[1] + m[2]
			if !strings.Contains(rules, `<a id="`+rule+`"></a>`) && !strings.Contains(codes, rule+" ") {
				t.Errorf("%q is by %s, which does not exist", cells[0], rule)
			}
		}
		for name := range strings.SplitSeq(cells[3], ", ") {
			if !tests[strings.Trim(name, "`")] {
				t.Errorf("%q is held by %s, which does not exist", cells[0], name)
			}
		}
	}
}

// document is the text of a page of the project.
func document(t *testing.T, path string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
