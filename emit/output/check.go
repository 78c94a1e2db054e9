package output

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/emit"
)

// The folder that platc keeps for itself below the output directory, and what lies there.
const (
	own         = ".platc"
	recordPath  = own + "/manifest.json"
	journalPath = own + "/journal.json"
	newDir      = own + "/new"
	oldDir      = own + "/old"
)

// checkFiles refuses what an emitter must not return: a path that leaves the tree or that some file system cannot hold beside the others,
// another mode or ownership. It returns the files by path.
func checkFiles(files []emit.File) ([]*emit.File, error) {
	byPath := make([]*emit.File, len(files))
	for i := range files {
		f := &files[i]
		if err := checkPath(f.Path); err != nil {
			return nil, err
		}
		if f.Mode != 0o644 && f.Mode != 0o755 {
			return nil, fmt.Errorf("emitted path %q: mode %#o is neither 0644 nor 0755", f.Path, uint32(f.Mode))
		}
		if f.Ownership != emit.Generated && f.Ownership != emit.State {
			return nil, fmt.Errorf("emitted path %q: unknown ownership %q", f.Path, f.Ownership)
		}
		byPath[i] = f
	}
	slices.SortFunc(byPath, func(a, b *emit.File) int { return strings.Compare(a.Path, b.Path) })
	return byPath, checkCollisions(byPath)
}

func checkPath(name string) error {
	problem := ""
	switch {
	case !fs.ValidPath(name) || name == ".":
		problem = "it is not a clean relative path below the output directory"
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == ':' }):
		problem = "a control character, a backslash or a colon is not portable"
	case strings.EqualFold(first(name), own):
		problem = own + " belongs to platc itself"
	}
	if problem != "" {
		return fmt.Errorf("emitted path %q: %s", name, problem)
	}
	return nil
}

// first is the first element of a path.
func first(name string) string {
	element, _, _ := strings.Cut(name, "/")
	return element
}

// checkCollisions refuses two files of one path, also on a file system without case, and a file that is also a folder.
func checkCollisions(byPath []*emit.File) error {
	spelt := make(map[string]string, len(byPath)*5/4) // lower case -> as written; files and folders
	folders := make(map[string]bool, len(byPath)/4)
	for i, f := range byPath {
		if i > 0 && byPath[i-1].Path == f.Path {
			return fmt.Errorf("emitted path %q: two files have it", f.Path)
		}
		for dir := path.Dir(f.Path); dir != "." && !folders[dir]; dir = path.Dir(dir) {
			folders[dir] = true
			if err := spell(spelt, dir); err != nil {
				return err
			}
		}
		if err := spell(spelt, f.Path); err != nil {
			return err
		}
	}
	for _, f := range byPath {
		if folders[f.Path] {
			return fmt.Errorf("emitted path %q: it is both a file and a folder", f.Path)
		}
	}
	return nil
}

func spell(spelt map[string]string, name string) error {
	key := strings.ToLower(name)
	if other, ok := spelt[key]; ok && other != name {
		return fmt.Errorf("emitted path %q: it differs from %q only in case", name, other)
	}
	spelt[key] = name
	return nil
}
