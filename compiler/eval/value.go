package eval

import (
	"strconv"

	"github.com/cockroachdb/apd/v3"
)

// class is what a Value is.
type class uint8

const (
	bottom class = iota // a mistake: n is a fault, s says what
	open                // not concrete: n is the mask of the classes that it may still be
	null
	boolean    // n is 0 or 1
	integer    // n
	decimal    // s, as CUE prints it
	text       // s
	binaryText // s, as bytes
	structure
	list
)

// Faults of a bottom: missing may still come in CUE's eyes, wrong is a mistake, and refused is what only CUE can tell.
const (
	missing int64 = iota
	wrong
	refused
)

// anything is the mask of _.
const anything = 1<<null | 1<<boolean | 1<<integer | 1<<decimal | 1<<text | 1<<binaryText | 1<<structure | 1<<list

// value is a result. The zero value is something missing.
type value struct {
	class class
	n     int64
	s     string
	v     *vertex // of a structure or a list
	deps  *deps   // what it was read from
	ctl   *deps   // what decided that it is there
}

func fault(n int64, s string) value { return value{class: bottom, n: n, s: s} }

func isRefused(v value) bool { return v.class == bottom && v.n == refused }

func intOf(n int64) value { return value{class: integer, n: n} }

func textOf(s string) value { return value{class: text, s: s} }

func boolOf(b bool) value {
	if b {
		return value{class: boolean, n: 1}
	}
	return value{class: boolean}
}

func (v value) isNumber() bool { return v.class == integer || v.class == decimal }

// from is v with what went into it.
func (v value) from(others ...value) value {
	for _, o := range others {
		v.deps = join(v.deps, o.deps)
		v.ctl = join(v.ctl, o.ctl)
	}
	return v
}

// all is whatever had an influence on v.
func (v value) all() *deps { return join(v.deps, v.ctl) }

// String is a scalar as an interpolation prints it.
func (v value) String() string {
	switch v.class {
	case integer:
		if v.s != "" {
			return v.s
		}
		return strconv.FormatInt(v.n, 10)
	case boolean:
		return strconv.FormatBool(v.n == 1)
	default:
		return v.s
	}
}

// decimals is the precision of CUE's numbers.
func decimals() *apd.Context { return apd.BaseContext.WithPrecision(34) }

func (v value) number() *apd.Decimal {
	if v.class == integer {
		return apd.New(v.n, 0)
	}
	d, _, err := apd.NewFromString(v.s)
	if err != nil {
		return &apd.Decimal{Form: apd.NaN}
	}
	return d
}

// numberOf is a decimal as a value of a class.
func numberOf(d *apd.Decimal, k class) value {
	if d.Form != apd.Finite {
		return fault(refused, "a number that is not finite")
	}
	if k == decimal {
		return value{class: decimal, s: d.String()}
	}
	n, err := d.Int64()
	if err != nil {
		return fault(refused, "a whole number beyond 64 bits")
	}
	return intOf(n)
}

// arithmetic does + - * and /.
func arithmetic(op string, x, y value) value {
	if x.class == integer && y.class == integer {
		if v, ok := small(op, x.n, y.n); ok {
			return v
		}
	}
	if !x.isNumber() || !y.isNumber() {
		return fault(wrong, "operands that are not numbers")
	}
	c, d := decimals(), &apd.Decimal{}
	k := decimal
	if x.class == integer && y.class == integer && op != "/" {
		k = integer
	}
	f := map[string]func(d, x, y *apd.Decimal) (apd.Condition, error){"+": c.Add, "-": c.Sub, "*": c.Mul, "/": c.Quo}[op]
	if cond, err := f(d, x.number(), y.number()); err != nil || cond.DivisionByZero() {
		return fault(wrong, "arithmetic that fails")
	}
	if op == "/" {
		reduce(d)
	}
	return numberOf(d, k)
}

// reduce drops the zeros at the end of a quotient but one behind the point, as CUE does.
func reduce(d *apd.Decimal) {
	old := d.Exponent
	d.Reduce(d)
	if old < 0 && d.Exponent >= 0 {
		d.Exponent--
		d.Coeff.Mul(&d.Coeff, apd.NewBigInt(10))
	}
}

// small is arithmetic on whole numbers that cannot overflow.
func small(op string, x, y int64) (value, bool) {
	const limit = 1 << 31
	if x <= -limit || x >= limit || y <= -limit || y >= limit {
		return value{}, false
	}
	switch op {
	case "+":
		return intOf(x + y), true
	case "-":
		return intOf(x - y), true
	case "*":
		return intOf(x * y), true
	}
	return value{}, false
}

// compare orders two scalars of one class; ok is false where CUE does not order them.
func compare(x, y value) (order int, ok bool) {
	switch {
	case x.class == integer && y.class == integer:
		switch {
		case x.n < y.n:
			return -1, true
		case x.n > y.n:
			return 1, true
		}
		return 0, true
	case x.isNumber() && y.isNumber():
		return x.number().Cmp(y.number()), true
	case x.class == y.class && (x.class == text || x.class == binaryText):
		switch {
		case x.s < y.s:
			return -1, true
		case x.s > y.s:
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// same says whether two scalars are one value for a unification: 1 and 1.0 are not, 1.0 and 1.00 are.
func (c *ctx) same(x, y value) bool {
	if x.class != y.class {
		return false
	}
	if c.trail != nil {
		if x.s == y.s && x.isOpen() {
			return true // whatever it is filled with
		}
		if same, ok := c.sameOpen(x, y); ok {
			return same
		}
	}
	if x.class == decimal {
		return x.number().Cmp(y.number()) == 0
	}
	return x.n == y.n && x.s == y.s
}

// sameNumber compares numbers, whole or not.
func (c *ctx) sameNumber(x, y value) bool {
	if c.trail != nil {
		if v, ok := c.openly("equal", func(c *ctx, a []value) value { return boolOf(c.sameNumber(a[0], a[1])) }, x, y); ok {
			return v.n == 1
		}
	}
	return x.number().Cmp(y.number()) == 0
}
