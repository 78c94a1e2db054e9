package load

import (
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	library "platc.dev/platc/cue"
)

// Strict is Architecture with the built-in kinds held to what a user's own kinds are held to.
func Strict(s Source) (*ir.Graph, *diag.List) {
	kinds, list := read([]root{{fs: library.FS, dir: "kinds", name: "cue"}})
	return s.graph(kinds, list)
}

// StrictLibrary is what is found in the built-in kinds where they are held to what a user's own kinds are held to.
func StrictLibrary() *diag.List {
	_, list := read([]root{{fs: library.FS, dir: "kinds", name: "cue"}})
	return list
}
