package load

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// read is what a user wrote, as a tree.
func (f files) read(t *testing.T) *kind.Given {
	t.Helper()
	list := &diag.List{}
	s := Source{Dir: f.write(t), Env: environ()}
	e := &evaluated{list: list}
	s.evaluate(e, newConcealer(nil, shared()))
	if err := list.Err(); err != nil || !e.ok {
		t.Fatal(err)
	}
	return e.top
}

// place is where a key and its value stand, "key value".
func place(t *testing.T, g *kind.Given, path string) string {
	t.Helper()
	for key := range strings.SplitSeq(path, ".") {
		next := g.Field(key)
		if n := 0; next == nil && g.List {
			if _, err := fmt.Sscan(key, &n); err == nil && n < len(g.Items) {
				next = g.Items[n]
			}
		}
		if next == nil {
			t.Errorf("nothing stands at %s", path)
			return ""
		}
		g = next
	}
	return g.KeyPos.String() + " " + g.Pos.String()
}

func TestKeysAndValuesKeepTheirPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what   string
		files  files
		places map[string]string
	}{
		{"shorthand", files{"a.cue": "package a\nname: x: \"y\": z: 1"}, map[string]string{
			"name": "a.cue:2:1 a.cue:2:7", "name.x": "a.cue:2:7 a.cue:2:10", "name.x.y": "a.cue:2:10 a.cue:2:15", "name.x.y.z": "a.cue:2:15 a.cue:2:18",
		}},
		{"several declarations", files{"a.cue": "package a\nname: {p: int, q: >5}\nname: {q: 7, p: 6}\nname: p: >1\nname: r: 1\n"}, map[string]string{
			"name": "a.cue:2:1 a.cue:2:7", "name.p": "a.cue:3:14 a.cue:3:17", "name.q": "a.cue:3:8 a.cue:3:11", "name.r": "a.cue:5:7 a.cue:5:10",
		}},
		{"the same value twice", files{"a.cue": "package a\nname: p: 1\nname: p: 1\n"}, map[string]string{"name.p": "a.cue:2:7 a.cue:2:10"}},
		{"a definition", files{"a.cue": "package a\n#Base: {kind: \"x\", port: *1 | int, size: int, more: {a: 1}}\nname: #Base & {port: 2, size: 3}\nother: #Base & {size: 4}\n"}, map[string]string{
			"name": "a.cue:3:1 a.cue:3:7", "name.kind": "a.cue:2:9 a.cue:2:15", "name.port": "a.cue:3:16 a.cue:3:22", "name.size": "a.cue:3:25 a.cue:3:31",
			"name.more.a": "a.cue:2:54 a.cue:2:57", "other.port": "a.cue:2:20 a.cue:2:26", "other.size": "a.cue:4:17 a.cue:4:23",
		}},
		{"an embedding", files{"a.cue": "package a\n#Base: {p: 1, q: int}\nname: {\n\t#Base\n\tq: 2\n}\n"}, map[string]string{
			"name": "a.cue:3:1 a.cue:3:7", "name.p": "a.cue:2:9 a.cue:2:12", "name.q": "a.cue:5:2 a.cue:5:5",
		}},
		{"comprehensions", files{"a.cue": "package a\nname: {\n\tfor n in [\"x\", \"y\"] {(n): {p: n, \"\\(n)-q\": 2}}\n\tif true {z: 3}\n}\n"}, map[string]string{
			"name.x": "a.cue:3:23 a.cue:3:28", "name.y.p": "a.cue:3:29 a.cue:3:32", "name.y.y-q": "a.cue:3:35 a.cue:3:45", "name.z": "a.cue:4:11 a.cue:4:14",
		}},
		{"a comprehension in a list", files{"a.cue": "package a\nname: [for n in [1, 2] {p: n}, {p: 3}]\n"}, map[string]string{
			"name.0": "a.cue:2:24 a.cue:2:24", "name.1.p": "a.cue:2:25 a.cue:2:28", "name.2.p": "a.cue:2:33 a.cue:2:36",
		}},
		{"a pattern", files{"a.cue": "package a\nname: [string]: p: 1\nname: x: q: 2\n"}, map[string]string{
			"name.x": "a.cue:3:7 a.cue:3:10", "name.x.p": "a.cue:2:17 a.cue:2:20", "name.x.q": "a.cue:3:10 a.cue:3:13",
		}},
		{"expressions and references", files{"a.cue": "package a\nlet L = 5\n_h: {p: 6}\nname: {p: 1 + 1, q: L, r: _h.p, s: \"\\(L)\", t: _h}\n"}, map[string]string{
			"name.p": "a.cue:4:8 a.cue:4:11", "name.q": "a.cue:4:18 a.cue:4:21", "name.r": "a.cue:4:24 a.cue:4:27", "name.s": "a.cue:4:33 a.cue:4:36", "name.t": "a.cue:4:44 a.cue:4:47",
		}},
		{"list items", files{"a.cue": "package a\nname: [\n\t1,\n\t\"x\", {p: 1}]\n"}, map[string]string{
			"name.0": "a.cue:3:2 a.cue:3:2", "name.1": "a.cue:4:2 a.cue:4:2", "name.2.p": "a.cue:4:8 a.cue:4:11",
		}},
		{"several files", files{"a.cue": "package a\nname: p: int\n", "b.cue": "package a\nname: {p: 1, q: 2}\n", "c.cue": "package a\nname: r: 3\n"}, map[string]string{
			"name": "a.cue:2:1 a.cue:2:7", "name.p": "b.cue:2:8 b.cue:2:11", "name.q": "b.cue:2:14 b.cue:2:17", "name.r": "c.cue:2:7 c.cue:2:10",
		}},
		{"another package", files{"a.cue": "package a\nimport \"m.example/lib\"\nname: lib.base & {q: 2}\n", "lib/lib.cue": "package lib\nbase: {p: 1, q: int}\n", "cue.mod/module.cue": "module: \"m.example\"\nlanguage: version: \"v0.17.0\"\n"}, map[string]string{
			"name": "a.cue:3:1 a.cue:3:7", "name.p": "lib/lib.cue:2:8 lib/lib.cue:2:11", "name.q": "a.cue:3:19 a.cue:3:22",
		}},
		{"what is not concrete", files{"a.cue": "package a\nname: {p: int, q: >1 & <9, r: \"x\" | \"y\"}\n"}, map[string]string{
			"name.p": "a.cue:2:8 a.cue:2:11", "name.q": "a.cue:2:16 a.cue:2:19", "name.r": "a.cue:2:28 a.cue:2:31",
		}},
	} {
		g := c.files.read(t)
		for path, want := range c.places {
			if got := place(t, g, path); got != want {
				t.Errorf("%s: %s stands at %s, want %s", c.what, path, got, want)
			}
		}
	}
}

