package load

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // collecting garbage was a third of the time; the program collects late as well
	os.Exit(m.Run())
}

// shared is the built-in library, read once for all tests.
var shared = sync.OnceValue(func() *kind.Library {
	l, findings := Library(nil, "")
	if err := findings.Err(); err != nil {
		panic(err)
	}
	return l
})

// files is a folder: path -> text.
type files map[string]string

// write lays files out in a folder of their own.
func (f files) write(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range f {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// environ is an environment of a test: "NAME=value".
func environ(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, p := range pairs {
			if k, v, _ := strings.Cut(p, "="); k == name {
				return v, true
			}
		}
		return "", false
	}
}

// loaded reads an architecture with the shared library.
func loaded(s Source) (*ir.Graph, *diag.List) {
	list := &diag.List{}
	if s.Env == nil {
		s.Env = environ()
	}
	if !s.readable(list) {
		return nil, list
	}
	return s.first(shared(), list)
}

// load reads files in a folder; without arguments the folder is the architecture.
func (f files) load(t testing.TB, args ...string) (*ir.Graph, *diag.List) {
	t.Helper()
	return loaded(Source{Dir: f.write(t), Args: args})
}

// found are the findings, as "CODE file:line:column".
func found(list *diag.List) []string {
	var all []string
	for _, d := range list.Sorted() {
		all = append(all, d.Code+" "+d.Pos.String())
	}
	return all
}

// said is everything that findings say.
func said(list *diag.List) string {
	var all []string
	for _, d := range list.Sorted() {
		all = append(all, fmt.Sprintf("%s [%s] %s; %s", d.Code, d.Path, d.Message, d.Help))
	}
	return strings.Join(all, "\n")
}

// arch is an architecture with these components, which begin in line 4.
func arch(components string) string {
	return "package shop\nname: \"shop\"\ncomponents: {\n" + components + "\n}\n"
}
