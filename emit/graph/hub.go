package graph

import (
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
)

// A hub has at least so many neighbours, and either so many times as many as the mean or more than half of all.
const (
	hubNeighbours = 10
	hubTimes      = 3
)

// hubs are the ends of lines that have far more neighbours than most. Their lines are not drawn, but said: they would hide all others.
func hubs[T comparable](pairs [][2]T) map[T]bool {
	near := map[T]map[T]bool{}
	for _, p := range pairs {
		for i := range p {
			if near[p[i]] == nil {
				near[p[i]] = map[T]bool{}
			}
			near[p[i]][p[1-i]] = true
		}
	}
	total := 0
	for _, others := range near {
		total += len(others)
	}
	all := map[T]bool{}
	for one, others := range near {
		if len(others) >= hubNeighbours && (len(others)*len(near) >= hubTimes*total || 2*len(others) > len(near)) {
			all[one] = true
		}
	}
	return all
}

// hubsOf are the hubs among the components of a graph.
func hubsOf(g *ir.Graph) map[*ir.Node]bool {
	var pairs [][2]*ir.Node
	for _, e := range g.Edges {
		if !e.Internal() {
			pairs = append(pairs, [2]*ir.Node{e.Source.Component(), e.Target.Component()})
		}
	}
	return hubs(pairs)
}

// said is the lines of a component that are not drawn: with hubs, or of a hub with the others.
type said struct {
	to, from []string // names of hubs; sorted
	others   int      // of a hub: how many components it has links with
}

// lines are the rows that say it; none for nil.
func (s *said) lines() []string {
	var all []string
	if s == nil {
		return nil
	}
	if len(s.to) > 0 {
		all = append(all, "→ "+few(s.to))
	}
	if len(s.from) > 0 {
		all = append(all, "← "+few(s.from))
	}
	if s.others > 0 {
		all = append(all, "linked with "+count(s.others, "component", "components"))
	}
	return all
}

// few is a list, cut where it is long.
func few(names []string) string {
	const most = 3
	if len(names) > most {
		return strings.Join(names[:most-1], ", ") + ", " + count(len(names)-most+1, "other", "others")
	}
	return strings.Join(names, ", ")
}

// bundle parts lines that are drawn from those of hubs, which are said. Drawn is whatever stands out, is around the focus, or has a hub at both ends.
func bundle(all []line, o Options) (drawn []line, of map[*ir.Node]*said) {
	of = map[*ir.Node]*said{}
	if o.AllLinks {
		return all, of
	}
	pairs := make([][2]*ir.Node, len(all))
	for i, l := range all {
		pairs[i] = [2]*ir.Node{l.source.Component(), l.target.Component()}
	}
	center := hubs(pairs)
	at := func(n *ir.Node) *said {
		if of[n] == nil {
			of[n] = &said{}
		}
		return of[n]
	}
	counted := map[[2]*ir.Node]bool{}
	for i, l := range all {
		source, target := pairs[i][0], pairs[i][1]
		focused := o.Focus != nil && (source == o.Focus.Component() || target == o.Focus.Component())
		if center[source] == center[target] || focused || o.Highlight.line(l) {
			drawn = append(drawn, l)
			continue
		}
		if counted[pairs[i]] {
			continue
		}
		counted[pairs[i]] = true
		if center[source] {
			at(target).from = append(at(target).from, source.Name)
			at(source).others++
		} else {
			at(source).to = append(at(source).to, target.Name)
			at(target).others++
		}
	}
	for _, s := range of {
		slices.Sort(s.to)
		slices.Sort(s.from)
	}
	return drawn, of
}
