package eval

import (
	"cuelang.org/go/cue/token"
)

func (b *builder) content() bool { return b.have || b.isStruct || len(b.lists) > 0 }

// defaults decides disjunctions. They are never searched: a value is held against each alternative, and else the default counts.
func (b *builder) defaults() {
	if len(b.disj) == 0 || b.failed {
		return
	}
	if !b.content() {
		first := b.disj[0].n.(*disjunction)
		if len(first.fallback) != 1 {
			if len(first.fallback) > 1 || len(b.disj) > 1 {
				b.fail(fault(refused, "several defaults"))
			}
			return
		}
		cj := b.disj[0]
		cj.n, cj.g = first.fallback[0], &group{up: cj.g}
		b.add(placed{conj: cj})
		b.drain()
		b.comprehensions()
		if b.failed || !b.content() {
			if !b.failed {
				b.fail(fault(refused, "a default that is open"))
			}
			b.bad.n = refused
			return
		}
		b.disj, b.guess = b.disj[1:], true
		for _, cj := range b.disj {
			if other := cj.n.(*disjunction); len(other.fallback) > 0 && b.c.admits(other.fallback[0], cj.e, b.soFar()) != yes {
				b.fail(fault(refused, "several defaults"))
				return
			}
		}
	}
	for _, cj := range b.disj {
		if !b.fits(cj) {
			return
		}
	}
}

// fits holds what there is against a disjunction.
func (b *builder) fits(cj conj) bool {
	val := b.soFar()
	switch b.c.admits(cj.n, cj.e, val) {
	case no:
		b.fail(fault(wrong, "a value that no alternative admits"))
		return false
	case unsure:
		b.fail(fault(refused, "a value that cannot be held against the alternatives here"))
		return false
	case yes:
	}
	return true
}

// soFar is the value without its checks.
func (b *builder) soFar() value {
	switch {
	case b.have:
		return b.scalar
	case len(b.lists) > 0:
		b.unifyLists()
		return value{class: list, v: b.v}
	}
	return value{class: structure, v: b.v}
}

// finish decides what the vertex is, and holds it against types and bounds.
func (b *builder) finish() {
	v := b.v
	if b.failed {
		v.val = b.bad.from(value{ctl: b.ctl})
		return
	}
	val := value{class: open, n: b.mask}
	switch kinds := b.kinds(); {
	case kinds > 1:
		val = fault(wrong, "values of several types for one field")
	case b.have:
		val = b.scalar
	case len(b.lists) > 0:
		b.unifyLists()
		val = value{class: list, v: v}
	case b.isStruct || v.body != nil && len(b.disj) == 0 && b.mask == anything:
		val = value{class: structure, v: v}
	}
	if b.failed {
		val = b.bad
	}
	if v.body != nil && b.mixed {
		v.body.order()
		v.body.mixed = true
	}
	val = b.checked(val)
	if val.class == bottom && b.guess {
		val.n = refused
	}
	if val.class == structure {
		if bad, ok := b.checkClosed(); !ok {
			val = bad
		}
		b.required()
	}
	v.val = val.from(value{deps: join(b.deps, b.read), ctl: join(b.ctl, b.there)})
}

// required notes that a field is missing that has to be there.
func (b *builder) required() {
	body := b.v.body
	if body == nil || body.rare == nil {
		return
	}
	for _, x := range body.optional {
		if x.required && b.c.find(b.v, x.label) == nil {
			body.lacks = true
		}
	}
}

// kinds counts what the vertex would be.
func (b *builder) kinds() int {
	n := 0
	if b.have {
		n++
	}
	if len(b.lists) > 0 {
		n++
	}
	if b.isStruct {
		n++
	}
	return n
}

