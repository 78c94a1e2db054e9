package compiler_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
)

// recipient is an age public key whose private half was thrown away: enough to encrypt to.
const recipient = "age1kzfg5cxuegtaw5xhf3h33795ddckuax5tduednnmcxyr89p6lphstve0ra"

// env is the environment of a test: nothing of the machine's.
func env(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, p := range pairs {
			if k, v, _ := strings.Cut(p, "="); k == name {
				return v, true
			}
		}
		return "", false
	}
}

// check compiles an architecture given as text, as all commands do but why.
func check(t testing.TB, source string, tags ...string) *compiler.Build {
	t.Helper()
	return compiler.Check(compiler.Input{Args: []string{"arch.cue"}, Dir: write(t, source), Tags: tags, Env: env(), Untraced: true})
}

// write puts an architecture into a folder of its own.
func write(t testing.TB, source string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "arch.cue"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// tree renders a build without its secrets: path -> bytes. Files of secrets hold what golden files may hold.
func tree(t testing.TB, b *compiler.Build) map[string]string {
	t.Helper()
	if b.Findings.HasErrors() {
		t.Fatalf("errors: %v", b.Findings.Err())
	}
	for _, e := range b.Environments {
		e.Graph.Config.Recipients = []string{recipient}
	}
	out, err := compiler.Render(b, compiler.RenderOptions{Env: env(), Random: rand.Reader, Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		t.Fatalf("render: %v %v", err, b.Findings.Err())
	}
	shown, err := compiler.Secrets(b)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range out.Files {
		if strings.Contains(f.Path, "/secret/") {
			files[f.Path] = string(shown[f.Path])
			continue
		}
		files[f.Path] = string(f.Data)
	}
	return files
}

// differences lists the paths in which two trees differ.
func differences(a, b map[string]string) []string {
	var all []string
	for path := range a {
		if other, ok := b[path]; !ok {
			all = append(all, "- "+path)
		} else if other != a[path] {
			all = append(all, "~ "+path)
		}
	}
	for path := range b {
		if _, ok := a[path]; !ok {
			all = append(all, "+ "+path)
		}
	}
	slices.Sort(all)
	return all
}

// same fails unless two trees are equal.
func same(t *testing.T, what string, a, b map[string]string) {
	t.Helper()
	if d := differences(a, b); len(d) > 0 {
		path := d[0][2:]
		t.Fatalf("%s: %d files differ: %v\n%s", what, len(d), d[:min(len(d), 10)], firstDifference(a[path], b[path]))
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d:\n  %s\n  %s", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}

// codes lists the codes of the findings.
func codes(b *compiler.Build) []string {
	var all []string
	for _, d := range b.Findings.Sorted() {
		all = append(all, d.Code)
	}
	return all
}

// errorsOf lists the findings that are errors.
func errorsOf(b *compiler.Build) []diag.Diagnostic {
	return slices.DeleteFunc(b.Findings.Sorted(), func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
}

// readTree reads a folder: path -> bytes.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// writeTree makes a folder hold exactly these files.
func writeTree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		name := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[path]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// secretsText is all files of secrets in one text, and the rest of a tree.
func secretsText(files map[string]string) (text string, rest map[string]string) {
	var b bytes.Buffer
	rest = map[string]string{}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		switch {
		case strings.Contains(path, "/secret/"):
			fmt.Fprintf(&b, "== %s\n%s\n", path, files[path])
		case path == ".sops.yaml":
		default:
			rest[path] = files[path]
		}
	}
	return b.String(), rest
}

// checked is an architecture without errors.
func checked(t *testing.T, arch string) *compiler.Build {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "arch.cue"), []byte(arch), 0o644); err != nil {
		t.Fatal(err)
	}
	b := compiler.Check(compiler.Input{Dir: dir, Env: func(string) (string, bool) { return "", false }})
	if err := b.Findings.Err(); err != nil {
		t.Fatal(err)
	}
	return b
}
