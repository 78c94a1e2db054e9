package graph

import (
	"slices"

	"platc.dev/platc/compiler/ir"
)

// Highlight is a part of a picture that stands out from the rest.
type Highlight struct {
	Nodes map[*ir.Node]bool
	Edges map[*ir.Edge]bool
}

// highlightColor is read on white and on black, also by those who cannot tell red from green: the lines are thicker as well.
const highlightColor = "#d35400"

// HighlightOf is a part of nodes and edges; the ends of the edges are in it.
func HighlightOf(nodes []*ir.Node, edges []*ir.Edge) *Highlight {
	h := &Highlight{map[*ir.Node]bool{}, map[*ir.Edge]bool{}}
	for _, n := range nodes {
		h.Nodes[n] = true
	}
	for _, e := range edges {
		h.Edges[e], h.Nodes[e.Source], h.Nodes[e.Named()] = true, true, true
	}
	return h
}

// node says whether a node stands out; one that is drawn folded, also for the sake of what it has in it.
func (h *Highlight) node(n *ir.Node, folded bool) bool {
	return h != nil && (h.Nodes[n] || folded && slices.ContainsFunc(n.Subs, func(s *ir.Node) bool { return h.Nodes[s] }))
}

func (h *Highlight) line(l line) bool {
	return h != nil && slices.ContainsFunc(l.edges, func(e *ir.Edge) bool { return h.Edges[e] })
}

// chosen is the part alone: a sub-component comes with its component.
func (h *Highlight) chosen() chosen {
	c := chosen{map[*ir.Node]bool{}, map[*ir.Edge]bool{}}
	for n := range h.Nodes {
		c.nodes[n], c.nodes[n.Component()] = !n.Implied, true
	}
	for e := range h.Edges {
		c.edges[e] = true
	}
	return c
}
