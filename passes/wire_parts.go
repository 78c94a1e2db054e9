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
		Doc:  "Parts, notes, prerequisites and steps of the roll-out that edges bring to their source and to their target.",
		After: []string{
			"apply-rules", // rules say which
		},
		Run:     runWireParts,
		Promise: "Parts are in slots that the manifests of their component read.",
		Holds:   partsHold,
	}
}

func runWireParts(c *pass.Context) bool {
	w := wiring{c, pass.Index[entry]{}, actingFor(c)}
	// all parts of sources are before those of targets
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			w.wire(e, a, "out", e.Source, a.Result.Out)
			w.acting(e, a)
		}
	}
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			w.wire(e, a, "in", e.Target, a.Result.In)
		}
	}
	return true
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
	acts  map[*ir.Node][]actor
}

// acting enters what a rule brings to those whose pods act for the source, where they have the slot.
func (w wiring) acting(e *ir.Edge, a ir.Applied) {
	for _, slot := range slices.Sorted(maps.Keys(a.Result.Out.Acting)) {
		for _, other := range w.acts[e.Source.Component()] {
			n := other.peer.Node
			if !slices.Contains(n.Kind.Slots, slot) {
				continue
			}
			p := w.c.Of(n)
			for i, part := range a.Result.Out.Acting[slot] {
				by := w.c.Said(e, a, "out", "acting", slot, i)
				by.With = other.because
				p.Parts[slot] = pass.Append(w.c, w.index, entry{n, "part " + slot, text(part)}, p.Parts[slot], part, by)
			}
		}
	}
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
