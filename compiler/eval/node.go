package eval

import (
	"cuelang.org/go/cue/token"
)

// node is an expression, compiled.
type node interface {
	eval(c *ctx, e *env) value
	pos() token.Pos
	kids(f func(node)) // its parts in the same scope
}

// reference is an expression that leads to a vertex, whatever that turns out to be.
type reference interface {
	node
	resolve(c *ctx, e *env) link
}

// link is where a reference leads: to a vertex, or to a fault.
type link struct {
	v     *vertex
	fault value
	deps  *deps // what said where it leads
	ctl   *deps
}

// place is the place of a node in the source.
type place struct{ at token.Pos }

func (p place) pos() token.Pos  { return p.at }
func (p place) kids(func(node)) {}

func follow(c *ctx, e *env, r reference) value {
	l := r.resolve(c, e)
	if l.v == nil {
		return l.fault.from(value{deps: l.deps, ctl: l.ctl})
	}
	return c.value(l.v).from(value{deps: l.deps, ctl: l.ctl})
}

type (
	// literal is a scalar.
	scalarNode struct {
		place
		val   value
		lines lines // of a part of a text
	}
	// refusal is what is outside of what is evaluated here.
	refusal struct {
		place
		reason string
	}
	// fieldRef is a name that a literal around it declares.
	fieldRef struct {
		place
		up    int
		label *label
	}
	// letRef is a let of a literal around it.
	letRef struct {
		place
		up, slot int
		let      *letDecl
	}
	// stepRef is the variable of a loop, or of a let in a comprehension.
	stepRef struct {
		place
		up  int
		key bool
	}
	// unitRef is a field of a package.
	unitRef struct {
		place
		unit *unit
	}
	selector struct {
		place
		x     node
		label *label
	}
	index struct {
		place
		x, i node
	}
	// choice is an item of a list that is written there: those before it are evaluated as far as it takes, and nothing else of them.
	choice struct {
		place
		list *listLit
		n    int
	}
	typeNode struct {
		place
		mask int64
	}
	bound struct {
		place
		op token.Token
		x  node
	}
	unify struct {
		place
		all []node
	}
	disjunction struct {
		place
		all      []node
		fallback []node // those that are marked as default
	}
	unary struct {
		place
		op token.Token
		x  node
	}
	binary struct {
		place
		op   token.Token
		x, y node
	}
	// absent is x == _|_, or with not x != _|_.
	absent struct {
		place
		x   node
		not bool
	}
	interpolation struct {
		place
		all []node // literals and expressions
	}
	call struct {
		place
		f    *builtin
		args []node
	}
	structLit struct {
		place
		decls    []decl
		lets     []*letDecl
		forces   bool // it is a struct whatever is embedded
		embeds   bool
		constant bool
		shared   *vertex // of a constant
	}
	listLit struct {
		place
		all      []node
		open     bool
		rest     node // type of further items, nil: any
		constant bool
		flat     bool // there is no struct in it
		shared   *vertex
	}
	// comprehension stands for its body, once for each step.
	comprehension struct {
		place
		clauses []clause
		body    node
		reads   map[string]bool // names of the literal around it that decide
		writes  map[string]bool // names that it may declare there; nil: not known
	}
	// dynamic is a field with a computed name.
	dynamic struct {
		place
		name node
		val  node
	}
)

// decl is a declaration in a literal: a field, a pattern, or an embedding.
type decl struct {
	label    *label
	val      node
	optional bool // with a label: a constraint
	required bool
	pattern  node // of names, with val
	any      bool // with pattern nil: of all names
	flat     bool // a value without parts
	constant *vertex
	ellipsis bool
}

type letDecl struct {
	at   token.Pos
	name string
	slot int
	val  node
	uses map[string]bool // names of the literal that it reads
}

type clause struct {
	cond   node // an if
	src    node // a for
	hasKey bool
	let    node // a let
	isFor  bool
}

func (n *scalarNode) eval(*ctx, *env) value { return n.val }

func (n *refusal) eval(c *ctx, e *env) value { return fault(refused, n.reason) }

func (n *fieldRef) eval(c *ctx, e *env) value { return follow(c, e, n) }
func (n *fieldRef) resolve(c *ctx, e *env) link {
	v := e.at(n.up).v
	why := whyNot(v, n.label)
	if f := c.find(v, n.label); f != nil {
		return link{v: f, ctl: why}
	}
	return link{fault: fault(missing, n.label.name).from(value{deps: why})}
}

func (n *letRef) eval(c *ctx, e *env) value { return follow(c, e, n) }
func (n *letRef) resolve(c *ctx, e *env) link {
	scope := e.at(n.up)
	v := scope.lets[n.slot]
	if v == nil {
		v = c.vertex(conj{n: n.let.val, e: scope, ctl: scope.ctl})
		scope.lets[n.slot] = v
	}
	return link{v: v}
}

func (n *stepRef) eval(c *ctx, e *env) value { return follow(c, e, n) }
func (n *stepRef) resolve(c *ctx, e *env) link {
	step := e.at(n.up)
	if n.key {
		return link{v: step.key}
	}
	return link{v: step.v}
}

