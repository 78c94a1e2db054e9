package load

import (
	"fmt"
	"io/fs"
	"os"
	"path"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// maxAsset bounds a file of a user's own kind, in bytes.
const maxAsset = 16 << 20

// Folder is the folder kinds/ beside arch.cue. No path leads out of it, nor out of the folder of a kind taken with fs.Sub: whoever wrote a kind may have
// put symbolic links into it, and git carries them.
//
// Errors: the folder cannot be opened.
func Folder(name string) (fs.FS, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("open the folder of kinds: %w", err)
	}
	return folder{root.FS(), root}, nil
}

type folder struct {
	fs.FS
	root *os.Root
}

// Sub is the folder below; it has no way out either, not even into its siblings.
func (f folder) Sub(name string) (fs.FS, error) {
	root, err := f.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return folder{root.FS(), root}, nil
}

// contained says which file of a user's own kind is none that can be copied: a link that leads out of the folder, a device, one too large.
func contained(r root, dir string) error {
	files, err := fs.Sub(r.fs, dir)
	if err != nil {
		return err
	}
	m := &kind.Mistakes{}
	refuse := func(name, message, help string) {
		m.Found = append(m.Found, diag.Diagnostic{Code: "E0109", Message: message, Help: help, Pos: diag.Pos{File: path.Join(r.name, dir, name)}})
	}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := fs.Stat(files, name)
		what := fmt.Sprintf("the kind %s has the file %q, which ", path.Base(dir), name)
		switch {
		case err != nil && d.Type()&fs.ModeSymlink != 0:
			refuse(name, what+"is a symbolic link that does not lead to a file in the kind's folder", "copy the file into the folder")
		case err != nil:
			return err
		case info.IsDir():
			refuse(name, what+"is a symbolic link to a folder", "copy the folder")
		case !info.Mode().IsRegular():
			refuse(name, what+"is not a regular file", "remove it")
		case info.Size() > maxAsset:
			refuse(name, what+fmt.Sprintf("is larger than %d MiB", maxAsset>>20), "put large files into an image")
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(m.Found) > 0 {
		return m
	}
	return nil
}
