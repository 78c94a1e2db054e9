package output

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit"
)

// Archive writes the tree as a tar archive: the files by path and the record, without owners and times, so that equal files give equal bytes.
func Archive(w io.Writer, files []emit.File, version string, tree owners.Tree) error {
	emitted, err := checkFiles(files)
	if err != nil {
		return err
	}
	r := record{Version: version, Tree: tree, Files: make([]entry, 0, len(emitted))}
	for _, f := range emitted {
		r.Files = append(r.Files, entryOf(f, sumOf(f.Data)))
	}
	emitted = append(emitted, &emit.File{Path: recordPath, Data: r.encode(), Mode: 0o644})
	slices.SortFunc(emitted, func(a, b *emit.File) int { return strings.Compare(a.Path, b.Path) })
	return pack(w, emitted, false)
}

// Context writes files as a tar archive with the folders that they are in, which builders else make with rights of their own. Files are in the
// order of their paths, a folder before the first file in it; there are no owners and times.
//
// Errors: an emitted path that is not one, trouble with w.
func Context(w io.Writer, files []emit.File) error {
	byPath, err := checkFiles(files)
	if err != nil {
		return err
	}
	return pack(w, byPath, true)
}

// pack writes an archive of files, and of the folders that they are in if asked for.
func pack(w io.Writer, files []*emit.File, folders bool) error {
	archive := tar.NewWriter(w)
	packed := map[string]bool{}
	entry := func(header tar.Header, data []byte) error {
		header.ModTime = time.Unix(0, 0)
		if err := archive.WriteHeader(&header); err != nil {
			return fmt.Errorf("write archive: %s: %w", header.Name, err)
		}
		if _, err := archive.Write(data); err != nil {
			return fmt.Errorf("write archive: %s: %w", header.Name, err)
		}
		return nil
	}
	var folder func(name string) error
	folder = func(name string) error {
		if !folders || packed[name] || name == "." {
			return nil
		}
		packed[name] = true
		if err := folder(path.Dir(name)); err != nil {
			return err
		}
		return entry(tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755}, nil)
	}
	for _, f := range files {
		if err := folder(path.Dir(f.Path)); err != nil {
			return err
		}
		if err := entry(tar.Header{Typeflag: tar.TypeReg, Name: f.Path, Size: int64(len(f.Data)), Mode: int64(f.Mode)}, f.Data); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return nil
}

// WriteArchive puts the archive into a file, entirely or not at all: it is written beside it first. An equal file keeps its time.
//
// Errors: those of Archive; the name is one of a directory, a link or a special file; trouble with the disk.
func WriteArchive(file string, files []emit.File, version string, tree owners.Tree) error {
	var data bytes.Buffer
	if err := Archive(&data, files, version, tree); err != nil {
		return err
	}
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("write archive %s: %w", file, cause(err))
	case strings.HasSuffix(file, "/"), !info.Mode().IsRegular():
		return fmt.Errorf("write archive %s: it is %s", file, what(info))
	default:
		if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, data.Bytes()) {
			return nil
		}
	}
	if err := replaceFile(file, data.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write archive %s: %w", file, cause(err))
	}
	return nil
}

// replaceFile writes a file beside its name and moves it there. What a crash left of an earlier one is taken for it, so that none stays.
func replaceFile(file string, data []byte, mode fs.FileMode) (err error) {
	waiting := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".platc-new")
	if info, err := os.Lstat(waiting); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is %s", waiting, what(info))
	}
	f, err := os.OpenFile(waiting, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer unlock(f)
	free, err := lock(f)
	if err == nil && (!free || !isNamed(f, waiting)) {
		err = errors.New("another platc is writing to it: wait for it to finish")
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(waiting) // the first error is the one to report
		}
	}()
	err = f.Truncate(0)
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(waiting, file)
	}
	return err
}

// isNamed says whether an open file still has its name: another build may have moved it to its place.
func isNamed(f *os.File, name string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(name)
	return err == nil && os.SameFile(opened, named)
}
