package compiler_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
)

// formats are literals with a kind's name in them that name something else: the format of a hash.
func formats() []string { return []string{"rabbitmq-sha256"} }

// Kinds are data: no pass and no emitter names one.
func TestNoPassOrEmitterNamesAKind(t *testing.T) {
	t.Parallel()
	library, findings := compiler.Library("")
	if err := findings.Err(); err != nil {
		t.Fatal(err)
	}
	names := slices.Collect(maps.Keys(library.Kinds))
	files := 0
	for _, root := range []string{"../passes", "../emit", "ir", "kind", "pass", "value"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files++
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				literal, ok := n.(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(literal.Value)
				if err != nil || slices.Contains(formats(), text) {
					return true
				}
				for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return r != '/' && (r < 'a' || r > 'z') }) {
					if slices.Contains(names, word) {
						t.Errorf("%s names the kind %s: %s", path, word, literal.Value)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 40 || len(names) < 20 {
		t.Errorf("%d files and %d kinds were looked at", files, len(names))
	}
}
