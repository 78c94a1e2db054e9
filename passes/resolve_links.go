package passes

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func resolveLinks() pass.Pass {
	return pass.Pass{
		Name:    "resolve-links",
		Doc:     "An edge for every link; the implied sub-component of a link to a whole component.",
		Codes:   []string{"E0103", "E0108", "E0201", "E0202"},
		Run:     runResolveLinks,
		Promise: "Nodes are sorted by ID, edges by their ends; both ends are nodes, and every link that was not refused is an edge.",
		Holds:   edgesHold,
	}
}

func runResolveLinks(c *pass.Context) bool {
	t := newTargets(c.Graph)
	for i, l := range c.Graph.Links {
		target, whole := t.find(c, l)
		if target == nil {
			c.Graph.Links[i].Invalid = true
			continue
		}
		c.Graph.Edges = append(c.Graph.Edges, &ir.Edge{Link: &c.Graph.Links[i], Source: l.Source, Target: target, Whole: whole, As: l.Target, Given: l.Given, Pos: l.Pos})
	}
	for _, l := range c.Graph.Loose {
		t.find(c, l)
	}
	t.join(c.Graph)
	// an edge is found by its ends, and two links of one source to one target by how they are written: all lists that are made of edges have this order
	slices.SortStableFunc(c.Graph.Edges, byEnds)
	return true
}

// targets are what links may name.
type targets struct {
	index      map[string]*ir.Node   // by ID
	subs       map[string][]*ir.Node // sub-components by name
	components []string
	near       map[string]string          // components that names which do not exist most likely mean
	implies    []*ir.Node                 // sub-components that links imply
	kinds      map[string][]string        // components by kind
	words      func(word string) []string // that other trades have for kinds; nil: nobody knows
}

// join puts the sub-components that links imply to the others.
func (t *targets) join(g *ir.Graph) {
	parents := map[*ir.Node]bool{}
	for _, n := range t.implies {
		n.Parent.Subs = append(n.Parent.Subs, n)
		parents[n.Parent] = true
	}
	for n := range parents {
		slices.SortFunc(n.Subs, byNodeID)
	}
	g.Nodes = slices.Concat(g.Nodes, t.implies)
	slices.SortFunc(g.Nodes, byNodeID)
}

func newTargets(g *ir.Graph) *targets {
	t := &targets{index: map[string]*ir.Node{}, subs: map[string][]*ir.Node{}, near: map[string]string{}, kinds: map[string][]string{}}
	t.words = words(g, "kinds")
	for _, n := range g.Nodes {
		t.index[n.ID] = n
		if n.Parent == nil {
			t.components = append(t.components, n.Name)
			t.kinds[n.Kind.Name] = append(t.kinds[n.Kind.Name], n.Name)
		} else {
			t.subs[n.Name] = append(t.subs[n.Name], n)
		}
	}
	return t
}

// words are those that other trades have for kinds or fields; nil: nobody knows.
func words(g *ir.Graph, of string) func(word string) []string {
	if g.Library == nil || g.Library.Words == nil {
		return nil
	}
	return func(word string) []string { return g.Library.Words(of, word) }
}

// find is the node that a link names. A link to a whole component means its implied sub-component where there is a rule for that.
func (t *targets) find(c *pass.Context, l ir.Link) (target *ir.Node, whole bool) {
	name, rest, deep := strings.Cut(l.Target, "/")
	component := t.index[name]
	if component == nil || component.Parent != nil {
		if !c.Graph.Failed[name] {
			notFound(c, l, fmt.Sprintf("there is no component %q", name), t.nearest(l.Target), t.named())
		}
		return nil, false
	}
	if !deep {
		return t.implied(c, l, component)
	}
	if n := t.index[l.Target]; n != nil {
		return n, false
	}
	if c.Graph.Failed[l.Target] {
		return nil, false
	}
	short, subName, full := strings.Cut(rest, "/")
	if full {
		notFound(c, l, missingSub(component, short, subName), t.nearest(l.Target), subsOf(component))
		return nil, false
	}
	var found []*ir.Node
	var ids []string
	failed := false
	for _, short := range slices.Sorted(maps.Keys(component.Kind.Subs)) {
		id := name + "/" + short + "/" + rest
		failed = failed || c.Graph.Failed[id]
		if n := t.index[id]; n != nil {
			found, ids = append(found, n), append(ids, fmt.Sprintf("%q", n.ID))
		}
	}
	switch {
	case len(found) == 1:
		return found[0], false
	case len(found) == 0 && failed:
		return nil, false
	case len(found) == 0:
		notFound(c, l, missingSub(component, "", rest), t.nearest(l.Target), subsOf(component))
		return nil, false
	}
	c.Report(diag.Diagnostic{Code: "E0202", Path: linkPath(l), Pos: l.Pos, Message: fmt.Sprintf("%s links to %q, but %s has %d sub-components with that name", l.Source.ID, l.Target, name, len(found)), Help: "write " + strings.Join(ids, " or ")})
	return nil, false
}

