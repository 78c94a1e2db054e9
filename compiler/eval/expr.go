package eval

import (
	"regexp"
	"strings"

	"cuelang.org/go/cue/token"
)

// steps calls f once for each step of a comprehension, and gone with what decided that there is no other one, where it would come. ok is false where
// that fails.
func (c *ctx) steps(clauses []clause, e *env, f func(*env), gone func(*deps)) (bad value, ok bool) {
	if len(clauses) == 0 {
		f(e)
		return value{}, true
	}
	cl, rest := clauses[0], clauses[1:]
	switch {
	case cl.cond != nil:
		return c.when(cl, rest, e, f, gone)
	case cl.isFor:
		return c.loop(cl, rest, e, f, gone)
	}
	step := &env{up: e, v: c.vertex(conj{n: cl.let, e: e, ctl: e.control()}), ctl: e.control()}
	c.track(step)
	return c.steps(rest, step, f, gone)
}

func (c *ctx) when(cl clause, rest []clause, e *env, f func(*env), gone func(*deps)) (bad value, ok bool) {
	cond := cl.cond.eval(c, e)
	switch cond.class {
	case boolean:
	case bottom:
		return cond, false
	case open:
		return fault(missing, "a condition that is open").from(cond), false
	default:
		return fault(wrong, "a condition that is neither true nor false"), false
	}
	why := cond.all()
	if cond.n == 0 {
		if why != nil {
			gone(aslong(why, e.control()))
		}
		return value{}, true
	}
	if why != nil {
		step := &env{ctl: why}
		if e != nil {
			*step = *e // the same scope, with one more reason
			step.ctl = join(e.ctl, why)
		}
		e = step
	}
	return c.steps(rest, e, f, gone)
}

func (c *ctx) loop(cl clause, rest []clause, e *env, f func(*env), gone func(*deps)) (bad value, ok bool) {
	src := cl.src.eval(c, e)
	step := func(key value, v *vertex) (bad value, ok bool) {
		next := &env{up: e, v: v, ctl: join(join(e.control(), src.all()), presence(v))}
		if cl.hasKey {
			next.key = c.constant(key)
		}
		c.track(next)
		return c.steps(rest, next, f, gone)
	}
	if why := src.all(); why != nil && src.class != bottom {
		gone(aslong(why, e.control()))
	}
	switch src.class {
	case list:
		c.loose = c.loose || isLoose(src)
		gaps := gapsOf(src.v)
		for i, v := range c.items(src.v) {
			for len(gaps) > 0 && gaps[0].at <= i {
				gone(gaps[0].why)
				gaps = gaps[1:]
			}
			if bad, ok := step(intOf(int64(i)), v); !ok {
				return bad, false
			}
		}
		for _, g := range gaps {
			gone(g.why)
		}
		if src.v.in != nil && src.v.in.isEmpty() {
			gone(&src.v.in.self)
		}
	case structure:
		fields := c.fields(src.v)
		c.loose = c.loose || src.v.body != nil && src.v.body.mixed && len(fields) > 1
		for _, a := range fields {
			if bad, ok := step(textOf(a.label.name).from(value{ctl: presence(a.v)}), a.v); !ok {
				return bad, false
			}
		}
		if why := goneOf(src.v); why != nil {
			gone(why)
		}
	case bottom:
		return src, false
	case open:
		return fault(missing, "a loop over what is open").from(src), false
	default:
		return fault(wrong, "a loop over what is neither list nor struct"), false
	}
	return value{}, true
}

// isLoose says whether a list has an order that only CUE knows.
func isLoose(v value) bool { return v.class == list && v.v.body != nil && v.v.body.loose }

// ordered calls f and says whether it looped over something whose order only CUE knows.
func (c *ctx) ordered(f func()) (loose bool) {
	before := c.loose
	c.loose = false
	f()
	loose, c.loose = c.loose, before
	return loose
}

