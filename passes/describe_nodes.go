package passes

import (
	"fmt"
	"runtime"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func describeNodes() pass.Pass {
	return pass.Pass{
		Name: "describe-nodes",
		Doc:  "What each node offers: host, ports, pods, derived values; what its kind finds wrong.",
		After: []string{
			"resolve-links", // a link to a whole component adds the sub-component that it implies, and a description sees all of them
		},
		Codes:   []string{"E0103", "E0104", "E0107", "E0108", "E0201", "E0205", "E0208", "E0301", "E0303", "W0112", "W0115", "W0120", "W0122", "W0127", "W0129", "W0133", "W0135", "W0138"},
		Run:     runDescribeNodes,
		Promise: "The ports of a component are those of its groups of pods.",
		Holds:   describedHolds,
	}
}

func runDescribeNodes(c *pass.Context) bool {
	parents := map[*ir.Node]kind.Object{} // a view holds all sub-components, so each is made once
	for _, n := range c.Graph.Nodes {
		if n.Parent != nil && parents[n.Parent] == nil {
			parents[n.Parent] = n.Parent.View()
		}
	}
	all := inParallel(runtime.GOMAXPROCS(0), c.Graph.Nodes, func(n *ir.Node) described {
		d, err := n.Kind.Describe(n.View(), parents[n.Parent], c.Graph.Arch)
		return described{d, err}
	})
	for i, n := range c.Graph.Nodes {
		d := all[i]
		if d.err != nil {
			refuse(c, d.err, "the description of "+n.ID, n.Pos, n)
			n.Invalid = true
			continue
		}
		n.Description = d.Description
		reportFindings(c, d.Findings, describing(n), func(kind.Finding) place { return n }, n)
	}
	return true
}

// described is what a kind says of a node.
type described struct {
	kind.Description
	err error
}

// place is a node or a link: what an attribute is written in.
type place interface {
	Path() string
	AttrPos(attribute string) diag.Pos
}

// finding is what a kind or a rule found of some nodes, at an attribute of a place.
func finding(f kind.Finding, at place, of ...*ir.Node) diag.Diagnostic {
	var paths []string
	for _, n := range of {
		paths = append(paths, n.Path())
	}
	return diag.Diagnostic{Of: paths, Code: f.Code, Message: f.Message, Help: f.Help, Secret: f.Code == plainSecret, Pos: at.AttrPos(f.Attribute), Path: attrPath(at.Path(), f.Attribute)}
}

// plainSecret is the code of a text that looks like a secret: no excerpt shows it.
const plainSecret = "W0120"

func attrPath(path, attribute string) string {
	if attribute == "" {
		return path
	}
	return path + "." + attribute
}

func describedHolds(c *pass.Context) error {
	for _, n := range c.Graph.Components() {
		for name, p := range n.Description.Ports {
			if _, ok := n.Description.Pods[p.Pods]; !ok {
				return fmt.Errorf("port %s of %s is of %q, which is no group of its pods", name, n.Name, p.Pods)
			}
		}
	}
	return nil
}
