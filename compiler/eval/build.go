package eval

import (
	"slices"
)

// builder makes the value of one vertex of its conjuncts: what is written out first, then what references lead to, then what comprehensions and computed
// names add, and last defaults, types and bounds. Whatever comes after it was read makes the evaluation fail.
type builder struct {
	c *ctx
	v *vertex

	mask     int64
	scalar   value // where have
	have     bool
	isStruct bool
	bad      value // the first fault; its class is bottom where there is one
	failed   bool
	deps     *deps // of references that were followed
	ctl      *deps
	read     *deps // of scalar
	there    *deps // what decided that there is scalar

	seen   []origin
	queue  []placed // references and expressions
	later  []placed // comprehensions and computed names
	disj   []conj
	checks []conj
	lists  []listPart
	struc  []*group // of what makes it a struct
	guess  bool     // a default was taken
	mixed  bool     // fields come from more places than one literal
}

// origin is what tells conjuncts apart.
type origin struct {
	n node
	e *env
}

// placed is a conjunct with its place in the source: of the literals on the way, a byte each.
type placed struct {
	conj
	ord   uint64
	level uint
}

// listPart is one of the lists that a vertex is the unification of.
type listPart struct {
	elems []*vertex
	open  bool
	rest  node
	e     *env
	ctl   *deps
	g     *group

	written bool // it stands in the conjunct itself
}

func (b *builder) run() {
	b.v.conjs(func(cj conj) {
		b.add(placed{conj: cj})
	})
	b.drain()
	b.comprehensions()
	b.defaults()
	b.finish()
}

func (b *builder) fail(v value) {
	if !b.failed || isRefused(v) {
		b.failed, b.bad = true, v
	}
}

// under is a place one level below.
func (p placed) under(i int) placed {
	if p.level < 8 {
		p.ord |= uint64(min(i+1, 255)) << (56 - 8*p.level)
		p.level++
	}
	return p
}

func (b *builder) known(cj conj) bool {
	for _, s := range b.seen {
		if s.n == cj.n && s.e == cj.e {
			return true
		}
	}
	b.seen = append(b.seen, origin{cj.n, cj.e})
	return false
}

// add takes a conjunct in, or puts it off.
func (b *builder) add(p placed) {
	switch n := p.n.(type) {
	case *structLit:
		if !b.known(p.conj) {
			b.literal(n, p)
		}
	case *unify:
		for i, x := range n.all {
			q := p.under(i)
			q.n, q.g = x, &group{up: p.g}
			b.add(q)
		}
	case *typeNode:
		b.mask &= n.mask
	case *bound:
		b.checks = append(b.checks, p.conj)
	case *disjunction:
		if !b.known(p.conj) {
			b.disj = append(b.disj, p.conj)
		}
	case *listLit:
		if !b.known(p.conj) {
			b.listOf(n, p.conj)
		}
	case *comprehension, *dynamic:
		b.later = append(b.later, p)
	case *inputsNode:
		for i, l := range n.labels {
			b.field(l, conj{n: n.given[i]}, 0)
		}
	default:
		b.queue = append(b.queue, p)
	}
}

// drain follows the references that are left.
func (b *builder) drain() {
	for i := 0; i < len(b.queue); i++ {
		b.follow(b.queue[i])
	}
	b.queue = b.queue[:0]
}

func (b *builder) follow(p placed) {
	if given, ok := p.n.(*vertex); ok {
		b.chase(given, p, p.ctl)
		return
	}
	r, ok := p.n.(reference)
	if !ok {
		if !b.known(p.conj) {
			b.merge(p.n.eval(b.c, p.e), p)
		}
		return
	}
	l := r.resolve(b.c, p.e)
	if l.v == nil {
		b.fail(l.fault.from(value{deps: l.deps, ctl: l.ctl}))
		return
	}
	b.deps = join(b.deps, l.deps)
	b.chase(l.v, p, join(p.ctl, l.ctl))
}

// chase takes the conjuncts of another vertex in, each in its own scope. A reference that ends in itself adds nothing.
func (b *builder) chase(t *vertex, p placed, ctl *deps) {
	if t == b.v || b.known(conj{n: t}) {
		return
	}
	t.touch()
	if t.first.n == nil || t.state == done && !t.mayGrow() {
		p.ctl = ctl
		b.merge(b.c.value(t), p)
		return
	}
	re := rebase{root: p.g}
	if t.label != nil && t.label.role == definition {
		re.root = define(p.g)
	}
	t.conjs(func(cj conj) {
		q := p
		q.n, q.e, q.g, q.ctl = cj.n, cj.e, re.of(cj.g), join(cj.ctl, ctl)
		if _, ok := cj.n.(reference); ok {
			b.follow(q)
			return
		}
		b.add(q)
	})
}

// touch says that somebody has seen what a vertex is made of.
func (t *vertex) touch() {
	if t.state == raw {
		t.touched = true
	}
}

