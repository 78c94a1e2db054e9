package owners

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
)

// Tree is what a tree stands for, as the record beside its files keeps it.
type Tree struct {
	Architecture string   `json:"architecture"` // "" in a record that is older than this
	Tags         []string `json:"tags"`         // that @if read

	Environments []string `json:"environments,omitempty"` // that have a folder; none: it is one tree

	Data      []Data      `json:"data"`      // by node
	Keeps     []Kept      `json:"keeps"`     // by source and target
	Variables []Variables `json:"variables"` // by source, prefix and target
}

// Data is storage that a node owns. All but the format is its identity.
type Data struct {
	Environment string `json:"environment,omitempty"`

	Node      string `json:"node"` // "db/database/orders"
	Kind      string `json:"kind"` // "postgresql/database"
	What      string `json:"what"` // "database"
	Namespace string `json:"namespace"`
	Object    string `json:"object"`
	Format    string `json:"format"` // "": any can be read
}

func (d Data) where() string { return d.What + " " + d.Object + " in namespace " + d.Namespace }

// Kept is what a component keeps at a node that it links to, below a name that is made of its own.
type Kept struct {
	Environment string `json:"environment,omitempty"`

	Source string `json:"source"`
	Target string `json:"target"`
	What   string `json:"what"`
	Object string `json:"object"`
}

// Variables are those of an instance that a component has under their plain names.
type Variables struct {
	Environment string `json:"environment,omitempty"`

	Source string   `json:"source"`
	Prefix string   `json:"prefix"`
	Target string   `json:"target"`
	Names  []string `json:"names"`
}

// Of is what the tree of a plan stands for.
func Of(p *ir.Plan) Tree {
	t := Tree{Architecture: p.Graph.Name, Tags: p.Graph.Tags}
	environment := p.Graph.Environment
	if environment != "" {
		t.Environments = []string{environment}
	}
	for _, n := range p.Graph.Nodes {
		for _, d := range n.Description.Data {
			t.Data = append(t.Data, Data{Environment: environment, Node: n.ID, Kind: n.Kind.Name, What: d.What, Namespace: d.Namespace, Object: d.Object, Format: d.Format})
		}
	}
	for _, e := range p.Graph.Edges {
		for _, a := range p.Applied[e] {
			for _, k := range a.Result.Keeps {
				t.Keeps = append(t.Keeps, Kept{Environment: environment, Source: e.Source.Component().Name, Target: e.Target.ID, What: k.What, Object: k.Object})
			}
		}
	}
	for _, n := range p.Graph.Components() {
		for _, d := range p.Of[n].Instances {
			i := d.Value()
			if names := plain(p.Of[n], i); len(names) > 0 {
				t.Variables = append(t.Variables, Variables{Environment: environment, Source: n.Name, Prefix: i.Prefix, Target: i.Component.Name, Names: names})
			}
		}
	}
	return t.sorted()
}

// plain are the variables of an instance that a component has under their plain names, sorted.
func plain(np *ir.NodePlan, i ir.Instance) []string {
	var names []string
	for _, key := range slices.Sorted(maps.Keys(i.Variables)) {
		name := i.Prefix + "_" + key
		if d, ok := np.Env[name]; ok && d.By()[0].Edge != nil && d.By()[0].Edge.Target.Component() == i.Component {
			names = append(names, name)
		}
	}
	return names
}

// Together is the tree of several environments.
func Together(trees []Tree) Tree {
	var all Tree
	for _, t := range trees {
		all.Architecture, all.Tags = t.Architecture, t.Tags
		all.Environments = append(all.Environments, t.Environments...)
		all.Data, all.Keeps, all.Variables = append(all.Data, t.Data...), append(all.Keeps, t.Keeps...), append(all.Variables, t.Variables...)
	}
	slices.Sort(all.Environments)
	return all.sorted()
}

// In is the part of an environment.
func (t Tree) In(environment string) Tree {
	part := Tree{Architecture: t.Architecture, Tags: t.Tags}
	for _, d := range t.Data {
		if d.Environment == environment {
			d.Environment = ""
			part.Data = append(part.Data, d)
		}
	}
	for _, k := range t.Keeps {
		if k.Environment == environment {
			k.Environment = ""
			part.Keeps = append(part.Keeps, k)
		}
	}
	for _, v := range t.Variables {
		if v.Environment == environment {
			v.Environment = ""
			part.Variables = append(part.Variables, v)
		}
	}
	return part.sorted()
}

// Only is the tree after a build of some environments and components: the others stay as they were.
func (t Tree) Only(old Tree, built func(environment, component string) bool) Tree {
	after := Tree{Architecture: t.Architecture, Tags: t.Tags, Environments: slices.Clone(t.Environments)}
	for _, name := range old.Environments {
		if !built(name, "") && !slices.Contains(after.Environments, name) {
			after.Environments = append(after.Environments, name)
		}
	}
	slices.Sort(after.Environments)
	for _, part := range []struct {
		of   Tree
		take bool
	}{{t, true}, {old, false}} {
		for _, d := range part.of.Data {
			if built(d.Environment, component(d.Node)) == part.take {
				after.Data = append(after.Data, d)
			}
		}
		for _, k := range part.of.Keeps {
			if built(k.Environment, k.Source) == part.take {
				after.Keeps = append(after.Keeps, k)
			}
		}
		for _, v := range part.of.Variables {
			if built(v.Environment, v.Source) == part.take {
				after.Variables = append(after.Variables, v)
			}
		}
	}
	return after.sorted()
}

func (t Tree) sorted() Tree {
	t.Data, t.Keeps, t.Variables = slices.Clone(t.Data), slices.Clone(t.Keeps), slices.Clone(t.Variables)
	slices.SortFunc(t.Data, func(a, b Data) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Node, b.Node), cmp.Compare(a.What, b.What), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Object, b.Object))
	})
	slices.SortFunc(t.Keeps, func(a, b Kept) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Target, b.Target), cmp.Compare(a.What, b.What), cmp.Compare(a.Object, b.Object))
	})
	t.Keeps = slices.Compact(t.Keeps)
	slices.SortFunc(t.Variables, func(a, b Variables) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Prefix, b.Prefix), cmp.Compare(a.Target, b.Target))
	})
	return t
}

// component is the component of a node's ID, or the kind of component of a kind.
func component(id string) string {
	name, _, _ := strings.Cut(id, "/")
	return name
}
