package ir

import (
	"cmp"
	"errors"
	"slices"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/multi"
	"gonum.org/v1/gonum/graph/topo"
)

// startup is the graph of components in which a line means that its source waits for its target. IDs follow the order of names.
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
		waits, first := e.Order()
		if waits == nil {
			continue
		}
		pair := [2]int64{s.ids[waits], s.ids[first]}
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

// shortest is a shortest cycle inside a strongly connected set. It searches from each node in turn and then takes that node away,
// with all that is on no cycle without it: what is left shrinks, so that a large knot costs little more than a small one.
func (s *startup) shortest(set []graph.Node) []*Edge {
	k := s.knot(set)
	var best []int64
	for _, start := range k.ids {
		if k.targets[start] == nil {
			continue
		}
		if path := k.cycleFrom(start, len(best)); path != nil {
			best = path
		}
		k.remove(start)
	}
	edges := make([]*Edge, len(best))
	for i, from := range best {
		edges[i] = s.edges[[2]int64{from, best[(i+1)%len(best)]}][0]
	}
	return edges
}

// knot is a strongly connected set, or what is left of it: each of its nodes is on a cycle, or on a way from one to another.
type knot struct {
	ids              []int64 // ascending
	targets, sources map[int64][]int64
	out, in          map[int64]int // edges that are left
}

func (s *startup) knot(set []graph.Node) *knot {
	k := &knot{targets: map[int64][]int64{}, sources: map[int64][]int64{}, out: map[int64]int{}, in: map[int64]int{}}
	for _, n := range set {
		k.ids = append(k.ids, n.ID())
		k.targets[n.ID()] = []int64{}
	}
	slices.Sort(k.ids)
	for pair := range s.edges {
		from, to := pair[0], pair[1]
		if k.targets[from] == nil || k.targets[to] == nil {
			continue
		}
		k.targets[from] = append(k.targets[from], to)
		k.sources[to] = append(k.sources[to], from)
		k.out[from]++
		k.in[to]++
	}
	for _, targets := range k.targets {
		slices.Sort(targets)
	}
	return k
}

// remove takes a node away, and then each that nothing of the knot leads to or that leads to nothing of it.
func (k *knot) remove(first int64) {
	for left := []int64{first}; len(left) > 0; {
		id := left[len(left)-1]
		left = left[:len(left)-1]
		if k.targets[id] == nil {
			continue
		}
		for _, to := range k.targets[id] {
			if k.in[to]--; k.in[to] == 0 {
				left = append(left, to)
			}
		}
		for _, from := range k.sources[id] {
			if k.out[from]--; k.out[from] == 0 {
				left = append(left, from)
			}
		}
		delete(k.targets, id)
	}
}

// cycleFrom is a shortest cycle through start that is shorter than limit (0: any), nil without.
func (k *knot) cycleFrom(start int64, limit int) []int64 {
	before, length := map[int64]int64{start: -1}, map[int64]int{start: 1}
	for queue := []int64{start}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if limit > 0 && length[at] >= limit {
			return nil
		}
		for _, to := range k.targets[at] {
			if to == start {
				path := []int64{at}
				for p := before[at]; p >= 0; p = before[p] {
					path = append(path, p)
				}
				slices.Reverse(path)
				return path
			}
			if _, seen := before[to]; !seen && k.targets[to] != nil {
				before[to], length[to] = at, length[at]+1
				queue = append(queue, to)
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
	if knots, ok := errors.AsType[topo.Unorderable](err); ok {
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

// Waits is, for each component, the edges because of which it waits for another one, by the name of that.
func (g *Graph) Waits() map[*Node][]*Edge {
	all := map[*Node][]*Edge{}
	for _, e := range g.Edges {
		if waits, _ := e.Order(); waits != nil {
			all[waits] = append(all[waits], e)
		}
	}
	for n := range all {
		slices.SortStableFunc(all[n], func(a, b *Edge) int { return cmp.Compare(a.first().Name, b.first().Name) })
	}
	return all
}

func (e *Edge) first() *Node {
	_, first := e.Order()
	return first
}
