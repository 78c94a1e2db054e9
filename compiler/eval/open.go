package eval

import (
	"slices"
	"strconv"
	"strings"
)

// An answer may be asked for with the texts and whole numbers of its inputs left open: each of them is a mark then, the number of its place in the trail. What only takes one over, alone
// or in a longer text, holds the mark, and holds for whatever else is at that place. A function of what is open has a result that is open as well: a place of its own. Where one has to be
// known, as the name of a field has to be, it is read, and the trail says so.

// The characters around the number of a place. They are none, so that no text has them: one that does fails beside a text that is open.
const (
	markBegins = "\ufdd0"
	markEnds   = "\ufdd1"
)

// hasMark says whether something is to be filled into a text.
func hasMark(s string) bool { return strings.Contains(s, markBegins) }

// Number is the place of a whole number that is to be filled in, as data has it.
type Number int

// Cut are the parts of a text between its marks, and the places of these: one less.
func Cut(s string) (parts []string, places []int) {
	for {
		before, rest, found := strings.Cut(s, markBegins)
		parts = append(parts, before)
		if !found {
			return parts, places
		}
		number, after, _ := strings.Cut(rest, markEnds)
		place, err := strconv.Atoi(number)
		if err != nil {
			panic("a mark without a number")
		}
		places, s = append(places, place), after
	}
}

// Fill puts what is at places between the parts of a text.
func (p *Places) Fill(parts []string, at []int) string {
	if len(parts) == 2 && parts[0] == "" && parts[1] == "" {
		return p.Text(at[0])
	}
	var b strings.Builder
	for i, part := range parts {
		b.WriteString(part)
		if i < len(at) {
			b.WriteString(p.Text(at[i]))
		}
	}
	return b.String()
}

// filled is a text with what is at the places of its marks.
func (p *Places) filled(s string) string {
	if !hasMark(s) {
		return s
	}
	return p.Fill(Cut(s))
}

func markOf(place int) string { return markBegins + strconv.Itoa(place) + markEnds }

// leftOpen is a scalar of an input with a mark in its place, if the evaluation leaves a trail.
func (c *ctx) leftOpen(in *input, v value) value {
	switch {
	case c.trail == nil:
	case v.class == text:
		if hasMark(v.s) {
			c.fail("a text that has a mark of its own")
		}
		v.s = markOf(in.at)
	case v.class == integer:
		v.s = markOf(in.at)
	}
	return v
}

// place is where a whole number is that is left open.
func (v value) place() (at int, ok bool) {
	if v.class != integer || v.s == "" {
		return 0, false
	}
	_, places := Cut(v.s)
	return places[0], true
}

// alone is a value without what it came from, and without what is in it.
func (v value) alone() value { return value{class: v.class, n: v.n, s: v.s} }

// isOpen says whether anything of a scalar is left open.
func (v value) isOpen() bool {
	switch v.class {
	case text, binaryText:
		return hasMark(v.s)
	case integer:
		return v.s != ""
	default:
		return false
	}
}

// into is a value that has to be known: a scalar without marks.
func (c *ctx) into(v value) value {
	if c.trail == nil || !v.isOpen() {
		return v
	}
	if at, ok := v.place(); ok {
		v.n, v.s = c.trail.know(at).n, ""
		return v
	}
	_, places := Cut(v.s)
	for _, at := range places {
		c.trail.know(at)
	}
	v.s = c.trail.places.filled(v.s)
	return v
}

// openly is what f, which knows nothing but its arguments, makes of them where something in them is open. Texts and whole numbers of the result, or in it where it is a list, are open as
// well; a condition is read in place of the arguments. ok is false where nothing is open, and where that does not work: the arguments have to be known then.
// which tells f from others: what it gives for the same arguments is not asked twice. It is for evaluations that leave a trail.
func (c *ctx) openly(which any, f func(c *ctx, a []value) value, args ...value) (v value, ok bool) {
	all, open, key := make([]fixed, len(args)), false, []byte{}
	for i, v := range args {
		if all[i], ok = c.fixed(v, 0); !ok {
			return value{}, false
		}
		open = open || all[i].open
		key = all[i].key(key)
	}
	if !open {
		return value{}, false
	}
	asked := called{which, string(key)}
	if known, ok := c.trail.calls[asked]; ok {
		return known, true
	}
	defer func() {
		if ok {
			c.trail.calls[asked] = v
		}
	}()
	patterns := c.patterns
	call := func(p *Places) (result value, items []value) {
		c := &p.plain
		c.patterns = patterns
		known := make([]value, len(all))
		for i := range all {
			known[i] = all[i].filled(c, p)
		}
		result = f(c, known)
		if result.class == list {
			for _, el := range c.items(result.v) {
				items = append(items, c.value(el))
			}
		}
		return result, items
	}
	v, items := call(&c.trail.places)
	if v.v != nil && v.class != list || slices.ContainsFunc(items, func(v value) bool { return v.v != nil }) {
		return value{}, false
	}
	c.trail.steps = append(c.trail.steps, step{what: ofCall, call: call})
	if v.class != list {
		return c.result(v), true
	}
	elems := make([]*vertex, len(items))
	for i, v := range items {
		elems[i] = c.constant(c.result(v))
	}
	return c.list(elems, nil), true
}

