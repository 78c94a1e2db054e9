package eval

import (
	"slices"
	"strings"

	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// Trace gives the source of the value at a path below; it is a kind.Trace. What does not exist has the source of the nearest part above it that does.
func (a *Answer) Trace(path ...any) kind.Source {
	_, near := a.look(path)
	if near.v == nil {
		return kind.Source{}
	}
	var src kind.Source
	var read, exists, shape leaves
	way := near.way()
	for i, v := range way {
		val := a.c.value(v)
		if at := writtenAt(v); at.IsValid() {
			src.Pos = posOf(at)
		}
		if v.in == nil {
			exists.add(presence(v))
		}
		if val.v != nil && i == len(way)-1 {
			shape.add(val.ctl) // it chose among structures or lists, not whether there is one
		} else {
			exists.add(val.ctl)
		}
		if i < len(way)-1 {
			read.add(val.deps)
			if val.v != nil && i == len(way)-2 {
				shape.add(shapeOf(val.v))
			}
			continue
		}
		if val.v != nil && val.v.in != nil {
			read.add(&val.v.in.self)
		} else if val.v != nil {
			shape.add(shapeOf(val.v))
		}
		read.add(val.deps)
		if val.class == text {
			src.Spans = spansOf(val)
		}
	}
	src.Read, src.Exists, src.Shape = read.refs(), exists.refs(), shape.refs()
	return src
}

// writtenAt is where a vertex got its value: of several declarations, the first that is more than a type.
func writtenAt(v *vertex) token.Pos {
	at := token.NoPos
	v.conjs(func(cj conj) {
		p := cj.n.pos()
		if given, ok := cj.n.(*vertex); ok {
			p = writtenAt(given)
		}
		switch cj.n.(type) {
		case *typeNode, *bound, *disjunction:
			if !at.IsValid() {
				at = p
			}
			return
		}
		if p.IsValid() && (!at.IsValid() || isCheck(v.first.n)) {
			at = p
		}
	})
	return at
}

func isCheck(n node) bool {
	switch n.(type) {
	case *typeNode, *bound, *disjunction:
		return true
	}
	return false
}

// leaves gathers leaves of inputs, each once.
type leaves struct {
	seen map[*deps]bool
	all  map[string]kind.Ref
}

func (l *leaves) add(d *deps) {
	if d == nil {
		return
	}
	if l.seen == nil {
		l.seen, l.all = map[*deps]bool{}, map[string]kind.Ref{}
	}
	d.each(l.seen, func(leaf *vertex, key string) {
		ref := wayTo(leaf)
		if key != "" {
			ref = append(ref, key)
		}
		l.all[strings.Join(ref, "\x00")] = ref
	})
}

// refs are the leaves, sorted.
func (l *leaves) refs() []kind.Ref {
	if len(l.all) == 0 {
		return nil
	}
	all := make([]kind.Ref, 0, len(l.all))
	for _, ref := range l.all {
		all = append(all, ref)
	}
	slices.SortFunc(all, slices.Compare)
	return all
}

// wayTo is the path of a leaf: the input, then keys and indexes.
func wayTo(leaf *vertex) kind.Ref {
	if leaf == nil {
		return nil
	}
	return append(wayTo(leaf.in.up), leaf.in.key)
}

// spansOf are the parts of a text that was put together, nil where it was not.
func spansOf(val value) []kind.Span {
	s := spanner{}
	if !s.value(val.s, val.deps, nil, nil) {
		return nil
	}
	if len(s.all) == 1 {
		return nil
	}
	return s.all
}

// spanner lays out the parts of a text.
type spanner struct {
	all []kind.Span
	end int
}

// value lays out a text that has parts. It says whether it has. what it was read from as a whole is in read, and what decided that it is there in ctl.
func (s *spanner) value(text string, d, read, ctl *deps) bool {
	parts, rest := d.text(len(text))
	if parts == nil {
		return false
	}
	read = join(read, rest)
	from := 0
	for _, p := range parts {
		s.part(text[from:p.end], p, read, ctl)
		from = p.end
	}
	return true
}

func (s *spanner) part(text string, p part, read, ctl *deps) {
	ctl = join(ctl, p.ctl)
	start := len(s.all)
	if p.n > 0 && s.value(text[:p.n], p.deps, read, ctl) {
		if len(s.all) > start { // the separator
			s.end += len(text) - p.n
			s.all[len(s.all)-1].End = s.end
		}
		return
	}
	read = join(read, p.deps)
	at := posOf(p.at)
	if p.lines == oneLine || !at.IsValid() {
		s.add(len(text), at, read, ctl)
		return
	}
	if p.lines == below {
		at = diag.Pos{File: at.File, Line: at.Line + 1, Column: 1}
	}
	for line := range strings.SplitAfterSeq(text, "\n") {
		if line != "" {
			s.add(len(line), at, read, ctl)
		}
		at = diag.Pos{File: at.File, Line: at.Line + 1, Column: 1}
	}
}

// add lays out n bytes. What comes from the same place as the part before it is one part with that.
func (s *spanner) add(n int, at diag.Pos, read, ctl *deps) {
	var r, e leaves
	r.add(read)
	e.add(ctl)
	s.end += n
	next := kind.Span{End: s.end, Pos: at, Read: r.refs(), Exists: e.refs()}
	if last := len(s.all) - 1; last >= 0 && s.all[last].Pos == at && slices.EqualFunc(s.all[last].Read, next.Read, sameRef) && slices.EqualFunc(s.all[last].Exists, next.Exists, sameRef) {
		s.all[last].End = s.end
		return
	}
	s.all = append(s.all, next)
}

func sameRef(x, y kind.Ref) bool { return slices.Equal(x, y) }

// text gives the parts of a text of n bytes, if the set has such, and what else is in the set.
func (d *deps) text(n int) (parts []part, rest *deps) {
	switch {
	case d == nil:
		return nil, nil
	case d.parts != nil:
		if d.parts[len(d.parts)-1].end == n {
			return d.parts, nil
		}
		return nil, d
	}
	if parts, rest = d.a.text(n); parts != nil {
		return parts, join(rest, d.b)
	}
	if parts, rest = d.b.text(n); parts != nil {
		return parts, join(d.a, rest)
	}
	return nil, d
}
