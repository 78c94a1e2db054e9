package eval

import (
	"slices"
	"strings"
	"sync"

	"cuelang.org/go/cue/token"
)

// role is what a field is: data, or something that only other values see.
type role uint8

const (
	regular role = iota
	definition
	hidden
)

// label is the name of a field. The name of a hidden one begins with its package.
type label struct {
	name string
	role role
	at   token.Pos
}

func (l *label) is(o *label) bool { return l == o || l.name == o.name && l.role == o.role }

// states of a vertex.
const (
	raw uint8 = iota
	busy
	done
)

// conj is one of the values that a vertex is the unification of: a node in its scope, or a vertex as a node.
type conj struct {
	n   node
	e   *env
	ctl *deps // what decided that it is there
	g   *group

	rest bool // it is what a list says of any further item, which is no reason for one
}

// vertex is a place for a value: a field, an item, a let. It is evaluated once, when it is first read.
type vertex struct {
	val     value
	first   conj
	more    []conj
	body    *body
	in      *input // of data that was given
	label   *label // of a field
	state   uint8
	touched bool // a conjunct that came now would be too late
	asked   bool // whether it admits a value is being found out
}

// body is the fields or items of a vertex.
type body struct {
	arcs  []arc
	elems []*vertex
	open  bool  // a list that may have more items
	gaps  []gap // what decided that there is no other field or item
	*rare
	loose  bool // a list whose order only CUE knows
	lacks  bool // a required field is missing
	mixed  bool // fields come from more places than one literal
	walked bool // with settling: all that is in it is done
}

// rare is what few structs have.
type rare struct {
	missed   []*label
	optional []constraint
	more     []*group // of literals with "..."
	unmade   []unmade
	defs     []defined
}

// special is the rare part of a body, to be written to.
func (b *body) special() *rare {
	if b.rare == nil {
		b.rare = &rare{}
	}
	return b.rare
}

type defined struct {
	label *label
	group *group
}

// unmade is fields that a condition did not make.
type unmade struct {
	names map[string]bool
	why   *deps
}

// whyNot is what decided that a condition did not add to a field.
func whyNot(v *vertex, l *label) *deps {
	var why *deps
	if v.body != nil && v.body.rare != nil {
		for _, u := range v.body.unmade {
			if u.names[l.name] {
				why = join(why, u.why)
			}
		}
	}
	return why
}

type arc struct {
	label *label
	v     *vertex
	ord   uint64 // place in the source
	g     *group // of a constant
	fixed bool   // v is a constant, which others have too
	seen  bool   // with fixed: it was looked at while the struct was made
}

// constraint is what a field, or each field that fits a pattern, is unified with where there is one.
type constraint struct {
	label    *label
	pattern  node // of a name; nil: a label, or all
	required bool
	c        conj
}

// env is the scope of one instance of a literal, or of one step of a comprehension.
type env struct {
	up   *env
	v    *vertex // what the literal is part of; of a step, the value
	key  *vertex // of a step of a for
	lets []*vertex
	ctl  *deps
}

func (e *env) at(up int) *env {
	for ; up > 0; up-- {
		e = e.up
	}
	return e
}

// ctx is one evaluation: of a question, or of the constants of a program.
type ctx struct {
	patterns *sync.Map // text -> *regexp.Regexp
	slab     []vertex
	builders []*builder // that are free
	loose    bool       // a loop went over something whose order only CUE knows
	depth    int
	err      string // what makes all of the evaluation unsafe
	trail    *trail // where texts and whole numbers of inputs are left open; nil: none are
	settling bool
	envs     []*env // with settling: whose lets are left
}

// tooDeep is how far values may nest.
const tooDeep = 1500

func (c *ctx) vertex(first conj) *vertex {
	if len(c.slab) == 0 {
		c.slab = make([]vertex, 32)
	}
	v := &c.slab[0]
	c.slab = c.slab[1:]
	v.first = first
	return v
}

// fail makes the evaluation end with a question to CUE.
func (c *ctx) fail(reason string) value {
	if c.err == "" {
		c.err = reason
	}
	return fault(refused, reason)
}

// value is what a vertex is.
func (c *ctx) value(v *vertex) value {
	switch v.state {
	case done:
		if v.in != nil {
			c.look(v.in)
		}
		return v.val
	case busy:
		if v.body != nil && v.body.elems == nil {
			return value{class: structure, v: v}
		}
		return c.fail("a value that refers to itself")
	}
	if c.depth++; c.depth > tooDeep {
		c.depth--
		return c.fail("values that nest too deep")
	}
	v.state = busy
	c.expand(v)
	v.state = done
	c.depth--
	return v.val
}

