package load

import (
	"errors"
	"fmt"
	"os"

	"platc.dev/platc/compiler/diag"
)

// Stdin is the argument that stands for an architecture on standard input, and the file of what is found in it.
const Stdin = "-"

func (s Source) stdin() ([]byte, error) {
	if s.Stdin == nil {
		return nil, errors.New("there is no standard input")
	}
	return s.Stdin()
}

// readFile is the text of a file, or of standard input.
func (s Source) readFile(name string) ([]byte, error) {
	if name == Stdin {
		return s.stdin()
	}
	return os.ReadFile(name)
}

// readableStdin reports what is wrong with standard input before CUE reads it, and gives its size. read is the size of the files before it.
func (s Source) readableStdin(list *diag.List, read int64) (size int64, ok bool) {
	data, err := s.stdin()
	switch {
	case err != nil:
		list.Add(diag.Diagnostic{Code: "E0101", Message: "standard input cannot be read: " + cause(err), Help: "pipe an architecture into platc, as in `cat arch.cue | platc check -`"})
	case read+int64(len(data)) > maxSize:
		list.Add(diag.Diagnostic{Code: "E0101", Message: fmt.Sprintf("standard input exceeds the limit of %d MiB for an architecture", maxSize>>20), Help: "move out what does not belong to the architecture"})
	default:
		d, bad := illegible("standard input", Stdin, data)
		if !bad {
			return int64(len(data)), true
		}
		list.Add(d)
	}
	return int64(len(data)), false
}
