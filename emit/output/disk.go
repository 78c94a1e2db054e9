package output

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// disk is an output directory, or a folder of it, that is written. Every change of the disk is one of its methods, and they cannot leave the
// directory: os.Root does not follow a link out of it.
type disk struct {
	root   *os.Root
	name   string                          // of the directory, as the user knows it
	exact  bool                            // the umask takes nothing away, so that modes need no call of their own
	before func(action, name string) error // tests make steps fail
}

// step is called before every change.
func (d disk) step(action, name string) error {
	if d.before == nil {
		return nil
	}
	return d.before(action, name)
}

func (d disk) failed(action, name string, err error) error {
	return fmt.Errorf("%s %s: %w", action, filepath.Join(d.name, filepath.FromSlash(name)), cause(err))
}

// sub is a folder of the directory.
func (d disk) sub(name string) (disk, error) {
	root, err := d.root.OpenRoot(name)
	if err != nil {
		return disk{}, d.failed("open", name, err)
	}
	return disk{root: root, name: filepath.Join(d.name, filepath.FromSlash(name)), exact: d.exact, before: d.before}, nil
}

func (d disk) close() { shut(d.root) }

// shut closes what nothing was written through, so that there is no error to report.
func shut(c io.Closer) { _ = c.Close() }

// mkdir makes a directory that is not there, mode 0755 whatever the umask.
func (d disk) mkdir(name string) error {
	err := d.step("create", name)
	if err == nil {
		err = d.root.Mkdir(name, 0o755)
	}
	if err == nil && !d.exact {
		err = d.chmodDir(name)
	}
	if err != nil {
		return d.failed("create", name, err)
	}
	return nil
}

// chmodDir keeps the bit by which new files get the directory's group.
func (d disk) chmodDir(name string) error {
	info, err := d.root.Lstat(name)
	if err != nil || info.Mode().Perm() == 0o755 {
		return err
	}
	return d.root.Chmod(name, 0o755|info.Mode()&fs.ModeSetgid)
}

// mkdirs makes a directory and those above it, where they are missing.
func (d disk) mkdirs(name string) error {
	info, err := lstat(d.root, name)
	if err != nil {
		return d.failed("create", name, err)
	}
	if info != nil {
		return nil // a file in the way shows itself at the next step
	}
	if dir := path.Dir(name); dir != "." {
		if err := d.mkdirs(dir); err != nil {
			return err
		}
	}
	return d.mkdir(name)
}

// create writes a file that is not there.
func (d disk) create(name string, data []byte, mode fs.FileMode) error {
	err := d.step("write", name)
	if err == nil {
		err = d.write(name, data, mode)
	}
	if err != nil {
		return d.failed("write", name, err)
	}
	return nil
}

func (d disk) write(name string, data []byte, mode fs.FileMode) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil && !d.exact {
		err = f.Chmod(mode)
	}
	if closed := f.Close(); err == nil {
		err = closed // a full disk may only show here
	}
	if err != nil {
		_ = d.root.Remove(name) // half a file; the first error is the one to report
	}
	return err
}

// rename moves a file or a directory to where nothing is, or where it replaces a file.
func (d disk) rename(from, to string) error {
	err := d.step("move", to)
	if err == nil {
		err = d.root.Rename(from, to)
	}
	if err != nil {
		return d.failed("move", to, err)
	}
	return nil
}

// remove removes a file or an empty directory; it is no error when that is gone.
func (d disk) remove(name string) error {
	err := d.step("remove", name)
	if err == nil {
		err = d.root.Remove(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return d.failed("remove", name, err)
	}
	return nil
}

// removeEmpty removes a directory unless something is in it; gone says that there is none any more.
func (d disk) removeEmpty(name string) (gone bool, err error) {
	info, err := lstat(d.root, name)
	switch {
	case err != nil:
		return false, d.failed("read", name, err)
	case info == nil:
		return true, nil
	case !info.IsDir():
		return false, nil
	}
	entries, err := fs.ReadDir(d.root.FS(), name)
	if err != nil {
		return false, d.failed("read", name, err)
	}
	if len(entries) > 0 {
		return false, nil
	}
	return true, d.remove(name)
}

// removeAll removes a directory and what is in it.
func (d disk) removeAll(name string) error {
	err := d.step("remove", name)
	if err == nil {
		err = d.root.RemoveAll(name)
	}
	if err != nil {
		return d.failed("remove", name, err)
	}
	return nil
}
