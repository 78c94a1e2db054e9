package passes

import (
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func keepModules(c *pass.Context) bool {
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			for _, m := range a.Rule.Modules {
				pass.Set(c, c.Of(e.Source).Modules, m, true, same, c.From(e, a.Rule))
			}
			for i, m := range a.Result.Out.Modules {
				pass.Set(c, c.Of(e.Source).Modules, m, true, same, c.Said(e, a, "out", "modules", i))
			}
			for i, m := range a.Result.In.Modules {
				pass.Set(c, c.Of(e.Target).Modules, m, true, same, c.Said(e, a, "in", "modules", i))
			}
		}
	}
	catalogue := modulesByKind(c.Graph.Library)
	for _, n := range c.Graph.Components() {
		p := c.Of(n)
		brings := catalogue[n.Kind.Name]
		for _, m := range sortedKeys(brings) {
			if _, kept := p.Modules[m]; !kept {
				pass.Set(c, p.Modules, m, false, same, c.OfNode(n, "no link "+alternatives(brings[m])))
			}
		}
	}
	return true
}

func same(a, b bool) bool { return a == b }

// modulesByKind is, for each kind, the modules that links can bring to it, with the other ends of these links.
func modulesByKind(library *kind.Library) map[string]map[string][]string {
	all := map[string]map[string][]string{}
	add := func(k, module, other string) {
		component, _, _ := strings.Cut(k, "/")
		if all[component] == nil {
			all[component] = map[string][]string{}
		}
		if list := all[component][module]; !slices.Contains(list, other) {
			all[component][module] = append(list, other)
		}
	}
	for _, name := range sortedKeys(library.Rules) {
		r := library.Rules[name]
		_, to, _ := strings.Cut(r.To, "/")
		if to == "" {
			to = r.To
		}
		for _, m := range r.Modules {
			add(r.From, m, "to "+to)
		}
		for _, m := range r.InModules {
			add(r.To, m, "from "+r.From)
		}
	}
	// the rules of sub-kinds come with those of their parents, which bring the module
	for _, name := range sortedKeys(library.Rules) {
		r := library.Rules[name]
		parent, sub, isSub := strings.Cut(r.To, "/")
		if p := library.Rules[r.From+" -> "+parent]; isSub && p != nil {
			for _, m := range p.Modules {
				add(r.From, m, "to "+sub)
			}
		}
	}
	return all
}

// alternatives are ends in words, in the order of the rules: a kind before its sub-kinds.
func alternatives(ends []string) string {
	preposition, _, _ := strings.Cut(ends[0], " ")
	words := make([]string, len(ends))
	for i, end := range ends {
		words[i] = strings.TrimPrefix(end, preposition+" ")
	}
	return preposition + " " + strings.Join(words, " or ")
}

// keptModules are the names of the modules kept, as their kinds' rules write them behind the kind, sorted. What a name means, its reader knows.
func keptModules(p *ir.NodePlan) []string {
	var names []string
	for _, asset := range sortedKeys(p.Modules) {
		if p.Modules[asset].Value() {
			_, name, _ := strings.Cut(asset, "/")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
