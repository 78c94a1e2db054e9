package explain

import (
	"cmp"
	"slices"

	"platc.dev/platc/compiler/ir"
)

// Because is one origin of a decision.
type Because struct {
	Reason string `json:"reason"`
	Edge   string `json:"edge"` // "orders -> db/orders"; "" without an edge
	Rule   string `json:"rule"`
	Pass   string `json:"pass"`
	File   string `json:"file"` // of the architecture
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Kind   *Place `json:"kind,omitempty"`   // where the kind says it
	Part   *Place `json:"part,omitempty"`   // of the building block that the kind says it with; nil without one
	Either bool   `json:"either,omitempty"` // any one of those with this mark is enough
}

// Place is a place in the files of a kind, or of the library.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// atom is one thing that the user wrote and could have left out: a link, an attribute of a link, an attribute or a sub-component of a
// component, a setting of the architecture.
type atom struct {
	edge *ir.Edge
	node *ir.Node
	name string // of the attribute or setting; "" is the link or the sub-component itself
}

// cause is what something depends on: one thing, all of several, or any of several. A nil cause depends on nothing.
type cause struct {
	of      atom // of one thing; the zero atom is a fact that nobody can take away
	because Because
	all     []*cause
	any     []*cause
}

func one(of atom, because Because) *cause { return &cause{of: of, because: because} }

// all depends on each of the causes.
func all(causes ...*cause) *cause {
	var kept []*cause
	for _, c := range causes {
		if c != nil && !slices.Contains(kept, c) {
			kept = append(kept, c)
		}
	}
	if len(kept) < 2 {
		return only(kept)
	}
	return &cause{all: kept}
}

// any depends on one of the causes; where one of them is nil, on nothing.
func anyOf(causes ...*cause) *cause {
	if slices.Contains(causes, nil) {
		return nil
	}
	if len(causes) < 2 {
		return only(causes)
	}
	return &cause{any: causes}
}

// while is the cause as far as it matters only while another one holds: what that needs is there.
func (c *cause) while(of *cause) *cause {
	if c == nil || of == nil {
		return c
	}
	needed, _ := causesOf(of)
	there := map[atom]bool{}
	for _, n := range needed {
		there[n.of] = true
	}
	return c.but(of).given(there)
}

// but is the cause without the parts of it that are parts of another one.
func (c *cause) but(known *cause) *cause {
	switch {
	case c == nil, c == known, slices.Contains(known.all, c):
		return nil
	case c.all != nil:
		rest := make([]*cause, len(c.all))
		for i, inner := range c.all {
			rest[i] = inner.but(known)
		}
		return all(rest...)
	}
	return c
}

func only(causes []*cause) *cause {
	if len(causes) == 0 {
		return nil
	}
	return causes[0]
}

// holds says whether something is still there without some of the things it depends on.
func (c *cause) holds(without func(atom) bool) bool {
	switch {
	case c == nil:
		return true
	case c.all != nil:
		return !slices.ContainsFunc(c.all, func(c *cause) bool { return !c.holds(without) })
	case c.any != nil:
		return slices.ContainsFunc(c.any, func(c *cause) bool { return c.holds(without) })
	}
	return c.of == atom{} || !without(c.of)
}

// leaves are the single things below a cause, each once and in order.
func (c *cause) leaves() []*cause {
	var found []*cause
	seen := map[*cause]bool{}
	var walk func(*cause)
	walk = func(c *cause) {
		if c == nil || seen[c] {
			return
		}
		seen[c] = true
		if c.all == nil && c.any == nil {
			found = append(found, c)
		}
		for _, inner := range c.all {
			walk(inner)
		}
		for _, inner := range c.any {
			walk(inner)
		}
	}
	walk(c)
	return found
}

// once is the cause with one and the same leaf for each thing, the first.
func (c *cause) once(first map[atom]*cause) *cause {
	each := func(causes []*cause) []*cause {
		replaced := make([]*cause, len(causes))
		for i, inner := range causes {
			replaced[i] = inner.once(first)
		}
		return replaced
	}
	switch {
	case c == nil || c.of == atom{} && c.all == nil && c.any == nil:
		return c
	case c.all != nil:
		return all(each(c.all)...)
	case c.any != nil:
		return anyOf(each(c.any)...)
	case first[c.of] == nil:
		first[c.of] = c
	}
	return first[c.of]
}

// given is the cause where some things are known to be there; nil where they are enough.
func (c *cause) given(there map[atom]bool) *cause {
	switch {
	case c == nil, there[c.of] && c.of != atom{}:
		return nil
	case c.all != nil:
		rest := make([]*cause, len(c.all))
		for i, inner := range c.all {
			rest[i] = inner.given(there)
		}
		return all(rest...)
	case c.any != nil:
		rest := make([]*cause, len(c.any))
		for i, inner := range c.any {
			rest[i] = inner.given(there)
		}
		return anyOf(rest...)
	case c.of == atom{}:
		return nil
	}
	return c
}

// named is what an answer names: what is needed first, then those of which any one is enough. Facts are named where nothing else is.
func (c *cause) named() []Because {
	needed, either := causesOf(c)
	named := slices.Concat(byPlace(reasonsOf(needed, false)), byPlace(reasonsOf(either, true)))
	if len(named) == 0 {
		named = byPlace(reasonsOf(c.leaves(), false))
	}
	return named
}

func reasonsOf(causes []*cause, either bool) []Because {
	var reasons []Because
	for _, c := range causes {
		b := c.because
		b.Either = either
		reasons = append(reasons, b)
	}
	return reasons
}

// causesOf are the things without each of which a cause does not hold, and those of which any one is enough.
func causesOf(c *cause) (needed, either []*cause) {
	known := map[atom]bool{}
	for _, l := range c.leaves() {
		if l.of == (atom{}) {
			continue
		}
		if _, seen := known[l.of]; !seen {
			known[l.of] = !c.holds(func(a atom) bool { return a == l.of })
		}
		if known[l.of] {
			needed = append(needed, l)
		}
	}
	for _, l := range c.given(known).leaves() {
		if l.of != (atom{}) && !known[l.of] {
			either = append(either, l)
		}
	}
	return needed, either
}

// byPlace sorts reasons by place and names each once; of those that differ in the place in the kind alone, the first.
func byPlace(reasons []Because) []Because {
	slices.SortStableFunc(reasons, func(a, b Because) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Edge, b.Edge),
			cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Pass, b.Pass),
		)
	})
	return slices.CompactFunc(reasons, func(a, b Because) bool {
		a.Kind, b.Kind, a.Part, b.Part = nil, nil, nil, nil
		return a == b
	})
}
