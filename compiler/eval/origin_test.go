package eval_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"platc.dev/platc/compiler/eval"
	"platc.dev/platc/compiler/kind"
)

// server is a kind in small: every way in which a value comes from its inputs.
func server() string {
	return `#L: {#of: _, #component: *"server" | string, n: #of.name, c: #component}
#Session: """
	one
	two
	"""
rows: {"18": {image: "pg:18"}}
x: {
	#self: _
	name: #self.name
	l: #L & {#of: #self}
	if #self.attrs.hpa {replicas: 3}
	if !#self.attrs.hpa {other: 3}
	image: rows["\(#self.attrs.version)"].image
	own: [if #self.attrs.image != _|_ {#self.attrs.image}, #self.name][0]
	labels: #self.labels
	both: {#self.labels, b: "2"}
	count: len(#self.users)
	writers: [for u in #self.users if u.access != "read" {"w-\(u.name)"}]
	some: len(writers) > 0
	users: len(#self.users) > 0
	many: len(#self.users) > 1
	either: #self.users[0].n == 1 || #self.users[1].n == 2
	one: #self.users[0].n == 1 || #self.users[1].n == 3
	no: #self.users[0].n == 2 && #self.users[1].n == 2
	known: {for u in #self.users {(u.sort): true}}
	has: known.role != _|_
	hasNot: known.admin != _|_
	in: list.Contains([for u in #self.users {u.sort}], "role")
	line: strings.Join([for u in #self.users if u.access != "write" {u.name}, "end"], ", ")
	nobody: [for u in #self.users if u.access == "no" {u}]
	total: list.Sum([for u in #self.users {u.n}]) * 2
	sql: strings.Join(list.Concat([["-- begin", #Session], [for u in #self.users {"""
		CREATE \(u.name);
		GRANT \(u.access)
		"""}], ["-- end of \(name)"]]), "\n")
}
`
}

func given() map[string]kind.Object {
	return map[string]kind.Object{"self": {
		"name": "db", "attrs": map[string]any{"hpa": true, "version": "18"}, "labels": map[string]any{"a": "1"},
		"users": []any{
			map[string]any{"name": "joe", "access": "read", "sort": "role", "n": int64(1)},
			map[string]any{"name": "ann", "access": "write", "sort": "role", "n": int64(2)},
		},
	}}
}

