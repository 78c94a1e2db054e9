package eval

import (
	"errors"
	"strconv"

	"platc.dev/platc/compiler/diag"
)

// Answer is a value, or a part of one. It belongs to one goroutine.
type Answer struct {
	c  *ctx
	v  *vertex // nil: there is none
	up *Answer // what v is a part of
}

// Look is the part at a path of keys (string) and indexes (int). It need not exist.
func (a *Answer) Look(path ...any) *Answer {
	part, _ := a.look(path)
	return part
}

// look gives the part, and the nearest one that there is.
func (a *Answer) look(path []any) (part, nearest *Answer) {
	if a.v == nil {
		return a, a
	}
	near := a
	for _, step := range path {
		v := a.c.step(a.c.value(near.v), step)
		if v == nil {
			return &Answer{c: a.c}, near
		}
		near = &Answer{c: a.c, v: v, up: near}
	}
	return near, near
}

// way is the way from the question to the part.
func (a *Answer) way() []*vertex {
	if a == nil {
		return nil
	}
	return append(a.up.way(), a.v)
}

func (c *ctx) step(val value, step any) *vertex {
	switch step := step.(type) {
	case string:
		if val.class == structure {
			return c.find(val.v, &label{name: step})
		}
	case int:
		if val.class == list && step >= 0 && step < len(c.items(val.v)) {
			return c.items(val.v)[step]
		}
	}
	return nil
}

// Exists says whether there is a value, be it a mistake or open.
func (a *Answer) Exists() bool { return a.v != nil }

// Err evaluates all of the fields and items, and gives the first mistake. A value that is open, such as `string`, is none.
func (a *Answer) Err() error {
	if a.v == nil {
		return errors.New("there is no such value")
	}
	if bad := a.c.mistake(a.v, 0); bad.class == bottom {
		return a.c.mistaken(bad)
	}
	return a.c.failed()
}

// Keys are the regular fields of a struct, in the order of the source.
func (a *Answer) Keys() ([]string, error) {
	if a.v == nil {
		return nil, errors.New("there is no such value")
	}
	val := a.c.value(a.v)
	if val.class == bottom {
		return nil, a.c.mistaken(val)
	}
	if val.class != structure {
		return nil, errors.New("the value is not a struct")
	}
	keys := []string{}
	for _, f := range a.c.fields(val.v) {
		keys = append(keys, f.label.name)
	}
	return keys, a.c.failed()
}

// Pos is where the value's field or item is written; the zero value for what does not exist.
func (a *Answer) Pos() diag.Pos {
	if a.v == nil {
		return diag.Pos{}
	}
	if a.v.label != nil && a.v.label.at.IsValid() {
		return posOf(a.v.label.at)
	}
	return posOf(a.v.pos())
}

// Data is the value as plain data: maps, []any, string, int64, float64, bool and nil, without definitions, hidden and optional fields.
// It fails on mistakes, and on what is open. The caller may change what it gets.
func (a *Answer) Data() (any, error) {
	if a.v == nil {
		return nil, errors.New("there is no such value")
	}
	data, bad := a.c.data(a.v, 0)
	if bad.class == bottom {
		return nil, a.c.mistaken(bad)
	}
	if err := a.c.failed(); err != nil {
		return nil, err
	}
	return data, nil
}

// data decodes a vertex; the class of bad is bottom where that fails.
func (c *ctx) data(v *vertex, depth int) (data any, bad value) {
	fine := value{class: null}
	val := c.value(v)
	switch val.class {
	case bottom:
		return nil, val
	case open:
		return nil, fault(missing, "a value that is open")
	case null:
		return nil, fine
	case boolean:
		return val.n == 1, fine
	case integer:
		if at, ok := val.place(); ok {
			return Number(at), fine
		}
		return val.n, fine
	case decimal:
		f, err := strconv.ParseFloat(val.s, 64)
		if err != nil {
			return nil, fault(refused, "a number that is too large")
		}
		return f, fine
	case text:
		return val.s, fine
	case binaryText:
		return nil, fault(refused, "bytes as data")
	case structure, list:
	}
	if depth > tooDeep {
		return nil, c.fail("values that nest too deep")
	}
	if val.v.in != nil {
		return c.inputData(val, depth)
	}
	if val.class == list {
		return c.listData(val.v, depth)
	}
	return c.structData(val.v, depth)
}

// inputData is input as an answer has it. Where texts are left open, it is gone through like other values.
func (c *ctx) inputData(val value, depth int) (any, value) {
	switch {
	case c.trail == nil:
		return copied(val.v.in.raw)
	case val.class == list:
		return c.itemsData(c.items(val.v), depth)
	}
	m := map[string]any{}
	for _, a := range c.fields(val.v) {
		data, bad := c.data(a.v, depth+1)
		if bad.class == bottom {
			return nil, bad
		}
		m[a.label.name] = data
	}
	return m, value{class: null}
}

// copied is input as an answer has it.
func copied(raw any) (any, value) {
	switch x := raw.(type) {
	case string, bool, int64:
		return raw, value{class: null}
	case map[string]any:
		m := make(map[string]any, len(x))
		for k, v := range x {
			data, bad := copied(v)
			if bad.class == bottom {
				return nil, bad
			}
			m[k] = data
		}
		return m, value{class: null}
	case []any:
		return copiedItems(x)
	case map[string]string:
		m := make(map[string]any, len(x))
		for k, v := range x {
			m[k] = v
		}
		return m, value{class: null}
	case []string:
		return copiedItems(x)
	case []map[string]any:
		return copiedItems(x)
	case int:
		return int64(x), value{class: null}
	case float64:
		return x, value{class: null}
	case nil:
		return nil, fault(missing, "a value that is open")
	}
	return nil, fault(refused, "data of a type that is not known here")
}

func copiedItems[T any](items []T) (any, value) {
	all := make([]any, len(items))
	for i, v := range items {
		data, bad := copied(v)
		if bad.class == bottom {
			return nil, bad
		}
		all[i] = data
	}
	return all, value{class: null}
}

func (c *ctx) listData(v *vertex, depth int) (any, value) {
	if v.body.loose {
		return nil, fault(refused, "an order that only CUE knows")
	}
	return c.itemsData(c.items(v), depth)
}

func (c *ctx) itemsData(elems []*vertex, depth int) (any, value) {
	all := make([]any, len(elems))
	for i, el := range elems {
		data, bad := c.data(el, depth+1)
		if bad.class == bottom {
			return nil, bad
		}
		all[i] = data
	}
	return all, value{class: null}
}

func (c *ctx) structData(v *vertex, depth int) (any, value) {
	if v.body.lacks {
		return nil, fault(refused, "a field that is required")
	}
	m := make(map[string]any, len(v.body.arcs))
	for _, a := range v.body.arcs {
		if a.label.role != regular {
			if bad := c.mistake(a.v, depth+1); bad.class == bottom {
				return nil, bad
			}
			continue
		}
		data, bad := c.data(a.v, depth+1)
		if bad.class == bottom {
			return nil, bad
		}
		m[a.label.name] = data
	}
	return m, value{class: null}
}
