package eval

// listOf takes a written list in.
func (b *builder) listOf(n *listLit, cj conj) {
	var elems []*vertex
	var gaps []gap
	var bad value
	var ok bool
	loose := b.c.ordered(func() { elems, gaps, bad, ok = b.c.elements(n, cj) })
	if !ok {
		b.fail(bad)
		return
	}
	if loose && len(elems) > 1 {
		b.body().loose = true
	}
	b.body().gaps = append(b.body().gaps, gaps...)
	b.lists = append(b.lists, listPart{elems: elems, open: n.open, rest: n.rest, e: cj.e, ctl: cj.ctl, g: cj.g, written: true})
}

// elements are the items of a written list. A fault of a comprehension is one of the whole list.
func (c *ctx) elements(n *listLit, cj conj) (elems []*vertex, gaps []gap, bad value, ok bool) {
	elems = make([]*vertex, 0, len(n.all))
	for _, x := range n.all {
		comp, isComp := x.(*comprehension)
		if !isComp {
			elems = append(elems, c.vertex(conj{n: x, e: cj.e, ctl: cj.ctl, g: cj.g}))
			continue
		}
		bad, ok := c.steps(comp.clauses, cj.e, func(step *env) {
			elems = append(elems, c.vertex(conj{n: comp.body, e: step, ctl: join(cj.ctl, step.control()), g: cj.g}))
		}, func(why *deps) { gaps = append(gaps, gap{len(elems), why}) })
		if !ok {
			return nil, nil, bad, false
		}
	}
	return elems, gaps, value{}, true
}

// unifyLists makes one list of all.
func (b *builder) unifyLists() {
	body := b.body()
	if body.elems != nil {
		return
	}
	if len(b.lists) == 1 && b.lists[0].rest == nil {
		body.elems, body.open = b.lists[0].elems, b.lists[0].open
		if body.elems == nil {
			body.elems = []*vertex{}
		}
		return
	}
	length, closed := 0, -1
	for _, l := range b.lists {
		length = max(length, len(l.elems))
		if !l.open {
			if closed >= 0 && closed != len(l.elems) {
				b.fail(fault(wrong, "lists of different length"))
			}
			closed = len(l.elems)
		}
	}
	if closed >= 0 && length > closed {
		b.fail(fault(wrong, "a list that is too long"))
	}
	if closed > length {
		length = closed
	}
	body.open = closed < 0
	body.elems = make([]*vertex, 0, length)
	if b.failed {
		return
	}
	for i := range length {
		body.elems = append(body.elems, b.element(i))
	}
	b.sound(body.elems)
}

// element is what the lists have in one place.
func (b *builder) element(i int) *vertex {
	var all []conj
	for _, l := range b.lists {
		switch {
		case i < len(l.elems) && l.written && len(b.lists) > 1:
			l.elems[i].touch()
			l.elems[i].conjs(func(cj conj) { all = append(all, cj) })
		case i < len(l.elems):
			all = append(all, conj{n: l.elems[i], ctl: l.ctl, g: l.g})
		case l.rest != nil:
			all = append(all, conj{n: l.rest, e: l.e, ctl: l.ctl, g: l.g, rest: true})
		}
	}
	if len(all) == 1 {
		if el, ok := all[0].n.(*vertex); ok {
			return el
		}
	}
	v := b.c.vertex(all[0])
	v.more = all[1:]
	return v
}

// sound finds what is wrong with items: what a list asks of them is asked whoever reads them.
func (b *builder) sound(elems []*vertex) {
	for _, el := range elems {
		if bad := b.c.mistake(el, 0); bad.class == bottom && bad.n != missing {
			b.fail(bad)
			return
		}
	}
}

// mistake is the first fault of a vertex and all that is in it, other than that something is open or missing; null without one.
func (c *ctx) mistake(v *vertex, depth int) value {
	none := value{class: null}
	val := c.value(v)
	if val.class == bottom && val.n != missing {
		return val
	}
	if val.class < structure || val.v.in != nil || depth > tooDeep {
		return none
	}
	if val.class == list {
		for _, el := range c.items(val.v) {
			if bad := c.mistake(el, depth+1); bad.class == bottom {
				return bad
			}
		}
		return none
	}
	for _, a := range val.v.body.arcs {
		if bad := c.mistake(a.v, depth+1); bad.class == bottom {
			return bad
		}
	}
	return none
}