func asked(t *testing.T) *eval.Answer {
	t.Helper()
	q, r := program(t, server()).Question("example.com/p", "x")
	if r != nil {
		t.Fatal(r)
	}
	a, err := q.Ask(given())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestTraceKeepsThreeSetsApart says what a value was read from, what decided that it is there, and what decided on its siblings.
func TestTraceKeepsThreeSetsApart(t *testing.T) {
	t.Parallel()
	a := asked(t)
	for _, c := range []struct {
		path                []any
		line                int
		read, exists, shape string
	}{
		{[]any{"name"}, 12, "self.name", "", "self.attrs.hpa"},
		{[]any{"l", "n"}, 4, "self.name", "", ""},
		{[]any{"l", "c"}, 4, "", "", ""},
		{[]any{"replicas"}, 14, "", "self.attrs.hpa", "self.attrs.hpa"},
		{[]any{"image"}, 16, "self.attrs.version", "", "self.attrs.hpa"},
		{[]any{"own"}, 17, "self.name", "self.attrs.image", "self.attrs.hpa"},
		{[]any{"labels", "a"}, 18, "self.labels.a", "self.labels.a", "self.labels.a"},
		{[]any{"both", "a"}, 19, "self.labels.a", "self.labels.a", "self.labels.a"},
		{[]any{"both", "b"}, 19, "", "", "self.labels.a"},
		{[]any{"count"}, 20, "self.users.0 self.users.1", "", "self.attrs.hpa"},
		{[]any{"writers", 0}, 21, "self.users.1.name", "self.users.1 self.users.1.access", "[self.users.0.access while self.users.0] self.users.1 self.users.1.access"},
		{[]any{"some"}, 22, "self.users.1 self.users.1.access", "", "self.attrs.hpa"},
		{[]any{"users"}, 23, "(self.users.0 | self.users.1)", "", "self.attrs.hpa"},
		{[]any{"many"}, 24, "self.users.0 self.users.1", "", "self.attrs.hpa"},
		{[]any{"either"}, 25, "(self.users.0.n | self.users.1.n)", "", "self.attrs.hpa"},
		{[]any{"one"}, 26, "self.users.0.n", "", "self.attrs.hpa"},
		{[]any{"no"}, 27, "self.users.0.n", "", "self.attrs.hpa"},
		{[]any{"has"}, 29, "", "(self.users.0 self.users.0.sort | self.users.1 self.users.1.sort)", "self.attrs.hpa"},
		{[]any{"hasNot"}, 30, "", "", "self.attrs.hpa"},
		{[]any{"in"}, 31, "(self.users.0 self.users.0.sort | self.users.1 self.users.1.sort)", "", "self.attrs.hpa"},
		{[]any{"line"}, 32, "[self.users.1.access while self.users.1] self.users.0 self.users.0.access self.users.0.name", "", "self.attrs.hpa"},
		{[]any{"nobody"}, 33, "", "", "[self.users.0.access while self.users.0] [self.users.1.access while self.users.1] self.attrs.hpa"},
		{[]any{"total"}, 34, "self.users.0 self.users.0.n self.users.1 self.users.1.n", "self.users.0 self.users.1", "self.attrs.hpa"},
		{[]any{"other"}, 10, "", "", "self.attrs.hpa"},
	} {
		s := a.Trace(c.path...)
		got := fmt.Sprintf("%d read %s exists %s shape %s", s.Pos.Line, s.Read, s.Exists, s.Shape)
		want := fmt.Sprintf("%d read %s exists %s shape %s", c.line, c.read, c.exists, c.shape)
		if got != want {
			t.Errorf("%v is\n%s\nwant\n%s", c.path, got, want)
		}
	}
	if s := a.Look("labels").Trace("a"); s.Read.String() != "self.labels.a" {
		t.Errorf("from a part: %v", s)
	}
}

// TestTraceKnowsEachLineOfAText says which inputs each part of a text comes from, and which line of the source.
func TestTraceKnowsEachLineOfAText(t *testing.T) {
	t.Parallel()
	a := asked(t)
	data, err := a.Look("sql").Data()
	if err != nil {
		t.Fatal(err)
	}
	text, _ := data.(string)
	var got []string
	start := 0
	for _, s := range a.Trace("sql").Spans {
		got = append(got, fmt.Sprintf("%q %d %s|%s", text[start:s.End], s.Pos.Line, s.Read, s.Exists))
		start = s.End
	}
	want := []string{
		`"-- begin" 35 |`, `"\n" 0 |`, `"one\n" 6 |`, `"two" 7 |`, `"\n" 0 |`,
		`"CREATE " 36 |self.users.0`, `"joe" 36 self.users.0.name|self.users.0`, `";\n" 36 |self.users.0`, `"GRANT " 37 |self.users.0`, `"read" 37 self.users.0.access|self.users.0`, `"\n" 0 |`,
		`"CREATE " 36 |self.users.1`, `"ann" 36 self.users.1.name|self.users.1`, `";\n" 36 |self.users.1`, `"GRANT " 37 |self.users.1`, `"write" 37 self.users.1.access|self.users.1`, `"\n" 0 |`,
		`"-- end of " 38 |`, `"db" 38 self.name|`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("the parts are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if start != len(text) {
		t.Errorf("the parts end at %d of %d", start, len(text))
	}
}

// TestQuestionsAreAskedAtOnce asks on several goroutines; the race detector watches.
func TestQuestionsAreAskedAtOnce(t *testing.T) {
	t.Parallel()
	p := program(t, server())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				q, r := p.Question("example.com/p", "x")
				if r != nil {
					t.Error(r)
					return
				}
				a, err := q.Ask(given())
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := a.Data(); err != nil {
					t.Error(err)
				}
				a.Trace("sql")
			}
		})
	}
	wg.Wait()
}

func BenchmarkAsk(b *testing.B) {
	t := &testing.T{}
	q, r := program(t, server()).Question("example.com/p", "x")
	if r != nil {
		b.Fatal(r)
	}
	in := given()
	b.ReportAllocs()
	for b.Loop() {
		a, err := q.Ask(in)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := a.Data(); err != nil {
			b.Fatal(err)
		}
	}
}
