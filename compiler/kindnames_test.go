package compiler_test

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
)

// TestNoKindIsNamed: what passes, emitters and the types between them know of a kind is data. No identifier and no string of theirs holds a kind's name.
func TestNoKindIsNamed(t *testing.T) {
	t.Parallel()
	library, _ := compiler.Library("")
	var names []string
	for _, name := range slices.Sorted(maps.Keys(library.Kinds)) {
		// "service" is also a word of Kubernetes, and of clouds
		if library.Kinds[name].Parent == "" && name != "service" {
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	if len(names) < 13 {
		t.Fatalf("only the kinds %v", names)
	}
	kind := regexp.MustCompile(`(?i)(^|[^a-z])(` + strings.Join(names, "|") + `)([^a-z]|$)`)
	files := 0
	for _, dir := range []string{"../passes", "../emit", "ir", "kind", "pass", "value"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files++
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, word := range kindsIn(t, kind, path, source) {
				t.Errorf("%s names a kind: %s", path, word)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 30 {
		t.Fatalf("only %d files", files)
	}
}

// kindsIn are the words of a Go file that name a kind, but for those in which "ingress", which is a kind, is the direction of a policy or a word of Kubernetes.
func kindsIn(t *testing.T, kind *regexp.Regexp, path string, source []byte) []string {
	t.Helper()
	// texts for people: nothing is compared with them
	prose := []string{
		`"Egress at the source, ingress at the target, just that port and those pods."`,
		`"No two claims for one name, route or ingress class."`,
		`"an ingress"`,
	}
	left := directions(t, path, source)
	var all []string
	for _, word := range words(t, path, source) {
		switch {
		case !kind.MatchString(word):
		case word == "ingress" || word == "Ingress": // a variable or a field; it can be no more than a literal makes of it
		case left[word] > 0:
			left[word]--
		case slices.Contains(prose, word):
		default:
			all = append(all, word)
		}
	}
	return all
}

// directions counts the literals "ingress" that are a key beside "egress": both directions of a policy, of which neither is a kind there.
func directions(t *testing.T, path string, source []byte) map[string]int {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]int{}
	ast.Inspect(f, func(n ast.Node) bool {
		if literal, ok := n.(*ast.CompositeLit); ok {
			keys := map[string]int{}
			for _, e := range literal.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok {
					if key, ok := pair.Key.(*ast.BasicLit); ok {
						keys[key.Value]++
					}
				}
			}
			if keys[`"egress"`] > 0 {
				left[`"ingress"`] += keys[`"ingress"`]
			}
		}
		return true
	})
	return left
}

// TestAKindIsNoDirection: the exceptions for "ingress" are for the direction of a policy alone.
func TestAKindIsNoDirection(t *testing.T) {
	t.Parallel()
	kind := regexp.MustCompile(`(?i)(^|[^a-z])(ingress|kong)([^a-z]|$)`)
	for body, want := range map[string][]string{
		`k.Name == "ingress"`:                                                {`"ingress"`},
		`k.Is("ingress/gateway")`:                                            {`"ingress/gateway"`},
		`r.From + " -> " + r.To == "ingress -> node"`:                        {`"ingress -> node"`},
		`map[string]bool{"ingress": true}`:                                   {`"ingress"`},
		`map[string]bool{"ingress": k.Name == "ingress", "egress": true}`:    {`"ingress"`},
		`map[string]any{"ingress": policy.Ingress, "egress": policy.Egress}`: nil,
		`"an ingress" + k.Name`:                                              nil,
		`kong(ingress)`:                                                      {"kong"},
	} {
		source := "package p\n\nvar x = " + body + "\n"
		if got := kindsIn(t, kind, "p.go", []byte(source)); !slices.Equal(got, want) {
			t.Errorf("%s names %v, want %v", body, got, want)
		}
	}
}

// words are the identifiers and literals of a Go file, without its imports and comments.
func words(t *testing.T, path string, source []byte) []string {
	t.Helper()
	set := token.NewFileSet()
	imports, err := parser.ParseFile(set, path, source, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	skip := map[string]bool{}
	for _, i := range imports.Imports {
		skip[i.Path.Value] = true
	}
	var all []string
	var s scanner.Scanner
	s.Init(set.AddFile(path, -1, len(source)), source, nil, 0)
	for {
		_, tok, text := s.Scan()
		switch {
		case tok == token.EOF:
			return all
		case (tok == token.IDENT || tok == token.STRING) && !skip[text]:
			all = append(all, text)
		}
	}
}

// TestNoPathHasAMeaning: what a file is for, its kind says. Passes, emitters and the driver know no folder and no ending of a name by heart; only
// emit/secrets does, since the rules of SOPS go by paths.
func TestNoPathHasAMeaning(t *testing.T) {
	t.Parallel()
	known := regexp.MustCompile(`k8s/|day2/|/base\b|secret/"|_module"`)
	prose := regexp.MustCompile(`^"[^"]* [^"]* `) // messages and help
	files := 0
	for _, pattern := range []string{"../passes/*.go", "../emit/*.go", "../emit/kubernetes/*.go", "../emit/text/*.go", "render.go", "compiler.go", "check.go", "ir/*.go", "pass/*.go"} {
		matches, err := filepath.Glob(pattern)
		if err != nil || len(matches) == 0 {
			t.Fatalf("%s: %v %v", pattern, matches, err)
		}
		for _, path := range matches {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			files++
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, word := range words(t, path, source) {
				if known.MatchString(word) && !prose.MatchString(word) {
					t.Errorf("%s knows a path: %s", path, word)
				}
			}
		}
	}
	if files < 30 {
		t.Fatalf("only %d files", files)
	}
}
