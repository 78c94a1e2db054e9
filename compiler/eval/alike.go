package eval

import "slices"

// alike finds the one structure of inputs that a vertex of several values is, where the others only say that it is a structure, as in #of: {...}.
// It is taken as it is: an input has dozens of fields, and each definition that is handed one would else make them anew.
type alike struct {
	c     *ctx
	input *vertex
	deps  *deps
	ctl   *deps
	seen  []*vertex
}

// input is the value of such a vertex.
func (c *ctx) input(v *vertex) (value, bool) {
	if v.more == nil {
		return value{}, false
	}
	a := alike{c: c, seen: []*vertex{v}}
	if !a.only(v, nil) || a.input == nil {
		return value{}, false
	}
	return a.input.val.from(value{deps: a.deps, ctl: a.ctl}), true
}

// only says whether nothing that a vertex is made of has a say beyond the input.
func (a *alike) only(v *vertex, ctl *deps) bool {
	if !a.takes(v.first, ctl) {
		return false
	}
	for _, cj := range v.more {
		if !a.takes(cj, ctl) {
			return false
		}
	}
	return true
}

func (a *alike) takes(cj conj, ctl *deps) bool {
	ctl = join(cj.ctl, ctl)
	switch n := cj.n.(type) {
	case *typeNode:
		return n.mask&(1<<structure) != 0
	case *structLit:
		return n.anyFields()
	case *vertex:
		return a.leads(n, ctl)
	case *unify:
		return !slices.ContainsFunc(n.all, func(x node) bool { return !a.takes(conj{n: x, e: cj.e}, ctl) })
	case *fieldRef, *letRef, *stepRef:
		l := n.(reference).resolve(a.c, cj.e)
		if l.v == nil {
			return false
		}
		a.deps = join(a.deps, l.deps)
		return a.leads(l.v, join(ctl, l.ctl))
	}
	return false
}

// leads follows a reference. One that ends in itself adds nothing.
func (a *alike) leads(v *vertex, ctl *deps) bool {
	if slices.Contains(a.seen, v) {
		return true
	}
	a.seen = append(a.seen, v)
	v.touch()
	if v.state != done {
		return v.first.n != nil && a.only(v, ctl)
	}
	if v.in != nil {
		a.c.look(v.in)
	}
	if v.val.class != structure || v.val.v.in == nil || a.input != nil && a.input != v.val.v {
		return false
	}
	a.input, a.ctl = v.val.v, join(a.ctl, join(v.val.ctl, ctl))
	if v.in == nil {
		a.deps = join(a.deps, v.val.deps)
	}
	return true
}

// anyFields says whether a literal is {...}.
func (n *structLit) anyFields() bool {
	return len(n.decls) == 1 && n.decls[0].ellipsis && len(n.lets) == 0
}
