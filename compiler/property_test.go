package compiler_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler"
)

func example(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "examples", name, "arch.cue"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), `{env: "REGISTRY_PASSWORD"}`, `"known"`)
}

// shuffled is an architecture with the fields of every struct in another order.
func shuffled(t *testing.T, source string, seed uint64) string {
	t.Helper()
	f, err := parser.ParseFile("arch.cue", source)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 7))
	ast.Walk(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.StructLit); ok {
			r.Shuffle(len(s.Elts), func(i, j int) { s.Elts[i], s.Elts[j] = s.Elts[j], s.Elts[i] })
		}
		return true
	}, nil)
	text, err := format.Node(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOrderOfDeclarationsDoesNotMatter(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"shop", "everything"} {
		source := example(t, name)
		want := tree(t, check(t, source))
		for seed := range uint64(4) {
			same(t, fmt.Sprintf("%s, seed %d", name, seed), want, tree(t, check(t, shuffled(t, source, seed))))
		}
	}
}

func TestCompilingTwiceGivesTheSame(t *testing.T) {
	t.Parallel()
	source := example(t, "everything")
	same(t, "twice", tree(t, check(t, source)), tree(t, check(t, source)))
}

func TestUnrelatedArchitecturesDoNotTouchEachOther(t *testing.T) {
	t.Parallel()
	one := `name: "one"
components: {
	a: {kind: "fastapi", namespace: "a", port: 8080, links: "b/x": {}}
	b: {kind: "postgresql", namespace: "b", database: x: {}}
`
	other := `	c: {kind: "fastapi", namespace: "c", port: 8080, links: {"d/queue/q": {}, "e": {}}}
	d: {kind: "rabbitmq", namespace: "d", queue: q: {}}
	e: {kind: "redis", namespace: "e"}
`
	alone := tree(t, check(t, one+"}\n"))
	both := tree(t, check(t, one+other+"}\n"))
	for path, data := range alone {
		if strings.HasPrefix(path, "a/") || strings.HasPrefix(path, "b/") {
			if both[path] != data {
				t.Errorf("%s differs beside another architecture: %s", path, firstDifference(data, both[path]))
			}
		}
	}
}

func TestRemovedLinkLeavesNothing(t *testing.T) {
	t.Parallel()
	without := `name: "x"
components: {
	a: {kind: "fastapi", namespace: "a", port: 8080, links: {%s}}
	b: {kind: "postgresql", namespace: "b", database: x: {}}
	c: {kind: "redis", namespace: "c"}
}
`
	never := tree(t, check(t, fmt.Sprintf(without, "")))
	linked := tree(t, check(t, fmt.Sprintf(without, `"b/x": {}, c: {}`)))
	if len(differences(never, linked)) == 0 {
		t.Fatal("the links change nothing")
	}
	same(t, "removed", never, tree(t, check(t, fmt.Sprintf(without, ""))))
}

func TestSchemaImportChangesNothing(t *testing.T) {
	t.Parallel()
	bad := `name: "x"
components: a: {kind: "fastapi", namespace: "a", prot: 8080, port: 80, links: nowhere: {}}
`
	plain := check(t, "package x\n\n\n\n\n\n"+bad)
	imported := check(t, "package x\n\nimport \"platc.dev/platc/schema\"\n\nschema.#Architecture\n\n"+bad)
	for i, d := range plain.Findings.Sorted() {
		got := imported.Findings.Sorted()
		if i >= len(got) || got[i].Code != d.Code || got[i].Pos != d.Pos || got[i].Message != d.Message {
			t.Fatalf("with the import:\n%v\nwithout:\n%v", got, plain.Findings.Sorted())
		}
	}
	if len(imported.Findings.Sorted()) != len(plain.Findings.Sorted()) || len(errorsOf(plain)) != 3 {
		t.Fatalf("%v and %v", codes(imported), codes(plain))
	}
}

// FuzzArchitecture: whatever a file holds, there are findings or a plan, and never a panic.
func FuzzArchitecture(f *testing.F) {
	for _, name := range []string{"shop", "everything"} {
		data, err := os.ReadFile(filepath.Join("..", "examples", name, "arch.cue"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add("name: \"x\"\ncomponents: {a: {kind: \"fastapi\", namespace: \"a\", port: 8080, links: b: {}}, b: {kind: \"redis\", namespace: \"b\"}}")
	f.Add("components: [string]: kind: string")
	f.Add("\x00\xff{[(")
	f.Fuzz(func(t *testing.T, source string) {
		// a comprehension over a large range is no mistake of ours, and takes for ever
		if len(source) > 1<<14 || strings.Contains(source, "list.") {
			return
		}
		b := check(t, source)
		if b.Plan == nil && !b.Findings.HasErrors() {
			t.Fatal("neither a plan nor an error")
		}
		if b.Plan != nil && !b.Plan.Sealed && !b.Findings.HasErrors() {
			t.Fatal("an open plan without an error")
		}
		_ = compiler.Passes()
	})
}
