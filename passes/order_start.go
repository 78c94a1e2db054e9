package passes

import (
	"fmt"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/pass"
)

func orderStart(c *pass.Context) bool {
	wave, waits := map[*ir.Node]int{}, c.Graph.Waits()
	for _, n := range c.Graph.TargetsFirst() {
		p := c.Of(n)
		p.Waits = waits[n]
		reason := "it waits for nothing"
		for _, target := range p.Waits {
			if wave[target]+1 > wave[n] {
				wave[n] = wave[target] + 1
				reason = fmt.Sprintf("it waits for %s", target.Name)
			}
		}
		p.Order = ir.Decided[int]{Value: wave[n], By: []ir.Origin{c.Because(n.Pos, reason)}}
	}
	return true
}
