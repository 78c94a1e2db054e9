package passes

import (
	"fmt"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/pass"
)

func orderStart() pass.Pass {
	return pass.Pass{
		Name: "order-start",
		Doc:  "The place of each component in the start-up order, and what it waits for.",
		After: []string{
			"check-cycles", // on a cycle there is no order
		},
		Run:     runOrderStart,
		Promise: "A component is behind what it waits for.",
		Holds:   orderHolds,
	}
}

func runOrderStart(c *pass.Context) bool {
	waits := c.Graph.Waits()
	for _, n := range c.Graph.TargetsFirst() {
		p, index := c.Of(n), pass.Index[*ir.Node]{}
		for _, e := range waits[n] {
			_, first := e.Order()
			p.Waits = pass.Append(c, index, first, p.Waits, first, asksToWait(c, e)...)
		}
		p.Order = waveOf(c, n, p.Waits)
	}
	return true
}

// asksToWait are the links because of which an edge orders its ends.
func asksToWait(c *pass.Context, e *ir.Edge) []ir.Origin {
	if len(e.Followed) == 0 {
		return []ir.Origin{c.From(e, nil)}
	}
	var by []ir.Origin
	for _, other := range e.Followed {
		if other == e {
			continue
		}
		o := c.OfLink(other, e.Follows())
		o.With = []*ir.Edge{e}
		by = append(by, o)
	}
	name, count := e.Behind()
	for i := range count {
		o := c.Described(e.Source.Component(), name, "derived", name, i)
		o.With = []*ir.Edge{e}
		by = append(by, o)
	}
	return by
}

// waveOf is the wave after those of all that a component waits for. It comes from each of them in the last of these waves, which have origins of their own.
func waveOf(c *pass.Context, n *ir.Node, waits []ir.Decided[*ir.Node]) ir.Decided[int] {
	wave, by := 0, []ir.Origin{c.OfNode(n, "it waits for nothing")}
	for _, d := range waits {
		target := d.Value()
		after := c.Of(target).Order.Value() + 1
		if after > wave {
			wave, by = after, nil
		}
		if after < wave {
			continue
		}
		for _, o := range d.By() {
			o.Reason = "it waits for " + target.Name
			by = append(by, o)
		}
	}
	return pass.Decide(c, wave, by...)
}

func orderHolds(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for _, d := range p.Waits {
			target := d.Value()
			if c.Of(target).Order.Value() >= p.Order.Value() {
				return fmt.Errorf("%s does not stand behind %s", n.Name, target.Name)
			}
		}
	}
	return nil
}
