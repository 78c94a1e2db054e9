package passes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/pass"
)

func keepModules() pass.Pass {
	return pass.Pass{
		Name: "keep-modules",
		Doc:  "Modules that a rule asks for; a reason for each left out.",
		After: []string{
			"apply-rules", // a rule may ask for modules by what the link says
		},
		Run:     runKeepModules,
		Promise: "A module that is kept was asked for by an edge; one that is left out was not.",
		Holds:   modulesHold,
	}
}

func runKeepModules(c *pass.Context) bool {
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			for _, m := range a.Rule.Modules {
				pass.Set(c, c.Of(e.Source).Modules, m, true, equalBools, c.From(e, a.Rule))
			}
			for i, m := range a.Result.Out.Modules {
				pass.Set(c, c.Of(e.Source).Modules, m, true, equalBools, c.Said(e, a, "out", "modules", i))
			}
			for i, m := range a.Result.In.Modules {
				pass.Set(c, c.Of(e.Target).Modules, m, true, equalBools, c.Said(e, a, "in", "modules", i))
			}
		}
	}
	catalogue := c.Graph.Library.Modules()
	for _, n := range c.Graph.Components() {
		p := c.Of(n)
		brings := catalogue[n.Kind.Name]
		for _, m := range slices.Sorted(maps.Keys(brings)) {
			if _, kept := p.Modules[m]; !kept {
				pass.Set(c, p.Modules, m, false, equalBools, c.OfNode(n, "no link "+alternatives(brings[m])))
			}
		}
	}
	return true
}

func equalBools(a, b bool) bool { return a == b }

// alternatives are ends in words, in the order of the rules: a kind before its sub-kinds.
func alternatives(ends []string) string {
	preposition, _, _ := strings.Cut(ends[0], " ")
	words := make([]string, len(ends))
	for i, end := range ends {
		words[i] = strings.TrimPrefix(end, preposition+" ")
	}
	return preposition + " " + strings.Join(words, " or ")
}

// keptModules are the names of the modules that the component itself is linked to, as their kinds' rules write them behind the kind. What a name means, its
// reader knows. Those of its processes alone are files beside them.
func keptModules(n *ir.Node, p *ir.NodePlan) []string {
	var names []string
	for _, asset := range p.OwnModules(n) {
		_, name, _ := strings.Cut(asset, "/")
		names = append(names, name)
	}
	return names
}

func modulesHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for name, d := range p.Modules {
			if len(d.By()) == 0 || d.Value() != (d.By()[0].Edge != nil) {
				return fmt.Errorf("module %s of %s is kept: %v, by %v", name, n.Name, d.Value(), d.By())
			}
		}
	}
	return nil
}
