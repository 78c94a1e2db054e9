package ir

import (
	"cmp"
	"slices"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/multi"
	"gonum.org/v1/gonum/graph/topo"
)

// startup is the graph of components in which an edge means that its source waits for its target. IDs follow the order of names.
type startup struct {
	*multi.DirectedGraph

	nodes []*Node
	ids   map[*Node]int64
	edges map[[2]int64][]*Edge
}

func (g *Graph) startup() *startup {
	s := &startup{DirectedGraph: multi.NewDirectedGraph(), nodes: g.Components(), ids: map[*Node]int64{}, edges: map[[2]int64][]*Edge{}}
	for i, n := range s.nodes {
		s.ids[n] = int64(i)
		s.AddNode(multi.Node(i))
	}
	for _, e := range g.Edges {
		// an edge inside one component orders nothing, and gonum takes no self-loop
		if !e.Startup || e.Internal() {
			continue
		}
		pair := [2]int64{s.ids[e.Source.Component()], s.ids[e.Target.Component()]}
		s.edges[pair] = append(s.edges[pair], e)
		s.SetLine(s.NewLine(multi.Node(pair[0]), multi.Node(pair[1])))
	}
	return s
}

// Cycles lists, for every set of components that wait for each other, a shortest cycle: the edges, in order, from the first component by name.
func (g *Graph) Cycles() [][]*Edge {
	s := g.startup()
	var cycles [][]*Edge
	for _, component := range topo.TarjanSCC(s) {
		if len(component) < 2 {
			continue
		}
		cycles = append(cycles, s.shortest(component))
	}
	slices.SortFunc(cycles, func(a, b []*Edge) int { return cmp.Compare(a[0].Source.ID, b[0].Source.ID) })
	return cycles
}

// shortest is a shortest cycle inside a strongly connected set, found by breadth-first search from each of its nodes.
func (s *startup) shortest(set []graph.Node) []*Edge {
	inside := map[int64]bool{}
	ids := make([]int64, 0, len(set))
	for _, n := range set {
		inside[n.ID()] = true
		ids = append(ids, n.ID())
	}
	slices.Sort(ids)
	// a large knot would cost a search per node: the cycle through its first nodes is as good a place to begin
	const starts = 64
	var best []int64
	for _, start := range ids[:min(len(ids), starts)] {
		if path := s.cycleFrom(start, inside, len(best)); path != nil {
			best = path
		}
	}
	edges := make([]*Edge, len(best))
	for i, from := range best {
		edges[i] = s.edges[[2]int64{from, best[(i+1)%len(best)]}][0]
	}
	return edges
}

// cycleFrom is a shortest cycle through start that is shorter than limit (0: any), nil without.
func (s *startup) cycleFrom(start int64, inside map[int64]bool, limit int) []int64 {
	before := map[int64]int64{start: -1}
	queue := []int64{start}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		next := graph.NodesOf(s.From(at))
		slices.SortFunc(next, func(a, b graph.Node) int { return cmp.Compare(a.ID(), b.ID()) })
		for _, n := range next {
			if n.ID() == start {
				path := []int64{at}
				for p := before[at]; p >= 0; p = before[p] {
					path = append(path, p)
				}
				slices.Reverse(path)
				if limit > 0 && len(path) >= limit {
					return nil
				}
				return path
			}
			if _, seen := before[n.ID()]; !seen && inside[n.ID()] {
				before[n.ID()] = at
				queue = append(queue, n.ID())
			}
		}
	}
	return nil
}

// TargetsFirst lists the components so that each stands after those it waits for, by name where nothing else orders them.
// Components on a cycle come last, by name.
func (g *Graph) TargetsFirst() []*Node {
	s := g.startup()
	sorted, err := topo.SortStabilized(s, byID)
	if err == nil {
		return s.pick(sorted)
	}
	// what lies on a cycle has no order: SortStabilized leaves a gap for each knot
	var rest []graph.Node
	if knots, ok := err.(topo.Unorderable); ok {
		for _, knot := range knots {
			rest = append(rest, knot...)
		}
	}
	byID(rest)
	kept := slices.DeleteFunc(sorted, func(n graph.Node) bool { return n == nil })
	return append(s.pick(kept), s.pick(rest)...)
}

// byID orders nodes so that, read backwards, names ascend.
func byID(nodes []graph.Node) {
	slices.SortFunc(nodes, func(a, b graph.Node) int { return cmp.Compare(b.ID(), a.ID()) })
}

// pick gives the components of sorted nodes, the last first: gonum puts sources before targets.
func (s *startup) pick(nodes []graph.Node) []*Node {
	all := make([]*Node, 0, len(nodes))
	for _, n := range slices.Backward(nodes) {
		all = append(all, s.nodes[n.ID()])
	}
	return all
}

// Waits is, for each component, the components that it waits for, by name.
func (g *Graph) Waits() map[*Node][]*Node {
	all := map[*Node][]*Node{}
	for _, e := range g.Edges {
		source, target := e.Source.Component(), e.Target.Component()
		if e.Startup && !e.Internal() && !slices.Contains(all[source], target) {
			all[source] = append(all[source], target)
		}
	}
	for n := range all {
		slices.SortFunc(all[n], func(a, b *Node) int { return cmp.Compare(a.Name, b.Name) })
	}
	return all
}
