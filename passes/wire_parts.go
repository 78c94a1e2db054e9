package passes

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func wireParts() pass.Pass {
	return pass.Pass{
		Name: "wire-parts",
		Doc:  "Parts, notes, prerequisites and steps of the roll-out that edges bring to their source and to their target; parts that a source lends to its target.",
		After: []string{
			"apply-rules", // rules say which
		},
		Run:     runWireParts,
		Promise: "Parts are in slots that the manifests of their component read.",
		Holds:   partsHold,
	}
}

func runWireParts(c *pass.Context) bool {
	w := wiring{c, pass.Index[entry]{}}
	// all parts of sources are before those of targets
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			w.wire(e, a, "out", e.Source, a.Result.Out)
		}
	}
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			w.wire(e, a, "in", e.Target, a.Result.In)
		}
	}
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			w.lend(e, a.Rule)
		}
	}
	return true
}

// lend enters the parts of the source of an edge that its rule lends to the target.
func (w wiring) lend(e *ir.Edge, r *kind.Rule) {
	n := e.Target.Component()
	p := w.c.Of(n)
	for _, slot := range r.Lends {
		for _, part := range w.c.Of(e.Source).Parts[slot] {
			by := slices.Clone(part.By())
			for i := range by {
				by[i].With = append(slices.Clip(by[i].With), e)
			}
			p.Parts[slot] = pass.Append(w.c, w.index, entry{n, "part " + slot, text(part.Value())}, p.Parts[slot], part.Value(), by...)
		}
	}
}

// entry tells a part, note or prerequisite of one component from all others.
type entry struct {
	node       *ir.Node
	slot, text string
}

// wiring knows what is entered already.
type wiring struct {
	c     *pass.Context
	index pass.Index[entry]
}

// wire enters what a rule brings to one end of an edge; equal ones once.
func (w wiring) wire(e *ir.Edge, a ir.Applied, side string, end *ir.Node, effects kind.Effects) {
	c, n := w.c, end.Component()
	p := c.Of(n)
	for _, slot := range slices.Sorted(maps.Keys(effects.Parts)) {
		for i, part := range effects.Parts[slot] {
			p.Parts[slot] = pass.Append(c, w.index, entry{n, "part " + slot, text(part)}, p.Parts[slot], part, c.Said(e, a, side, "parts", slot, i))
		}
	}
	for i, step := range effects.Rollout {
		p.Rollout = pass.Append(c, w.index, entry{n, "rollout", fmt.Sprint(step)}, p.Rollout, step, c.Said(e, a, side, "rollout", i))
	}
	for i, note := range effects.Notes {
		p.Notes = pass.Append(c, w.index, entry{n, "note", note}, p.Notes, note, c.Said(e, a, side, "notes", i))
	}
	for i, need := range effects.Prerequisites {
		p.Prerequisites = pass.Append(c, w.index, entry{n, "prerequisite", text(need)}, p.Prerequisites, need, c.Said(e, a, side, "prerequisites", i))
	}
}

// text is the data of a part, by which equal ones are found.
func text(o kind.Object) string {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func partsHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for slot := range p.Parts {
			if !slices.Contains(n.Kind.Slots, slot) {
				return fmt.Errorf("%s has parts %s, which no manifest of its kind reads", n.Name, slot)
			}
		}
	}
	return nil
}