// presence is what decided that an item or field is there: nothing where one of its declarations has no condition.
func presence(v *vertex) *deps {
	if v.in != nil {
		return &v.in.self
	}
	var one, check *deps // of several declarations, one is enough; what only checks makes no field of its own
	found, always := false, false
	v.conjs(func(cj conj) {
		why := cj.ctl
		if given, ok := cj.n.(*vertex); ok {
			why = join(why, presence(given))
		}
		switch {
		case isCheck(cj.n) || cj.rest:
			check = join(check, why)
		case why == nil:
			always = true
		case found:
			one = oneOf(one, why)
		default:
			one, found = why, true
		}
	})
	switch {
	case always:
		return nil
	case found:
		return one
	}
	return check
}

// eval makes a struct of its own.
func (n *structLit) eval(c *ctx, e *env) value {
	if n.shared != nil {
		return n.shared.val
	}
	return c.value(c.vertex(conj{n: n, e: e, ctl: e.control()}))
}

func (n *structLit) kids(f func(node)) {
	for _, d := range n.decls {
		if d.pattern != nil {
			f(d.pattern)
		}
		if d.val != nil {
			f(d.val)
		}
	}
	for _, l := range n.lets {
		f(l.val)
	}
}

func (n *listLit) eval(c *ctx, e *env) value {
	if n.shared != nil {
		return n.shared.val
	}
	return c.value(c.vertex(conj{n: n, e: e, ctl: e.control()}))
}

func (n *listLit) kids(f func(node)) {
	each(n.all, f)
	if n.rest != nil {
		f(n.rest)
	}
}

func (n *comprehension) kids(f func(node)) {
	f(n.body)
	for _, cl := range n.clauses {
		switch {
		case cl.cond != nil:
			f(cl.cond)
		case cl.isFor:
			f(cl.src)
		default:
			f(cl.let)
		}
	}
}

func (n *unify) eval(c *ctx, e *env) value {
	return c.value(c.vertex(conj{n: n, e: e, ctl: e.control()}))
}

func (n *disjunction) eval(c *ctx, e *env) value {
	return c.value(c.vertex(conj{n: n, e: e, ctl: e.control()}))
}

func (n *bound) eval(c *ctx, e *env) value {
	x := n.x.eval(c, e)
	if x.class == bottom {
		return x
	}
	return value{class: open, n: n.mask(x)}.from(x)
}

// mask is what a value may be that is compared with x.
func (n *bound) mask(x value) int64 {
	switch {
	case n.op == token.NEQ:
		return anything
	case x.isNumber():
		return 1<<integer | 1<<decimal
	case n.op == token.MAT, n.op == token.NMAT:
		return 1 << text
	}
	return 1 << x.class
}

// operand is the concrete value of an expression, or a fault.
func (c *ctx) operand(n node, e *env) value {
	v := n.eval(c, e)
	if v.class == open {
		return fault(missing, "a value that is open").from(v)
	}
	return v
}

func (n *unary) eval(c *ctx, e *env) value {
	x := c.into(c.operand(n.x, e))
	switch {
	case x.class == bottom:
		return x
	case n.op == token.NOT && x.class == boolean:
		return boolOf(x.n == 0).from(x)
	case n.op == token.ADD && x.isNumber():
		return x
	case n.op == token.SUB && x.isNumber():
		return negative(x)
	}
	return fault(wrong, "an operand that does not fit")
}

func negative(x value) value {
	switch {
	case x.class == integer:
		return arithmetic("-", intOf(0), x).from(x)
	case strings.HasPrefix(x.s, "-"):
		x.s = x.s[1:]
	default:
		x.s = "-" + x.s
	}
	return x
}

func (n *absent) eval(c *ctx, e *env) value {
	x := n.x.eval(c, e)
	if x.class == bottom && x.n != missing {
		x.n = refused // it might be a mistake for us alone
		return x
	}
	if x.v != nil && x.v.in != nil {
		x.deps = join(x.deps, &x.v.in.self)
	}
	return boolOf((x.class == bottom) != n.not).from(x)
}

func (n *binary) eval(c *ctx, e *env) value {
	if v, ok := n.asksForItems(c, e); ok {
		return v
	}
	x, y := c.operand(n.x, e), c.operand(n.y, e)
	if x.class == bottom {
		return x.from(y)
	}
	if y.class == bottom {
		return y.from(x)
	}
	if n.op == token.ADD && x.class == text && y.class == text {
		return put([]piece{{val: x, at: n.x.pos()}, {val: y, at: n.y.pos()}}, "")
	}
	return c.operate(n.op, x, y).from(n.decisive(x, y))
}