func linkPath(l ir.Link) string { return l.Source.Path() + fmt.Sprintf(".links[%q]", l.Target) }

// implied is what a link to a whole component means: the component, or the sub-component named after the source.
func (t *targets) implied(c *pass.Context, l ir.Link, component *ir.Node) (target *ir.Node, whole bool) {
	rule := component.Kind.Implied
	if rule == nil || l.Source.Kind == nil || l.Source.Component() == component {
		return component, false
	}
	sub := component.Kind.Subs[rule.Sub]
	if sub == nil || len(c.Graph.Library.RulesOf(l.Source.Kind, sub)) == 0 {
		return component, false
	}
	name := l.Source.Component().Name
	if rule.Name == "_" {
		name = strings.ReplaceAll(name, "-", "_")
	}
	n := &ir.Node{ID: component.ID + "/" + rule.Sub + "/" + name, Name: name, Kind: sub, Parent: component, Implied: true, Pos: l.Pos}
	if old := t.index[n.ID]; old != nil {
		return old, true
	}
	if problem := sub.Names.Check(name); problem != "" {
		c.Report(diag.Diagnostic{Code: "E0108", Path: linkPath(l), Pos: l.Pos, Message: fmt.Sprintf("%s links to %q as a whole, so its %s is called %q, which %s", l.Source.ID, l.Target, rule.Sub, name, problem), Help: "link to a " + rule.Sub + " that " + component.Name + " declares"})
		return nil, false
	}
	n.Attrs, _ = sub.Attributes.Complete(nil, kind.Place{Path: n.Path(), Subject: n.ID, KeyPos: l.Pos}, c.Findings).(kind.Object)
	t.index[n.ID] = n
	t.implies = append(t.implies, n)
	return n, true
}

func byNodeID(a, b *ir.Node) int { return cmp.Compare(a.ID, b.ID) }

func byEnds(a, b *ir.Edge) int {
	return cmp.Or(cmp.Compare(a.Source.ID, b.Source.ID), cmp.Compare(a.Target.ID, b.Target.ID), cmp.Compare(a.As, b.As))
}

// withInvalidLinks are the components with a link that is invalid, or with links that cannot be read.
func withInvalidLinks(c *pass.Context) map[*ir.Node]bool {
	all := map[*ir.Node]bool{}
	for _, l := range c.Graph.Links {
		if l.Invalid {
			all[l.Source.Component()] = true
		}
	}
	for _, n := range c.Graph.Nodes {
		if c.Findings.HasErrors() && c.Findings.Any(func(d diag.Diagnostic) bool { return d.Path == n.Path()+".links" }) {
			all[n.Component()] = true
		}
	}
	return all
}

func edgesHold(c *pass.Context) error {
	known := map[*ir.Node]bool{}
	for _, n := range c.Graph.Nodes {
		known[n] = true
	}
	for _, e := range c.Graph.Edges {
		if !known[e.Source] || !known[e.Target] {
			return fmt.Errorf("an end of %s is no node", e.Name())
		}
	}
	switch {
	case !slices.IsSortedFunc(c.Graph.Nodes, byNodeID):
		return errors.New("the nodes are not sorted")
	case !slices.IsSortedFunc(c.Graph.Edges, byEnds):
		return errors.New("the edges are not sorted")
	case len(c.Graph.Edges) != len(c.Graph.Links) && len(c.Graph.Failed) == 0 && !c.Findings.HasErrors():
		return fmt.Errorf("%d links are %d edges", len(c.Graph.Links), len(c.Graph.Edges))
	}
	return nil
}
