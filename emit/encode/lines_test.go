package encode_test

import (
	"fmt"
	"strings"
	"testing"

	"platc.dev/platc/emit/encode"
)

// shown is a line with what it was written from: "spec.ports.0 | - 80".
func shown(data []byte, lines []encode.Line) []string {
	var all []string
	texts := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for i, l := range lines {
		words := make([]string, len(l.Path))
		for j, word := range l.Path {
			words[j] = fmt.Sprint(word)
		}
		place := strings.Join(words, ".")
		if l.To > 0 {
			place += fmt.Sprintf("[%d:%d]", l.From, l.To)
		}
		all = append(all, place+" | "+texts[i])
	}
	if len(texts) != len(lines) {
		all = append(all, fmt.Sprintf("%d lines of text", len(texts)))
	}
	return all
}

func checkLines(t *testing.T, data []byte, lines []encode.Line, err error, want ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(shown(data, lines), "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestLinesOfYAML(t *testing.T) {
	t.Parallel()
	data, lines, err := encode.YAMLLines(
		map[string]any{"kind": "A", "spec": map[string]any{"empty": []any{}, "items": []any{map[string]any{"b": 1, "c": true}, []any{nil, "x"}}, "text": "one\n\nthree\n"}},
		map[string]any{"kind": "B"},
	)
	checkLines(
		t, data, lines, err,
		"0.kind | kind: A", "0.spec | spec:", "0.spec.empty |   empty: []", "0.spec.items |   items:", "0.spec.items.0.b |   - b: 1", "0.spec.items.0.c |     c: true",
		"0.spec.items.1.0 |   - - null", "0.spec.items.1.1 |     - x", "0.spec.text |   text: |", "0.spec.text[0:3] |     one", "0.spec.text[4:4] | ", "0.spec.text[5:10] |     three",
		"1 | ---", "1.kind | kind: B",
	)
}

func TestLinesOfJSON(t *testing.T) {
	t.Parallel()
	data, lines, err := encode.JSONLines(map[string]any{"a": map[string]any{"x": 1}, "b": []any{"y", map[string]any{}}})
	checkLines(
		t, data, lines, err,
		" | {", `a |   "a": {`, `a.x |     "x": 1`, "a |   },", `b |   "b": [`, `b.0 |     "y",`, `b.1 |     {}`, "b |   ]", " | }",
	)
}

func TestLinesOfDotenv(t *testing.T) {
	t.Parallel()
	data, lines, err := encode.DotenvLines([]encode.Group{{Comment: "none"}, {Comment: "db", Variables: []encode.Variable{{"A", "1"}, {"B", ""}}}, {Variables: []encode.Variable{{"C", "2"}}}})
	checkLines(t, data, lines, err, "1 | # db", "1.A | A=1", "1.B | B=", "2.C | C=2")
	data, lines, err = encode.DotenvLines(nil)
	checkLines(t, data, lines, err, " | # no variables")
}

// TestNoAllocationPerField: what is allocated is the text itself, which grows by doubling.
func TestNoAllocationPerField(t *testing.T) { //nolint:paralleltest // allocations are counted for the process
	list := make([]any, 1000)
	for i := range list {
		list[i] = map[string]any{"name": "orders", "port": int64(i), "on": true, "size": 1.5, "labels": map[string]any{"a": "x: y", "b": nil}, "items": []any{}}
	}
	doc := map[string]any{"items": list}
	for name, write := range map[string]func() error{
		"YAML": func() error { _, err := encode.YAML(doc); return err },
		"JSON": func() error { _, err := encode.JSON(doc); return err },
	} {
		if n := testing.AllocsPerRun(5, func() {
			if err := write(); err != nil {
				t.Fatal(err)
			}
		}); n > 40 {
			t.Errorf("%s of 8,000 fields allocates %v times", name, n)
		}
	}
}
