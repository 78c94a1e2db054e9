package output

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit"
)

func TestArchiveIsTheTree(t *testing.T) {
	t.Parallel()
	out := tempDir(t)
	build(t, out, newTree)
	want := look(t, out, false)
	var first, second bytes.Buffer
	must(t, Archive(&first, newTree.files(), "1.0.0", owners.Tree{}))
	shuffled := newTree.files()
	slices.Reverse(shuffled)
	must(t, Archive(&second, shuffled, "1.0.0", owners.Tree{}))
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the order of files changes the archive")
	}
	archive := tar.NewReader(&first)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		data, err := io.ReadAll(archive)
		must(t, err)
		if got := (state{mode: fs.FileMode(header.Mode), content: string(data)}); got != want[header.Name] {
			t.Errorf("%s: %+v", header.Name, got)
		}
		if header.Uid != 0 || header.Gid != 0 || header.Uname != "" || header.Gname != "" || !header.ModTime.Equal(time.Unix(0, 0)) {
			t.Errorf("%+v", header)
		}
		delete(want, header.Name)
	}
	for name, s := range want {
		if !s.mode.IsDir() {
			t.Errorf("%s is missing", name)
		}
	}
	if err := Archive(io.Discard, []emit.File{{Path: "../x", Mode: 0o644, Ownership: emit.Generated}}, "1", owners.Tree{}); err == nil {
		t.Error("a path that leaves")
	}
}

func TestWriteArchive(t *testing.T) {
	t.Parallel()
	base := tempDir(t)
	file := base + "/out.tar"
	must(t, WriteArchive(file, oldTree.files(), "1.0.0", owners.Tree{}))
	past := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	must(t, os.Chtimes(file, past, past))
	before := look(t, base, true)
	must(t, WriteArchive(file, oldTree.files(), "1.0.0", owners.Tree{}))
	same(t, look(t, base, true), before)
	must(t, WriteArchive(file, newTree.files(), "1.0.0", owners.Tree{}))
	var want bytes.Buffer
	must(t, Archive(&want, newTree.files(), "1.0.0", owners.Tree{}))
	if data, err := os.ReadFile(file); err != nil || !bytes.Equal(data, want.Bytes()) {
		t.Error(err)
	}
	before = look(t, base, true)
	before["."] = state{}
	must(t, os.Mkdir(base+"/dir.tar", 0o755))
	must(t, os.Symlink("out.tar", base+"/link.tar"))
	for _, name := range []string{"dir.tar", "link.tar", "none/out.tar", "out.tar/x"} {
		if err := WriteArchive(filepath.Join(base, name), newTree.files(), "1.0.0", owners.Tree{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	after := look(t, base, true)
	delete(after, "dir.tar")
	delete(after, "link.tar")
	after["."] = state{}
	same(t, after, before)
}

func TestDevKey(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	put(t, dir+"/arch.cue", "package x\n")
	before := look(t, dir, false)
	must(t, WriteDevKey(dir, []byte("KEY\n")))
	got := look(t, dir, false)
	if got[devKeyPath] != (state{mode: 0o600, content: "KEY\n"}) || got[ignorePath] != (state{mode: 0o644, content: ignoreText}) || len(got) != len(before)+3 {
		t.Errorf("%+v", got)
	}
	if err := WriteDevKey(dir, []byte("OTHER\n")); !errors.Is(err, ErrDevKeyExists) {
		t.Errorf("got %v", err)
	}
	same(t, look(t, dir, false), got)

	// The tree may stand in the same directory.
	must(t, Recover(dir))
	build(t, dir, oldTree)
	build(t, dir, tree{})
	if got := look(t, dir, false); got[devKeyPath].content != "KEY\n" || got["arch.cue"].content == "" {
		t.Errorf("%+v", got)
	}
}

func TestDevKeyRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]func(dir string){
		"in the meantime":     func(dir string) { put(t, dir+"/"+devKeyPath, "x") },
		"does not name it":    func(dir string) { put(t, dir+"/"+ignorePath, "other\n") },
		".platc is not a dir": func(dir string) { put(t, dir+"/"+own, "x") },
		"not a directory":     func(dir string) { put(t, dir, "x") },
		"no such file":        func(string) {},
		"not a regular file":  func(dir string) { put(t, dir+"/"+ignorePath+"/x", "x") },
		"directory not empty": func(dir string) { put(t, dir+"/"+devKeyPath+".new/x", "x") },
	}
	for want, touch := range tests {
		dir := filepath.Join(tempDir(t), "arch")
		touch(dir)
		before := look(t, filepath.Dir(dir), false)
		if err := WriteDevKey(dir, []byte("KEY\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
		same(t, look(t, filepath.Dir(dir), false), before)
	}
	dir := tempDir(t)
	put(t, dir+"/"+ignorePath, "# mine\n*.agekey\n")
	must(t, WriteDevKey(dir, []byte("KEY\n")))
	if data, _ := os.ReadFile(dir + "/" + ignorePath); string(data) != "# mine\n*.agekey\n" {
		t.Errorf("%s", data)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	files := tree{"arch.cue": "package x\n", "cue.mod/module.cue": "y\n"}
	must(t, Create(dir+"/new", files.files()))
	if got := look(t, dir, false); got["new/arch.cue"].content != "package x\n" || got["new/cue.mod/module.cue"].content != "y\n" {
		t.Errorf("%+v", got)
	}
	must(t, os.Remove(dir+"/new/arch.cue"))
	before := look(t, dir, true)
	if err := Create(dir+"/new", files.files()); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "module.cue") {
		t.Errorf("got %v", err)
	}
	same(t, look(t, dir, true), before)

	must(t, os.RemoveAll(dir+"/new/cue.mod"))
	put(t, dir+"/new/cue.mod", "a file")
	before = look(t, dir+"/new", false)
	if err := Create(dir+"/new", files.files()); err == nil {
		t.Error("below a file")
	}
	same(t, look(t, dir+"/new", false), before)
}

func TestDump(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	must(t, Dump(dir+"/a", tree{"01.json": "1\n"}.files()))
	must(t, Dump(dir+"/a", tree{"01.json": "2\n", "02.json": "3\n"}.files()))
	if got := look(t, dir+"/a", false); got["01.json"].content != "2\n" || got["02.json"].content != "3\n" {
		t.Errorf("%+v", got)
	}
}
