package passes

import (
	"fmt"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func describeNodes(c *pass.Context) bool {
	for _, n := range c.Graph.Nodes {
		var parent kind.Object
		if n.Parent != nil {
			parent = n.Parent.View()
		}
		d, err := n.Kind.Describe(n.View(), parent, c.Graph.Arch)
		if err != nil {
			// an attribute that was refused is absent, and the description may need it: its finding stands already
			mustExcuse(c, fmt.Sprintf("describe %s: %s", n.ID, err))
			continue
		}
		n.Description = d
		for _, f := range d.Findings {
			c.Report(diag.Diagnostic{Code: f.Code, Message: f.Message, Help: f.Help, Pos: n.AttrPos(f.Attribute), Path: attrPath(n.Path(), f.Attribute)})
		}
	}
	return true
}

func attrPath(path, attribute string) string {
	if attribute == "" {
		return path
	}
	return path + "." + attribute
}

// mustExcuse panics unless an earlier finding explains why a kind could not be evaluated.
func mustExcuse(c *pass.Context, problem string) {
	if !c.Findings.HasErrors() {
		panic(problem)
	}
}
