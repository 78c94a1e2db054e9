package passes

import (
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/pass"
)

func checkCycles(c *pass.Context) bool {
	cycles := c.Graph.Cycles()
	for _, cycle := range cycles {
		names := []string{cycle[0].Source.Component().Name}
		for _, e := range cycle {
			names = append(names, e.Target.Component().Name)
		}
		d := diag.Diagnostic{Code: "E0204", Path: cycle[0].Path(), Pos: cycle[0].Pos, Message: "the components wait for each other at start-up: " + strings.Join(names, " -> "), Help: "set startup: false on one of these links"}
		for _, e := range cycle[1:] {
			d.Related = append(d.Related, diag.Related{Message: e.Name(), Pos: e.Pos})
		}
		c.Report(d)
	}
	return len(cycles) == 0
}
