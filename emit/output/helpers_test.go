package output

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"platc.dev/platc/emit"
)

// tree is files by path; a path that ends in ! is a script, one below secret/ is state; the first folder is the component.
type tree map[string]string

func (tr tree) files() []emit.File {
	var files []emit.File
	for _, name := range slices.Sorted(maps.Keys(tr)) {
		f := emit.File{Path: strings.TrimSuffix(name, "!"), Data: []byte(tr[name]), Mode: 0o644, Ownership: emit.Generated}
		if strings.HasSuffix(name, "!") {
			f.Mode = 0o755
		}
		if strings.Contains(name, "secret/") {
			f.Ownership = emit.State
		}
		if component, _, ok := strings.Cut(name, "/"); ok {
			f.Component = component
		}
		files = append(files, f)
	}
	return files
}

func plan(t testing.TB, out string, tr tree, o Options) *Change {
	t.Helper()
	if o.Version == "" {
		o.Version = "1.0.0"
	}
	c, err := Plan(out, tr.files(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func build(t testing.TB, out string, tr tree) *Change {
	t.Helper()
	c := plan(t, out, tr, Options{})
	if err := Write(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c
}

// state is everything that one can see of a path.
type state struct {
	mode    fs.FileMode
	content string // or the target of a link
	time    time.Time
}

// look is everything below a directory, the directory itself as "."; times stays away without stamps.
func look(t testing.TB, dir string, stamps bool) map[string]state {
	t.Helper()
	all := map[string]state{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if name == dir && errors.Is(err, fs.ErrNotExist) {
				return fs.SkipAll
			}
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		s := state{mode: info.Mode()}
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			s.content = string(data)
		case info.Mode()&fs.ModeSymlink != 0:
			s.content, _ = os.Readlink(name)
		}
		if stamps {
			s.time = info.ModTime()
		}
		relative, _ := filepath.Rel(dir, name)
		all[filepath.ToSlash(relative)] = s
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// expect is what look sees after a tree was built into an empty directory.
func (tr tree) expect(version string) map[string]state {
	all := map[string]state{".": {mode: fs.ModeDir | 0o755}, own: {mode: fs.ModeDir | 0o755}}
	var entries []entry
	for _, f := range tr.files() {
		entries = append(entries, entryOf(&f, sumOf(f.Data)))
		all[f.Path] = state{mode: f.Mode, content: string(f.Data)}
		for dir := filepath.Dir(f.Path); dir != "."; dir = filepath.Dir(dir) {
			all[dir] = state{mode: fs.ModeDir | 0o755}
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.Path, b.Path) })
	all[recordPath] = state{mode: 0o644, content: string(record{Version: version, Files: entries}.encode())}
	return all
}

func same(t testing.TB, got, want map[string]state) {
	t.Helper()
	if text := differences(got, want); text != "" {
		t.Fatal(text)
	}
}

func differences(got, want map[string]state) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			fmt.Fprintf(&b, "%s: got %+v, want %+v\n", name, got[name], want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			fmt.Fprintf(&b, "%s: not wanted: %+v\n", name, got[name])
		}
	}
	return b.String()
}

func put(t testing.TB, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tempDir is a directory in memory where there is one: every build flushes its file system, and these tests make thousands.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "platc") //nolint:usetesting // T has no directory in memory
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var errInjected = errors.New("injected")

// failing makes one step fail, or with forever all from it on, as after a crash. It counts the steps.
type failing struct {
	mu      sync.Mutex
	at, now int
	forever bool
	steps   []string
}

func (f *failing) before(action, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now++
	f.steps = append(f.steps, action+" "+name)
	if f.now == f.at || f.forever && f.now > f.at {
		return errInjected
	}
	return nil
}
