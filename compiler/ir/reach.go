package ir

import (
	"cmp"
	"slices"
	"strings"
)

// Dependencies is who needs whom: the source of a link its target, and a sub-component its component, whose links are also its own.
type Dependencies struct {
	needs, neededBy map[*Node][]need
}

// need is one step from a node to one that it needs, or back; edge is nil from a sub-component to its component.
type need struct {
	node *Node
	edge *Edge
}

// Dependencies are those of the graph. A link to a whole component leads to that.
func (g *Graph) Dependencies() *Dependencies {
	d := &Dependencies{needs: map[*Node][]need{}, neededBy: map[*Node][]need{}}
	add := func(from, to *Node, e *Edge) {
		d.needs[from] = append(d.needs[from], need{to, e})
		d.neededBy[to] = append(d.neededBy[to], need{from, e})
	}
	for _, n := range g.Nodes {
		if n.Parent != nil && !n.Implied {
			add(n, n.Parent, nil)
		}
	}
	for _, e := range g.Edges {
		add(e.Source, e.Named(), e)
	}
	for _, side := range []map[*Node][]need{d.needs, d.neededBy} {
		for n := range side {
			slices.SortStableFunc(side[n], func(a, b need) int { return strings.Compare(a.node.ID, b.node.ID) })
		}
	}
	return d
}

// Named is the target that the link names: the component of an implied sub-component.
func (e *Edge) Named() *Node {
	if e.Whole || e.Target.Implied {
		return e.Target.Component()
	}
	return e.Target
}

// whole is a node with what belongs to it: of a component, its sub-components.
func whole(n *Node) map[*Node]bool {
	all := map[*Node]bool{n: true}
	for _, s := range n.Subs {
		all[s] = true
	}
	return all
}

// reach gives every node that steps lead to from some, with the step by which a shortest way comes to it: the node before it, and the edge between them.
// Those that without holds are not entered; nil: all are.
func reach(from, without map[*Node]bool, steps map[*Node][]need) map[*Node]need {
	came := map[*Node]need{}
	border := sorted(from)
	for len(border) > 0 {
		var next []*Node
		for _, n := range border {
			for _, s := range steps[n] {
				if _, seen := came[s.node]; seen || from[s.node] || without[s.node] {
					continue
				}
				came[s.node] = need{n, s.edge}
				next = append(next, s.node)
			}
		}
		border = next
	}
	return came
}

func sorted(set map[*Node]bool) []*Node {
	all := make([]*Node, 0, len(set))
	for n := range set {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b *Node) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Dependent is a node that something else depends on a node for.
type Dependent struct {
	Node   *Node
	Edges  []*Edge // its links to the node itself; none where it depends on that through others
	Path   []*Edge // a shortest way: the links from the dependent to the node, in this order
	Solely bool    // each chain of its links ends at the node
}

// Dependents lists what depends on a node, a component with all that is below it: first what has a link to it, then the rest, nearest first, by ID.
// What is part of a dependent is listed where it has links of its own.
func (d *Dependencies) Dependents(of *Node) []Dependent {
	self := whole(of)
	came := reach(self, nil, d.neededBy)
	ends := d.ends()
	var all []Dependent
	for n, step := range came {
		if step.edge == nil && n.Parent != nil && len(d.needs[n]) == 1 {
			continue // only because it is part of one
		}
		one := Dependent{Node: n, Path: pathTo(came, n), Solely: !d.reachesOther(n, self, ends)}
		for _, s := range d.needs[n] {
			if s.edge != nil && self[s.node] {
				one.Edges = append(one.Edges, s.edge)
			}
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Dependent) int {
		return cmp.Or(cmp.Compare(len(a.Path), len(b.Path)), strings.Compare(a.Node.ID, b.Node.ID))
	})
	return all
}

// pathTo is the links from a node back to where a search began.
func pathTo(came map[*Node]need, n *Node) []*Edge {
	var path []*Edge
	for step, ok := came[n]; ok; step, ok = came[step.node] {
		if step.edge != nil {
			path = append(path, step.edge)
		}
	}
	return path
}

// ends are the nodes that need nothing.
func (d *Dependencies) ends() map[*Node]bool {
	all := map[*Node]bool{}
	for n := range d.neededBy {
		if len(d.needs[n]) == 0 {
			all[n] = true
		}
	}
	return all
}

// reachesOther says whether a chain of needs from a node ends elsewhere than at some.
func (d *Dependencies) reachesOther(n *Node, some, ends map[*Node]bool) bool {
	for other := range reach(map[*Node]bool{n: true}, some, d.needs) {
		if ends[other] {
			return true
		}
	}
	return false
}

// What bounds the search for paths: there may be more of them than anyone can count.
const (
	MaxPaths = 100     // that are listed
	maxBegun = 100_000 // that are begun
)

// Paths lists the ways along links from one node to another, a component with all that is below it: shortest first, then by ID. No way visits a node
// twice. more says that there may be others.
func (d *Dependencies) Paths(from, to *Node) (paths [][]*Edge, more bool) {
	begin, goal := whole(from), whole(to)
	if to.Parent == from {
		delete(begin, to)
	}
	leads := reach(goal, nil, d.neededBy)
	var begun [][]need
	for _, n := range sorted(begin) {
		begun = append(begun, []need{{node: n}})
	}
	for i := 0; i < len(begun); i++ {
		way := begun[i]
		for _, s := range d.needs[way[len(way)-1].node] {
			_, useful := leads[s.node]
			switch longer := append(slices.Clip(way), s); {
			case goal[s.node] && !begin[s.node]:
				paths = append(paths, edgesOf(longer))
			case useful && !begin[s.node] && !slices.ContainsFunc(way, func(w need) bool { return w.node == s.node }):
				begun = append(begun, longer)
			}
			if len(paths) > MaxPaths || len(begun) > maxBegun {
				return paths[:min(len(paths), MaxPaths)], true
			}
		}
	}
	return paths, false
}

func edgesOf(way []need) []*Edge {
	var all []*Edge
	for _, s := range way {
		if s.edge != nil {
			all = append(all, s.edge)
		}
	}
	return all
}
