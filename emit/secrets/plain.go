package secrets

import (
	"fmt"
)

// Plain is the plaintext of a file of the output. It is for the memory of a process, or of a file system that is in memory.
type Plain struct {
	Path string
	Data []byte
	Vars map[string]string // of a file of variables; nil for JSON
}

// Decrypt opens the files of inputs as Options.Old has them, in their order.
//
// Errors: those of Encrypt for inputs and old files; a file that is missing, was damaged, or that no key opens.
func Decrypt(inputs []Input, o Options) ([]Plain, error) {
	b, err := newBuild(inputs, o)
	if err != nil {
		return nil, err
	}
	b.openOld()
	all := make([]Plain, len(b.docs))
	for i, d := range b.docs {
		if d.old == nil || !d.old.intact {
			return nil, fmt.Errorf("decrypt %s: it is missing or was damaged, or no key opens it; looked at %s", d.path, b.keys.searched())
		}
		if all[i], err = d.plain(); err != nil {
			return nil, fmt.Errorf("decrypt %s: %w", d.path, err)
		}
	}
	return all, nil
}

func (d *document) plain() (Plain, error) {
	data, err := emitPlain(d.format, d.old.tree)
	p := Plain{Path: d.path, Data: data}
	if d.format != dotenv || err != nil {
		return p, err
	}
	p.Vars = map[string]string{}
	for _, m := range d.old.tree {
		if l, ok := m.node.(*leaf); ok && !m.comment {
			p.Vars[m.key] = fmt.Sprint(l.value)
		}
	}
	return p, nil
}
