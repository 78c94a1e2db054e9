package compiler_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
)

// The example of a code gives it, and no other error.
func TestEveryExampleGivesItsCode(t *testing.T) {
	t.Parallel()
	for _, c := range diag.Codes() {
		example := strings.TrimSpace(c.Example)
		if strings.HasPrefix(example, "$ ") {
			continue // needs a tree or keys: see the scripts
		}
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			// further files follow as in an archive of txtar
			archive := txtar.Parse([]byte("-- arch.cue --\npackage arch\n\n" + example + "\n"))
			for _, f := range archive.Files {
				file := filepath.Join(dir, filepath.FromSlash(f.Name))
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			b := compiler.Check(compiler.Input{Dir: dir, Env: func(string) (string, bool) { return "", false }})
			var found, errors []string
			for _, d := range b.Findings.Sorted() {
				found = append(found, d.Code)
				if d.Severity == diag.Error {
					errors = append(errors, d.Code)
				}
			}
			if !slices.Contains(found, c.ID) {
				t.Errorf("it gives %v", found)
			}
			if slices.ContainsFunc(errors, func(code string) bool { return code != c.ID }) {
				t.Errorf("its errors are %v", errors)
			}
		})
	}
}
