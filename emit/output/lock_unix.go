//go:build unix && !solaris && !illumos && !aix

package output

import (
	"errors"
	"os"
	"syscall"
)

// lock takes the directory for this process; false: another one has it. A crash leaves nothing behind.
// A file system without locks is used without: there the user takes care.
func lock(dir *os.File) (bool, error) {
	err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return false, nil
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, syscall.EBADF), errors.Is(err, syscall.ENOLCK):
		return true, nil
	}
	return err == nil, err
}

// await takes the directory for this process, once those before it are done.
func await(dir *os.File) error {
	for {
		err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, errors.ErrUnsupported), errors.Is(err, syscall.EBADF), errors.Is(err, syscall.ENOLCK):
			return nil
		default:
			return err
		}
	}
}

// unlock gives the directory free and closes it. Closing alone is not enough: a child that is just being started holds the file, too.
func unlock(dir *os.File) {
	_ = syscall.Flock(int(dir.Fd()), syscall.LOCK_UN) // nothing is to be done where it had no lock
	shut(dir)
}
