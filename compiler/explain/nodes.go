package explain

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// node is what a part of the view of a node depends on. That the component itself is there goes without saying.
func (o *origins) node(n *ir.Node, path []string) *cause {
	if len(path) == 0 {
		return nil
	}
	word, rest := path[0], path[1:]
	switch word {
	case "attrs", "quantities":
		return o.attribute(n, rest)
	case "folders":
		if len(rest) > 0 {
			return o.attribute(n, strings.Split(rest[0], "."))
		}
		return nil
	case "namespace":
		return o.attribute(n.Component(), path)
	case "parent":
		return o.node(n.Component(), rest)
	case "subs":
		return o.subs(n, rest)
	case "derived", "settings":
		return o.described(n, words(path)...)
	case "host", "ports":
		return o.described(n.Component(), words(path)...)
	case "pods":
		return o.pods(n.Component(), rest)
	case "variables":
		env := o.plan.VariablesOf(n).Env
		return o.nth(rest, sorted(env), func(name string) *cause { return o.by(env[name].By()) })
	case "instances":
		return o.instances(o.plan.VariablesOf(n), rest)
	}
	return o.decided(n.Component(), word, rest)
}

// words are a path as a trace takes it: indexes as numbers.
func words(path []string) []any {
	all := make([]any, len(path))
	for i, word := range path {
		all[i] = word
		if index, err := strconv.Atoi(word); err == nil {
			all[i] = index
		}
	}
	return all
}

// decided is what a decision of a pass depends on, in the view of a component.
func (o *origins) decided(n *ir.Node, word string, rest []string) *cause {
	p := o.plan.Of[n]
	switch word {
	case "clients":
		return o.clients(n, "", rest)
	case "cluster":
		return o.setting(append([]string{word}, rest...))
	case "clients_by":
		if len(rest) > 0 {
			return o.clients(n, rest[0], rest[1:])
		}
	case "delegates":
		return o.delegates(n, rest)
	case "exports":
		return o.exports(n, rest)
	case "image":
		return o.image(n)
	case "built":
		return o.builtImage(n)
	case "marks":
		if len(rest) > 0 {
			return o.by(p.Marks[rest[0]].By(), rest[1:]...)
		}
	case "parts":
		return o.parts(p, rest)
	case "policies":
		return o.policies(p, rest)
	case "ns":
		return o.namespace(o.plan.Namespaces[n.Namespace()], rest)
	case "order":
		return o.order(n)
	case "requirements":
		return o.nth(rest, sorted(p.Requirements), func(name string) *cause { return o.by(p.Requirements[name].By()) })
	case "modules":
		return o.modules(n, rest)
	case "seams":
		return o.seams(p, rest)
	}
	return nil
}

// seams are the places where the user's own files join: those that were found.
func (o *origins) seams(p *ir.NodePlan, path []string) *cause {
	var found []string
	for _, name := range sorted(p.Seams) {
		if p.Seams[name].Value() {
			found = append(found, name)
		}
	}
	return o.nth(path, found, func(name string) *cause { return o.by(p.Seams[name].By()) })
}

// nth is the item of a list that a path leads to, or any of them where it leads to the list.
func (o *origins) nth(path, names []string, of func(string) *cause) *cause {
	if len(path) > 0 {
		if i, err := strconv.Atoi(path[0]); err == nil && i < len(names) {
			return of(names[i])
		}
	}
	causes := make([]*cause, len(names))
	for i, name := range names {
		causes[i] = of(name)
	}
	return anyOf(causes...)
}

// subs are sub-components: declared ones, and those that links to the whole component mean.
func (o *origins) subs(n *ir.Node, path []string) *cause {
	var causes []*cause
	for _, sub := range n.Subs {
		switch {
		case len(path) > 0 && sub.SubKind() != path[0], len(path) > 1 && sub.Name != path[1]:
		case len(path) > 2:
			return all(o.sub(sub), o.node(sub, path[2:]))
		default:
			causes = append(causes, o.sub(sub))
		}
	}
	return anyOf(causes...)
}

func (o *origins) sub(n *ir.Node) *cause {
	if !n.Implied {
		return one(atom{node: n}, Because{Reason: n.SubKind() + " " + n.Name, Pass: loads, File: n.Pos.File, Line: n.Pos.Line, Column: n.Pos.Column})
	}
	var edges []*ir.Edge
	for _, e := range o.in[n.Parent] {
		if e.Target == n && e.Whole {
			edges = append(edges, e)
		}
	}
	return o.links(edges, "resolve-links")
}

