package compiler_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/ir"
)

// TestAnOwnFileThatChangesMeanwhileIsAFinding, wherever it is read first: for the tag of an image, or to write it.
func TestAnOwnFileThatChangesMeanwhileIsAFinding(t *testing.T) {
	t.Parallel()
	const (
		hashed  = "config: registry: host: \"r.example.com\"\n"
		written = "config: {registry: host: \"r.example.com\", image_tag: \"version\"}\n"
	)
	changes := map[string]func(name string) error{
		"changed":    func(name string) error { return os.WriteFile(name, []byte("a = 23\n"), 0o600) },
		"removed":    os.Remove,
		"unreadable": func(name string) error { return os.Chmod(name, 0) },
		"a folder":   func(name string) error { return errors.Join(os.Remove(name), os.Mkdir(name, 0o755)) },
	}
	for what, change := range changes {
		for _, config := range []string{hashed, written} {
			dir := write(t, "package shop\n\nname: \"shop\"\n"+config+"components: api: {kind: \"fastapi\", namespace: \"n\", port: 8080, app: \"app\"}\n")
			name := filepath.Join(dir, "app", "main.py")
			if err := errors.Join(os.Mkdir(filepath.Join(dir, "app"), 0o755), os.WriteFile(filepath.Join(dir, "app/__init__.py"), nil, 0o600), os.WriteFile(name, []byte("a = 1\n"), 0o600)); err != nil {
				t.Fatal(err)
			}
			changed := sync.OnceFunc(func() {
				if err := change(name); err != nil {
					t.Error(err)
				}
			})
			b := compiler.Check(compiler.Input{Args: []string{"arch.cue"}, Dir: dir, Env: env(), Dump: func(string, *ir.Plan) { changed() }})
			if b.Findings.HasErrors() != (config == hashed) {
				t.Errorf("%s: %v", what, b.Findings.Err())
			}
			if _, err := compiler.Render(b, compiler.RenderOptions{Env: env(), Now: time.Now, NoDevKey: true, ReadOnly: true}); !errors.Is(err, compiler.ErrFindings) {
				t.Errorf("%s: %v", what, err)
			}
			found := errorsOf(b)
			if len(found) != 1 || found[0].Code != "E0110" || found[0].Pos.Line != 5 || !strings.HasPrefix(found[0].Message, "api's app cannot be copied: app/main.py ") {
				t.Errorf("%s: %v", what, found)
			}
		}
	}
}

func TestNothingOfOnesOwnDoesNotChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	arch := "package shop\n\nname: \"shop\"\ncomponents: app: {kind: \"fastapi\", namespace: \"app\", port: 8080}\n"
	if err := os.WriteFile(filepath.Join(dir, "arch.cue"), []byte(arch), 0o600); err != nil {
		t.Fatal(err)
	}
	b := compiler.Check(compiler.Input{Dir: dir, Env: env()})
	if err := b.Findings.Err(); err != nil {
		t.Fatal(err)
	}
	if b.OwnChanged() {
		t.Error("files of the user's own are said to have changed, and there are none")
	}
}
