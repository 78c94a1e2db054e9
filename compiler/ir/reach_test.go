package ir_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// randomGraph has components, some with a sub-component, and links between any of them.
func randomGraph(r *rand.Rand) *ir.Graph {
	g := &ir.Graph{Name: "random"}
	for i := range 2 + r.IntN(7) {
		n := &ir.Node{ID: fmt.Sprintf("c%d", i), Kind: &kind.Kind{Name: "k"}}
		g.Nodes = append(g.Nodes, n)
		if r.IntN(2) == 0 {
			sub := &ir.Node{ID: n.ID + "/s/x", Parent: n, Kind: &kind.Kind{Name: "k/s"}}
			n.Subs = append(n.Subs, sub)
			g.Nodes = append(g.Nodes, sub)
		}
	}
	for range r.IntN(12) {
		source, target := g.Nodes[r.IntN(len(g.Nodes))], g.Nodes[r.IntN(len(g.Nodes))]
		if source.Component() != target.Component() {
			g.Edges = append(g.Edges, &ir.Edge{Source: source, Target: target})
		}
	}
	return g
}

// needs says, by walking from every node anew, whether one node needs another one, without entering some.
func needs(g *ir.Graph, from *ir.Node, to func(*ir.Node) bool, without map[*ir.Node]bool) bool {
	seen := map[*ir.Node]bool{from: true}
	for todo := []*ir.Node{from}; len(todo) > 0; todo = todo[1:] {
		var next []*ir.Node
		if p := todo[0].Parent; p != nil {
			next = append(next, p)
		}
		for _, e := range g.Edges {
			if e.Source == todo[0] {
				next = append(next, e.Target)
			}
		}
		for _, n := range next {
			if to(n) {
				return true
			}
			if !seen[n] && !without[n] {
				seen[n] = true
				todo = append(todo, n)
			}
		}
	}
	return false
}

func TestDependentsAndPaths(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 400 {
		g := randomGraph(r)
		d := g.Dependencies()
		of := g.Nodes[r.IntN(len(g.Nodes))]
		self := map[*ir.Node]bool{of: true}
		for _, s := range of.Subs {
			self[s] = true
		}
		found := map[*ir.Node]ir.Dependent{}
		for _, one := range d.Dependents(of) {
			found[one.Node] = one
		}
		for _, n := range g.Nodes {
			if self[n] {
				continue
			}
			one, listed := found[n]
			links := slices.ContainsFunc(g.Edges, func(e *ir.Edge) bool { return e.Source == n })
			want := needs(g, n, func(m *ir.Node) bool { return self[m] }, nil) && (links || n.Parent == nil)
			if listed != want {
				t.Fatalf("%s depends on %s: %v, want %v", n.ID, of.ID, listed, want)
			}
			paths, _ := d.Paths(n, of)
			if listed {
				checkPath(t, n, self, one.Path)
				isEnd := func(m *ir.Node) bool {
					return !self[m] && m.Parent == nil && !slices.ContainsFunc(g.Edges, func(e *ir.Edge) bool { return e.Source == m })
				}
				if solely := !needs(g, n, isEnd, self); solely != one.Solely {
					t.Fatalf("%s depends solely on %s: %v, want %v", n.ID, of.ID, one.Solely, solely)
				}
				if len(paths) == 0 {
					t.Fatalf("no path from %s to %s", n.ID, of.ID)
				}
			}
			for i, p := range paths {
				if i > 0 && len(p) < len(paths[i-1])-1 {
					t.Fatalf("the paths from %s to %s are not sorted by length", n.ID, of.ID)
				}
				if slices.ContainsFunc(paths[:i], func(q []*ir.Edge) bool { return slices.Equal(p, q) }) {
					t.Fatalf("a path from %s to %s is listed twice", n.ID, of.ID)
				}
			}
		}
	}
}

// checkPath: each link starts where the one before ends, or at the component of that.
func checkPath(t *testing.T, from *ir.Node, goal map[*ir.Node]bool, path []*ir.Edge) {
	t.Helper()
	at := from
	for _, e := range path {
		if e.Source != at && e.Source != at.Component() {
			t.Fatalf("a path goes from %s to %s", at.ID, e.Source.ID)
		}
		at = e.Target
	}
	if !goal[at] && !goal[at.Component()] {
		t.Fatalf("a path ends at %s", at.ID)
	}
}
