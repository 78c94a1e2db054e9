package explain

import (
	"cmp"
	"slices"
	"strconv"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// fileAt is what a file of a component depends on, by its path.
func (o *origins) fileAt(n *ir.Node, name string) *cause {
	for _, f := range files(o.plan, n) {
		if f.Path == name {
			return o.file(f)
		}
	}
	return nil
}

// tree is what the data of the templates of the whole tree depends on.
func (o *origins) tree(word string, path []string) *cause {
	t := o.plan.Tree
	switch word {
	case "components", "undeployed":
		return o.componentsOfTree(word, path)
	case "links":
		causes := make([]*cause, len(o.plan.Graph.Edges))
		for i, e := range o.plan.Graph.Edges {
			causes[i] = o.link(e, "resolve-links")
		}
		return pick(path, causes)
	case "prerequisites":
		causes := make([]*cause, len(t.Prerequisites))
		for i, d := range t.Prerequisites {
			causes[i] = o.prerequisite(d.Value(), path)
		}
		return pick(path, causes)
	case "notes":
		causes := make([]*cause, len(t.Notes))
		for i, d := range t.Notes {
			causes[i] = o.by(d.By())
		}
		return pick(path, causes)
	case "unsaved":
		return pick(path, o.unsaved())
	case "has_builds":
		return o.jobs(o.plan.Graph.Components(), kind.Build)
	case "has_day2":
		return o.jobs(o.plan.Graph.Components(), kind.Day2)
	case "pins":
		var causes []*cause
		for _, n := range o.plan.Graph.Components() {
			for _, name := range sorted(o.plan.Of[n].Requirements) {
				causes = append(causes, o.by(o.plan.Of[n].Requirements[name].By()))
			}
		}
		return anyOf(causes...)
	}
	return nil
}

// unsaved is, for each component that owns data of which there is no backup, what it owns that by.
func (o *origins) unsaved() []*cause {
	var all []*cause
	for _, n := range o.plan.Graph.Components() {
		var owns []*cause
		for i := range n.Description.Data {
			owns = append(owns, o.described(n, "data", i))
		}
		if _, saved := o.plan.Of[n].Exports["archive"]; len(owns) > 0 && !saved {
			all = append(all, anyOf(owns...))
		}
	}
	return all
}

// pick is the item of a list that a path leads to, or any of them.
func pick(path []string, causes []*cause) *cause {
	if len(path) > 0 {
		if i, err := strconv.Atoi(path[0]); err == nil && i < len(causes) {
			return causes[i]
		}
	}
	return anyOf(causes...)
}

// componentsOfTree are the components in start-up order, or those that are not deployed.
func (o *origins) componentsOfTree(word string, path []string) *cause {
	nodes := slices.Clone(o.plan.Graph.Components())
	if word == "components" {
		slices.SortStableFunc(nodes, func(a, b *ir.Node) int {
			return cmp.Compare(o.plan.Of[a].Order.Value(), o.plan.Of[b].Order.Value())
		})
	} else {
		nodes = slices.DeleteFunc(nodes, func(n *ir.Node) bool {
			_, ok := o.plan.Of[n].Folders[kind.Deploy]
			return ok && (n.Description.External == nil || n.Description.External.At == "")
		})
	}
	if len(path) < 2 {
		return nil
	}
	i, err := strconv.Atoi(path[0])
	if err != nil || i >= len(nodes) {
		return nil
	}
	n := nodes[i]
	p := o.plan.Of[n]
	switch path[1] {
	case "namespace":
		return o.node(n, path[1:])
	case "order":
		return o.order(n)
	case "waits":
		return o.waits(n, path[2:])
	case "base", "deployed":
		return o.by(p.Folders[kind.Deploy].By())
	case "external":
		return o.described(n, "external", "at")
	case "rollout":
		steps := o.plan.Tree.Steps[n.Name]
		causes := make([]*cause, len(steps))
		for i, d := range steps {
			causes[i] = o.by(d.By())
			if own := i - jobsOfLinks(p); own >= 0 && own < len(n.Description.Rollout) {
				causes[i] = o.described(n, "rollout", own)
			}
		}
		return pick(path[2:], causes)
	case "bootstrap":
		return o.job(n, kind.Deploy, path[2:])
	case "builds":
		return o.job(n, kind.Build, path[2:])
	case "day2":
		return o.job(n, kind.Day2, path[2:])
	}
	return nil
}

func (o *origins) waits(n *ir.Node, path []string) *cause {
	var causes, turned []*cause
	for _, target := range o.plan.Of[n].Waits {
		causes = append(causes, o.by(target.By()))
	}
	if len(path) == 0 {
		for _, e := range o.out[n] {
			if len(e.Followed) > 0 {
				turned = append(turned, o.turned(e))
			}
		}
		return all(o.startups(n), all(turned...), anyOf(causes...))
	}
	return pick(path, causes)
}

func (o *origins) job(n *ir.Node, role kind.Role, path []string) *cause {
	var causes []*cause
	for _, d := range o.plan.Of[n].Jobs {
		if d.Value().Role == role {
			causes = append(causes, o.fileAt(n, d.Value().File))
		}
	}
	return pick(path, causes)
}

func (o *origins) jobs(nodes []*ir.Node, role kind.Role) *cause {
	var causes []*cause
	for _, n := range nodes {
		for _, d := range o.plan.Of[n].Jobs {
			if d.Value().Role == role {
				causes = append(causes, o.fileAt(n, d.Value().File))
			}
		}
	}
	return anyOf(causes...)
}

// prerequisite is what has to be installed: path is INDEX.crds.INDEX, INDEX.needed_by.INDEX and the like.
func (o *origins) prerequisite(p ir.Prerequisite, path []string) *cause {
	wanted, of := "", ""
	var field []string // a text of it
	if len(path) == 2 {
		field = path[1:]
	}
	if len(path) > 2 {
		of = path[1]
		i, _ := strconv.Atoi(path[2])
		for word, list := range map[string][]string{"crds": p.CRDs, "needed_by": p.NeededBy, "namespaces": p.Namespaces} {
			if of == word && i < len(list) {
				wanted = list[i]
			}
		}
	}
	var causes []*cause
	for _, n := range o.plan.Graph.Components() {
		if of == "needed_by" && wanted != n.Name || of == "namespaces" && wanted != n.Namespace() {
			continue
		}
		says := func(said kind.Object) bool {
			crds, _ := said["crds"].([]any)
			return said["name"] == p.Name && (said["version"] == p.Version || said["version"] == nil && p.Version == "") && (of != "crds" || wanted == "" || slices.Contains(crds, any(wanted)))
		}
		for i, said := range n.Description.Prerequisites {
			if says(said) {
				causes = append(causes, o.described(n, slices.Concat([]any{"prerequisites", i}, words(field))...))
			}
		}
		for _, d := range o.plan.Of[n].Prerequisites {
			if says(d.Value()) {
				causes = append(causes, o.by(d.By(), field...))
			}
		}
	}
	return anyOf(causes...)
}

// jobsOfLinks is how many steps of a roll-out come before those of the kind itself.
func jobsOfLinks(p *ir.NodePlan) int {
	n := 0
	for _, d := range p.Rollout {
		if step, ok := d.Value().(kind.Object); ok && step["job"] != nil {
			n++
		}
	}
	return n
}
