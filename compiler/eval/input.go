package eval

import (
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/cockroachdb/apd/v3"
)

// input is data that was given, with the way to it. Its parts are wrapped when they are read.
type input struct {
	raw    any
	up     *vertex // nil: the whole input
	key    string  // in up; the input's name
	self   deps    // the leaf itself
	fields map[string]*vertex
	elems  []*vertex

	// with a trail
	at     int             // the number of its place
	missed map[string]bool // fields that were looked for, and are not there
	seen   bool            // what it has was asked for, and not only whether it is there
	listed bool            // the names of all fields were
}

// given wraps data.
func (c *ctx) given(raw any, up *vertex, key string) *vertex {
	in := &input{raw: raw, up: up, key: key}
	v := c.vertex(conj{})
	in.self.leaf = v
	v.in = in
	v.state = done
	v.val = scalarOf(raw)
	c.wrapped(in)
	v.val = c.leftOpen(in, v.val)
	if v.val.class == structure || v.val.class == list {
		v.val.v = v
		return v
	}
	v.val.deps = &in.self
	return v
}

// scalarOf is data as a value; that of a map or a list lacks its vertex.
func scalarOf(raw any) value {
	switch x := raw.(type) {
	case nil: // for CUE, what is not filled in
		return value{class: open, n: anything}
	case string:
		return textOf(x)
	case bool:
		return boolOf(x)
	case int64:
		return intOf(x)
	case int:
		return intOf(int64(x))
	case float64:
		d, err := new(apd.Decimal).SetFloat64(x)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return fault(refused, "a number that is not finite")
		}
		return value{class: decimal, s: d.String()}
	case map[string]any, map[string]string:
		return value{class: structure}
	case []any, []string, []map[string]any:
		return value{class: list}
	}
	return fault(refused, "data of a type that is not known here")
}

// field is a field of data, nil where there is none.
func (c *ctx) field(v *vertex, name string) *vertex {
	in := v.in
	if f := in.fields[name]; f != nil {
		return f
	}
	if in.missed[name] {
		return nil
	}
	c.reads(ofField, in, name)
	raw, ok := fieldOf(in.raw, c.filled(name))
	if !ok {
		c.misses(in, name)
		return nil
	}
	if in.fields == nil {
		in.fields = map[string]*vertex{}
	}
	f := c.given(raw, v, name)
	in.fields[name] = f
	return f
}

// isEmpty says whether a list or map has nothing in it.
func (in *input) isEmpty() bool {
	switch scalarOf(in.raw).class {
	case structure, list:
		return sizeOf(in.raw) == 0
	default:
		return false
	}
}

func (c *ctx) fieldsOf(v *vertex) []arc {
	if !v.in.listed {
		v.in.listed = true
		c.reads(ofNames, v.in, "")
	}
	names := namesOf(v.in.raw)
	all := make([]arc, len(names))
	for i, name := range names {
		if c.trail != nil && hasMark(name) {
			c.fail("a name that has a mark of its own")
		}
		all[i] = arc{label: &label{name: name}, v: c.field(v, name)}
	}
	return all
}

func (c *ctx) itemsOf(v *vertex) []*vertex {
	in := v.in
	if in.elems != nil {
		return in.elems
	}
	in.elems = []*vertex{}
	c.reads(ofItems, in, "")
	switch l := in.raw.(type) {
	case []any:
		for i, raw := range l {
			in.elems = append(in.elems, c.given(raw, v, strconv.Itoa(i)))
		}
	case []string:
		for i, raw := range l {
			in.elems = append(in.elems, c.given(raw, v, strconv.Itoa(i)))
		}
	case []map[string]any:
		for i, raw := range l {
			in.elems = append(in.elems, c.given(raw, v, strconv.Itoa(i)))
		}
	}
	return in.elems
}

// namesOf are the names of all fields, sorted.
func namesOf(raw any) []string {
	switch m := raw.(type) {
	case map[string]any:
		return slices.Sorted(maps.Keys(m))
	case map[string]string:
		return slices.Sorted(maps.Keys(m))
	}
	return nil
}

// filled is a name that may be open.
func (c *ctx) filled(name string) string {
	if c.trail == nil {
		return name
	}
	return c.trail.places.filled(name)
}
