package passes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func checkCapacity() pass.Pass {
	return pass.Pass{
		Name: "check-capacity",
		Doc:  "What edges use of a component together does not exceed what it has.",
		After: []string{
			"sum-uses", // it is the sum that must fit
		},
		Codes:   []string{"E0208"},
		Run:     runCheckCapacity,
		Promise: "Nothing is used beyond what there is of it.",
		Holds:   capacityHolds,
	}
}

func runCheckCapacity(c *pass.Context) bool {
	for _, n := range c.Graph.Components() {
		for _, what := range slices.Sorted(maps.Keys(c.Of(n).Uses)) {
			if capacity, bounded := n.Description.Capacity[what]; bounded {
				checkUses(c, n, capacity, c.Of(n).Uses[what])
			}
		}
	}
	return true
}

// maxUses bounds the uses that a message names, the largest first; all are its related places.
const maxUses = 3

func checkUses(c *pass.Context, n *ir.Node, capacity kind.Capacity, uses []ir.Decided[int]) {
	uses = slices.Clone(uses)
	slices.SortStableFunc(uses, func(a, b ir.Decided[int]) int { return b.Value() - a.Value() })
	total, d := 0, diag.Diagnostic{Code: "E0208", Path: n.Path(), Pos: n.Pos}
	terms := make([]string, len(uses))
	for i, use := range uses {
		e := use.By()[0].Edge
		total += use.Value()
		terms[i] = fmt.Sprintf("%s to %s %d", e.Source.Component().Name, e.Target.Name, use.Value())
		d.Related = append(d.Related, diag.Related{Message: fmt.Sprintf("%s can use %d", e.Name(), use.Value()), Pos: e.Pos})
	}
	if total <= capacity.Limit {
		return
	}
	if more := len(terms) - maxUses; more > 1 {
		terms = append(terms[:maxUses], fmt.Sprintf("and %d more", more))
	}
	d.Message = fmt.Sprintf("%s may need %d %s, but has %d: %s", n.Name, total, capacity.What, capacity.Limit, strings.Join(terms, ", "))
	d.Help = "raise the limit of " + n.Name + ", or lower the pools and replicas of those that link to it"
	c.Report(d)
}

func capacityHolds(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for what, uses := range p.Uses {
			total := 0
			for _, d := range uses {
				total += d.Value()
			}
			if limit, bounded := n.Description.Capacity[what]; bounded && total > limit.Limit && !c.Findings.HasErrors() {
				return fmt.Errorf("%d %s of %s are used", total, what, n.Name)
			}
		}
	}
	return nil
}