// decisive is what the result of an operator depends on: of two conditions joined by && or ||, one where that one alone decides, and any of them where each
// does.
func (n *binary) decisive(x, y value) value {
	whole := value{}.from(x, y)
	if n.op != token.LAND && n.op != token.LOR {
		for _, v := range []value{x, y} {
			if v.class == list || v.class == structure {
				whole.deps = join(whole.deps, shapeOf(v.v))
			}
		}
		return whole
	}
	decides := int64(1)
	if n.op == token.LAND {
		decides = 0
	}
	switch xs, ys := x.n == decides, y.n == decides; {
	case xs && ys:
		return value{deps: oneOf(x.all(), y.all())}
	case xs:
		return x
	case ys:
		return y
	}
	return whole
}

// asksForItems answers a comparison of len(x) with a number. Where x has more items than it takes, any of them is enough, and one that is there whatever
// the rest depends on is reason enough.
func (n *binary) asksForItems(c *ctx, e *env) (value, bool) {
	limit, isScalar := n.y.(*scalarNode)
	lists, isCount := counted(n.x, nil)
	if !isScalar || !isCount || limit.val.class != integer {
		return value{}, false
	}
	var of, count value
	var found, gone *deps
	for _, x := range lists {
		l := c.operand(x, e)
		if l.class != list && l.class != structure {
			return value{}, false
		}
		n := length(c, []value{l})
		of, count = of.from(l), intOf(count.n+n.n).from(count, n)
		gone = join(gone, goneOf(l.v))
		switch {
		case n.n == 0:
		case found == nil:
			found = anyOf(l.v)
		default:
			found = oneOf(found, anyOf(l.v))
		}
	}
	answer := c.operate(n.op, count, limit.val)
	if answer.class != boolean {
		return value{}, false
	}
	var why *deps
	switch takes := n.takes(limit.val.n); {
	case takes < 0:
		why = count.deps
	case count.n < takes:
		why = gone
	case count.n == takes && takes > 1:
		why = count.deps
	default:
		why = found
	}
	return answer.from(value{deps: join(of.deps, why), ctl: of.ctl}), true
}

// counted are the lists of which an expression is the length, or the sum of the lengths.
func counted(n node, all []node) ([]node, bool) {
	switch n := n.(type) {
	case *call:
		return append(all, n.args...), len(n.args) == 1 && n.f.counts
	case *binary:
		if n.op != token.ADD {
			break
		}
		if left, ok := counted(n.x, all); ok {
			return counted(n.y, left)
		}
	}
	return nil, false
}

// takes is how many items it takes for a comparison with a limit to be what it is, or for it to be something else; -1 where it takes just so many.
func (n *binary) takes(limit int64) int64 {
	switch n.op {
	case token.GTR, token.LEQ:
		return limit + 1
	case token.GEQ, token.LSS:
		return limit
	case token.EQL, token.NEQ:
		if limit == 0 {
			return 1
		}
	}
	return -1
}

// operate applies an operator to concrete values.
func (c *ctx) operate(op token.Token, x, y value) value {
	if c.trail != nil {
		if v, ok := c.openly(op, func(c *ctx, a []value) value { return c.operate(op, a[0], a[1]) }, x, y); ok {
			return v
		}
	}
	switch op {
	case token.LAND, token.LOR:
		if x.class != boolean || y.class != boolean {
			break
		}
		if op == token.LAND {
			return boolOf(x.n == 1 && y.n == 1)
		}
		return boolOf(x.n == 1 || y.n == 1)
	case token.EQL, token.NEQ:
		return c.equals(op, x, y)
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		if order, ok := compare(x, y); ok {
			return boolOf(op == token.LSS && order < 0 || op == token.LEQ && order <= 0 || op == token.GTR && order > 0 || op == token.GEQ && order >= 0)
		}
	case token.MAT, token.NMAT:
		if x.class != text || y.class != text {
			break
		}
		re, err := c.regexp(y.s)
		if err != nil {
			return fault(wrong, err.Error())
		}
		return boolOf(re.MatchString(x.s) == (op == token.MAT))
	case token.ADD, token.SUB, token.MUL, token.QUO:
		return c.calculate(op, x, y)
	}
	return fault(wrong, "operands that do not fit")
}

