package compiler

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/load"
)

// inPlace takes out of the files to write those of the user's own that lie where their copies would: they are used there, and never written. yours are the
// files and folders of the output that this concerns. A folder that holds the place of its copy is a finding.
func inPlace(plain []placed, out string, findings *diag.List) (written []placed, yours []string) {
	if out == "" {
		return plain, nil
	}
	same := map[string]bool{}
	written = slices.DeleteFunc(plain, func(p placed) bool {
		own, ok := p.row.Content.(kind.Folder)
		if !ok {
			return false
		}
		root := path.Join(p.component, own.Root)
		stays, known := same[root]
		if !known {
			stays = onePlace(own.File.Root, filepath.Join(out, filepath.FromSlash(root)))
			same[root] = stays
			if stays {
				yours = append(yours, root)
			} else if holds(own.File.Root, filepath.Join(out, filepath.FromSlash(root)), out) {
				n := p.of.Node(p.component)
				findings.Add(diag.Diagnostic{
					Code: "E0110", Path: n.Path() + "." + own.Of, Pos: n.AttrPos(own.Of), Message: fmt.Sprintf("%s %s cannot be copied: the place of the copy, %s, is in the folder itself", kind.Own(n.ID), own.Of, filepath.Join(out, filepath.FromSlash(root))),
					Help: "build into another directory with -o, or name a folder that does not hold it",
				})
			}
		}
		return stays
	})
	return written, yours
}

// onePlace says whether two paths are one: in one folder, under one name.
func onePlace(a, b string) bool {
	if filepath.Base(a) != filepath.Base(b) {
		return false
	}
	dirOfA, err := os.Stat(filepath.Dir(a))
	if err != nil {
		return false
	}
	dirOfB, err := os.Stat(filepath.Dir(b))
	return err == nil && os.SameFile(dirOfA, dirOfB)
}

// holds says whether a folder holds a place of the output, and not the output as a whole, which is left out when the folder is listed.
func holds(folder, place, out string) bool {
	return within(resolved(place), resolved(folder)) && !within(resolved(out), resolved(folder))
}

func within(name, folder string) bool {
	return strings.HasPrefix(name, strings.TrimSuffix(folder, string(filepath.Separator))+string(filepath.Separator))
}

// resolved is an absolute path without links, as far as it is there.
func resolved(name string) string {
	name, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	if target, err := filepath.EvalSymlinks(name); err == nil || name == filepath.Dir(name) {
		return target
	}
	return filepath.Join(resolved(filepath.Dir(name)), filepath.Base(name))
}

// Own are the folders and files of the user's own that the attributes of the architecture name, absolute and sorted, whether or not they are there.
func (b *Build) Own() []string {
	var all []string
	for _, e := range b.Environments {
		if e.Graph != nil {
			all = append(all, e.Graph.Named...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// OwnChanged says whether these are not as the build has read them, as far as it could.
func (b *Build) OwnChanged() bool {
	roots, read, err := b.ownRead()
	if err != nil || len(roots) == 0 {
		return err != nil
	}
	now, err := sumOfOwn(roots)
	return err != nil || read != now
}

// ownRead is the folders and files of the user's own that this build has listed, sorted, and their sum as it has read them.
func (b *Build) ownRead() (roots []string, sum string, err error) {
	listed := map[string][]*kind.UserFile{}
	for _, e := range b.Environments {
		e.listings(listed)
	}
	roots = slices.Sorted(maps.Keys(listed))
	all := sha256.New()
	for _, root := range roots {
		if err := sumFiles(all, root, listed[root]); err != nil {
			return roots, "", err
		}
	}
	return roots, hex.EncodeToString(all.Sum(nil)), nil
}

// listings enters the files of the user's own that an environment has listed, by the folder or file that names them.
func (e *Environment) listings(listed map[string][]*kind.UserFile) {
	if e.Graph == nil {
		return
	}
	for _, n := range e.Graph.Nodes {
		for _, listing := range n.Listings {
			for _, root := range listing.Roots {
				listed[root] = slices.DeleteFunc(slices.Clone(listing.Files), func(f *kind.UserFile) bool { return f.Root != root })
			}
		}
	}
}

// sumOfOwn is the same of what stands there now.
func sumOfOwn(roots []string) (string, error) {
	sum := sha256.New()
	for _, root := range roots {
		files, err := load.Relist(root)
		if err != nil {
			return "", err
		}
		if err := sumFiles(sum, root, files); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func sumFiles(sum hash.Hash, root string, files []*kind.UserFile) error {
	_, _ = fmt.Fprintf(sum, "%q %d\n", root, len(files)) // a sum takes everything
	for _, f := range files {
		data, err := f.Read()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(sum, "%q %v %d\n", f.At, f.Executable, len(data))
		_, _ = sum.Write(data)
	}
	return nil
}
