package output

import (
	"io/fs"
	"path"
	"slices"

	"platc.dev/platc/emit"
)

// action is what a build does with a file.
type action int

const (
	nothing action = iota // not there, and not wanted
	keep
	add
	change
	remove
)

// item is a path that platc wants, or wrote before.
type item struct {
	path     string
	file     *emit.File // nil: no longer emitted
	sum      string     // of file
	recorded *entry     // nil: platc did not write it before
	action   action
	info     fs.FileInfo // of what stands there; nil: nothing
	old      []byte      // its content, where that changes or goes
	unit     string      // of an added file: the highest folder that is not there yet, or the file
	left     bool        // the user has a file of its own there, and keeps it
	room     string      // of a removed file: what it makes room for, so that it goes early: a folder in place of a file, or the reverse; else ""
}

// component is who the file belongs to, or belonged.
func (it *item) component() string {
	if it.file != nil {
		return it.file.Component
	}
	return it.recorded.Component
}

func (it *item) ownership() emit.Ownership {
	if it.file != nil {
		return it.file.Ownership
	}
	return it.recorded.Ownership
}

func (it *item) writes() bool { return it.action == add || it.action == change }

// folder is a folder of the tree with what platc wants in it, or wrote there.
type folder struct {
	path    string // "." for the output directory
	items   []*item
	folders []*folder
}

// treeOf arranges items, which are sorted by path, in folders. Every folder stands in the map, too.
func treeOf(items []*item) (*folder, map[string]*folder) {
	root := &folder{path: "."}
	all := map[string]*folder{".": root}
	for _, it := range items {
		f := folderAt(all, path.Dir(it.path))
		f.items = append(f.items, it)
	}
	return root, all
}

func folderAt(all map[string]*folder, dir string) *folder {
	f := all[dir]
	if f == nil {
		f = &folder{path: dir}
		all[dir] = f
		parent := folderAt(all, path.Dir(dir))
		parent.folders = append(parent.folders, f)
	}
	return f
}

// any says whether one of the items in the folder, or below it, is such.
func (f *folder) any(is func(*item) bool) bool {
	return slices.ContainsFunc(f.items, is) || slices.ContainsFunc(f.folders, func(sub *folder) bool { return sub.any(is) })
}
