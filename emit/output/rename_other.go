//go:build !unix

package output

import (
	"os"
	"path/filepath"
)

// renameBetween moves a file from one open directory to another.
func renameBetween(from, to *os.File, name string) error {
	return os.Rename(filepath.Join(from.Name(), name), filepath.Join(to.Name(), name))
}
