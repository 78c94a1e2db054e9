package output

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Revise replaces a file beside arch.cue that a command keeps, such as images.json, entirely or not at all. change gets its content, nil where it is
// not there, and returns the new one. Of several processes that change files of one folder each waits for those before it, and sees what they wrote.
//
// Errors: that of change, as it is, and then nothing is written; the name is one of a directory, a link or a special file; trouble with the disk.
func Revise(file string, change func(old []byte) ([]byte, error)) error {
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return fmt.Errorf("write %s: %w", file, cause(err))
	}
	defer unlock(dir)
	if err := await(dir); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	var old []byte
	mode := fs.FileMode(0o644)
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("write %s: %w", file, cause(err))
	case !info.Mode().IsRegular():
		return fmt.Errorf("write %s: it is %s", file, what(info))
	default:
		mode = info.Mode().Perm()
		if old, err = os.ReadFile(file); err != nil {
			return fmt.Errorf("read %s: %w", file, cause(err))
		}
	}
	data, err := change(old)
	if err != nil || old != nil && bytes.Equal(old, data) {
		return err
	}
	if err := replaceFile(file, data, mode); err != nil {
		return fmt.Errorf("write %s: %w", file, cause(err))
	}
	return nil
}