// called is a function with its arguments.
type called struct {
	which any
	args  string
}

// result is a scalar that a call gave.
func (c *ctx) result(v value) value {
	v = v.alone()
	at := c.trail.add(v)
	switch v.class {
	case text, binaryText, integer:
		v.s = markOf(at)
	default:
	}
	return v
}

// fixed is an argument of a call, which may have to be filled in, without what it came from.
type fixed struct {
	val    value // of a scalar
	open   bool
	parts  []string // of a text that is open, with the places between them; of a whole number, its place
	places []int
	elems  []fixed
	fields []fixedField
}

type fixedField struct {
	name string
	of   fixed
}

// fixed takes a value apart. ok is false where that is not all there is to it.
func (c *ctx) fixed(v value, depth int) (f fixed, ok bool) {
	f = fixed{val: v.alone(), open: v.isOpen()}
	if v.v == nil {
		if f.open {
			f.parts, f.places = Cut(v.s)
		}
		return f, v.class > open
	}
	if depth > 20 || depth > 0 && isLoose(v) || v.v.body != nil && (v.v.body.open || v.v.body.mixed) {
		return f, false
	}
	if v.class == list {
		for _, el := range c.items(v.v) {
			part, ok := c.fixed(c.value(el), depth+1)
			if !ok {
				return f, false
			}
			f.elems, f.open = append(f.elems, part), f.open || part.open
		}
		return f, true
	}
	for _, a := range c.fields(v.v) {
		part, ok := c.fixed(c.value(a.v), depth+1)
		if !ok {
			return f, false
		}
		f.fields, f.open = append(f.fields, fixedField{a.label.name, part}), f.open || part.open || hasMark(a.label.name)
	}
	return f, true
}

// filled is the argument with what is at places in it.
func (f *fixed) filled(c *ctx, p *Places) value {
	switch f.val.class {
	case list:
		elems := make([]*vertex, len(f.elems))
		for i := range f.elems {
			elems[i] = c.constant(f.elems[i].filled(c, p))
		}
		return c.list(elems, nil)
	case structure:
		v := c.vertex(conj{})
		v.body = &body{}
		for i := range f.fields {
			name := p.filled(f.fields[i].name)
			v.body.arcs = append(v.body.arcs, arc{label: &label{name: name}, v: c.constant(f.fields[i].of.filled(c, p))})
		}
		v.val, v.state = value{class: structure, v: v}, done
		return v.val
	default:
	}
	switch {
	case !f.open:
		return f.val
	case f.val.class == integer:
		return p.value(f.places[0])
	}
	return value{class: f.val.class, s: p.Fill(f.parts, f.places)}
}

// key adds what tells an argument from others.
func (f *fixed) key(b []byte) []byte {
	b = append(b, byte(f.val.class))
	b = strconv.AppendInt(b, f.val.n, 10)
	b = append(strconv.AppendInt(append(b, ' '), int64(len(f.val.s)), 10), ' ')
	b = append(b, f.val.s...)
	b = strconv.AppendInt(b, int64(len(f.elems)), 10)
	for i := range f.elems {
		b = f.elems[i].key(b)
	}
	b = append(strconv.AppendInt(append(b, ' '), int64(len(f.fields)), 10), ' ')
	for i := range f.fields {
		b = strconv.AppendQuote(b, f.fields[i].name)
		b = f.fields[i].of.key(b)
	}
	return b
}

// is says whether two labels are one name, which may be open.
func (c *ctx) is(l, o *label) bool {
	if l.is(o) {
		return true
	}
	return c.trail != nil && l.role == regular && o.role == regular && (hasMark(l.name) || hasMark(o.name)) && c.same(textOf(l.name), textOf(o.name))
}

// named is the field of a name; nil if there is none. The names of fields were told apart when these were made: who finds his own need not look at the others.
func (c *ctx) named(arcs []arc, l *label) *arc {
	for i := range arcs {
		if arcs[i].label.is(l) {
			return &arcs[i]
		}
	}
	if c.trail == nil {
		return nil
	}
	for i := range arcs {
		if c.is(arcs[i].label, l) {
			return &arcs[i]
		}
	}
	return nil
}

// sameOpen is same for two values of which one is open; ok is false where none is. Names are compared so often that what is known of two has a table of its own.
func (c *ctx) sameOpen(x, y value) (same, ok bool) {
	two := [2]string{x.s, y.s}
	if x.class == text {
		if same, ok = c.trail.same[two]; ok {
			return same, true
		}
	}
	v, ok := c.openly("same", func(c *ctx, a []value) value { return boolOf(c.same(a[0], a[1])) }, x, y)
	if ok && x.class == text {
		c.trail.same[two] = v.n == 1
	}
	return v.n == 1, ok
}
