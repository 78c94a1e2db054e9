package load

import (
	"testing"

	library "platc.dev/platc/cue"
)

// BenchmarkLibrary reads the built-in kinds.
func BenchmarkLibrary(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if l := read([]root{{fs: library.FS, dir: "kinds"}}); l.list.HasErrors() {
			b.Fatal(l.list.Err())
		}
	}
}
