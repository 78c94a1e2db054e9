package eval

import "cuelang.org/go/cue/token"

// deps is what something depends on, as a rope: joining two is one allocation, and only a trace lays it out.
type deps struct {
	a, b *deps
	leaf *vertex // of an input; with key: something that is missing there
	key  string
	put  *pieces // of a text: what each part of it comes from; a and b are nil
	how  how
}

// how says how the parts of a rope decide together.
type how uint8

const (
	both   how = iota // a, b and the leaf are all needed
	either            // a or b is enough
	while             // a, as long as b is there
	every             // what is in leaf, a list or a structure, is needed, and that nothing else is in it
	some              // any one of what is in leaf is enough
)

// pieces are the parts of a text, and what kept others out of it.
type pieces struct {
	all    []part
	gaps   []gap // by the part that comes after them
	lines  bool  // the separator ends a line
	closes bool  // and has something on that line
}

// part is a part of a text, up to end; n bytes of it are its own, and a separator may follow.
type part struct {
	end, n int
	deps   *deps     // what it was read from
	ctl    *deps     // what decided that it is there
	at     token.Pos // where it is written
	lines  lines
}

// gap is what decided that nothing more is at a place of a list.
type gap struct {
	at  int // the item that comes after it; -1: not known
	why *deps
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
	case b == nil:
		return a
	case b.how == both && (a == b.a || a == b.b):
		return b
	case a.how == both && (b == a.a || b == a.b):
		return a
	}
	return &deps{a: a, b: b}
}

// oneOf depends on a or on b.
func oneOf(a, b *deps) *deps {
	if a == nil || b == nil || a == b {
		return meet(a, b)
	}
	return &deps{a: a, b: b, how: either}
}

// meet is what a and b have in common where one of them is nothing.
func meet(a, b *deps) *deps {
	if a == nil {
		return nil
	}
	return b
}

// aslong is why, which matters as long as there is of.
func aslong(why, of *deps) *deps {
	if why == nil || of == nil {
		return why
	}
	return &deps{a: why, b: of, how: while}
}

// shapeOf is what decided which fields or items a structure or list has.
func shapeOf(v *vertex) *deps { return &deps{leaf: v, how: every} }

// anyOf depends on any field or item of a structure or list.
func anyOf(v *vertex) *deps { return &deps{leaf: v, how: some} }

// goneOf is what decided that there is nothing else in a structure or list.
func goneOf(v *vertex) *deps {
	if v.in != nil {
		if v.in.isEmpty() {
			return &v.in.self
		}
		return nil
	}
	var why *deps
	for _, g := range gapsOf(v) {
		why = join(why, g.why)
	}
	return why
}

// gapsOf are the places of a list where nothing is.
func gapsOf(v *vertex) []gap {
	if v.body != nil {
		return v.body.gaps
	}
	return nil
}

// moved are gaps of a list that is a part of another one.
func moved(gaps []gap, by int) []gap {
	all := make([]gap, len(gaps))
	for i, g := range gaps {
		all[i] = g
		if g.at >= 0 {
			all[i].at += by
		}
	}
	return all
}

// gapFor is one gap, at a place that is not known; none without a reason.
func gapFor(why *deps) []gap {
	if why == nil {
		return nil
	}
	return []gap{{-1, why}}
}
