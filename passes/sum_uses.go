package passes

import (
	"fmt"
	"maps"
	"slices"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/pass"
)

func sumUses() pass.Pass {
	return pass.Pass{
		Name: "sum-uses",
		Doc:  "What the edges of a component use of it together; those that share an identity use the most that one of them does.",
		After: []string{
			"apply-rules", // rules say what an edge uses
		},
		Run:     runSumUses,
		Promise: "What is used comes from edges to the component.",
		Holds:   usesHold,
	}
}

// use is what the edges of one identity need together.
type use struct {
	amount int
	by     []ir.Origin
}

func runSumUses(c *pass.Context) bool {
	used := map[*ir.Node]map[string]map[string]use{} // component -> what -> identity -> use
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			n := e.Target.Component()
			for what, amount := range a.Result.In.Uses {
				if used[n] == nil {
					used[n] = map[string]map[string]use{}
				}
				if used[n][what] == nil {
					used[n][what] = map[string]use{}
				}
				key := e.Source.Component().Name + ":" + e.Target.ID
				by := c.Said(e, a, "in", "uses", what)
				switch old, ok := used[n][what][key]; {
				case !ok || amount > old.amount:
					used[n][what][key] = use{amount, []ir.Origin{by}}
				case amount == old.amount:
					used[n][what][key] = use{amount, append(old.by, by)}
				}
			}
		}
	}
	for _, n := range c.Graph.Components() {
		for _, what := range slices.Sorted(maps.Keys(used[n])) {
			p, index, uses := c.Of(n), pass.Index[string]{}, used[n][what]
			for _, key := range slices.Sorted(maps.Keys(uses)) {
				p.Uses[what] = pass.Append(c, index, key, p.Uses[what], uses[key].amount, uses[key].by...)
			}
		}
	}
	return true
}

func usesHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for what, uses := range p.Uses {
			for _, d := range uses {
				if e := d.By()[0].Edge; e == nil || e.Target.Component() != n {
					return fmt.Errorf("what is used of %s of %s comes from elsewhere", what, n.Name)
				}
			}
		}
	}
	return nil
}
