package passes

import (
	"fmt"
	"strconv"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func checkCounts() pass.Pass {
	return pass.Pass{
		Name: "check-counts",
		Doc:  "No component has too few or too many links to those of another kind.",
		After: []string{
			"find-rules", // an edge without a rule is left out, and does not count
		},
		Codes:   []string{"E0206"},
		Run:     runCheckCounts,
		Promise: "Every bound on the number of links holds.",
		Holds:   countsHold,
	}
}

// runCheckCounts reports too few or too many links. Where a link is invalid too few are no second mistake.
func runCheckCounts(c *pass.Context) bool {
	invalid := withInvalidLinks(c)
	for _, n := range c.Graph.Components() {
		for _, count := range n.Kind.Counts {
			if count.PerSource {
				countPerSource(c, n, count)
				continue
			}
			linked := others(c, n, count)
			excused := count.Out && invalid[n] || !count.Out && len(invalid) > 0
			if len(linked) < count.Min && !excused || count.Max > 0 && len(linked) > count.Max {
				pos := n.Pos
				if len(linked) > 0 {
					pos = linked[len(linked)-1].Pos
				}
				report(c, count, n, pos, linked)
			}
		}
	}
	return true
}

// others are the edges that a count is about, one per component at the other end.
func others(c *pass.Context, n *ir.Node, count kind.Count) []*ir.Edge {
	seen := map[*ir.Node]bool{}
	var all []*ir.Edge
	edges := c.Graph.Inbound(n)
	if count.Out {
		edges = c.Graph.Outbound(n)
	}
	for _, e := range edges {
		other := e.Source.Component()
		if count.Out {
			other = e.Target.Component()
		}
		if other.Kind.Is(count.Other) && !seen[other] {
			seen[other] = true
			all = append(all, e)
		}
	}
	return all
}

// countPerSource counts the links of each source to all components of a kind. It reports at the last of them, and once: for the last component by name.
func countPerSource(c *pass.Context, n *ir.Node, count kind.Count) {
	for _, first := range others(c, n, count) {
		source := first.Source.Component()
		seen := map[*ir.Node]bool{}
		var linked []*ir.Edge
		for _, e := range c.Graph.Outbound(source) {
			if e.Target.Component().Kind == n.Kind && !seen[e.Target.Component()] {
				seen[e.Target.Component()] = true
				linked = append(linked, e)
			}
		}
		last := linked[len(linked)-1]
		if count.Max > 0 && len(linked) > count.Max && last.Target.Component() == n {
			report(c, count, source, last.Pos, linked)
		}
	}
}

func report(c *pass.Context, count kind.Count, n *ir.Node, pos diag.Pos, linked []*ir.Edge) {
	d := diag.Diagnostic{Code: count.Code, Path: n.Path(), Pos: pos, Message: n.Name + " " + count.Message, Help: count.Help}
	for _, e := range linked {
		if e.Pos != pos {
			d.Related = append(d.Related, diag.Related{Message: "linked to " + strconv.Quote(e.As), Pos: e.Pos})
		}
	}
	c.Report(d)
}

func countsHold(c *pass.Context) error {
	for _, n := range c.Graph.Components() {
		for _, count := range n.Kind.Counts {
			if linked := len(others(c, n, count)); !count.PerSource && (linked < count.Min || count.Max > 0 && linked > count.Max) && !c.Findings.HasErrors() {
				return fmt.Errorf("%s has %d links with %s", n.Name, linked, count.Other)
			}
		}
	}
	return nil
}
