package compiler

import (
	"testing"
	"unsafe"

	"platc.dev/platc/emit"
)

// TestEqualContentsAreKeptOnce: and no other content takes the place of one.
func TestEqualContentsAreKeptOnce(t *testing.T) {
	t.Parallel()
	files := []emit.File{{Data: []byte("one")}, {Data: []byte("two")}, {Data: []byte("one")}, {Data: nil}, {Data: []byte{}}}
	c := newContents()
	c.share(files[:2])
	c.share(files[2:])
	if unsafe.SliceData(files[0].Data) != unsafe.SliceData(files[2].Data) {
		t.Error("equal contents are kept twice")
	}
	for i, want := range []string{"one", "two", "one", "", ""} {
		if string(files[i].Data) != want {
			t.Errorf("file %d is %q", i, files[i].Data)
		}
	}
}
