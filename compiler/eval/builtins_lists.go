package eval

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

func listFuncs() map[string]*builtin {
	part := func(kinds string, f func(elems []*vertex, a []value) ([]*vertex, bool)) *builtin {
		return takes(kinds, func(c *ctx, a []value) value {
			elems, ok := f(c.items(a[0].v), a)
			if !ok {
				return fault(wrong, "an index out of range")
			}
			why := shapeOf(a[0].v)
			for _, arg := range a[1:] {
				why = join(why, arg.all())
			}
			return c.list(elems, gapFor(why))
		})
	}
	return map[string]*builtin{
		"list.Concat": takes("l", concat),
		"list.Drop": part("li", func(all []*vertex, a []value) ([]*vertex, bool) {
			return all[min(max(a[1].n, 0), int64(len(all))):], a[1].n >= 0
		}),
		"list.Take": part("li", func(all []*vertex, a []value) ([]*vertex, bool) {
			return all[:min(max(a[1].n, 0), int64(len(all)))], a[1].n >= 0
		}),
		"list.Slice": part("lii", func(all []*vertex, a []value) ([]*vertex, bool) {
			from, to := a[1].n, a[2].n
			if from < 0 || from > to || to > int64(len(all)) {
				return nil, false
			}
			return all[from:to], true
		}),
		"list.Repeat": part("li", func(all []*vertex, a []value) ([]*vertex, bool) {
			if a[1].n < 0 || a[1].n > 1_000_000 {
				return nil, false
			}
			return slices.Repeat(all, int(a[1].n)), true
		}),
		"list.Reverse": part("l", func(all []*vertex, a []value) ([]*vertex, bool) {
			all = slices.Clone(all)
			slices.Reverse(all)
			return all, true
		}),
		"list.FlattenN":        takes("li", flatten),
		"list.Contains":        takes("lv", contains),
		"list.SortStrings":     takes("l", sortStrings),
		"list.IsSortedStrings": takes("l", isSortedStrings),
		"list.Range":           takes("nnn", ranged),
		"list.Max":             numbers(func(_ *apd.Context, all []*apd.Decimal) *apd.Decimal { return slices.MaxFunc(all, (*apd.Decimal).Cmp) }, true),
		"list.Min":             numbers(func(_ *apd.Context, all []*apd.Decimal) *apd.Decimal { return slices.MinFunc(all, (*apd.Decimal).Cmp) }, true),
		"list.Sum": numbers(func(k *apd.Context, all []*apd.Decimal) *apd.Decimal {
			return fold(all, apd.New(0, 0), k.Add)
		}, false),
		"list.Product": numbers(func(k *apd.Context, all []*apd.Decimal) *apd.Decimal {
			return fold(all, apd.New(1, 0), k.Mul)
		}, false),
		"list.Avg": numbers(func(k *apd.Context, all []*apd.Decimal) *apd.Decimal {
			sum := fold(all, apd.New(0, 0), k.Add)
			if _, err := k.Quo(sum, sum, apd.New(int64(len(all)), 0)); err != nil {
				sum.Form = apd.NaN
			}
			reduce(sum)
			return sum
		}, true),
	}
}

func concat(c *ctx, a []value) value {
	elems := []*vertex{}
	gaps := slices.Clone(gapsOf(a[0].v))
	for _, el := range c.items(a[0].v) {
		v := c.value(el)
		switch {
		case v.class == bottom:
			return v
		case v.class != list:
			return fault(wrong, "a list of other things than lists").from(v)
		case v.v.body != nil && v.v.body.open:
			return fault(refused, "a list that may have more items as an argument")
		case isLoose(v):
			return fault(refused, "an order that only CUE knows")
		}
		if why := v.all(); why != nil {
			gaps = append(gaps, gap{len(elems), why})
		}
		gaps = append(gaps, moved(gapsOf(v.v), len(elems))...)
		elems = append(elems, c.items(v.v)...)
	}
	return c.list(elems, gaps)
}

