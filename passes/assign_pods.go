package passes

import (
	"fmt"
	"reflect"

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
			for _, group := range a.Result.Acts {
				addGroup(c, c.Of(e.Target).Pods, group, c.Said(e, a, group.At...))
			}
			if group := a.Result.Joins; group != nil {
				addGroup(c, c.Of(e.Source).Pods, *group, c.Said(e, a, group.At...))
			}
		}
	}
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
