// Package unified writes what changed in a text.
package unified

import (
	"bytes"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff is the difference of two texts in the unified format, as `git apply` and `patch -p1` take it; "" where they are the same.
func Diff(name string, old, now []byte) string {
	data := diff.Diff("a/"+name, old, "b/"+name, now)
	_, data, _ = bytes.Cut(data, []byte("\n")) // the command line that would show the same
	return string(data)
}
