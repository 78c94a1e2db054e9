package load

import (
	"io/fs"

	"cuelang.org/go/cue/cuecontext"

	"platc.dev/platc/compiler/kind"
)

// Values are the concrete values of a CUE file that imports nothing.
func Values(fsys fs.FS, name string) (kind.Object, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	v := cuecontext.New().CompileBytes(data)
	if err := v.Err(); err != nil {
		return nil, err
	}
	o, err := decode(v)
	return object(o), err
}
