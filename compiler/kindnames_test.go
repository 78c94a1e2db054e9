package compiler_test

import (
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
			for _, word := range words(t, path, source) {
				if kind.MatchString(word) {
					t.Errorf("%s names a kind: %s", path, word)
				}
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
