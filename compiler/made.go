package compiler

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"sync"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/encode"
	"platc.dev/platc/emit/graph"
	"platc.dev/platc/emit/output"
)

// made makes files, each once: a pass asks for those of build contexts before the rest is decided. A file of which an earlier build tells the sum is not
// made where the sum is enough. It is safe for several goroutines.
type made struct {
	writer   emit.Writer
	kept     *contents
	early    sync.Map        // path in the tree -> emit.File
	answers  kind.Answers    // nil: nothing is known of an earlier build
	standing output.Standing // what is in the output directory
}

func newMade(answers kind.Answers) *made { return &made{kept: newContents(), answers: answers} }

// digest is the hash of the bytes of a row. A file that was made is kept for who writes it.
func (m *made) digest(component string, row kind.Row) ([sha256.Size]byte, error) {
	p := placed{row: row, path: path.Join(component, row.Path), component: component}
	if sum, ok := m.known(p); ok {
		return sum, nil
	}
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
	if known, ok := m.known(p); ok {
		f := emit.Standing(p.path, p.component, p.row, hex.EncodeToString(known[:]))
		if m.standing.Has(f.Path, f.Sum, f.Mode) {
			f.Environment = p.environment
			return f, nil
		}
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
	if _, ok := p.row.Content.(kind.Picture); ok {
		svg, err := graph.SVG(p.of, graph.Options{}, encode.HeaderAs("<!--")+" -->")
		if err != nil {
			return f, err
		}
		p.row.Content = kind.Verbatim(svg)
	}
	if f, err = m.writer.File(p.path, p.component, p.row); err != nil {
		return f, err
	}
	f.Data, f.Environment = m.kept.share(f.Data), p.environment
	sum := m.kept.sum(f.Data)
	f.Sum = hex.EncodeToString(sum[:])
	if key, ok := m.key(p); ok {
		m.answers.Keep(key, sum[:])
	}
	return f, nil
}

// known is the hash of what an earlier build has made of the same row.
func (m *made) known(p placed) (sum [sha256.Size]byte, ok bool) {
	key, ok := m.key(p)
	if !ok {
		return sum, false
	}
	data, ok := m.answers.Find(key)
	if !ok || len(data) != len(sum) {
		return sum, false
	}
	return [sha256.Size]byte(data), true
}

// key is the sum of all that the bytes of a file depend on, where all of that is in what its row was told from. What a pass fills in from elsewhere is not.
func (m *made) key(p placed) (key [sha256.Size]byte, ok bool) {
	switch p.row.Content.(type) {
	case kind.Objects, kind.Text, kind.Verbatim, kind.Template, kind.Copy, kind.Dotenv, kind.JSON:
		if m.answers != nil && p.row.Told != "" {
			return sha256.Sum256([]byte("file " + p.row.Told + p.path)), true
		}
	}
	return key, false
}
