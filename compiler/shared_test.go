package compiler

import (
	"crypto/sha256"
	"testing"
	"unsafe"
)

// TestEqualContentsAreKeptOnce: and no other content takes the place of one.
func TestEqualContentsAreKeptOnce(t *testing.T) {
	t.Parallel()
	all := [][]byte{[]byte("one"), []byte("two"), []byte("one"), nil, {}}
	c := newContents()
	for i, data := range all {
		all[i] = c.share(data)
	}
	if unsafe.SliceData(all[0]) != unsafe.SliceData(all[2]) {
		t.Error("equal contents are kept twice")
	}
	for i, want := range []string{"one", "two", "one", "", ""} {
		if string(all[i]) != want {
			t.Errorf("content %d is %q", i, all[i])
		}
		for range 2 {
			if c.sum(all[i]) != sha256.Sum256([]byte(want)) {
				t.Errorf("content %d has another hash", i)
			}
		}
	}
}