func flatten(c *ctx, a []value) value {
	why := goneOf(a[0].v)
	var elems []*vertex
	var bad value
	failed := false
	var walk func(v *vertex, depth int64)
	walk = func(v *vertex, depth int64) {
		for _, el := range c.items(v) {
			x := c.value(el)
			switch {
			case x.class == bottom:
				bad, failed = x, true
			case x.class == list && depth != 0:
				why = join(why, join(x.all(), goneOf(x.v)))
				walk(x.v, depth-1)
			default:
				elems = append(elems, el)
			}
		}
	}
	walk(a[0].v, a[1].n)
	if failed {
		return bad
	}
	return c.list(elems, gapFor(why))
}

func contains(c *ctx, a []value) value {
	var with, without *deps // what the items that are equal to it, and the others, depend on
	found := false
	for _, el := range c.items(a[0].v) {
		x := c.value(el)
		if x.class <= open {
			return fault(refused, "a comparison of what is not concrete")
		}
		eq, bad := c.equal(x, a[1])
		if bad.class == bottom {
			return bad
		}
		switch {
		case !eq:
			without = join(without, aslong(x.all(), presence(el)))
		case found:
			with = oneOf(with, join(x.all(), presence(el)))
		default:
			with, found = join(x.all(), presence(el)), true
		}
	}
	if found { // whatever else is in the list
		return boolOf(true).from(value{deps: with})
	}
	return boolOf(false).from(value{deps: join(without, goneOf(a[0].v))})
}

// strings are the items of a list of texts.
func (c *ctx) strings(v *vertex) ([]string, value) {
	elems := c.items(v)
	all := make([]string, len(elems))
	for i, el := range elems {
		x := c.value(el)
		switch x.class {
		case text:
			all[i] = c.into(x).s
		case bottom:
			return nil, x
		case open:
			return nil, fault(missing, "a text that is open").from(x)
		default:
			return nil, fault(wrong, "a list of other things than texts").from(x)
		}
	}
	return all, value{class: null}
}

func sortStrings(c *ctx, a []value) value {
	if _, bad := c.strings(a[0].v); bad.class == bottom {
		return bad
	}
	elems := slices.Clone(c.items(a[0].v))
	slices.SortStableFunc(elems, func(x, y *vertex) int { return strings.Compare(c.into(c.value(x)).s, c.into(c.value(y)).s) })
	return c.list(elems, gapFor(goneOf(a[0].v)))
}

func isSortedStrings(c *ctx, a []value) value {
	all, bad := c.strings(a[0].v)
	if bad.class == bottom {
		return bad
	}
	return boolOf(slices.IsSorted(all)).from(value{deps: shapeOf(a[0].v)})
}

// numbers is a function of a list of numbers.
func numbers(f func(k *apd.Context, all []*apd.Decimal) *apd.Decimal, some bool) *builtin {
	return takes("l", func(c *ctx, a []value) value {
		elems := c.items(a[0].v)
		all := make([]*apd.Decimal, len(elems))
		from := value{deps: shapeOf(a[0].v)}
		for i, el := range elems {
			x := c.value(el)
			switch {
			case x.class == bottom:
				return x
			case x.class == open:
				return fault(missing, "a number that is open").from(x)
			case !x.isNumber():
				return fault(wrong, "a list of other things than numbers").from(x)
			}
			from = from.from(x)
			all[i] = c.into(x).number()
		}
		if some && len(all) == 0 {
			return fault(wrong, "an empty list").from(from)
		}
		return decided(f(decimals(), all)).from(from)
	})
}

func fold(all []*apd.Decimal, start *apd.Decimal, op func(d, x, y *apd.Decimal) (apd.Condition, error)) *apd.Decimal {
	for _, x := range all {
		if _, err := op(start, start, x); err != nil {
			start.Form = apd.NaN
		}
	}
	return start
}

// decided is the result of a function on numbers: an integer where it is whole.
func decided(d *apd.Decimal) value {
	if d.Form != apd.Finite {
		return fault(refused, "a number that is not finite")
	}
	var whole apd.Decimal
	if cond, err := decimals().RoundToIntegralExact(&whole, d); err == nil && !cond.Inexact() {
		return numberOf(&whole, integer)
	}
	return numberOf(d, decimal)
}

