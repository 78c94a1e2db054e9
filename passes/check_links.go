package passes

import (
	"fmt"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/pass"
)

func checkLinks() pass.Pass {
	return pass.Pass{
		Name: "check-links",
		Doc:  "Every component has links to others, but for applications.",
		After: []string{
			"apply-rules", // what is wrong with a link is known by then
		},
		Codes:   []string{"W0113"},
		Run:     runCheckLinks,
		Promise: "No link that was refused is missed as well.",
		Holds:   func(*pass.Context) error { return nil },
	}
}

// runCheckLinks warns of components that no link touches. Where a mistake may have taken links with it, nobody can say that there are none, and an
// architecture of one component has nothing to link.
func runCheckLinks(c *pass.Context) bool {
	if len(c.Graph.Components()) < 2 || linksLost(c) {
		return true
	}
	touched, inside := map[*ir.Node]bool{}, map[*ir.Node]bool{}
	for _, e := range c.Graph.Edges {
		source, target := e.Source.Component(), e.Target.Component()
		if e.Internal() {
			inside[source] = true
			continue
		}
		touched[source], touched[target] = true, true
	}
	for _, n := range c.Graph.Components() {
		// an application does its work alone, too; everything else is there for others
		if touched[n] || n.Kind.Is("@application") {
			continue
		}
		links := "no links"
		if inside[n] {
			links = "no links to other components"
		}
		c.Report(diag.Diagnostic{Code: "W0113", Path: n.Path(), Pos: n.Pos, Message: fmt.Sprintf("%s has %s, and nothing links to it", n.Name, links), Help: "link it, or remove it"})
	}
	return true
}

// linksLost says whether an error stands where links may have been written: in a link, or in the whole of a component. From E02xx on nothing is lost of
// what was written there.
func linksLost(c *pass.Context) bool {
	if len(c.Graph.Failed) > 0 {
		return true
	}
	whole := map[string]bool{"components": true, "": true}
	for _, n := range c.Graph.Nodes {
		whole[n.Path()], whole[n.Path()+".kind"], whole[n.Path()+".links"] = true, true, true
		for short := range n.Kind.Subs {
			whole[n.Path()+"."+short] = true
		}
	}
	return c.Findings.Any(func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error && (d.Code == "E0101" || whole[d.Path] && d.Code < "E02" || strings.Contains(d.Path, ".links[") || strings.Contains(d.Path, ".links."))
	})
}
