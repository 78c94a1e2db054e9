package compiler_test

import (
	"crypto/rand"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit"
)

// everything is what architectures gives: compiled once, and looked at by one test at a time.
var everything struct {
	sync.Mutex

	builds map[string]*compiler.Build
	dir    string // with the files of the worlds, which are read when they are rendered
}

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // collecting garbage was two fifths of the time; the program collects late as well
	dir, err := os.MkdirTemp("", "architectures")
	if err != nil {
		panic(err)
	}
	everything.dir = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// architectures are the examples, and worlds in which every rule is applied, by name. They are the test's own until it ends.
func architectures(t *testing.T) map[string]*compiler.Build {
	t.Helper()
	everything.Lock()
	t.Cleanup(everything.Unlock)
	if everything.builds != nil {
		return everything.builds
	}
	all := map[string]*compiler.Build{}
	dirs, err := filepath.Glob("../examples/*")
	if err != nil || len(dirs) < 3 {
		t.Fatalf("examples: %v %v", dirs, err)
	}
	for _, dir := range dirs {
		abs, err := filepath.Abs(dir)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(dir)] = compiler.Check(compiler.Input{Dir: abs, Env: env("REGISTRY_PASSWORD=known", "DB_ADMIN_PASSWORD=known")})
	}
	w := newWorld(t)
	rules := walks(t, w)
	for part, name := range []string{"a third of all rules", "another third", "the last third"} {
		if part > 0 && testing.Short() {
			break
		}
		w.walk(rules, func(i int) bool { return i%third == part })
		all[name] = w.checkIn(t, filepath.Join(everything.dir, strconv.Itoa(part)))
	}
	everything.builds = all
	return all
}

// rendered are the files of a build, by path.
func rendered(t *testing.T, b *compiler.Build, only ...string) map[string]emit.File {
	t.Helper()
	if b.Findings.HasErrors() {
		t.Fatal(b.Findings.Err())
	}
	for _, e := range b.Environments {
		e.Graph.Config.Recipients = []string{recipient}
	}
	out, err := compiler.Render(b, compiler.RenderOptions{Env: env(), Random: rand.Reader, Now: func() time.Time { return time.Unix(0, 0) }, Only: only})
	if err != nil {
		t.Fatal(err, b.Findings.Err())
	}
	files := map[string]emit.File{}
	for _, f := range out.Files {
		if _, twice := files[f.Path]; twice {
			t.Errorf("%s is written twice", f.Path)
		}
		files[f.Path] = f
	}
	return files
}

// decided are the rows of the plans of a build, by the path from the root: what several environments share is taken from the first.
func decided(t *testing.T, b *compiler.Build) map[string]kind.Row {
	t.Helper()
	rows := map[string]kind.Row{}
	add := func(name string, row kind.Row, files map[string]ir.Decided[bool]) {
		if _, known := rows[name]; known {
			return
		}
		rows[name] = row
		d := files[row.Path]
		if !d.Value() || len(d.By()) == 0 || d.By()[0].Pass == "" || d.By()[0].Reason == "" {
			t.Errorf("%s has no reason: %+v", name, d)
		}
	}
	for _, e := range b.Environments {
		for _, n := range e.Graph.Components() {
			for _, row := range e.Plan.Of[n].Rows {
				name, _ := e.Plan.Place(n, row)
				add(name, row, e.Plan.Of[n].Files)
			}
		}
		for _, row := range e.Plan.Tree.Rows {
			add(row.Path, row, e.Plan.Tree.Files)
		}
		for _, row := range e.Plan.GitOps.Rows {
			add(row.Path, row, e.Plan.GitOps.Files)
		}
	}
	return rows
}

// TestEveryFileIsADecidedRow: what is written is what passes decided, no more and no less, as they decided it.
func TestEveryFileIsADecidedRow(t *testing.T) {
	t.Parallel()
	for name, b := range architectures(t) {
		files, rows := rendered(t, b), decided(t, b)
		for file, row := range rows {
			if _, isRecord := row.Content.(kind.Record); isRecord {
				continue // is written with the files, and of them
			}
			f, ok := files[file]
			if !ok {
				t.Errorf("%s: %s is decided, and is not written", name, file)
				continue
			}
			_, rules := row.Content.(kind.Recipients)
			if (f.Ownership == emit.State) != (row.Secret && !rules) || (f.Mode == 0o755) != (row.Mode == "0755") || f.Yields != row.Yields {
				t.Errorf("%s: %s is %s, %s, yields: %v; decided was %+v", name, file, f.Ownership, f.Mode, f.Yields, row)
			}
		}
		for file := range files {
			if _, ok := rows[file]; !ok {
				t.Errorf("%s: nothing decided %s", name, file)
			}
		}
	}
}

// TestSecretFilesAreInTheirFolder: no engine looks at the path of a file to know that it is secret, but the rules of .sops.yaml do. So what the
// kinds of the library put into a folder secret/ is encrypted, with whatever links and attributes.
func TestSecretFilesAreInTheirFolder(t *testing.T) {
	t.Parallel()
	secret := 0
	for name, b := range architectures(t) {
		for file, row := range decided(t, b) {
			if strings.Contains(file, "/secret/") != (row.Secret && file != ".sops.yaml") {
				t.Errorf("%s: %s is secret: %v", name, file, row.Secret)
			}
			if row.Secret {
				secret++
			}
		}
	}
	if secret < 20 {
		t.Errorf("only %d files with secrets", secret)
	}
}

// TestOnlySomeComponents: files of the whole tree are written in any case, the others for the components chosen.
func TestOnlySomeComponents(t *testing.T) {
	t.Parallel()
	b := check(t, example(t, "shop"))
	all := rendered(t, b)
	chosen := b.Graph.Components()[1].Name
	some := rendered(t, b, chosen)
	for _, file := range slices.Sorted(maps.Keys(all)) {
		if _, ok := some[file]; ok != (all[file].Component == "" || all[file].Component == chosen) {
			t.Errorf("%s, of %q, is written with --only %s: %v", file, all[file].Component, chosen, ok)
		}
	}
}
