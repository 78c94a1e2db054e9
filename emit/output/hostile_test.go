//go:build unix

package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/owners"
)

// promptly fails a test that waits, such as for somebody to write into a pipe.
func promptly(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatalf("%s: it waits", what)
	}
}

// A pipe in the place of a file is refused at once, and so is a file without end.
func TestNothingWaitsForAPipe(t *testing.T) {
	t.Parallel()
	for _, name := range []string{recordPath, journalPath, "README.md", "orders/k8s/secret/cloud.env", ".platc", newDir, oldDir} {
		for kindOf, place := range map[string]func(string) error{
			"pipe":  func(name string) error { return syscall.Mkfifo(name, 0o644) },
			"large": func(name string) error { return errors.Join(os.WriteFile(name, nil, 0o644), os.Truncate(name, 3<<30)) },
		} {
			out := prepare(t, oldTree, false)
			must(t, os.RemoveAll(filepath.Join(out, name)))
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(out, name)), 0o755))
			must(t, place(filepath.Join(out, name)))
			promptly(t, kindOf+" "+name, func() {
				for _, undo := range []func(string) error{Recover, Repair} {
					_ = undo(out)
					if old, err := OpenOld(out, "", &diag.List{}); err == nil {
						_, _ = old.Read(name)
						old.Lost(name)
						old.Close()
					}
					for _, force := range []bool{false, true} {
						if c, err := Plan(out, newTree.files(), Options{Version: "1.0.0", Force: force}); err == nil {
							_ = Write(t.Context(), c)
						}
					}
				}
			})
		}
	}
}

// What an earlier build left is only read below the output directory.
func TestOldReadsNothingOutside(t *testing.T) {
	t.Parallel()
	out := prepare(t, oldTree, false)
	put(t, filepath.Dir(out)+"/outside.env", "outside")
	must(t, os.Symlink("../outside.env", out+"/link.env"))
	must(t, os.Symlink("README.md", out+"/inside.env"))
	must(t, os.Symlink("..", out+"/up"))
	old, err := OpenOld(out, "", &diag.List{})
	must(t, err)
	defer old.Close()
	for _, name := range []string{"link.env", "up/outside.env", "../outside.env", "/etc/hostname"} {
		if data, err := old.Read(name); err == nil || errors.Is(err, fs.ErrNotExist) && name == "link.env" {
			t.Errorf("%s: %q %v", name, data, err)
		}
	}
	if data, err := old.Read("inside.env"); err != nil || string(data) != oldTree["README.md"] {
		t.Errorf("%q %v", data, err)
	}
	if _, err := old.Read("README.md/below"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("below a file: %v", err)
	}
}

// A hard link to a file of somebody else is replaced, and not written through.
func TestHardLinksStayWhole(t *testing.T) {
	t.Parallel()
	out := prepare(t, oldTree, false)
	other := filepath.Dir(out) + "/other"
	must(t, os.Link(out+"/README.md", other))
	build(t, out, newTree)
	if data, err := os.ReadFile(other); err != nil || string(data) != oldTree["README.md"] {
		t.Errorf("%q %v", data, err)
	}
}

// A file of the user whose name differs in case only is another file where the file system says so, and is left alone.
func TestNamesThatDifferInCase(t *testing.T) {
	t.Parallel()
	out := prepare(t, oldTree, false)
	put(t, out+"/Readme.md", "mine")
	if data, _ := os.ReadFile(out + "/README.md"); string(data) == "mine" {
		t.Skip("a file system without case")
	}
	build(t, out, newTree)
	build(t, out, tree{})
	if data, err := os.ReadFile(out + "/Readme.md"); err != nil || string(data) != "mine" {
		t.Errorf("%q %v", data, err)
	}
	if _, err := Plan(out, tree{"a/x": "1", "A/y": "2"}.files(), Options{}); err == nil || !strings.Contains(err.Error(), "only in case") {
		t.Errorf("got %v", err)
	}
}

// A journal that nobody can read stops a build with the way out, and Repair goes that way.
func TestJournalThatNobodyCanRead(t *testing.T) {
	t.Parallel()
	f := &failing{at: -1}
	must(t, plan(t, prepare(t, oldTree, true), newTree, Options{Workers: 1}).write(t.Context(), f.before))
	first, last := 0, 0
	for i, name := range f.steps {
		switch name {
		case "move " + journalPath:
			first = i + 2
		case "remove " + journalPath:
			last = i + 1
		}
	}
	for n := first; n <= last; n++ {
		out := prepare(t, oldTree, true)
		f := &failing{at: n, forever: true}
		if err := plan(t, out, newTree, Options{Workers: 1}).write(t.Context(), f.before); err == nil {
			t.Fatal("no crash")
		}
		must(t, os.Truncate(filepath.Join(out, journalPath), 20))
		if err := Recover(out); err == nil || !strings.Contains(err.Error(), "--force") {
			t.Fatalf("step %d: %v", n, err)
		}
		must(t, Repair(out))
		for name := range oldTree {
			if _, added := newTree[name]; !added {
				continue
			}
			if _, err := os.Stat(filepath.Join(out, strings.TrimSuffix(name, "!"))); err != nil {
				t.Errorf("step %d: %v", n, err)
			}
		}
		// Files that came before the crash are not in the record of before; they are as wanted.
		must(t, Write(t.Context(), plan(t, out, newTree, Options{Force: true})))
		checkTree(t, out, newTree, true, f)
	}
}

