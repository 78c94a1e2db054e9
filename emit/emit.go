package emit

import (
	"io/fs"

	"platc.dev/platc/compiler/ir"
)

// Ownership says how a file is treated when it exists already.
type Ownership string

// Generated files are rewritten whenever their bytes change. State files hold secrets: they are written first and pruned last.
const (
	Generated Ownership = "generated"
	State     Ownership = "state"
)

// File is one file of the output.
type File struct {
	Path      string // slash-separated, relative to the output directory
	Component string // "" for files of the whole tree
	Data      []byte
	Mode      fs.FileMode // 0o644 or 0o755
	Ownership Ownership
	Marks     map[string]string // of a state file: by line, what tells later whether it changed; it goes into the record, and holds no secret
	Edited    []string          // what was edited since the file was written, and is overwritten by force; names, never values
	Yields    bool              // a file of that name that the user had before stays, and this one is left out
}

// Written is what the record says of a file that was written.
type Written struct {
	SHA256 string
	Marks  map[string]string
}

// Emitter turns the plan into files. It is pure; emit/secrets gets old files, keys and randomness when it is built.
type Emitter struct {
	Name, Doc string
	Component func(*ir.Plan, *ir.Node) ([]File, error) // once per component, in parallel; may be nil
	Tree      func(*ir.Plan) ([]File, error)           // once per build; may be nil
}
