package emit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// ReadFlags open a file for Read: a pipe in its place does not block.
const ReadFlags = os.O_RDONLY | syscall.O_NONBLOCK

// MaxFile is more bytes than any file that platc writes or reads beside CUE. The longest is the record of a tree: 10 kB for each component, of which there are 20,000 at most.
const MaxFile = 256 << 20

// Errors of what stands in the place of a file.
var (
	ErrNotRegular = errors.New("it is not a regular file")
	ErrTooLarge   = fmt.Errorf("it is larger than %d MiB", MaxFile>>20)
)

// Read is the content of an open file, which it closes. Somebody else may have put anything there: what is not a regular file of a sensible
// size is an error, so that nothing waits without end or fills the memory.
func Read(f *os.File) ([]byte, error) {
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrNotRegular
	}
	if info.Size() > MaxFile {
		return nil, ErrTooLarge
	}
	data := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	_, err = data.ReadFrom(io.LimitReader(f, MaxFile+1))
	if err == nil && data.Len() > MaxFile {
		err = ErrTooLarge
	}
	return data.Bytes(), err
}

// Refused is why a file was not read for what stands in its place: ErrNotRegular, ErrTooLarge, or nil for any other error.
func Refused(err error) error {
	for _, why := range []error{ErrNotRegular, ErrTooLarge} {
		if errors.Is(err, why) {
			return why
		}
	}
	return nil
}

// ReadFile is Read for a name; links are followed.
func ReadFile(name string) ([]byte, error) { return readWith(os.OpenFile, name) }

// ReadBelow is Read for a path below a folder; a link that leaves the folder is an error.
func ReadBelow(folder *os.Root, name string) ([]byte, error) { return readWith(folder.OpenFile, name) }

func readWith(open func(string, int, os.FileMode) (*os.File, error), name string) ([]byte, error) {
	f, err := open(name, ReadFlags, 0)
	if err != nil {
		return nil, err
	}
	data, err := Read(f)
	if err != nil {
		return nil, &os.PathError{Op: "read", Path: name, Err: err}
	}
	return data, nil
}

// InConflict says whether a file has the marks that git leaves where it could not merge two versions.
func InConflict(data []byte) bool {
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) < 7 || bytes.Count(line[:7], line[:1]) != 7 || len(line) > 7 && line[7] != ' ' {
			continue
		}
		if bytes.IndexByte([]byte("<>|="), line[0]) >= 0 && (line[0] != '=' || len(line) == 7) {
			return true
		}
	}
	return false
}

// ResolveConflict is the help for a tree whose merge was not resolved.
func ResolveConflict(out string) string {
	return fmt.Sprintf("take either side for all of %s: `git checkout --ours -- %s`, or --theirs; resolve arch.cue, and run `platc build`: it keeps every credential that one end of a link still has", out, out)
}