// pods are the groups that the kind describes, and those that act for the source of an edge.
func (o *origins) pods(n *ir.Node, path []string) *cause {
	if len(path) == 0 {
		return nil
	}
	return o.by(o.plan.Of[n].Pods[path[0]].By(), path[1:]...)
}

// clients are the components that link to n, by name; of one kind, if one is given.
func (o *origins) clients(n *ir.Node, ofKind string, path []string) *cause {
	edges := map[string][]*ir.Edge{}
	for _, e := range o.in[n] {
		source := e.Source.Component()
		if !e.Internal() && (ofKind == "" || source.Kind.Name == ofKind) {
			edges[source.Name] = append(edges[source.Name], e)
		}
	}
	return o.nth(path, sorted(edges), func(name string) *cause { return o.links(edges[name], "resolve-links") })
}

// delegates are the components whose pods act for n.
func (o *origins) delegates(n *ir.Node, path []string) *cause {
	edges, nodes := map[string][]*ir.Edge{}, map[string]*ir.Node{}
	for _, e := range o.out[n] {
		for _, r := range e.Rules {
			if target := e.Target.Component(); r.HasActs {
				edges[target.Name], nodes[target.Name] = append(edges[target.Name], e), target
			}
		}
	}
	return o.nth(path, sorted(edges), func(name string) *cause {
		if len(path) < 2 {
			return o.links(edges[name], "apply-rules")
		}
		return all(o.links(edges[name], "apply-rules"), o.node(nodes[name], path[1:]))
	})
}

// exports are what links of n say to those that link to n.
func (o *origins) exports(n *ir.Node, path []string) *cause {
	exports := o.plan.Of[n].Exports
	if len(path) > 0 {
		return o.by(exports[path[0]].By(), path[1:]...)
	}
	return o.nth(nil, sorted(exports), func(name string) *cause { return o.by(exports[name].By()) })
}

func (o *origins) parts(p *ir.NodePlan, path []string) *cause {
	if len(path) == 0 {
		return nil
	}
	parts := p.Parts[path[0]]
	if len(path) > 1 {
		if i, err := strconv.Atoi(path[1]); err == nil && i < len(parts) {
			return o.by(parts[i].By(), path[2:]...)
		}
	}
	causes := make([]*cause, len(parts))
	for i, d := range parts {
		causes[i] = o.by(d.By())
	}
	return anyOf(causes...)
}

// policies are self.policies.GROUP.ingress.INDEX….
func (o *origins) policies(p *ir.NodePlan, path []string) *cause {
	if len(path) < 2 || p.Policies[path[0]] == nil {
		return nil
	}
	openings := p.Policies[path[0]].Ingress
	if path[1] == "egress" {
		openings = p.Policies[path[0]].Egress
	}
	if len(path) > 2 {
		if i, err := strconv.Atoi(path[2]); err == nil && i < len(openings) {
			return o.opening(openings[i], path[3:])
		}
	}
	causes := make([]*cause, len(openings))
	for i, d := range openings {
		causes[i] = o.opening(d, nil)
	}
	return anyOf(causes...)
}

// opening is a peer and a port: what links ask for, that the peer has the pods, and what it says of them.
func (o *origins) opening(d ir.Decided[ir.Opening], path []string) *cause {
	peer := d.Value().Peer
	there := o.pods(peer.Node, []string{peer.Group})
	if len(path) > 0 && path[0] == "port" {
		return all(there, o.by(d.By(), "port"), o.portNumber(d))
	}
	c := all(there, o.by(d.By()))
	if len(path) < 3 {
		return c
	}
	switch path[2] {
	case "labels":
		return all(c, o.pods(peer.Node, append([]string{peer.Group}, path[2:]...)))
	case "account", "addresses":
		return all(c, o.pods(peer.Node, []string{peer.Group, path[2]}))
	case "namespace":
		if o.plan.Of[peer.Node].Pods[peer.Group].Value().Namespace != "" {
			return all(c, o.pods(peer.Node, []string{peer.Group, path[2]}))
		}
		return all(c, o.node(peer.Node, path[2:]))
	}
	return c
}

// portNumber is why a port that rules open by its name has its number.
func (o *origins) portNumber(d ir.Decided[ir.Opening]) *cause {
	var causes []*cause
	for _, by := range d.By() {
		if by.Edge == nil || by.At != nil {
			continue
		}
		for _, e := range append([]*ir.Edge{by.Edge}, by.With...) {
			server := e.Target.Component()
			for _, name := range sorted(server.Description.Ports) {
				if server.Description.Ports[name].Port == d.Value().Port {
					causes = append(causes, o.described(server, "ports", name, kind.Whole{}))
				}
			}
		}
	}
	return all(causes...)
}

