package eval

// group is where conjuncts come from: closedness is a matter of which fields stand in which part of an expression.
type group struct {
	up     *group
	closed bool    // a definition: no fields but those below it
	embed  *vertex // an embedding in a literal, which is up, for this vertex: the literal may add fields
}

// rebase hangs the groups of a vertex below the place where it is referred to.
type rebase struct {
	from, to *vertex
	root     *group
	made     map[*group]*group
}

func (r *rebase) of(g *group) *group {
	if g == nil {
		return r.root
	}
	if copied := r.made[g]; copied != nil {
		return copied
	}
	copied := &group{up: r.of(g.up), closed: g.closed, embed: g.embed}
	if g.embed == r.from {
		copied.embed = r.to
	}
	if r.made == nil {
		r.made = map[*group]*group{}
	}
	r.made[g] = copied
	return copied
}

func (g *group) below(top *group) bool {
	for ; g != nil; g = g.up {
		if g == top {
			return true
		}
	}
	return false
}

// allows says whether a definition h takes what stands in g as its own.
func (h *group) allows(g *group, v *vertex) bool {
	if g.below(h) {
		return true
	}
	for p := h; p != nil; p = p.up {
		if p.embed == v && g.below(p.up) && !g.below(p) {
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
			if g.closed {
				closed = append(closed, g)
			}
		}
	}
	if len(closed) == 0 || b.v.body == nil {
		return value{}, true
	}
	for _, a := range b.v.body.arcs {
		if a.label.role != regular {
			continue
		}
		for _, h := range closed {
			if !b.allowed(h, a) {
				return fault(wrong, "a field that is not allowed: "+a.label.name), false
			}
		}
	}
	return value{}, true
}

func (b *builder) allowed(h *group, a arc) bool {
	found := false
	a.v.conjs(func(cj conj) {
		found = found || cj.g != nil && h.allows(cj.g, b.v)
	})
	if found {
		return true
	}
	for _, g := range b.v.body.more {
		if g != nil && h.allows(g, b.v) {
			return true
		}
	}
	for _, x := range b.v.body.optional {
		if x.c.g == nil || !h.allows(x.c.g, b.v) {
			continue
		}
		if x.label != nil && x.label.is(a.label) || x.label == nil && (x.pattern == nil || b.c.admits(x.pattern, x.c.e, textOf(a.label.name)) == yes) {
			return true
		}
	}
	return false
}