func (c *ctx) equals(op token.Token, x, y value) value {
	eq, bad := c.equal(x, y)
	if bad.class == bottom {
		return bad
	}
	return boolOf(eq == (op == token.EQL)).from(bad)
}

// equal compares whole values. What is not concrete only CUE compares.
func (c *ctx) equal(x, y value) (bool, value) {
	ok := boolOf(true)
	switch {
	case x.class <= open || y.class <= open:
		return false, fault(refused, "a comparison of what is not concrete")
	case x.isNumber() && y.isNumber():
		return c.sameNumber(x, y), ok
	case x.class != y.class:
		return false, ok
	case x.class == list:
		xs, ys := c.items(x.v), c.items(y.v)
		if len(xs) != len(ys) {
			return false, ok
		}
		for i := range xs {
			if eq, bad := c.equal(c.value(xs[i]), c.value(ys[i])); !eq || bad.class != boolean {
				return false, bad
			}
		}
		return true, ok
	case x.class == structure:
		return c.equalStructs(x, y)
	}
	return c.same(x, y), ok
}

func (c *ctx) equalStructs(x, y value) (bool, value) {
	xs, ys := c.fields(x.v), c.fields(y.v)
	if len(xs) != len(ys) {
		return false, boolOf(true)
	}
	for _, a := range xs {
		other := c.find(y.v, a.label)
		if other == nil {
			return false, boolOf(true)
		}
		if eq, bad := c.equal(c.value(a.v), c.value(other)); !eq || bad.class != boolean {
			return false, bad
		}
	}
	return true, boolOf(true)
}

func (c *ctx) calculate(op token.Token, x, y value) value {
	if op == token.MUL && (x.class == text && y.class == integer || x.class == integer && y.class == text) {
		if x.class == integer {
			x, y = y, x
		}
		return repeat(x.s, y.n)
	}
	return arithmetic(op.String(), x, y)
}

func repeat(s string, n int64) value {
	if n < 0 || n > 1_000_000 {
		return fault(wrong, "a count that does not fit")
	}
	return textOf(strings.Repeat(s, int(n)))
}

// piece is a part of a text that is being put together.
type piece struct {
	val   value
	at    token.Pos
	lines lines
}

// put joins all to a text that knows what each part of it comes from.
func put(all []piece, separator string) value {
	var b strings.Builder
	n := len(separator) * len(all)
	for _, p := range all {
		n += len(p.val.s)
	}
	b.Grow(n)
	parts := make([]part, 0, len(all))
	for i, p := range all {
		from := b.Len()
		b.WriteString(p.val.String())
		own := b.Len() - from
		if i < len(all)-1 {
			b.WriteString(separator)
		}
		parts = append(parts, part{end: b.Len(), n: own, deps: p.val.deps, ctl: p.val.ctl, at: p.at, lines: p.lines})
	}
	return value{class: text, s: b.String(), deps: &deps{put: &pieces{all: parts}}}
}

func (n *interpolation) eval(c *ctx, e *env) value {
	all := make([]piece, 0, len(n.all))
	for _, x := range n.all {
		v := c.operand(x, e)
		switch v.class {
		case bottom:
			return v
		case text, integer, decimal, boolean:
		case binaryText:
			return fault(refused, "bytes in a text")
		default:
			return fault(wrong, "a value that no text can hold")
		}
		p := piece{val: v, at: x.pos()}
		if fixed, ok := x.(*scalarNode); ok {
			p.lines = fixed.lines
		}
		all = append(all, p)
	}
	return put(all, "")
}

// regexp compiles patterns once: nearly all are literals.
func (c *ctx) regexp(pattern string) (*regexp.Regexp, error) {
	if re, ok := c.patterns.Load(pattern); ok {
		return re.(*regexp.Regexp), nil
	}
	re, err := regexp.Compile(pattern)
	if err == nil {
		c.patterns.Store(pattern, re)
	}
	return re, err
}