// expand evaluates a vertex as far as its own fields or items, which stay as they are.
func (c *ctx) expand(v *vertex) {
	if v.more == nil && v.first.n != nil {
		if val, ok := c.shared(v); ok {
			val.ctl = join(val.ctl, v.first.ctl)
			v.val = val
			return
		}
	}
	if val, ok := c.input(v); ok {
		v.val = val
		return
	}
	b := c.builder(v)
	b.run()
	c.builders = append(c.builders, b)
}

// builder is one that is free again, or a new one.
func (c *ctx) builder(v *vertex) *builder {
	n := len(c.builders)
	if n == 0 {
		return &builder{c: c, v: v, mask: anything}
	}
	b := c.builders[n-1]
	c.builders = c.builders[:n-1]
	*b = builder{
		c: c, v: v, mask: anything,
		seen: b.seen[:0], queue: b.queue[:0], later: b.later[:0], disj: b.disj[:0], checks: b.checks[:0], struc: b.struc[:0],
	}
	return b
}

// shared is the value of a vertex that just takes over that of another one.
func (c *ctx) shared(v *vertex) (value, bool) {
	switch n := v.first.n.(type) {
	case *structLit:
		if n.shared != nil && !v.first.g.closes() {
			return n.shared.val, true
		}
		return value{}, false
	case *listLit:
		if n.shared != nil && (n.flat || !v.first.g.closes()) {
			return n.shared.val, true
		}
		return value{}, false
	case *unify, *disjunction, *bound, *comprehension, *dynamic:
		return value{}, false
	case reference:
		l := n.resolve(c, v.first.e)
		if l.v == nil {
			return l.fault, true
		}
		if l.v == v {
			return value{class: open, n: anything}, true
		}
		if l.v.state == busy && l.v.body == nil {
			return value{}, false
		}
		return c.value(l.v).from(value{deps: l.deps, ctl: l.ctl}), true
	default:
		return n.eval(c, v.first.e), true
	}
}

// conjs calls f with each of the values that a vertex is made of.
func (v *vertex) conjs(f func(conj)) {
	if v.first.n != nil {
		f(v.first)
	}
	for _, cj := range v.more {
		f(cj)
	}
}

// add gives a vertex one more conjunct.
func (c *ctx) add(v *vertex, cj conj) {
	if v.state != raw || v.touched {
		c.fail("a field that grows after it was read")
		return
	}
	if v.first.n == nil {
		v.first = cj
		return
	}
	v.more = append(v.more, cj)
}

// find is the field of a structure, nil without one.
func (c *ctx) find(v *vertex, l *label) *vertex {
	if v.in != nil {
		if l.role != regular {
			return nil
		}
		return c.field(v, l.name)
	}
	if v.body == nil {
		return nil
	}
	if a := c.named(v.body.arcs, l); a != nil {
		if a.fixed && v.state == busy {
			a.seen = true
		}
		return a.v
	}
	if v.state == busy {
		x := v.body.special()
		x.missed = append(x.missed, l)
	}
	return nil
}

// fields are the regular fields of a structure, in order.
func (c *ctx) fields(v *vertex) []arc {
	if v.in != nil {
		return c.fieldsOf(v)
	}
	if v.body == nil {
		return nil
	}
	if v.state == busy {
		c.fail("a struct that is listed while it is made")
	}
	all := make([]arc, 0, len(v.body.arcs))
	for _, a := range v.body.arcs {
		if a.label.role == regular {
			all = append(all, a)
		}
	}
	return all
}

// items are the items of a list.
func (c *ctx) items(v *vertex) []*vertex {
	if v.in != nil {
		return c.itemsOf(v)
	}
	return v.body.elems
}

// order puts fields where the source has them.
func (b *body) order() {
	slices.SortStableFunc(b.arcs, func(x, y arc) int {
		switch {
		case x.ord < y.ord:
			return -1
		case x.ord > y.ord:
			return 1
		}
		return 0
	})
}

// list is a done vertex with items.
func (c *ctx) list(elems []*vertex, gaps []gap) value {
	v := c.vertex(conj{})
	if elems == nil {
		elems = []*vertex{}
	}
	v.body = &body{elems: elems, gaps: gaps}
	v.val = value{class: list, v: v}
	v.state = done
	return v.val
}

// constant is a done vertex with a scalar, or with a value that another vertex has.
func (c *ctx) constant(val value) *vertex {
	v := c.vertex(conj{})
	v.val = val
	v.state = done
	return v
}

// text is a label as an interpolation or a loop has it.
func (l *label) text() string {
	if l.role == hidden {
		_, name, _ := strings.Cut(l.name, "\x00")
		return name
	}
	return l.name
}

func (v *vertex) eval(c *ctx, _ *env) value { return c.value(v) }
func (v *vertex) kids(func(node))           {}
func (v *vertex) pos() token.Pos {
	if v.first.n != nil {
		return v.first.n.pos()
	}
	return token.NoPos
}

// track remembers a scope whose lets are to be evaluated.
func (c *ctx) track(e *env) {
	if c.settling {
		c.envs = append(c.envs, e)
	}
}
