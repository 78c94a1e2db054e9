package load

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/images"
)

// ImagesFile is where images.json of an architecture is, whether or not it is there.
func (s Source) ImagesFile() string { return filepath.Join(s.dir(), images.Name) }

// images reads images.json, which need not be there. What it names that the architecture has not is found by a pass.
func (l *lowering) images() images.File {
	name := l.source.ImagesFile()
	shown := relative(diag.Pos{File: name}, l.source.Dir).File
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return images.File{}
	}
	if err != nil {
		l.add(diag.Diagnostic{Code: "E0115", Message: shown + " cannot be read: " + cause(err), Help: "`platc image set` writes it"})
		return images.File{}
	}
	f, found := images.Parse(data, shown)
	for _, d := range found {
		l.add(d)
	}
	return f
}