func (n *unitRef) eval(c *ctx, e *env) value   { return follow(c, e, n) }
func (n *unitRef) resolve(c *ctx, e *env) link { return link{v: n.unit.vertex} }
func (n *selector) eval(c *ctx, e *env) value  { return follow(c, e, n) }
func (n *selector) kids(f func(node))          { f(n.x) }
func (n *index) eval(c *ctx, e *env) value     { return follow(c, e, n) }
func (n *index) kids(f func(node))             { f(n.x); f(n.i) }
func (n *choice) eval(c *ctx, e *env) value    { return follow(c, e, n) }
func (n *choice) kids(f func(node))            { f(n.list) }
func (n *typeNode) eval(c *ctx, e *env) value  { return value{class: open, n: n.mask} }
func (n *bound) kids(f func(node))             { f(n.x) }
func (n *unify) kids(f func(node))             { each(n.all, f) }
func (n *disjunction) kids(f func(node))       { each(n.all, f) }
func (n *unary) kids(f func(node))             { f(n.x) }
func (n *binary) kids(f func(node))            { f(n.x); f(n.y) }
func (n *absent) kids(f func(node))            { f(n.x) }
func (n *interpolation) kids(f func(node))     { each(n.all, f) }
func (n *call) kids(f func(node))              { each(n.args, f) }
func (n *dynamic) kids(f func(node))           { f(n.name); f(n.val) }
func (n *comprehension) eval(c *ctx, e *env) value {
	return fault(refused, "a comprehension as a value")
}
func (n *dynamic) eval(c *ctx, e *env) value { return fault(refused, "a field as a value") }

func each(all []node, f func(node)) {
	for _, n := range all {
		f(n)
	}
}

// resolve is a field of whatever n.x is.
func (n *selector) resolve(c *ctx, e *env) link {
	return c.part(n.x.eval(c, e), n.label)
}

// part is a field of a value.
func (c *ctx) part(x value, l *label) link {
	switch x.class {
	case bottom:
		return link{fault: x}
	case open:
		return link{fault: fault(missing, l.name).from(x)}
	case structure:
	default:
		return link{fault: fault(wrong, l.name+" of what is not a struct").from(x)}
	}
	why := whyNot(x.v, l)
	if f := c.find(x.v, l); f != nil {
		return link{v: f, deps: x.deps, ctl: join(x.ctl, why)}
	}
	gone := fault(missing, l.name).from(x)
	if x.v.in != nil {
		gone.deps = join(gone.deps, &deps{leaf: x.v, key: l.name})
	} else if why == nil {
		why = goneOf(x.v)
	}
	gone.deps = join(gone.deps, why)
	return link{fault: gone}
}

func (n *index) resolve(c *ctx, e *env) link {
	x := n.x.eval(c, e)
	if x.class == bottom {
		return link{fault: x}
	}
	i := n.i.eval(c, e)
	if i.class == bottom {
		return link{fault: i.from(x)}
	}
	if x.class != structure {
		i = c.into(i)
	}
	switch {
	case x.class == structure && i.class == text:
		l := c.part(x, &label{name: i.s})
		l.deps = join(l.deps, i.all())
		if l.v == nil {
			l.fault = l.fault.from(value{deps: i.all()})
		}
		return l
	case isLoose(x):
		return link{fault: fault(refused, "an order that only CUE knows")}
	case x.class == list && i.class == integer:
		elems := c.items(x.v)
		if i.n < 0 {
			return link{fault: fault(wrong, "an index below 0").from(x, i)}
		}
		if i.n >= int64(len(elems)) {
			return link{fault: fault(missing, "an item that is not there").from(x, i, value{deps: goneOf(x.v)})}
		}
		l := link{v: elems[i.n], deps: join(x.deps, i.all()), ctl: x.ctl}
		if x.v.in == nil {
			l.ctl = join(l.ctl, before(x.v, int(i.n)))
		}
		return l
	case x.class == open || i.class == open:
		return link{fault: fault(missing, "an index of what is open").from(x, i)}
	}
	return link{fault: fault(wrong, "an index that does not fit").from(x, i)}
}

// resolve evaluates what decides on the items, up to the one that is asked for; what decides on those after it only may not fail.
func (n *choice) resolve(c *ctx, e *env) link {
	var found *vertex
	var ctl *deps
	count := 0
	for _, item := range n.list.all {
		comp, ok := item.(*comprehension)
		if !ok {
			if count == n.n && found == nil {
				found = c.vertex(conj{n: item, e: e, ctl: join(e.control(), ctl)})
			}
			count++
			continue
		}
		had := found
		var gone *deps
		var bad value
		loose := c.ordered(func() {
			bad, ok = c.steps(comp.clauses, e, func(step *env) {
				if count == n.n && found == nil {
					found = c.vertex(conj{n: comp.body, e: step, ctl: step.control()})
				}
				count++
			}, func(why *deps) { gone = join(gone, why) })
		})
		if loose {
			return link{fault: fault(refused, "an order that only CUE knows")}
		}
		if !ok {
			return link{fault: bad.from(value{ctl: ctl})}
		}
		if had == nil {
			ctl = join(ctl, gone)
		}
	}
	if found == nil {
		return link{fault: fault(missing, "an item that is not there").from(value{deps: ctl})}
	}
	return link{v: found, ctl: ctl}
}

// before is what decided what is in a list ahead of an item.
func before(v *vertex, i int) *deps {
	var why *deps
	for _, el := range v.body.elems[:i] {
		why = join(why, presence(el))
	}
	for _, g := range v.body.gaps {
		if g.at <= i {
			why = join(why, g.why)
		}
	}
	return why
}

func (e *env) control() *deps {
	if e == nil {
		return nil
	}
	return e.ctl
}