func ranged(c *ctx, a []value) value {
	start, limit, step := a[0].number(), a[1].number(), a[2].number()
	if step.IsZero() || !step.Negative && start.Cmp(limit) > 0 || step.Negative && start.Cmp(limit) < 0 {
		return fault(wrong, "a range that has no end")
	}
	var elems []*vertex
	from := value{}.from(a...)
	for num := start; !step.Negative && num.Cmp(limit) < 0 || step.Negative && num.Cmp(limit) > 0; {
		if len(elems) > 1_000_000 {
			return fault(refused, "a range of more than a million")
		}
		elems = append(elems, c.constant(decided(num).from(from)))
		next := &apd.Decimal{}
		if _, err := decimals().Add(next, step, num); err != nil {
			return fault(wrong, err.Error())
		}
		num = next
	}
	return c.list(elems, gapFor(from.all()))
}

func mathFuncs() map[string]*builtin {
	rounded := func(mode apd.Rounder) *builtin {
		return takes("n", func(_ *ctx, a []value) value {
			k := *decimals()
			k.Rounding = mode
			var d apd.Decimal
			if _, err := k.RoundToIntegralExact(&d, a[0].number()); err != nil {
				return fault(refused, err.Error())
			}
			return numberOf(&d, integer)
		})
	}
	return map[string]*builtin{
		"math.Floor":       rounded(apd.RoundFloor),
		"math.Ceil":        rounded(apd.RoundCeiling),
		"math.Trunc":       rounded(apd.RoundDown),
		"math.Round":       rounded(apd.RoundHalfUp),
		"math.RoundToEven": rounded(apd.RoundHalfEven),
		"math.Abs": takes("n", func(_ *ctx, a []value) value {
			var d apd.Decimal
			_, err := decimals().Abs(&d, a[0].number())
			return orFault(decided(&d), err)
		}),
		"math.Pow": takes("nn", func(_ *ctx, a []value) value {
			var d apd.Decimal
			_, err := decimals().Pow(&d, a[0].number(), a[1].number())
			if err != nil {
				return fault(refused, err.Error())
			}
			return decided(&d)
		}),
		"math.MultipleOf": takes("nn", func(_ *ctx, a []value) value {
			if a[1].number().IsZero() {
				return fault(wrong, "a division by zero")
			}
			var d, whole apd.Decimal
			if _, err := decimals().Quo(&d, a[0].number(), a[1].number()); err != nil {
				return fault(refused, err.Error())
			}
			cond, err := decimals().RoundToIntegralExact(&whole, &d)
			return orFault(boolOf(!cond.Inexact()), err)
		}),
	}
}

// marshal is JSON on one line. Only CUE knows the order of fields that come from several places.
func marshal(c *ctx, a []value) value {
	var b bytes.Buffer
	bad, from := value{class: null}, value{}
	var write func(x value)
	write = func(x value) {
		from = from.from(x)
		switch x.class {
		case bottom:
			bad = x
		case null:
			b.WriteString("null")
		case boolean, integer:
			b.WriteString(c.into(x).String())
		case text:
			x = c.into(x)
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			if err := e.Encode(x.s); err != nil {
				bad = fault(refused, err.Error())
				return
			}
			b.Truncate(b.Len() - 1)
		case list:
			from.deps = join(from.deps, shapeOf(x.v))
			b.WriteByte('[')
			for i, el := range c.items(x.v) {
				if i > 0 {
					b.WriteByte(',')
				}
				write(c.value(el))
			}
			b.WriteByte(']')
		case structure:
			from.deps = join(from.deps, shapeOf(x.v))
			fields := c.fields(x.v)
			if x.v.body != nil && x.v.body.mixed && len(fields) > 1 {
				bad = fault(refused, "fields whose order only CUE knows")
			}
			b.WriteByte('{')
			for i, f := range fields {
				if i > 0 {
					b.WriteByte(',')
				}
				write(textOf(f.label.name))
				b.WriteByte(':')
				write(c.value(f.v))
			}
			b.WriteByte('}')
		default:
			bad = fault(refused, "a value that has no form here")
		}
	}
	write(a[0])
	if bad.class == bottom {
		return bad
	}
	return textOf(b.String()).from(from)
}
