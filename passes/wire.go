package passes

import (
	"encoding/json"
	"fmt"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func wireOutbound(c *pass.Context) bool {
	return wire(c, "out", func(e *ir.Edge, r kind.Result) (*ir.Node, kind.Effects) { return e.Source, r.Out })
}

func wireInbound(c *pass.Context) bool {
	return wire(c, "in", func(e *ir.Edge, r kind.Result) (*ir.Node, kind.Effects) { return e.Target, r.In })
}

// entry tells a part, note or prerequisite of one component from all others.
type entry struct {
	node       *ir.Node
	slot, text string
}

// wire enters the parts, notes and prerequisites of one side of every edge, in order of the edges; equal ones once.
func wire(c *pass.Context, name string, side func(*ir.Edge, kind.Result) (*ir.Node, kind.Effects)) bool {
	index := pass.Index[entry]{}
	for n, p := range c.Plan.Of {
		for slot, parts := range p.Parts {
			for i, d := range parts {
				index[entry{n, "part " + slot, text(d.Value())}] = i
			}
		}
		for i, d := range p.Rollout {
			index[entry{n, "rollout", fmt.Sprint(d.Value())}] = i
		}
		for i, d := range p.Notes {
			index[entry{n, "note", d.Value()}] = i
		}
		for i, d := range p.Prerequisites {
			index[entry{n, "prerequisite", text(d.Value())}] = i
		}
	}
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			n, effects := side(e, a.Result)
			n = n.Component()
			p := c.Of(n)
			for _, slot := range sortedKeys(effects.Parts) {
				for i, part := range effects.Parts[slot] {
					p.Parts[slot] = pass.Append(c, index, entry{n, "part " + slot, text(part)}, p.Parts[slot], part, c.Said(e, a, name, "parts", slot, i))
				}
			}
			for i, step := range effects.Rollout {
				p.Rollout = pass.Append(c, index, entry{n, "rollout", fmt.Sprint(step)}, p.Rollout, step, c.Said(e, a, name, "rollout", i))
			}
			for i, note := range effects.Notes {
				p.Notes = pass.Append(c, index, entry{n, "note", note}, p.Notes, note, c.Said(e, a, name, "notes", i))
			}
			for i, need := range effects.Prerequisites {
				p.Prerequisites = pass.Append(c, index, entry{n, "prerequisite", text(need)}, p.Prerequisites, need, c.Said(e, a, name, "prerequisites", i))
			}
		}
	}
	return true
}

// text is the data of a part, by which equal ones are found.
func text(o kind.Object) string {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(data)
}
