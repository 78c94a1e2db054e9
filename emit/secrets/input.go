package secrets

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// InputOf is a file that was decided to be secret, at a path from the root of the tree: variables or a JSON document.
func InputOf(path, component string, content kind.Content) Input {
	in := Input{Path: path, Component: component}
	switch c := content.(type) {
	case kind.Dotenv:
		in.Groups = c
	case kind.Environment:
		in.Groups = c.Groups()
	case kind.JSON:
		in.JSON = c.Data
	}
	return in
}

// Sum is a sum of all that is wanted in files, and for whom. With the same keys at hand, and the files as they were made for that, Encrypt makes the same ones.
//
// Errors: those of Encrypt that an input by itself can have.
func Sum(inputs []Input, recipients []string) (sum [sha256.Size]byte, err error) {
	texts, errs := make([][sha256.Size]byte, len(inputs)), make([]error, len(inputs))
	rules := newRules()
	each(len(inputs), func(i int) { texts[i], errs[i] = inputs[i].sum(rules) })
	if err := errors.Join(errs...); err != nil {
		return sum, err
	}
	all := sha256.New()
	_, _ = fmt.Fprintf(all, "%q\n", recipients) // a sum takes everything
	for _, text := range texts {
		_, _ = all.Write(text[:])
	}
	return [sha256.Size]byte(all.Sum(nil)), nil
}

func (in Input) sum(rules []*rule) (sum [sha256.Size]byte, err error) {
	d, err := newDocument(in, rules)
	if err != nil {
		return sum, err
	}
	text := fmt.Appendf(nil, "%q %q\n", in.Path, in.Component)
	for _, l := range d.want.lines() {
		text = fmt.Appendf(text, "%q %t ", l.name, l.comment)
		switch {
		case l.leaf == nil:
		case isValue(l.leaf.value):
			text = append(text, value.Described(l.leaf.value.(value.Value))...)
		default:
			text = fmt.Appendf(text, "%T %v", l.leaf.value, l.leaf.value)
		}
		text = append(text, '\n')
	}
	return sha256.Sum256(text), nil
}

func isValue(v any) bool { _, ok := v.(value.Value); return ok }
