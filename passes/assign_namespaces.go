package passes

import (
	"fmt"
	"maps"
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func assignNamespaces() pass.Pass {
	return pass.Pass{
		Name: "assign-namespaces",
		Doc:  "What the components of a namespace ask of it: labels, and the lowest level of pod security that one of them needs.",
		After: []string{
			"apply-rules", // rules ask it of the namespaces of both ends
		},
		Codes:   []string{"E0205", "W0117"},
		Run:     runAssignNamespaces,
		Promise: "Every namespace has a level of pod security.",
		Holds:   exposureHolds,
	}
}

// rank orders the levels of pod security, the lowest first.
func rank(level string) int {
	return slices.Index([]string{"privileged", "baseline", restricted}, level)
}

const restricted = "restricted"

func runAssignNamespaces(c *pass.Context) bool {
	for _, n := range c.Graph.Components() {
		ns := n.Namespace()
		if c.Plan.Namespaces[ns] == nil {
			enforce := pass.Decide(c, restricted, c.OfNode(n, "nothing in the namespace needs less"))
			c.Plan.Namespaces[ns] = &ir.Namespace{Name: ns, Enforce: enforce, Labels: map[string]ir.Decided[string]{}}
		}
		if l := n.Description.Level; l != nil {
			lower(c, ns, *l, n.Name, c.Described(n, l.Reason, "level"), n.Path())
		}
	}
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			label(c, e, e.Source, a, "out", a.Result.Out.Namespace)
			label(c, e, e.Target, a, "in", a.Result.In.Namespace)
		}
	}
	return true
}

// lower enters the need of a level; the lowest wins, and each need below restricted is told.
func lower(c *pass.Context, namespace string, l kind.Level, who string, by ir.Origin, path string) {
	c.Report(diag.Diagnostic{Code: "W0117", Path: path, Pos: by.Pos, Message: fmt.Sprintf("namespace %s enforces %s instead of restricted pod security: %s (%s)", namespace, l.Enforce, l.Reason, who), Help: "audit and warn stay at restricted; move what needs less to a namespace of its own"})
	by.Reason = l.Reason
	ns := c.Plan.Namespaces[namespace]
	switch old := ns.Enforce; {
	case l.Enforce == old.Value() && l.Enforce != restricted:
		ns.Enforce = pass.Also(c, old, by)
	case rank(l.Enforce) < rank(old.Value()):
		ns.Enforce = pass.Decide(c, l.Enforce, by)
	}
}

func label(c *pass.Context, e *ir.Edge, n *ir.Node, a ir.Applied, side string, want *kind.Namespace) {
	if want == nil {
		return
	}
	ns := c.Plan.Namespaces[n.Namespace()]
	for _, key := range slices.Sorted(maps.Keys(want.Labels)) {
		by := c.Said(e, a, side, "namespace", "labels", key)
		first, ok := pass.Set(c, ns.Labels, key, want.Labels[key], equalTexts, by)
		if !ok {
			c.Conflict("E0205", fmt.Sprintf("namespace %s would have two values for the label %s", ns.Name, key), "move one of the components to another namespace", first.By()[0], by)
		}
	}
	if want.Level != nil {
		lower(c, ns.Name, *want.Level, e.Name(), c.Said(e, a, side, "namespace", "level"), e.Path())
	}
}

func exposureHolds(c *pass.Context) error {
	for _, n := range c.Graph.Components() {
		ns := c.Plan.Namespaces[n.Namespace()]
		if ns == nil {
			return fmt.Errorf("namespace %s of %s was not decided", n.Namespace(), n.Name)
		}
		if rank(ns.Enforce.Value()) < 0 {
			return fmt.Errorf("namespace %s has the level %q", ns.Name, ns.Enforce.Value())
		}
	}
	return nil
}
