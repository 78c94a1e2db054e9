package eval

import "cuelang.org/go/cue/token"

// deps is a set of leaves of the inputs, as a rope: joining two is one allocation, and only a trace flattens it.
type deps struct {
	a, b  *deps
	leaf  *vertex // of an input; with key: something that is missing there
	key   string
	parts []part // of a text: what each part of it comes from; a and b are nil
}

// part is a part of a text, up to end; n bytes of it are its own, and a separator may follow.
type part struct {
	end, n int
	deps   *deps     // what it was read from
	ctl    *deps     // what decided that it is there
	at     token.Pos // where it is written
	lines  lines
}

// lines says where the lines of a text are in the source.
type lines uint8

const (
	oneLine lines = iota // all on one
	below                // they begin one line below: a text in three quotes
	along                // they begin where the text does: what follows an expression in such a text
)

func join(a, b *deps) *deps {
	switch {
	case a == nil || a == b:
		return b
	case b == nil || b == a.b || b == a.a:
		return a
	case a == b.a || a == b.b:
		return b
	}
	return &deps{a: a, b: b}
}

// each calls f with every leaf of the set, some of them more than once.
func (d *deps) each(seen map[*deps]bool, f func(leaf *vertex, key string)) {
	if d == nil || seen[d] {
		return
	}
	seen[d] = true
	if d.leaf != nil {
		f(d.leaf, d.key)
	}
	d.a.each(seen, f)
	d.b.each(seen, f)
	for _, p := range d.parts {
		p.deps.each(seen, f)
		p.ctl.each(seen, f)
	}
}
