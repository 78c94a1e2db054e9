package eval

import (
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// Trace gives the source of the value at a path below; it is a kind.Trace. What does not exist has the source of the nearest part above it that does.
func (a *Answer) Trace(path ...any) kind.Source {
	if last := len(path) - 1; last >= 0 && path[last] == (kind.Whole{}) {
		return a.whole(path[:last])
	}
	_, near := a.look(path)
	if near.v == nil {
		return kind.Source{}
	}
	var src kind.Source
	read, exists, shape := a.c.layout(), a.c.layout(), a.c.layout()
	way := near.way()
	for i, v := range way {
		val := a.c.value(v)
		if at := writtenAt(v); at.IsValid() {
			src.Pos = posOf(at)
		}
		if i > 0 || v.in == nil {
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
			src.Spans = a.c.spansOf(val)
		}
	}
	src.Read, src.Exists, src.Shape = read.needs(), exists.needs(), shape.needs()
	return src
}

// whole is the source of a value with all that is in it.
func (a *Answer) whole(path []any) kind.Source {
	src := a.Trace(path...)
	part, _ := a.look(path)
	if part.v == nil {
		return src
	}
	var steps []any
	switch val := a.c.value(part.v); val.class { //nolint:exhaustive // the others have no parts
	case structure:
		for _, f := range a.c.fields(val.v) {
			steps = append(steps, f.label.text())
		}
	case list:
		for i := range a.c.items(val.v) {
			steps = append(steps, i)
		}
	}
	for _, step := range steps {
		below := a.whole(append(slices.Clone(path), step))
		src.Read = slices.Concat(src.Read, below.Read, below.Exists, below.Shape)
	}
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

// layout lays ropes out as needs.
type layout struct {
	c    *ctx
	seen map[*deps]bool
	all  map[string]kind.Need // by its text
}

func (c *ctx) layout() *layout {
	return &layout{c, map[*deps]bool{}, map[string]kind.Need{}}
}

// laid are the needs of one rope.
func (c *ctx) laid(d *deps) kind.Needs {
	if d == nil {
		return nil
	}
	l := c.layout()
	l.add(d)
	return l.needs()
}

func (l *layout) add(d *deps) {
	if d == nil || l.seen[d] {
		return
	}
	l.seen[d] = true
	switch d.how {
	case either:
		l.either(d.alternatives(nil))
	case while:
		l.while(d)
	case every:
		l.every(d.leaf)
	case some:
		l.some(d.leaf)
	case both:
		if d.leaf != nil {
			ref := wayTo(d.leaf)
			if d.key != "" {
				ref = append(ref, d.key)
			}
			l.need(kind.Need{Ref: ref})
		}
		l.add(d.a)
		l.add(d.b)
		if d.put != nil {
			l.text(d.put)
		}
	}
}

func (l *layout) need(n kind.Need) { l.all[n.String()] = n }

// alternatives are the ropes of which any one is enough.
func (d *deps) alternatives(all []*deps) []*deps {
	for _, part := range []*deps{d.a, d.b} {
		if part.how == either {
			all = part.alternatives(all)
		} else {
			all = append(all, part)
		}
	}
	return all
}

func (l *layout) either(all []*deps) {
	var needs []kind.Needs
	known := map[string]bool{}
	for _, d := range all {
		n := l.c.laid(d)
		if len(n) == 0 {
			return
		}
		if text := n.String(); !known[text] {
			known[text] = true
			needs = append(needs, n)
		}
	}
	if len(needs) > 1 {
		l.need(kind.Need{Any: needs})
		return
	}
	for _, n := range slices.Concat(needs...) {
		l.need(n)
	}
}

func (l *layout) while(d *deps) {
	of := l.c.laid(d.b)
	for _, n := range l.c.laid(d.a) {
		switch {
		case len(of) == 0:
		case n.While == nil:
			n.While = of
		default:
			n = kind.Need{Any: []kind.Needs{{n}}, While: of}
		}
		l.need(n)
	}
}

func (l *layout) every(v *vertex) {
	if v.in != nil && v.in.isEmpty() {
		l.add(&v.in.self)
	}
	for _, part := range l.c.parts(v) {
		l.add(presence(part))
	}
	for _, g := range gapsOf(v) {
		l.add(g.why)
	}
}

func (l *layout) some(v *vertex) {
	var all []*deps
	for _, part := range l.c.parts(v) {
		all = append(all, presence(part))
	}
	l.either(all)
}

// parts are the items of a list, or the fields of a structure.
func (c *ctx) parts(v *vertex) []*vertex {
	if c.value(v).class == list {
		return c.items(v)
	}
	var all []*vertex
	for _, f := range c.fields(v) {
		all = append(all, f.v)
	}
	return all
}

func (l *layout) text(t *pieces) {
	for _, p := range t.all {
		l.add(p.deps)
		l.add(p.ctl)
	}
	for _, g := range t.gaps {
		l.add(g.why)
	}
}

// needs are those that were added, sorted.
func (l *layout) needs() kind.Needs {
	var all kind.Needs
	for _, text := range slices.Sorted(maps.Keys(l.all)) {
		all = append(all, l.all[text])
	}
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
func (c *ctx) spansOf(val value) []kind.Span {
	s := spanner{c: c}
	if !s.value(val.s, val.deps, nil, nil) || len(s.all) == 1 {
		return nil
	}
	return s.broken(val.s)
}

// spanner lays out the parts of a text.
type spanner struct {
	c         *ctx
	all       []kind.Span
	separates []bool // those that are between two parts
	end       int
}

// broken are the spans, with an empty one for each line that begins or ends where it does because of a part of the text that is not on it: without a part that
// ends in a line break, what follows would go on the line before, and the other way round.
func (s *spanner) broken(text string) []kind.Span {
	needs := make([]map[string]bool, len(s.all))
	for i, span := range s.all {
		needs[i] = map[string]bool{}
		for _, n := range span.Exists {
			needs[i][n.String()] = true
		}
	}
	// goes says whether part i is there only if part with is.
	goes := func(i, with int) bool {
		if i < 0 || i == len(s.all) {
			return false
		}
		for n := range needs[with] {
			if !needs[i][n] {
				return false
			}
		}
		return true
	}
	var all []kind.Span
	begin := 0
	for i, span := range s.all {
		end := span.End
		optional := !s.separates[i] && len(span.Exists) > 0 && begin < end
		if optional && begin > 0 && text[begin] == '\n' && !goes(i-1, i) {
			last := i
			for goes(last+1, i) {
				last++
			}
			if to := s.all[last].End; to < len(text) && text[to] != '\n' {
				all = append(all, kind.Span{End: begin, Exists: span.Exists})
			}
		}
		all = append(all, span)
		if optional && end < len(text) && text[end-1] == '\n' && !goes(i+1, i) {
			first := i
			for goes(first-1, i) {
				first--
			}
			if first > 0 && !strings.HasSuffix(text[:s.all[first-1].End], "\n") && s.all[first-1].End > 0 {
				all = append(all, kind.Span{End: end, Exists: span.Exists})
			}
		}
		begin = end
	}
	return all
}

// value lays out a text that has parts. It says whether it has. what it was read from as a whole is in read, and what decided that it is there in ctl.
func (s *spanner) value(text string, d, read, ctl *deps) bool {
	t, rest := d.pieces(len(text))
	if t == nil {
		return false
	}
	read = join(read, rest)
	from, gaps := 0, t.gaps
	for i, p := range t.all {
		gaps = s.gaps(t, gaps, i, ctl)
		s.part(text[from:from+p.n], p, read, join(ctl, p.ctl))
		if sep := text[from+p.n : p.end]; sep != "" {
			s.separator(sep, t.all[i+1:], ctl)
		}
		from = p.end
	}
	for _, g := range gaps {
		if !t.lines || t.closes {
			s.add(0, diag.Pos{}, nil, join(ctl, g.why))
		}
	}
	return true
}

// gaps lays out the gaps ahead of a part, and gives the rest. A line that is not there is in none of those that are.
func (s *spanner) gaps(t *pieces, gaps []gap, i int, ctl *deps) []gap {
	for len(gaps) > 0 && gaps[0].at >= 0 && gaps[0].at <= i {
		if !t.lines {
			s.add(0, diag.Pos{}, nil, join(ctl, gaps[0].why))
		}
		gaps = gaps[1:]
	}
	return gaps
}

// separator lays out what is between two parts: it is there because of any part that comes after it.
func (s *spanner) separator(text string, after []part, ctl *deps) {
	why := after[0].ctl
	for _, p := range after[1:] {
		why = oneOf(why, p.ctl)
	}
	s.add(len(text), diag.Pos{}, nil, join(ctl, why))
	s.separates[len(s.all)-1] = true
}

func (s *spanner) part(text string, p part, read, ctl *deps) {
	if s.value(text, p.deps, read, ctl) {
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
	s.end += n
	next := kind.Span{End: s.end, Pos: at, Read: s.c.laid(read), Exists: s.c.laid(ctl)}
	if last := len(s.all) - 1; last >= 0 && n > 0 && s.all[last].Pos == at && s.all[last].Read.String() == next.Read.String() && s.all[last].Exists.String() == next.Exists.String() {
		s.all[last].End = s.end
		return
	}
	s.all, s.separates = append(s.all, next), append(s.separates, false)
}

// pieces are those of a text of n bytes, if the rope has such, and what else is in it.
func (d *deps) pieces(n int) (t *pieces, rest *deps) {
	switch {
	case d == nil || d.how != both:
		return nil, d
	case d.put != nil:
		if d.put.all[len(d.put.all)-1].end == n {
			return d.put, nil
		}
		return nil, d
	}
	if t, rest = d.a.pieces(n); t != nil {
		return t, join(rest, d.b)
	}
	if t, rest = d.b.pieces(n); t != nil {
		return t, join(d.a, rest)
	}
	return nil, d
}
