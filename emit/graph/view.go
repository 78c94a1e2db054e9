package graph

import (
	"cmp"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
)

// Direction says which edges are followed from the focus.
type Direction string

// In follows edges from target to source, Out from source to target.
const (
	In   Direction = "in"
	Out  Direction = "out"
	Both Direction = "both"
)

// Options choose what is drawn.
type Options struct {
	Focus     *ir.Node   // nil: the whole architecture
	Depth     int        // edges away from the focus; negative: no bound
	Direction Direction  // from the focus; "" is Both
	Expand    bool       // sub-components as nodes of their own; JSON always has them
	Highlight *Highlight // nil: nothing stands out
	Alone     bool       // nothing is drawn but what stands out
	AllLinks  bool       // those of hubs too; JSON always has them
}

// Find is the node that a reference means: an id, or component/name where just one sub-component has that name; nil without.
func Find(g *ir.Graph, reference string) *ir.Node {
	var short *ir.Node
	for _, n := range g.Nodes {
		switch {
		case n.Implied:
		case n.ID == reference:
			return n
		case n.Parent != nil && n.Parent.ID+"/"+n.Name == reference:
			if short != nil {
				return nil
			}
			short = n
		}
	}
	return short
}

// References lists the ids that Find knows, sorted.
func References(g *ir.Graph) []string {
	var all []string
	for _, n := range g.Nodes {
		if !n.Implied {
			all = append(all, n.ID)
		}
	}
	slices.Sort(all)
	return all
}

// view is what is drawn: nodes by id, edges by source, target and place. An implied sub-component is no part of what the
// user wrote, so that a link to a whole component ends at the component.
type view struct {
	nodes []*ir.Node
	subs  map[*ir.Node][]*ir.Node // of a component
	edges []*ir.Edge
}

func look(g *ir.Graph, o Options) view {
	v := view{subs: map[*ir.Node][]*ir.Node{}}
	in := everything(g)
	switch {
	case o.Focus != nil:
		in = around(g, o)
	case o.Alone && o.Highlight != nil:
		in = o.Highlight.chosen()
	}
	for _, n := range g.Nodes {
		if in.nodes[n] {
			v.nodes = append(v.nodes, n)
		}
	}
	for _, e := range g.Edges {
		if in.edges[e] {
			v.edges = append(v.edges, e)
		}
	}
	slices.SortStableFunc(v.nodes, func(a, b *ir.Node) int { return strings.Compare(a.ID, b.ID) })
	for _, n := range v.nodes {
		if n.Parent != nil {
			v.subs[n.Parent] = append(v.subs[n.Parent], n)
		}
	}
	slices.SortStableFunc(v.edges, func(a, b *ir.Edge) int {
		return cmp.Or(strings.Compare(a.Source.ID, b.Source.ID), strings.Compare(a.Named().ID, b.Named().ID), a.Pos.Compare(b.Pos))
	})
	return v
}

// chosen is the nodes and edges that are drawn.
type chosen struct {
	nodes map[*ir.Node]bool
	edges map[*ir.Edge]bool
}

func everything(g *ir.Graph) chosen {
	c := chosen{map[*ir.Node]bool{}, map[*ir.Edge]bool{}}
	for _, n := range g.Nodes {
		c.nodes[n] = !n.Implied
	}
	for _, e := range g.Edges {
		c.edges[e] = true
	}
	return c
}

// around chooses what lies within the depth of the focus. A component stands for itself and its sub-components; a
// sub-component brings its component into the picture, but not what else that is linked with. A hub is reached, but not
// passed: everything is near it.
func around(g *ir.Graph, o Options) chosen {
	c := chosen{map[*ir.Node]bool{}, map[*ir.Edge]bool{}}
	out, in := map[*ir.Node][]*ir.Edge{}, map[*ir.Node][]*ir.Edge{}
	for _, e := range g.Edges {
		out[e.Source] = append(out[e.Source], e)
		in[e.Named()] = append(in[e.Named()], e)
	}
	reached, center := map[*ir.Node]bool{}, hubsOf(g)
	var border []*ir.Node
	reach := func(n *ir.Node) {
		for _, m := range append([]*ir.Node{n}, n.Subs...) {
			if !m.Implied && !reached[m] {
				reached[m], c.nodes[m], c.nodes[m.Component()] = true, true, true
				border = append(border, m)
			}
		}
	}
	reach(o.Focus)
	for step := 0; len(border) > 0 && (o.Depth < 0 || step < o.Depth); step++ {
		from := border
		border = nil
		for _, n := range from {
			if center[n.Component()] && n.Component() != o.Focus.Component() && !o.AllLinks {
				continue
			}
			if o.Direction != In {
				for _, e := range out[n] {
					c.edges[e] = true
					reach(e.Named())
				}
			}
			if o.Direction != Out {
				for _, e := range in[n] {
					c.edges[e] = true
					reach(e.Source)
				}
			}
		}
	}
	return c
}

// outside is where servers stand that are not deployed; no namespace has a name with a blank.
const outside = "external servers"

// components groups the components of a view by namespace, both sorted.
func (v view) components() (namespaces []string, of map[string][]*ir.Node) {
	of = map[string][]*ir.Node{}
	for _, n := range v.nodes {
		if n.Parent == nil {
			place := n.Namespace()
			if n.Description.External != nil {
				place = outside
			}
			of[place] = append(of[place], n)
		}
	}
	for ns := range of {
		namespaces = append(namespaces, ns)
	}
	slices.Sort(namespaces)
	return namespaces, of
}

// titles are the lines of a component's label.
func titles(n *ir.Node) []string {
	if n.Description.External != nil {
		return []string{n.Name, n.Kind.Name, n.Description.External.At}
	}
	return []string{n.Name, n.Kind.Name}
}

// line is an arrow of a picture: one edge, or all edges between two components.
type line struct {
	source, target *ir.Node
	edges          []*ir.Edge
}

// lines are the arrows, by source and target. Edges inside a component are drawn only where it is expanded.
func (v view) lines(expand bool) []line {
	var all []line
	at := map[[2]*ir.Node]int{}
	for _, e := range v.edges {
		source, to := e.Source, e.Named()
		if !expand {
			source, to = source.Component(), to.Component()
			if source == to {
				continue
			}
		}
		key := [2]*ir.Node{source, to}
		i, ok := at[key]
		if !ok {
			i = len(all)
			at[key] = i
			all = append(all, line{source: source, target: to})
		}
		all[i].edges = append(all[i].edges, e)
	}
	slices.SortStableFunc(all, func(a, b line) int {
		return cmp.Or(strings.Compare(a.source.ID, b.source.ID), strings.Compare(a.target.ID, b.target.ID))
	})
	return all
}

// waits says whether the source waits for the target on one of the edges.
func (l line) waits() bool {
	return slices.ContainsFunc(l.edges, func(e *ir.Edge) bool { return e.Startup })
}
