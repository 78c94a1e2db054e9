package local

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file that containers read, and that is in memory alone.
type File struct {
	Path string // slash-separated, from the root of the tree
	Data []byte
}

// Memory is the folder of the secrets of a project: below XDG_RUNTIME_DIR or /dev/shm, which are in memory, and where a system has neither, in the
// user's folder of temporary files.
func Memory(runtimeDir, project string) string {
	for _, base := range []string{runtimeDir, "/dev/shm"} {
		if info, err := os.Stat(base); filepath.IsAbs(base) && err == nil && info.IsDir() {
			return filepath.Join(base, "platc-"+project)
		}
	}
	return filepath.Join(os.TempDir(), "platc-"+project)
}

// private makes a folder that nobody else can enter, or finds it.
func private(folder string) error {
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make a folder for secrets: %w", err)
	}
	info, err := os.Lstat(folder)
	if err != nil {
		return fmt.Errorf("make a folder for secrets: %w", err)
	}
	if !info.IsDir() || info.Mode().Perm() != 0o700 || !ours(info) {
		return &Trouble{folder + ", the folder for secrets, is somebody else's, or others may enter it", "remove it"}
	}
	return nil
}

// handOver writes files into the folder of secrets. Containers have mounted single files of it, as whoever they run as: a file that changed is
// written in place, for all to read.
func handOver(folder string, files []File) error {
	for _, f := range files {
		if err := write(filepath.Join(folder, filepath.FromSlash(f.Path)), f.Data); err != nil {
			return fmt.Errorf("hand over secrets: %w", err)
		}
	}
	return nil
}

func write(name string, data []byte) error {
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		return err
	}
	return os.Chmod(name, 0o644) // whatever the umask
}