func TestScalarsKeepTheirForm(t *testing.T) {
	t.Parallel()
	g := files{"a.cue": "package a\nname: {s: \"x\", i: 5, b: true, f: 1.5, whole: 2.0, n: null, bytes: 'x', large: 99999999999999999999, d: *3 | int, open: int, l: [], o: {}, m: \"\"\"\n\tone\n\ttwo\n\t\"\"\"}\n"}.read(t).Field("name")
	for key, want := range map[string]any{"s": "x", "i": int64(5), "b": true, "f": 1.5, "whole": 2.0, "n": nil, "d": int64(3), "m": "one\ntwo"} {
		if f := g.Field(key); f.Scalar != want || !f.Concrete || f.Struct || f.List {
			t.Errorf("%s is %#v", key, f)
		}
	}
	if b, ok := g.Field("bytes").Scalar.([]byte); !ok || string(b) != "x" {
		t.Errorf("%#v", g.Field("bytes").Scalar)
	}
	if i, ok := g.Field("large").Scalar.(*big.Int); !ok || i.String() != "99999999999999999999" {
		t.Errorf("%#v", g.Field("large").Scalar)
	}
	if f := g.Field("open"); f.Concrete || f.Text != "int" {
		t.Errorf("%#v", f)
	}
	if !g.Field("l").List || !g.Field("o").Struct || g.Field("o").List {
		t.Error("an empty list and an empty struct are told apart")
	}
}

func TestWhatCannotBeDeepIsNotScanned(t *testing.T) {
	t.Parallel()
	deep := func(n int, open, end string) string {
		return "a: " + strings.Repeat(open, n) + strings.Repeat(end, n) + "\n"
	}
	for _, c := range []struct {
		what string
		text string
		line int
	}{
		{"nothing", "", 0},
		{"lists", "x: 1\n" + deep(maxDepth+1, "[", "]"), 2},
		{"structs", "x: 1\n\n" + deep(maxDepth+1, "{a: ", "}"), 3},
		{"parentheses", deep(maxDepth+1, "(", ")"), 1},
		{"a depth that is allowed", deep(maxDepth, "[", "]"), 0},
		{"brackets that nobody closes", "\n" + strings.Repeat("[", maxDepth+1), 2},
		{"brackets in a string", "a: \"" + strings.Repeat("[", 3*maxDepth) + "\"\n", 0},
		{"brackets in a text", "a: \"\"\"\n\t" + strings.Repeat("{[(", 3*maxDepth) + "\n\t\"\"\"\n", 0},
		{"brackets in a raw string", "a: #\"" + strings.Repeat("[\\(", 3*maxDepth) + "\"#\n", 0},
		{"brackets in a comment", "// " + strings.Repeat("[", 3*maxDepth) + "\na: 1\n", 0},
		{"a chain of operators", "a: 1" + strings.Repeat("+1", maxChain+1) + "\n", 1},
		{"a chain of signs", "a: " + strings.Repeat("-", maxChain+1) + "1\n", 1},
		{"a chain of labels", strings.Repeat("a: ", maxChain+1) + "1\n", 1},
		{"a chain over several lines", "a: 1" + strings.Repeat(" +\n1", maxChain+1) + "\n", maxChain},
		{"a chain of brackets", "a: [1, 2]" + strings.Repeat("+[1, 2]", maxChain+1) + "\n", 1},
		{"brackets behind others in strings", "a: [" + strings.Repeat("\"]\", [", maxDepth+1) + "\n", 1},
		{"a chain of references", "a: b" + strings.Repeat(".c", maxChain+1) + "\n", 1},
		{"operators in a string", "a: \"" + strings.Repeat("+-", maxChain) + "\"\n", 0},
		{"many short lines", strings.Repeat("a: [1, 2]\n", 3*maxChain), 0},
		{"many short brackets in one line", "a: [" + strings.Repeat("[1, 2], ", 3*maxChain) + "]\n", 0},
		{"brackets that close what is not open", strings.Repeat("]", maxDepth) + strings.Repeat("[", maxDepth+1), 1},
	} {
		if got := tooDeep([]byte(c.text)); got != c.line {
			t.Errorf("%s: line %d, want %d", c.what, got, c.line)
		}
	}
}
