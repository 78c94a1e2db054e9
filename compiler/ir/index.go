package ir

import (
	"cmp"
	"slices"
)

// nodeIndex finds nodes without a walk over all of them.
type nodeIndex struct {
	of         []*Node // that it was made of
	byID       map[string]*Node
	components []*Node // by ID
}

// edgeIndex is the edges of each component at which they start, and at which they end, in the order of the graph.
type edgeIndex struct {
	of      []*Edge // that it was made of
	out, in map[*Node][]*Edge
}

// isOf says whether an index was made of a list as it is now: resolve-links adds nodes and edges, find-rules drops edges, and nothing else changes either.
func isOf[T comparable](made, now []T) bool {
	return len(made) == len(now) && (len(now) == 0 || &made[0] == &now[0])
}

func (g *Graph) nodes() *nodeIndex {
	if i := g.nodeIndex.Load(); i != nil && isOf(i.of, g.Nodes) {
		return i
	}
	i := &nodeIndex{of: g.Nodes, byID: make(map[string]*Node, len(g.Nodes))}
	for _, n := range g.Nodes {
		i.byID[n.ID] = n
		if n.Parent == nil {
			i.components = append(i.components, n)
		}
	}
	slices.SortFunc(i.components, func(a, b *Node) int { return cmp.Compare(a.ID, b.ID) })
	g.nodeIndex.Store(i)
	return i
}

func (g *Graph) edges() *edgeIndex {
	if i := g.edgeIndex.Load(); i != nil && isOf(i.of, g.Edges) {
		return i
	}
	i := &edgeIndex{of: g.Edges, out: map[*Node][]*Edge{}, in: map[*Node][]*Edge{}}
	for _, e := range g.Edges {
		source, target := e.Source.Component(), e.Target.Component()
		i.out[source] = append(i.out[source], e)
		i.in[target] = append(i.in[target], e)
	}
	g.edgeIndex.Store(i)
	return i
}

// Components lists the components, by name. The list is shared.
func (g *Graph) Components() []*Node { return g.nodes().components }

// Node is the node of an ID, nil without.
func (g *Graph) Node(id string) *Node { return g.nodes().byID[id] }

// Outbound lists the edges that start at a component or one of its sub-components, in the order of the graph. The list is shared.
func (g *Graph) Outbound(component *Node) []*Edge { return g.edges().out[component] }

// Inbound lists the edges that end at a component or one of its sub-components, likewise.
func (g *Graph) Inbound(component *Node) []*Edge { return g.edges().in[component] }

// Touching lists the edges at a component, those inside it once: first those that start there.
func (g *Graph) Touching(component *Node) []*Edge {
	all := slices.Clone(g.Outbound(component))
	for _, e := range g.Inbound(component) {
		if !e.Internal() {
			all = append(all, e)
		}
	}
	return all
}
