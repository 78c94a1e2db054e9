package passes

import (
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func describeNodes(c *pass.Context) bool {
	parents := map[*ir.Node]kind.Object{} // a view holds all sub-components, so each is made once
	for _, n := range c.Graph.Nodes {
		if n.Parent != nil && parents[n.Parent] == nil {
			parents[n.Parent] = n.Parent.View()
		}
		parent := parents[n.Parent]
		d, err := n.Kind.Describe(n.View(), parent, c.Graph.Arch)
		if err != nil {
			refuse(c, err, "the description of "+n.ID, n.Pos, n)
			c.Graph.Failed[n.ID] = true
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