// mayGrow says whether a unification has to look at what a vertex is made of, and not at its value.
func (t *vertex) mayGrow() bool {
	if t.more != nil {
		return true
	}
	switch n := t.first.n.(type) {
	case *scalarNode, *call, *interpolation, *binary, *unary, *absent:
		return false
	case *vertex:
		return n.first.n != nil
	}
	return true
}

// merge takes a value in that nothing is bound late in.
func (b *builder) merge(val value, p placed) {
	if val.class > open && val.class < structure {
		b.mergeScalar(val, join(val.ctl, p.ctl))
		return
	}
	b.deps = join(b.deps, val.deps)
	b.ctl = join(b.ctl, val.ctl)
	switch val.class { //nolint:exhaustive // the scalars are done
	case bottom:
		b.ctl = join(b.ctl, p.ctl)
		b.fail(val)
	case open:
		b.mask &= val.n
	case list:
		part := listPart{elems: b.c.items(val.v), ctl: p.ctl, g: p.g}
		if val.v.body != nil {
			part.open = val.v.body.open
			b.body().loose = b.body().loose || val.v.body.loose
			b.body().gaps = append(b.body().gaps, val.v.body.gaps...)
		}
		b.lists = append(b.lists, part)
	case structure:
		b.mergeStruct(val.v, p)
	}
}

// mergeScalar takes a scalar in. Of several conditions under which it is there, one is enough.
func (b *builder) mergeScalar(val value, there *deps) {
	if !b.have {
		b.read, b.there = val.deps, there
		val.deps, val.ctl = nil, nil
		b.scalar, b.have = val, true
		return
	}
	if b.there == nil || there == nil {
		b.read, b.there = join(b.read, val.deps), nil
	} else {
		b.read, b.there = nil, oneOf(join(b.there, b.read), join(there, val.deps))
	}
	if !b.c.same(b.scalar, val) {
		b.fail(fault(wrong, "two values for one field"))
	} else if b.scalar.class == decimal && b.scalar.s != val.s {
		b.fail(fault(refused, "one number in two spellings"))
	}
}

func (b *builder) mergeStruct(t *vertex, p placed) {
	if t.first.n != nil {
		b.chase(t, p, p.ctl)
		return
	}
	b.isStruct = true
	body := b.body()
	body.gaps = append(body.gaps, gapsOf(t)...)
	b.mixed = true
	if t.in != nil {
		for i, a := range b.c.fieldsOf(t) {
			b.field(a.label, conj{n: a.v, ctl: p.ctl, g: p.g}, p.under(i).ord)
		}
		return
	}
	for i, a := range t.body.arcs {
		b.field(a.label, conj{n: a.v, ctl: p.ctl, g: p.g}, p.under(i).ord)
	}
}

func (b *builder) body() *body {
	if b.v.body == nil {
		b.v.body = &body{}
	}
	return b.v.body
}

// literal opens the scope of a literal and takes its declarations in.
func (b *builder) literal(n *structLit, p placed) {
	e := &env{up: p.e, v: b.v, ctl: p.ctl}
	if len(n.lets) > 0 {
		e.lets = make([]*vertex, len(n.lets))
	}
	b.c.track(e)
	g := p.g
	if n.embeds {
		g = &group{up: p.g}
	}
	if b.isStruct {
		b.mixed = true
	}
	if n.forces {
		b.isStruct = true
		b.struc = append(b.struc, g)
		if body := b.body(); body.arcs == nil {
			body.arcs = make([]arc, 0, len(n.decls))
		}
	}
	for i := range n.decls {
		b.decl(&n.decls[i], e, p, g, i)
	}
}

func (b *builder) decl(d *decl, e *env, p placed, g *group, i int) {
	q := p.under(i)
	cj := conj{n: d.val, e: e, ctl: p.ctl, g: g}
	switch {
	case d.ellipsis:
		x := b.body().special()
		x.more = append(x.more, g)
	case d.optional || d.required:
		b.constrain(constraint{label: d.label, required: d.required, c: cj})
	case d.pattern != nil || d.any:
		b.constrain(constraint{pattern: d.pattern, c: cj})
	case d.label != nil:
		if d.label.role == definition && !d.flat {
			cj.g = &group{up: g, twin: b.definition(d.label)}
		}
		if d.constant != nil && p.ctl == nil && b.fix(d, g, q.ord) {
			return
		}
		b.field(d.label, cj, q.ord)
	default:
		b.mixed = true
		if _, ok := d.val.(*comprehension); !ok {
			if _, ok := d.val.(*dynamic); !ok {
				cj.g = &group{up: g, embed: true}
			}
		}
		q.conj = cj
		b.add(q)
	}
}

// fix makes a field of a constant, without a vertex of its own, where nothing else is known of the field.
func (b *builder) fix(d *decl, g *group, ord uint64) bool {
	body := b.body()
	if body.rare != nil || !d.flat && g.closes() {
		return false
	}
	if b.c.named(body.arcs, d.label) != nil {
		return false
	}
	body.arcs = append(body.arcs, arc{label: d.label, v: d.constant, ord: ord, g: g, fixed: true})
	return true
}

