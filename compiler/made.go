package compiler

import (
	"crypto/sha256"
	"fmt"
	"path"
	"sync"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit"
)

// made makes files, each once: a pass asks for those of build contexts before the rest is decided. It is safe for several goroutines.
type made struct {
	writer emit.Writer
	kept   *contents
	early  sync.Map // path in the tree -> emit.File
}

func newMade() *made { return &made{kept: newContents()} }

// digest is the hash of the bytes of a row. The file is kept for who writes it.
func (m *made) digest(component string, row kind.Row) ([sha256.Size]byte, error) {
	p := placed{row, path.Join(component, row.Path), component}
	f, err := m.file(p)
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	m.early.Store(p.path, f)
	return m.kept.sum(f.Data), nil
}

// take is the file of a row, once.
func (m *made) take(p placed) (emit.File, error) {
	if f, ok := m.early.LoadAndDelete(p.path); ok && p.row.Context {
		return f.(emit.File), nil
	}
	return m.file(p)
}

func (m *made) file(p placed) (f emit.File, err error) {
	// a panic in a goroutine would end the process past every handler
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error in %s: %v", p.path, r)
		}
	}()
	if f, err = m.writer.File(p.path, p.component, p.row); err == nil {
		f.Data = m.kept.share(f.Data)
	}
	return f, err
}
