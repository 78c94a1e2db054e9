//go:build unix

package output

import (
	"os"

	"golang.org/x/sys/unix"
)

// renameBetween moves a file from one open directory to another. The name is one element, so it cannot lead out of them.
func renameBetween(from, to *os.File, name string) error {
	return unix.Renameat(int(from.Fd()), name, int(to.Fd()), name)
}
