package eval

import "slices"

// group is where conjuncts come from: closedness is a matter of which fields stand in which part of an expression.
type group struct {
	up     *group
	twin   *group // of a declaration of a definition: the definition, which all declarations make together
	closed bool   // no fields but those below it
	embed  bool   // an embedding in a literal, which is up and may add fields to it
}

// define is a definition that is referred to in g. Where that is an embedding, the literal around it is closed as well.
func define(g *group) *group {
	for p := g; p != nil; p = p.up {
		if p.embed {
			p.up.closed = true
		}
	}
	return &group{up: g, closed: true}
}

// rebase hangs the groups of a vertex below the place where it is referred to.
type rebase struct {
	root *group
	made map[*group]*group
}

func (r *rebase) of(g *group) *group {
	if g == nil {
		return r.root
	}
	if copied := r.made[g]; copied != nil {
		return copied
	}
	copied := &group{up: r.of(g.up), closed: g.closed, embed: g.embed}
	if g.twin != nil {
		copied.twin = r.of(g.twin)
	}
	if r.made == nil {
		r.made = map[*group]*group{}
	}
	r.made[g] = copied
	return copied
}

func (g *group) below(top *group) bool {
	for ; g != nil; g = g.up {
		if g == top || g.twin == top {
			return true
		}
	}
	return false
}

// closes says whether a definition has a say in what stands in g.
func (g *group) closes() bool {
	for ; g != nil; g = g.up {
		if g.closed || g.twin != nil {
			return true
		}
	}
	return false
}

// allows says whether a definition g takes what stands in h as its own.
func (g *group) allows(h *group) bool {
	if h.below(g) {
		return true
	}
	for p := g; p != nil; p = p.up {
		if p.embed && h.below(p.up) && !h.below(p) {
			return true
		}
	}
	return false
}

// checkClosed finds a field that a definition does not have.
func (b *builder) checkClosed() (value, bool) {
	var closed []*group
	for _, g := range b.struc {
		for ; g != nil; g = g.up {
			if g.closed && !slices.Contains(closed, g) {
				closed = append(closed, g)
			}
			if g.twin != nil && !slices.Contains(closed, g.twin) {
				closed = append(closed, g.twin)
			}
		}
	}
	if len(closed) == 0 || b.v.body == nil {
		return value{}, true
	}
	for _, h := range closed {
		s := say{h: h}
		for _, a := range b.v.body.arcs {
			if a.label.role == regular && !b.allowed(&s, a) {
				return fault(wrong, "a field that is not allowed: "+a.label.name), false
			}
		}
	}
	return value{}, true
}

// say is what a definition allows. Most fields of a struct stand in one group.
type say struct {
	h    *group
	last *group // which it allows
}

func (s *say) allows(g *group) bool {
	if s.last != nil && s.last == g {
		return true
	}
	if !s.h.allows(g) {
		return false
	}
	s.last = g
	return true
}

func (b *builder) allowed(s *say, a arc) bool {
	if a.fixed {
		return s.allows(a.g) || b.opened(s.h, a)
	}
	if a.v.first.n != nil && s.allows(a.v.first.g) {
		return true
	}
	for _, cj := range a.v.more {
		if s.allows(cj.g) {
			return true
		}
	}
	return b.opened(s.h, a)
}

// opened says whether a definition lets a field be that another one declares.
func (b *builder) opened(h *group, a arc) bool {
	if b.v.body.rare == nil {
		return false
	}
	if slices.ContainsFunc(b.v.body.more, h.allows) {
		return true
	}
	for _, x := range b.v.body.optional {
		if !h.allows(x.c.g) {
			continue
		}
		if x.label != nil && b.c.is(x.label, a.label) || x.label == nil && (x.pattern == nil || b.c.admits(x.pattern, x.c.e, textOf(a.label.name)) == yes) {
			return true
		}
	}
	return false
}