// own gives a constant field a vertex of its own, which may grow.
func (b *builder) own(a *arc) *vertex {
	if !a.fixed {
		return a.v
	}
	if a.seen {
		b.c.fail("a field that grows after it was read")
	}
	v := b.c.vertex(a.v.first)
	v.first.g, v.label = a.g, a.label
	a.v, a.fixed = v, false
	return v
}

// field gives a field one more conjunct.
func (b *builder) field(l *label, cj conj, ord uint64) {
	body := b.body()
	if a := b.c.named(body.arcs, l); a != nil {
		if !b.knows(a.v, cj) {
			b.c.add(b.own(a), cj)
		}
		return
	}
	if body.rare != nil && slices.ContainsFunc(body.missed, func(m *label) bool { return b.c.is(m, l) }) {
		b.c.fail("a field that comes after it was looked for")
	}
	v := b.c.vertex(cj)
	v.label = l
	body.arcs = append(body.arcs, arc{label: l, v: v, ord: ord})
	if body.rare == nil {
		return
	}
	for _, x := range body.optional {
		b.hold(x, l, v)
	}
}

// knows says whether a field has a conjunct already, so that merging a vertex twice adds nothing.
func (b *builder) knows(v *vertex, cj conj) bool {
	if v.first.n == cj.n && v.first.e == cj.e {
		return true
	}
	for _, m := range v.more {
		if m.n == cj.n && m.e == cj.e {
			return true
		}
	}
	return false
}

// definition is what all declarations of a definition make together.
func (b *builder) definition(l *label) *group {
	body := b.body().special()
	for _, d := range body.defs {
		if d.label.is(l) {
			return d.group
		}
	}
	g := &group{closed: true}
	body.defs = append(body.defs, defined{l, g})
	return g
}

func (b *builder) constrain(x constraint) {
	body := b.body()
	r := body.special()
	r.optional = append(r.optional, x)
	for i := range body.arcs {
		a := &body.arcs[i]
		if x.label == nil || b.c.is(x.label, a.label) {
			b.hold(x, a.label, b.own(a))
		}
	}
}

// hold unifies a field with a constraint that is for it.
func (b *builder) hold(x constraint, l *label, v *vertex) {
	fits := x.label != nil && b.c.is(x.label, l)
	if x.label == nil && l.role == regular {
		fits = x.pattern == nil
		if x.pattern != nil {
			switch b.c.admits(x.pattern, x.c.e, textOf(l.name)) {
			case yes:
				fits = true
			case unsure:
				b.c.fail("a pattern of names that is not known here")
			case no:
			}
		}
	}
	if fits && !b.knows(v, x.c) {
		b.c.add(v, x.c)
	}
}

// comprehensions runs what is left, those first whose conditions read nothing that another one may still write.
func (b *builder) comprehensions() {
	for len(b.later) > 0 {
		i := max(0, slices.IndexFunc(b.later, func(p placed) bool { return !b.waits(p) })) // where all wait, whoever reads too early is found out
		p := b.later[i]
		b.later = slices.Delete(b.later, i, i+1)
		switch n := p.n.(type) {
		case *comprehension:
			b.comprehend(n, p)
		case *dynamic:
			b.computed(n, p)
		}
		b.drain()
	}
}

// waits says whether the conditions of a comprehension read what another one writes.
func (b *builder) waits(p placed) bool {
	n, ok := p.n.(*comprehension)
	if !ok {
		return false
	}
	for _, other := range b.later {
		o, ok := other.n.(*comprehension)
		if !ok || o == n {
			continue
		}
		for name := range o.writes {
			if n.reads[name] {
				return true
			}
		}
	}
	return false
}

func (b *builder) comprehend(n *comprehension, p placed) {
	i := 0
	var gone *deps
	var bad value
	var ok bool
	loose := b.c.ordered(func() {
		bad, ok = b.c.steps(n.clauses, p.e, func(step *env) {
			q := p.under(i)
			q.n, q.e, q.ctl = n.body, step, join(p.ctl, step.control())
			q.g = &group{up: p.g, embed: true} // each struct that it gives is embedded
			b.add(q)
			i++
		}, func(why *deps) { gone = join(gone, why) })
	})
	b.mixed = b.mixed || loose
	if !ok {
		b.fail(bad)
		return
	}
	body := b.body()
	if gone == nil {
		return
	}
	body.gaps = append(body.gaps, gap{-1, gone})
	if i == 0 {
		x := body.special()
		x.unmade = append(x.unmade, unmade{names: n.writes, why: gone})
	}
}

func (b *builder) computed(n *dynamic, p placed) {
	name := b.c.operand(n.name, p.e)
	if name.class != text {
		if name.class != bottom {
			name = fault(wrong, "a name that is not a text")
		}
		b.fail(name)
		return
	}
	b.isStruct, b.mixed = true, true
	b.struc = append(b.struc, p.g)
	b.field(&label{name: name.s, at: n.at}, conj{n: n.val, e: p.e, ctl: join(p.ctl, name.all()), g: p.g}, p.ord)
}
