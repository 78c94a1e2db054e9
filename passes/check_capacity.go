package passes

import (
	"fmt"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/pass"
)

// use is what the edges of one identity need together.
type use struct {
	amount int
	name   string
	by     []ir.Origin
}

func checkCapacity(c *pass.Context) bool {
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
					used[n][what][key] = use{amount, e.Source.Component().Name + " to " + e.Target.Name, []ir.Origin{by}}
				case amount == old.amount:
					used[n][what][key] = use{amount, old.name, append(old.by, by)}
				}
			}
		}
	}
	for _, n := range c.Graph.Components() {
		for _, what := range sortedKeys(used[n]) {
			enter(c, n, what, used[n][what])
		}
	}
	return true
}

// enter keeps what is used of one thing, and reports it where there is less.
func enter(c *pass.Context, n *ir.Node, what string, uses map[string]use) {
	p, index, total := c.Of(n), pass.Index[string]{}, 0
	var terms []string
	d := diag.Diagnostic{Code: "E0208", Path: n.Path(), Pos: n.Pos}
	for _, key := range sortedKeys(uses) {
		u := uses[key]
		p.Uses[what] = pass.Append(c, index, key, p.Uses[what], u.amount, u.by...)
		total += u.amount
		terms = append(terms, fmt.Sprintf("%s %d", u.name, u.amount))
		d.Related = append(d.Related, diag.Related{Message: fmt.Sprintf("%s can use %d", u.by[0].Edge.Name(), u.amount), Pos: u.by[0].Pos})
	}
	capacity, bounded := n.Description.Capacity[what]
	if !bounded || total <= capacity.Limit {
		return
	}
	d.Message = fmt.Sprintf("%s may need %d %s, but has %d: %s", n.Name, total, capacity.What, capacity.Limit, strings.Join(terms, ", "))
	d.Help = "raise the limit of " + n.Name + ", or lower the pools and replicas of those that link to it"
	c.Report(d)
}
