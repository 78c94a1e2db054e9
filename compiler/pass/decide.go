package pass

import (
	"platc.dev/platc/compiler/internal/pen"
	"platc.dev/platc/compiler/ir"
)

// Decide makes a decision of its own: one that is not a key of a map or an item of a list, or whose value is made of what all its origins ask for.
func Decide[T any](c *Context, v T, by ...ir.Origin) ir.Decided[T] {
	c.open()
	return ir.Decide(pen.Pen{}, v, by...)
}

// Also is a decision with further origins, which contribute to it or ask for the same. It takes the place of the one that it was made from.
func Also[T any](c *Context, d ir.Decided[T], by ...ir.Origin) ir.Decided[T] {
	c.open()
	return ir.Join(pen.Pen{}, d, by...)
}

// Set decides m[key], or adds origins where it was decided alike. A second, different value is not written: the first decision is returned and ok is false.
func Set[K comparable, T any](c *Context, m map[K]ir.Decided[T], key K, v T, equal func(a, b T) bool, by ...ir.Origin) (first ir.Decided[T], ok bool) {
	c.open()
	old, exists := m[key]
	switch {
	case !exists:
		m[key] = ir.Decide(pen.Pen{}, v, by...)
	case equal(old.Value(), v):
		m[key] = ir.Join(pen.Pen{}, old, by...)
	default:
		return old, false
	}
	return m[key], true
}

// Index remembers where the values of lists are, by a key that tells a list and a value from all others.
type Index[K comparable] map[K]int

// Append adds a decision to a list; one whose key is there already gets further origins.
func Append[K comparable, T any](c *Context, index Index[K], key K, list []ir.Decided[T], v T, by ...ir.Origin) []ir.Decided[T] {
	c.open()
	if i, ok := index[key]; ok {
		list[i] = ir.Join(pen.Pen{}, list[i], by...)
		return list
	}
	index[key] = len(list)
	return append(list, ir.Decide(pen.Pen{}, v, by...))
}

// open holds the seal: a closed plan takes no decision.
func (c *Context) open() {
	if c.Plan.Sealed {
		panic("the plan is sealed")
	}
}