// The user's own files of some names stay, and nothing else is as lenient.
func TestFilesThatYield(t *testing.T) {
	t.Parallel()
	files := tree{"README.md": "ours\n", "orders/x": "x\n"}.files()
	files[0].Yields = true
	for name, mine := range map[string]func(string) error{
		"a file": func(name string) error { return os.WriteFile(name, []byte("mine"), 0o644) },
		"a link": func(name string) error { return os.Symlink("elsewhere", name) },
	} {
		out := tempDir(t)
		must(t, mine(out+"/README.md"))
		before := look(t, out, false)["README.md"]
		for range 2 {
			c, err := Plan(out, files, Options{Version: "1.0.0"})
			must(t, err)
			must(t, Write(t.Context(), c))
			if got := look(t, out, false); got["README.md"] != before || got["orders/x"].content != "x\n" || strings.Contains(got[recordPath].content, "README") {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
	out := tempDir(t)
	must(t, os.Mkdir(out+"/README.md", 0o755))
	if c, err := Plan(out, files, Options{}); err != nil || !c.Conflicts.HasErrors() {
		t.Errorf("a directory: %v", err)
	}
	// Once it is platc's own it is watched like any other.
	out = tempDir(t)
	for _, want := range []bool{false, true} {
		c, err := Plan(out, files, Options{})
		must(t, err)
		if c.Conflicts.HasErrors() != want {
			t.Errorf("conflict: %v", c.Conflicts.Err())
		}
		if !want {
			must(t, Write(t.Context(), c))
			put(t, out+"/README.md", "edited")
		}
	}
}

// A lost record: platc's own files are taken over with force, those of others are not.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	header := "# Code generated by platc from arch.cue; DO NOT EDIT.\n"
	before := tree{"a/Dockerfile": header + "old\n", "a/run!": "#!/bin/sh\n" + header + "old\n", "a/k8s/secret/cloud.env": "# db\nX=ENC[…]\nsops_mac=1\n", "a/x.json": "{\"old\": 1}\n"}
	after := tree{"a/Dockerfile": header + "new\n", "a/run!": "#!/bin/sh\n" + header + "new\n", "a/k8s/secret/cloud.env": "# db\nX=ENC[…]\nsops_mac=2\n", "a/x.json": "{\"old\": 1}\n"}
	out := prepare(t, before, false)
	must(t, os.Remove(out+"/"+recordPath))
	c := plan(t, out, after, Options{})
	if text := c.Conflicts.Err().Error(); strings.Count(text, "E0502") != 1 || !strings.Contains(text, "not in its record") || strings.Contains(text, "elete") {
		t.Error(text)
	}
	c = plan(t, out, after, Options{Force: true})
	must(t, c.Conflicts.Err())
	if len(c.Overwritten) != 3 {
		t.Errorf("overwritten: %q", c.Overwritten)
	}
	must(t, Write(t.Context(), c))
	same(t, look(t, out, false), after.expect("1.0.0"))

	must(t, os.Remove(out+"/"+recordPath))
	put(t, out+"/a/Dockerfile", "mine\n")
	if c = plan(t, out, before, Options{Force: true}); c.Conflicts.Err() == nil {
		t.Error("a file of the user was taken over")
	}
}

// The secrets of an archive are as good as those of its tree.
func TestStateOfAnArchive(t *testing.T) {
	t.Parallel()
	file := tempDir(t) + "/one.tar"
	must(t, WriteArchive(file, oldTree.files(), "1.0.0", owners.Tree{}))
	old, err := OpenOld("", file, &diag.List{})
	must(t, err)
	defer old.Close()
	for name, want := range oldTree {
		if data, err := old.Read(strings.TrimSuffix(name, "!")); err != nil || string(data) != want {
			t.Errorf("%s: %q %v", name, data, err)
		}
	}
	if _, err := old.Read("none"); !errors.Is(err, fs.ErrNotExist) || !old.Recorded() {
		t.Errorf("%v", err)
	}
	data, err := os.ReadFile(file)
	must(t, err)
	put(t, file, string(data[:len(data)/2]))
	if _, err := OpenOld("", file, &diag.List{}); err == nil || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("half an archive: %v", err)
	}
}

// What a killed build left beside an archive is gone after the next one, and two at once do not mix.
func TestArchiveAfterACrash(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	put(t, dir+"/.x.tar.platc-new", "half")
	must(t, WriteArchive(dir+"/x.tar", oldTree.files(), "1.0.0", owners.Tree{}))
	want := look(t, dir, false)
	if len(want) != 2 || want["x.tar"].mode != 0o644 {
		t.Fatalf("%+v", want)
	}
	must(t, os.Remove(dir+"/x.tar"))
	errs := make(chan error)
	for range 8 {
		go func() { errs <- WriteArchive(dir+"/x.tar", oldTree.files(), "1.0.0", owners.Tree{}) }()
	}
	for range 8 {
		if err := <-errs; err != nil && !strings.Contains(err.Error(), "another platc") {
			t.Error(err)
		}
	}
	same(t, look(t, dir, false), want)
	must(t, os.Symlink("x.tar", dir+"/.y.tar.platc-new"))
	if err := WriteArchive(dir+"/y.tar", newTree.files(), "1.0.0", owners.Tree{}); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("got %v", err)
	}
}
