package passes

import (
	"fmt"
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

// rank orders the levels of pod security, the lowest first.
func rank(level string) int {
	return slices.Index([]string{"privileged", "baseline", restricted}, level)
}

const restricted = "restricted"

func checkExposure(c *pass.Context) bool {
	for _, n := range c.Graph.Components() {
		ns := n.Namespace()
		if c.Plan.Namespaces[ns] == nil {
			c.Plan.Namespaces[ns] = &ir.Namespace{Name: ns, Enforce: ir.Decided[string]{Value: restricted, By: []ir.Origin{c.Because(n.Pos, "nothing in the namespace needs less")}}, Labels: map[string]ir.Decided[string]{}}
		}
		if l := n.Description.Level; l != nil {
			lower(c, ns, *l, n.Name, c.Because(n.Pos, n.Name), n.Path())
		}
	}
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			ask(c, e, e.Source, a, a.Result.Out.Namespace)
			ask(c, e, e.Target, a, a.Result.In.Namespace)
		}
	}
	return true
}

// lower enters the need of a level; the lowest wins, and each need below restricted is told.
func lower(c *pass.Context, namespace string, l kind.Level, who string, by ir.Origin, path string) {
	c.Report(diag.Diagnostic{Code: "W0117", Path: path, Pos: by.Pos, Message: fmt.Sprintf("namespace %s enforces %s instead of restricted pod security: %s (%s)", namespace, l.Enforce, l.Reason, who), Help: "audit and warn stay at restricted; move what needs less to a namespace of its own"})
	ns := c.Plan.Namespaces[namespace]
	if rank(l.Enforce) < rank(ns.Enforce.Value) {
		by.Reason = l.Reason
		ns.Enforce = ir.Decided[string]{Value: l.Enforce, By: []ir.Origin{by}}
	}
}

func ask(c *pass.Context, e *ir.Edge, n *ir.Node, a ir.Applied, want *kind.Namespace) {
	if want == nil {
		return
	}
	by := c.From(e, a.Rule)
	ns := c.Plan.Namespaces[n.Namespace()]
	for _, label := range sortedKeys(want.Labels) {
		first, ok := pass.Set(c, ns.Labels, label, want.Labels[label], equal, by)
		if !ok {
			c.Conflict("E0205", fmt.Sprintf("namespace %s would have two values for the label %s", ns.Name, label), "move one of the components to another namespace", first.By[0], by)
		}
	}
	if want.Level != nil {
		lower(c, ns.Name, *want.Level, e.Name(), by, e.Path())
	}
}
