package passes

import (
	"fmt"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/pass"
)

func checkCycles() pass.Pass {
	return pass.Pass{
		Name: "check-cycles",
		Doc:  "Components do not wait for each other at start-up.",
		After: []string{
			"find-rules", // a rule, or an attribute of the link, says whether its source waits
		},
		Codes:   []string{"E0204"},
		Run:     runCheckCycles,
		Promise: "No component waits for itself.",
		Holds:   acyclicHolds,
	}
}

func runCheckCycles(c *pass.Context) bool {
	cycles := c.Graph.Cycles()
	for _, cycle := range cycles {
		first, _ := cycle[0].Order()
		names := []string{first.Name}
		var free []string
		for _, e := range cycle {
			_, next := e.Order()
			names = append(names, next.Name)
			if e.Startup {
				free = append(free, e.Name())
			}
		}
		help := "set startup: false on one of these links"
		if len(free) < len(cycle) {
			help = "set startup: false on " + strings.Join(free, " or ")
		}
		d := diag.Diagnostic{Code: "E0204", Path: cycle[0].Path(), Pos: cycle[0].Pos, Message: "the components wait for each other at start-up: " + strings.Join(names, " -> "), Help: help}
		for _, e := range cycle[1:] {
			d.Related = append(d.Related, diag.Related{Message: e.Name(), Pos: e.Pos})
		}
		c.Report(d)
	}
	return len(cycles) == 0
}

func acyclicHolds(c *pass.Context) error {
	if n := len(c.Graph.Cycles()); n > 0 {
		return fmt.Errorf("there are %d cycles", n)
	}
	return nil
}
