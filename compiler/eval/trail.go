package eval

import (
	"fmt"
	"strings"
)

// trail is what an evaluation reads of its inputs, in the order in which it does. It has a number for each place that was found, the inputs being the first.
// Whoever finds the same at each step takes the same way, and comes to the same answer.
type trail struct {
	steps  []step
	places Places
	known  []bool // of places: what is there was read, and not only taken over
	calls  map[called]value
	same   map[[2]string]bool // what is known of texts
}

// step is one thing that is read.
type step struct {
	what reading
	seen bool   // of a field: it was looked at as well
	at   int    // the number of the place where it is read
	key  string // of a field: its name
	open bool   // which is open
	call func(p *Places) (result value, items []value)
}

// reading is what a step reads of a place.
type reading uint8

const (
	ofField reading = iota // whether there is a field; it is the next place
	ofItems                // how many items there are; they are the next places
	ofNames                // the names of all fields
	ofClass                // what it is, with the value but of a text or a whole number
	ofValue                // the text or number itself
	ofCall                 // what a function makes of texts and numbers; it is the next place
)

// found is what a step reads.
type found struct {
	class class
	n     int64
	s     string
}

// Places are the inputs and what was found in them, and results of calls, by number. They belong to one goroutine, and may be used again.
type Places struct {
	all   []any
	plain ctx // in which calls are made
}

// Reset forgets all places.
func (p *Places) Reset() { clear(p.all); p.all = p.all[:0] }

// take is what a step reads. It adds the places that it finds.
func (p *Places) take(s *step) found {
	switch s.what {
	case ofCall:
		return p.called(s)
	case ofField:
		name := s.key
		if s.open {
			name = p.filled(name)
		}
		part, ok := fieldOf(p.all[s.at], name)
		if !ok {
			return found{}
		}
		p.all = append(p.all, part)
		if s.seen {
			return classOf(part)
		}
		return found{n: 1}
	case ofItems:
		raw := p.all[s.at]
		switch x := raw.(type) {
		case []any:
			p.all = append(p.all, x...)
		case []string:
			p.all = withItems(p.all, x)
		case []map[string]any:
			p.all = withItems(p.all, x)
		}
		return found{n: int64(sizeOf(raw))}
	case ofNames:
		return found{s: strings.Join(namesOf(p.all[s.at]), "\x00")}
	case ofValue:
		v := p.value(s.at)
		return found{class: v.class, n: v.n, s: v.s}
	case ofClass:
	}
	return classOf(p.all[s.at])
}

// called calls the function. What is in a list that it gives is told as far as it is not left open.
func (p *Places) called(s *step) found {
	result, items := s.call(p)
	if result.class != list {
		p.all = append(p.all, result.alone())
		return foundOf(result)
	}
	var b strings.Builder
	for _, v := range items {
		f := foundOf(v)
		fmt.Fprintf(&b, "%d %d %s\x00", f.class, f.n, f.s)
		p.all = append(p.all, v.alone())
	}
	return found{class: list, n: int64(len(items)), s: b.String()}
}

func withItems[T any](places []any, items []T) []any {
	for _, item := range items {
		places = append(places, item)
	}
	return places
}

// classOf is what a place has, but of a text or a whole number, which are left open.
func classOf(raw any) found {
	switch x := raw.(type) {
	case string:
		if hasMark(x) {
			return found{class: bottom, n: refused}
		}
		return found{class: text}
	case int64, int:
		return found{class: integer}
	}
	v := scalarOf(raw)
	return found{class: v.class, n: v.n, s: v.s}
}

// foundOf is what a call has as its result, but for texts and whole numbers, which are left open.
func foundOf(v value) found {
	switch v.class {
	case text, binaryText, integer:
		return found{class: v.class}
	default:
		return found{class: v.class, n: v.n, s: v.s}
	}
}

// value is a scalar at a place: of an input, or the result of a call.
func (p *Places) value(at int) value {
	if v, ok := p.all[at].(value); ok {
		return v
	}
	return scalarOf(p.all[at])
}

// Text is the text or whole number at a place, as a text.
func (p *Places) Text(at int) string {
	if s, ok := p.all[at].(string); ok {
		return s
	}
	return p.value(at).String()
}

// Number is the whole number at a place.
func (p *Places) Number(at Number) int64 { return p.value(int(at)).n }

// wrapped gives a place a number, if the evaluation leaves a trail.
func (c *ctx) wrapped(in *input) {
	t := c.trail
	switch {
	case t == nil:
	case in == nil:
		t.add(nil)
	default:
		in.at = t.add(in.raw)
	}
}

// add gives the next place its number.
func (t *trail) add(raw any) int {
	t.places.all, t.known = append(t.places.all, raw), append(t.known, false)
	return len(t.known) - 1
}

// reads notes a step.
func (c *ctx) reads(what reading, in *input, key string) {
	if t := c.trail; t != nil {
		t.steps = append(t.steps, step{what: what, at: in.at, key: key, open: hasMark(key)})
	}
}

// misses notes a field that is not there.
func (c *ctx) misses(in *input, name string) {
	if c.trail == nil {
		return
	}
	if in.missed == nil {
		in.missed = map[string]bool{}
	}
	in.missed[name] = true
}

// look notes that somebody wants to know what a place has.
func (c *ctx) look(in *input) {
	t := c.trail
	if t == nil || in.seen {
		return
	}
	in.seen = true
	if last := len(t.steps) - 1; last >= 0 && in.up != nil && in.at == len(t.known)-1 {
		if s := &t.steps[last]; s.what == ofField && s.at == in.up.in.at && s.key == in.key {
			s.seen = true
			return
		}
	}
	t.steps = append(t.steps, step{what: ofClass, at: in.at})
}

// know is the value at a place, with a note that it was read.
func (t *trail) know(at int) value {
	if !t.known[at] {
		t.known[at] = true
		t.steps = append(t.steps, step{what: ofValue, at: at})
	}
	return t.places.value(at)
}

// fieldOf is a field of data that was given.
func fieldOf(raw any, name string) (any, bool) {
	switch m := raw.(type) {
	case map[string]any:
		v, ok := m[name]
		return v, ok
	case map[string]string:
		v, ok := m[name]
		return v, ok
	}
	return nil, false
}

func sizeOf(raw any) int {
	switch x := raw.(type) {
	case map[string]any:
		return len(x)
	case map[string]string:
		return len(x)
	case []any:
		return len(x)
	case []string:
		return len(x)
	case []map[string]any:
		return len(x)
	}
	return 0
}

func inputNames() [7]string {
	return [7]string{"arch", "from", "identity", "link", "parent", "self", "to"}
}
