package passes

import (
	"fmt"
	"reflect"
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func assignPods() pass.Pass {
	return pass.Pass{
		Name: "assign-pods",
		Doc:  "Groups of pods of every component, from what its kind describes and from edges whose target acts for their source.",
		After: []string{
			"apply-rules", // rules name the pods of a target that act for the source
		},
		Codes:   []string{"E0208"},
		Run:     runAssignPods,
		Promise: "Every group of pods that a kind describes is there.",
		Holds:   hostsHold,
	}
}

func runAssignPods(c *pass.Context) bool {
	for _, n := range c.Graph.Components() {
		p := c.Of(n)
		for group, pods := range n.Description.Pods {
			p.Pods[group] = pass.Decide(c, pods, c.Described(n, "every "+n.Kind.Name+" has it", "pods", group))
		}
	}
	addActing(c)
	return true
}

// addActing adds the groups of pods that act for the source of an edge, and those of the source itself that use the edge too.
func addActing(c *pass.Context) {
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			if len(a.Result.Acts) > 0 {
				refuseOfProcessAlone(c, e)
			}
			for _, group := range a.Result.Acts {
				addGroup(c, c.Of(e.Target).Pods, group, c.Said(e, a, group.At...))
			}
			if group := a.Result.Joins; group != nil {
				addGroup(c, c.Of(e.Source).Pods, *group, c.Said(e, a, group.At...))
			}
		}
	}
}

// refuseOfProcessAlone finds links of a process to pods that act for its component, which has no such link: they have the variables of the component, and
// nothing of what a process has beside them.
func refuseOfProcessAlone(c *pass.Context, e *ir.Edge) {
	component, target := e.Source.Component(), e.Target.Component()
	if !e.Source.Kind.Process || slices.ContainsFunc(c.Graph.Outbound(component), func(o *ir.Edge) bool { return o.Source == component && o.Target.Component() == target }) {
		return
	}
	c.Report(diag.Diagnostic{
		Code: "E0208", Path: e.Path(), Pos: e.Pos,
		Message: fmt.Sprintf("%s links to %q, whose pods act for %s with its variables, but %s itself does not link to it", e.Source.ID, e.As, component.Name, component.Name),
		Help:    fmt.Sprintf("move the link to %s: its workers and jobs have it too", component.Name),
	})
}

func addGroup(c *pass.Context, pods map[string]ir.Decided[kind.Pods], group kind.Acts, by ir.Origin) {
	if _, alike := pass.Set(c, pods, group.Group, group.Pods, samePods, by); !alike {
		pods[group.Group] = pass.Decide(c, group.Pods, by)
	}
}

func samePods(a, b kind.Pods) bool { return reflect.DeepEqual(a, b) }

func hostsHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for group := range n.Description.Pods {
			if _, ok := p.Pods[group]; !ok {
				return fmt.Errorf("%s has no pods %s", n.Name, group)
			}
		}
	}
	return nil
}
