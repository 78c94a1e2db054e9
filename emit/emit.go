package emit

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"sync"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit/encode"
	"platc.dev/platc/emit/kubernetes"
	"platc.dev/platc/emit/text"
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

	Environment string // "" for files that all environments share, and where there are none
	Data        []byte
	Sum         string      // SHA-256 of the content, hexadecimal; "": not known yet
	Stands      bool        // it is in the output directory with the content of that Sum, and Data was not made
	Mode        fs.FileMode // 0o644 or 0o755
	Ownership   Ownership
	Marks       map[string]string // of a state file: by line, what tells later whether it changed; it goes into the record, and holds no secret
	Edited      []string          // what was edited since the file was written, and is overwritten by force; names, never values
	CopyOf      string            // the user's own file that it is a copy of, as messages name it; "": none
	Yields      bool              // a file of that name that the user had before stays, and this one is left out
}

// Written is what the record says of a file that was written.
type Written struct {
	SHA256 string
	Marks  map[string]string
}

// Writer makes the bytes of files. Whoever made a row decided all that is in it; the writer knows formats. It is safe for several goroutines.
type Writer struct {
	templates text.Templates
	copies    sync.Map // copied -> []byte: most components have the same modules, and nobody changes them
}

// copied is what the bytes of a copy depend on.
type copied struct {
	kind.Copy

	base string // of its path
}

// File is the file of a row, at a path from the root of the tree. component is "" for files of the whole tree.
//
// Errors: what a format cannot hold; a template that fails; a secret.
func (w *Writer) File(name, component string, row kind.Row) (File, error) {
	data, err := w.bytes(name, row)
	if err != nil {
		return File{}, fmt.Errorf("write %s: %w", name, err)
	}
	f := about(name, component, row)
	f.Data = data
	return f, nil
}

// Standing is the file of a row that is in the output directory as it shall be, with content of this sum.
func Standing(name, component string, row kind.Row, sum string) File {
	f := about(name, component, row)
	f.Sum, f.Stands = sum, true
	return f
}

// about is all of a file but its content.
func about(name, component string, row kind.Row) File {
	f := File{Path: name, Component: component, Mode: 0o644, Ownership: Generated, Yields: row.Yields}
	if c, ok := row.Content.(kind.Folder); ok {
		f.CopyOf = c.File.Source
	}
	if row.Mode == "0755" {
		f.Mode = 0o755
	}
	return f
}

// bytes is the only place that knows every content. What is secret, or is known when everything else is written, others write.
func (w *Writer) bytes(name string, row kind.Row) ([]byte, error) {
	if row.Secret {
		return nil, errors.New("it is secret")
	}
	switch c := row.Content.(type) {
	case kind.Objects:
		return kubernetes.Objects(name, c)
	case kind.Kustomization:
		return kubernetes.Kustomization(name, c)
	case kind.Text:
		return text.Text(name, c), nil
	case kind.Verbatim:
		return text.Verbatim(c), nil
	case kind.Template:
		return w.templates.Write(name, c)
	case kind.Copy:
		return w.copy(name, c)
	case kind.Folder:
		return c.File.Read()
	case kind.Dotenv:
		return text.Dotenv(c)
	case kind.JSON:
		return encode.JSON(c.Data)
	case kind.Document:
		return kubernetes.Document(name, c)
	case kind.Requirements:
		return text.Requirements(name, c), nil
	}
	return nil, fmt.Errorf("no file is made of %T", row.Content)
}

func (w *Writer) copy(name string, c kind.Copy) ([]byte, error) {
	if !reflect.TypeOf(c.Assets).Comparable() {
		return text.Copy(name, c)
	}
	key := copied{c, path.Base(name)}
	if data, ok := w.copies.Load(key); ok {
		return data.([]byte), nil
	}
	data, err := text.Copy(name, c)
	if err == nil {
		w.copies.Store(key, data)
	}
	return data, err
}
