package secrets

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxSize is of a file that is read: what is larger holds no secrets, and no keys.
const maxSize = 16 << 20

// Files that are not read: reading them might never end.
var (
	errNotRegular = errors.New("it is not a regular file")
	errTooLarge   = errors.New("it is larger than 16 MiB")
)

// ReadTree gives the files of an output tree, for Options.Old. It follows no link out of the tree.
func ReadTree(out string) func(path string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		root, err := os.OpenRoot(out)
		if err != nil {
			return nil, err
		}
		defer func() { _ = root.Close() }()
		return readRegular(filepath.FromSlash(name), root.Stat, root.Open)
	}
}

// readFile reads a file outside the output tree.
func readFile(name string) ([]byte, error) {
	return readRegular(name, os.Stat, os.Open)
}

func readRegular(name string, stat func(string) (fs.FileInfo, error), open func(string) (*os.File, error)) ([]byte, error) {
	info, err := stat(name)
	if err != nil {
		return nil, err
	}
	switch {
	case !info.Mode().IsRegular() && !info.IsDir():
		return nil, errNotRegular
	case info.Size() > maxSize:
		return nil, errTooLarge
	}
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxSize))
}