func (b *builder) checked(val value) value {
	if val.class == bottom {
		return val
	}
	if val.class != open && b.mask&(1<<val.class) == 0 {
		return fault(wrong, "a value of another type")
	}
	for _, cj := range b.checks {
		if val.class == open {
			limit := cj.n.eval(b.c, cj.e)
			if limit.class == bottom {
				return limit
			}
			val.n &= limit.n
			continue
		}
		switch b.c.admits(cj.n, cj.e, val) {
		case no:
			return fault(wrong, "a value out of its bounds")
		case unsure:
			return fault(refused, "a bound that is not known")
		case yes:
		}
	}
	if val.class == open && val.n == 0 {
		return fault(wrong, "types that exclude each other")
	}
	return val
}

// answer is whether a value is among those that an expression admits, without adding to it.
type answer uint8

const (
	no answer = iota
	yes
	unsure
)

func (c *ctx) admits(n node, e *env, val value) answer {
	if val.class <= open {
		return unsure
	}
	switch n := n.(type) {
	case *typeNode:
		return is(n.mask&(1<<val.class) != 0)
	case *bound:
		return c.within(n, e, val)
	case *unify:
		result := yes
		for _, x := range n.all {
			result = agreed(result, c.admits(x, e, val))
		}
		return result
	case *disjunction:
		return c.anyAdmits(n, e, val)
	case *listLit:
		return c.listAdmits(n, e, val)
	case *structLit:
		if val.class != structure {
			return no
		}
		for _, d := range n.decls {
			if !d.ellipsis {
				return unsure
			}
		}
		return yes
	case *scalarNode:
		return is(c.same(n.val, val))
	case reference:
		return c.targetAdmits(n, e, val)
	}
	other := n.eval(c, e)
	if other.class <= open || other.class == structure || other.class == list {
		return unsure
	}
	return is(c.same(other, val))
}

func (c *ctx) anyAdmits(n *disjunction, e *env, val value) answer {
	result := no
	for _, x := range n.all { // those that are no default come first: they are cheap, and do not fail
		switch c.admits(x, e, val) {
		case yes:
			return yes
		case unsure:
			result = unsure
		case no:
		}
	}
	return result
}

func (c *ctx) targetAdmits(r reference, e *env, val value) answer {
	l := r.resolve(c, e)
	if l.v == nil {
		return unsure
	}
	l.v.touch()
	if l.v.asked {
		return unsure
	}
	if l.v.first.n == nil || l.v.state == busy {
		return c.valueAdmits(l.v, val)
	}
	l.v.asked = true
	defer func() { l.v.asked = false }()
	result := yes
	l.v.conjs(func(cj conj) {
		result = agreed(result, c.admits(cj.n, cj.e, val))
	})
	return result
}

func (c *ctx) valueAdmits(t *vertex, val value) answer {
	if t.state == busy {
		return unsure
	}
	other := c.value(t)
	switch other.class {
	case bottom, open, structure, list:
		if other.class == val.class && other.v == val.v && other.v != nil {
			return yes
		}
		return unsure
	default:
		return is(c.same(other, val))
	}
}

func (c *ctx) listAdmits(n *listLit, e *env, val value) answer {
	if val.class != list {
		return no
	}
	elems := c.items(val.v)
	if len(n.all) > 0 {
		return unsure
	}
	if !n.open {
		return is(len(elems) == 0)
	}
	result := yes
	if n.rest == nil {
		return yes
	}
	for _, el := range elems {
		result = agreed(result, c.admits(n.rest, e, c.value(el)))
	}
	return result
}

func (c *ctx) within(n *bound, e *env, val value) answer {
	limit := n.x.eval(c, e)
	if limit.class <= open || limit.class == structure || limit.class == list {
		return unsure
	}
	if n.op == token.NEQ && limit.class != val.class && (!limit.isNumber() || !val.isNumber()) {
		return unsure
	}
	got := c.operate(n.op, val, limit)
	switch {
	case isRefused(got):
		return unsure
	case got.class == boolean:
		return is(got.n == 1)
	}
	return no
}

func is(b bool) answer {
	if b {
		return yes
	}
	return no
}

func agreed(x, y answer) answer {
	switch {
	case x == no || y == no:
		return no
	case x == unsure || y == unsure:
		return unsure
	}
	return yes
}
