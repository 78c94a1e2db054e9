package eval

import (
	"reflect"

	"platc.dev/platc/compiler/kind"
)

// Reads is what an answer was read from, and what it found there: an answer to the same question holds as long as all of it is the same. It may not be
// changed, nor what was given when the question was asked. It is safe on many goroutines.
type Reads struct {
	all  []read
	open int // texts that were left open
}

// read is a place in the inputs. It comes behind the one that it is in.
type read struct {
	in    int    // index of the place that it is in; -1: it is an input
	key   string // of a field or an input
	item  int    // of a list; with key ""
	there bool   // something is there
	seen  bool   // and it was looked at
	class class  // of what was seen
	raw   any    // of a scalar, or with whole all of it
	open  int    // of a text that was left open: its number, from 1
	whole bool   // it is in the answer as it is
	count int    // of a list or a struct that was gone through: what is in it, which are places of their own; -1: others may be there as well
}

// Reads is what was read so far. What is read of the answer afterwards is not in it.
func (a *Answer) Reads() *Reads {
	r := &Reads{}
	if a.c.open != nil {
		r.open = len(a.c.open.texts)
	}
	for _, name := range inputNames() {
		in := a.c.inputs[name]
		if in == nil {
			r.all = append(r.all, read{in: -1, key: name, count: -1})
			continue
		}
		r.add(in.in, read{in: -1, key: name})
	}
	return r
}

func (r *Reads) add(in *input, at read) {
	at.open, at.there, at.seen, at.class, at.whole, at.count = in.open, true, in.seen, scalarOf(in.raw).class, in.whole, -1
	switch {
	case !in.seen, in.open > 0:
	case at.class != structure && at.class != list, in.whole:
		at.raw = in.raw
	case at.class == structure && in.listed:
		at.count = len(in.fields)
	case at.class == list && in.elems != nil:
		at.count = len(in.elems)
	}
	here := len(r.all)
	r.all = append(r.all, at)
	if in.whole {
		return
	}
	for key, f := range in.fields {
		r.add(f.in, read{in: here, key: key})
	}
	for key := range in.missed {
		r.all = append(r.all, read{in: here, key: key, count: -1})
	}
	for i, el := range in.elems {
		r.add(el.in, read{in: here, item: i})
	}
}

// Hold says whether the same is found in other inputs, and gives the texts there of those that were left open.
func (r *Reads) Hold(inputs map[string]kind.Object) (texts []string, ok bool) {
	texts = make([]string, r.open)
	found := make([]any, len(r.all))
	for i := range r.all {
		at := &r.all[i]
		var raw any
		var ok bool
		if at.in < 0 {
			o := inputs[at.key]
			raw, ok = o, o != nil
		} else {
			raw, ok = partOf(found[at.in], at)
		}
		if !at.found(raw, ok) {
			return nil, false
		}
		found[i] = raw
		if at.open > 0 {
			texts[at.open-1], _ = raw.(string)
		}
	}
	return texts, true
}

// found says whether a place has what was read there.
func (at *read) found(raw any, ok bool) bool {
	switch {
	case !at.there || !ok || !at.seen:
		return at.there == ok
	case at.open > 0:
		s, isText := raw.(string)
		return isText && !HasMark(s)
	case at.whole:
		return reflect.DeepEqual(raw, at.raw)
	case at.class == structure || at.class == list:
		return scalarOf(raw).class == at.class && (at.count < 0 || sizeOf(raw) == at.count)
	}
	return raw == at.raw
}

// partOf is a part of a list or a struct of inputs.
func partOf(raw any, at *read) (any, bool) {
	switch x := raw.(type) {
	case map[string]any:
		v, ok := x[at.key]
		return v, ok
	case map[string]string:
		v, ok := x[at.key]
		return v, ok
	case []any:
		return itemOf(x, at.item)
	case []string:
		return itemOf(x, at.item)
	case []map[string]any:
		return itemOf(x, at.item)
	}
	return nil, false
}

func itemOf[T any](all []T, i int) (any, bool) {
	if i >= len(all) {
		return nil, false
	}
	return all[i], true
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

func inputNames() []string {
	return []string{"arch", "from", "identity", "link", "parent", "self", "to"}
}
