package explain

import (
	"cmp"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// LinkStep is a link as a step of a way through an architecture.
type LinkStep struct {
	Source string `json:"source"`
	Target string `json:"target"`
	File   string `json:"file"`
	Line   int    `json:"line"`
}

// PathsDoc are the ways from one node to another.
type PathsDoc struct {
	From  string       `json:"from"`
	To    string       `json:"to"`
	Paths [][]LinkStep `json:"paths"` // shortest first
	More  bool         `json:"more"`  // there may be others

	Edges []*ir.Edge `json:"-"` // of all of them
}

// Paths lists the ways along links from one node to another.
func Paths(g *ir.Graph, from, to *ir.Node) PathsDoc {
	paths, more := g.Dependencies().Paths(from, to)
	d := PathsDoc{From: from.ID, To: to.ID, Paths: [][]LinkStep{}, More: more}
	for _, p := range paths {
		d.Paths = append(d.Paths, linkSteps(p))
		d.Edges = append(d.Edges, p...)
	}
	return d
}

func linkSteps(edges []*ir.Edge) []LinkStep {
	steps := make([]LinkStep, len(edges))
	for i, e := range edges {
		steps[i] = LinkStep{Source: e.Source.ID, Target: e.Named().ID, File: e.Pos.File, Line: e.Pos.Line}
	}
	return steps
}

// ImpactDoc is what depends on a node.
type ImpactDoc struct {
	Node       string         `json:"node"`
	Kind       string         `json:"kind"`
	Dependents []DependentDoc `json:"dependents"` // nearest first

	Nodes []*ir.Node `json:"-"`
	Edges []*ir.Edge `json:"-"`
}

// DependentDoc is one that depends on a node.
type DependentDoc struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	Namespace string     `json:"namespace"`
	Direct    bool       `json:"direct"` // it has a link to the node itself
	Links     []LinkStep `json:"links"`  // its links to the node; none where others are between them
	Path      []LinkStep `json:"path"`   // a shortest way to the node
	Alone     bool       `json:"alone"`  // every chain of its links ends at the node
}

// Impact lists what depends on a node, a component with all that is below it.
func Impact(g *ir.Graph, of *ir.Node) ImpactDoc {
	d := ImpactDoc{Node: of.ID, Kind: of.Kind.Name, Dependents: []DependentDoc{}, Nodes: []*ir.Node{of}}
	for _, one := range g.Dependencies().Dependents(of) {
		n := one.Node
		d.Dependents = append(d.Dependents, DependentDoc{
			ID: n.ID, Kind: n.Kind.Name, Namespace: n.Namespace(), Direct: len(one.Edges) > 0, Links: linkSteps(one.Edges), Path: linkSteps(one.Path), Alone: one.Solely,
		})
		d.Nodes = append(d.Nodes, n)
		d.Edges = append(append(d.Edges, one.Edges...), one.Path...)
	}
	return d
}

// Exposed is one way by which a component is reached from beyond its own namespace.
type Exposed struct {
	ID        string   `json:"id"` // the component that is reached
	Kind      string   `json:"kind"`
	Namespace string   `json:"namespace"`
	From      string   `json:"from"` // "internet", "nodes", "cluster", "namespace watch"
	By        string   `json:"by"`   // "a route of api", "the link orders -> db/orders"
	URL       string   `json:"url"`  // of a route, "*" for any host; "" where there is none
	Ports     []int    `json:"ports"`
	Allow     []string `json:"allow"` // addresses, or labels of pods, that alone get through; none: everyone there
	Auth      string   `json:"auth"`  // what callers are asked for: "none", "api_key", "login", "own" where the application alone knows
	TLS       bool     `json:"tls"`   // as far as the architecture knows
	File      string   `json:"file"`
	Line      int      `json:"line"`

	Edge *ir.Edge `json:"-"` // nil where it is no link's doing
	Node *ir.Node `json:"-"`
	Pos  diag.Pos `json:"-"`
}

// Exposure lists what reaches components from the internet, through a gateway, or from another namespace: the farthest first, then by component.
func Exposure(p *ir.Plan) []Exposed {
	all := []Exposed{}
	for _, n := range p.Graph.Components() {
		for _, x := range n.Description.Exposes {
			all = append(all, exposed(n, nil, x, n.Pos))
		}
	}
	for _, e := range p.Graph.Edges {
		for _, a := range p.Applied[e] {
			for _, x := range a.Result.Exposes {
				all = append(all, exposed(e.Target.Component(), e, x, e.Pos))
			}
		}
	}
	for _, n := range p.Graph.Components() {
		all = append(all, fromNamespaces(p, n)...)
	}
	slices.SortStableFunc(all, func(a, b Exposed) int {
		return cmp.Or(cmp.Compare(distance(a.From), distance(b.From)), strings.Compare(a.ID, b.ID), strings.Compare(a.From, b.From), strings.Compare(a.By, b.By), strings.Compare(a.URL, b.URL))
	})
	return all
}

// distance orders callers, those from farthest away first.
func distance(from string) int {
	if i := slices.Index([]string{"internet", "nodes", "cluster"}, from); i >= 0 {
		return i
	}
	return 3
}

func exposed(n *ir.Node, e *ir.Edge, x kind.Exposure, pos diag.Pos) Exposed {
	one := Exposed{
		ID: n.ID, Kind: n.Kind.Name, Namespace: n.Namespace(), From: x.From, By: x.By, Ports: []int{}, Allow: append([]string{}, x.Allow...), Auth: x.Auth, TLS: x.TLS,
		File: pos.File, Line: pos.Line, Edge: e, Node: n, Pos: pos,
	}
	if x.Path != "" {
		scheme := "http"
		if x.TLS {
			scheme = "https"
		}
		one.URL = scheme + "://" + cmp.Or(x.Host, "*") + x.Path
	}
	return one
}

// fromNamespaces are the links by which pods of other namespaces reach a component, each with its ports.
func fromNamespaces(p *ir.Plan, n *ir.Node) []Exposed {
	if n.Description.External != nil {
		return nil
	}
	ports := map[*ir.Edge][]int{}
	for _, policy := range p.Of[n].Policies {
		for _, o := range policy.Ingress {
			for _, by := range o.By() {
				if by.Edge != nil && by.Edge.Source.Namespace() != n.Namespace() && !slices.Contains(ports[by.Edge], o.Value().Port) {
					ports[by.Edge] = append(ports[by.Edge], o.Value().Port)
				}
			}
		}
	}
	var all []Exposed
	for _, e := range p.Graph.Inbound(n) {
		if len(ports[e]) == 0 {
			continue
		}
		one := exposed(n, e, kind.Exposure{From: "namespace " + e.Source.Namespace(), By: "the link " + e.Name(), Auth: handed(p, e)}, e.Pos)
		one.Ports = slices.Sorted(slices.Values(ports[e]))
		all = append(all, one)
	}
	return all
}

// handed is what the target of a link asks its source for: what the link hands to it.
func handed(p *ir.Plan, e *ir.Edge) string {
	if _, ok := p.Identities[e]; ok {
		return "login"
	}
	for _, a := range p.Applied[e] {
		for _, v := range a.Result.Out.Env {
			if value.IsSecret(v) {
				return "api_key"
			}
		}
		// a gateway hands on what its callers are asked for
		for _, x := range a.Result.Exposes {
			return x.Auth
		}
	}
	return "own"
}