func (o *origins) namespace(ns *ir.Namespace, path []string) *cause {
	if ns == nil || len(path) == 0 {
		return nil
	}
	switch path[0] {
	case "enforce":
		return o.by(ns.Enforce.By())
	case "labels":
		if len(path) > 1 {
			return o.by(ns.Labels[path[1]].By())
		}
	}
	var causes []*cause
	for _, name := range sorted(ns.Labels) {
		causes = append(causes, o.by(ns.Labels[name].By()))
	}
	return anyOf(causes...)
}

// order is the place in the start-up order: of the components that n waits for, any one of the last is enough. It would be another one if n waited for one
// that waits for it instead, and that would be no earlier.
func (o *origins) order(n *ir.Node) *cause {
	p := o.plan.Of[n]
	var causes, turned []*cause
	for _, target := range p.Waits {
		if o.plan.Of[target.Value()].Order.Value() == p.Order.Value()-1 {
			causes = append(causes, all(o.by(target.By()), o.order(target.Value())))
		}
	}
	for _, e := range o.out[n] {
		if len(e.Followed) > 0 && o.waveWithout(e.Target.Component(), n) >= p.Order.Value() {
			turned = append(turned, o.turned(e))
		}
	}
	return all(o.startups(n), all(turned...), anyOf(causes...))
}

// waveWithout is the place that n would have if it did not wait for first.
func (o *origins) waveWithout(n, first *ir.Node) int {
	wave := 0
	for _, d := range o.plan.Of[n].Waits {
		if d.Value() != first {
			wave = max(wave, o.plan.Of[d.Value()].Order.Value()+1)
		}
	}
	return wave
}

// startups are the attributes of the links of n that say whether it waits.
func (o *origins) startups(n *ir.Node) *cause {
	var causes []*cause
	for _, e := range o.out[n] {
		if e.Given.Field("startup") != nil {
			causes = append(causes, o.linkAttribute(e, []string{"startup"}))
		}
	}
	return all(causes...)
}

// turned is why the target of an edge waits for its source, and not the source for the target: any one of the links that it follows, and
// of what it is behind, is enough.
func (o *origins) turned(e *ir.Edge) *cause {
	var causes []*cause
	for _, other := range e.Followed {
		if other != e {
			causes = append(causes, all(o.link(other, "find-rules"), o.linkAttribute(other, []string{e.Follows()})))
		}
	}
	name, count := e.Behind()
	for i := range count {
		causes = append(causes, all(o.link(e, "find-rules"), o.described(e.Source.Component(), "derived", name, i)))
	}
	return anyOf(causes...)
}

// anyBy is what a decision depends on for which any one of its origins is enough.
func (o *origins) anyBy(decided []ir.Origin) *cause {
	causes := make([]*cause, len(decided))
	for i, by := range decided {
		causes[i] = o.origin(by)
	}
	return anyOf(causes...)
}

// modules are self.modules: the modules that the component itself is linked to, by their names behind the kind.
func (o *origins) modules(n *ir.Node, path []string) *cause {
	p := o.plan.Of[n]
	return o.nth(path, p.OwnModules(n), func(asset string) *cause { return o.by(p.Modules[asset].By()) })
}

// instances are self.instances.INDEX…: what links of n to one component make of it.
func (o *origins) instances(of *ir.Variables, path []string) *cause {
	sorted := slices.Clone(of.Instances)
	slices.SortFunc(sorted, func(a, b ir.Decided[ir.Instance]) int {
		return cmp.Or(cmp.Compare(a.Value().Prefix, b.Value().Prefix), cmp.Compare(a.Value().Component.Name, b.Value().Component.Name))
	})
	var causes []*cause
	for i, d := range sorted {
		if len(path) > 0 && path[0] != strconv.Itoa(i) {
			continue
		}
		instance := d.Value()
		if len(path) > 2 && path[1] == "variables" {
			return o.namedBy(instance.Variables[path[2]].By())
		}
		if len(path) > 2 && path[1] == "may" {
			return o.namedBy(instance.May[path[2]].By())
		}
		if len(path) > 1 && path[1] == "optional" {
			return o.anyBy(instance.Optional.By())
		}
		if len(path) > 2 && path[1] == "resources" {
			if k, err := strconv.Atoi(path[2]); err == nil && k < len(instance.Resources) {
				return o.by(instance.Resources[k].By(), path[3:]...)
			}
		}
		causes = append(causes, o.by(d.By()))
	}
	return anyOf(causes...)
}
