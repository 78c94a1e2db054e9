//go:build unix

package local

import (
	"io/fs"
	"os"
	"syscall"
)

// ours says whether a file is the user's own.
func ours(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Getuid()
}
