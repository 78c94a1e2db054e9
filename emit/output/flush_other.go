//go:build !linux

package output

import "os"

// flush brings the directory to the disk. Its files follow when the system writes them: a crash of the program is covered, one of the machine is not.
func flush(dir *os.File) error { return dir.Sync() }
