package passes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func networkPolicies() pass.Pass {
	return pass.Pass{
		Name: "network-policies",
		Doc:  "Egress at the source, ingress at the target, just that port and those pods.",
		After: []string{
			"assign-pods", // a policy is of a group of pods, and opens to groups
		},
		Run:     runNetworkPolicies,
		Promise: "Every group of pods has a policy, and what it opens leads to a group of another component.",
		Holds:   policiesHold,
	}
}

// defaultGroup is the group of pods that connects unless a rule says otherwise.
const defaultGroup = "server"

func runNetworkPolicies(c *pass.Context) bool {
	for _, n := range c.Graph.Components() {
		p := c.Of(n)
		for group := range p.Pods {
			p.Policies[group] = &ir.Policy{}
		}
	}
	acting := actingFor(c)
	o := opener{c: c, index: pass.Index[allowance]{}}
	for _, e := range c.Graph.Edges {
		if e.Internal() {
			continue
		}
		for _, a := range c.Plan.Applied[e] {
			openings := portsOf(c, e, a)
			for _, from := range sourcesOf(c, e, a, acting) {
				for _, to := range openings {
					by := to.by
					if len(from.because) == 1 {
						by.With = from.because
					}
					o.open(from.peer, ir.Peer{Node: e.Target.Component(), Group: to.port.Pods}, to.port.Port, by)
				}
			}
			if len(a.Rule.Through) > 0 {
				o.through(e, a, c.Graph.Outbound(e.Target.Component()))
			}
		}
	}
	for _, n := range c.Graph.Components() {
		for _, policy := range c.Of(n).Policies {
			sortOpenings(policy.Ingress)
			sortOpenings(policy.Egress)
		}
	}
	return true
}

// opened is a port that an edge opens.
type opened struct {
	port kind.Port
	by   ir.Origin
}

// portsOf are the ports that an edge opens: those that it computed, and those that its rule names.
func portsOf(c *pass.Context, e *ir.Edge, a ir.Applied) []opened {
	var all []opened
	for i, p := range a.Result.Open {
		all = append(all, opened{p, c.Said(e, a, "open", i)})
	}
	for _, name := range a.Rule.Ports {
		if p, ok := e.Target.Component().Description.Ports[name]; ok && !slices.Contains(a.Result.Open, p) {
			all = append(all, opened{p, c.From(e, a.Rule)})
		}
	}
	return all
}

// actor is a group of pods that connects for a component.
type actor struct {
	peer    ir.Peer
	because []*ir.Edge // each of them lets it act for the component; none for the component's own pods
}

func actingFor(c *pass.Context) map[*ir.Node][]actor {
	all := map[*ir.Node][]actor{}
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			for _, group := range a.Result.Acts {
				source, peer := e.Source.Component(), ir.Peer{Node: e.Target.Component(), Group: group.Group}
				i := slices.IndexFunc(all[source], func(known actor) bool { return known.peer == peer })
				if i < 0 {
					i, all[source] = len(all[source]), append(all[source], actor{peer: peer})
				}
				all[source][i].because = append(all[source][i].because, e)
			}
		}
	}
	return all
}

// sourcesOf are the pods that connect: those of the source, and those that act for it.
func sourcesOf(c *pass.Context, e *ir.Edge, a ir.Applied, acting map[*ir.Node][]actor) []actor {
	var all []actor
	for _, peer := range groupsOf(c, e.Source, a.Rule.FromPods) {
		all = append(all, actor{peer: peer})
	}
	for _, rule := range c.Plan.Applied[e] {
		if joins := rule.Result.Joins; joins != nil {
			all = append(all, actor{peer: ir.Peer{Node: e.Source.Component(), Group: joins.Group}})
		}
	}
	for _, other := range acting[e.Source.Component()] {
		// pods of the target itself need no way to it
		if other.peer.Node != e.Target.Component() {
			all = append(all, other)
		}
	}
	return all
}

// groupsOf are the pods of a source of links: of a component, the group that the rule names (all groups where there is no such group) and its processes, which
// have its links too; of a process, its own.
func groupsOf(c *pass.Context, source *ir.Node, named string) []ir.Peer {
	n, named := source.Component(), cmp.Or(named, defaultGroup)
	pods := c.Of(n).Pods
	_, known := pods[named]
	var all []ir.Peer
	for _, group := range slices.Sorted(maps.Keys(pods)) {
		process := pods[group].Value().Process
		connects := process == "" && (!known || group == named) || process != ""
		if source.Kind.Process {
			connects = source.ID == n.ID+"/"+process
		}
		if connects {
			all = append(all, ir.Peer{Node: n, Group: group})
		}
	}
	return all
}

// through opens for the source what its target links to, of the kinds that the rule names.
func (o opener) through(e *ir.Edge, a ir.Applied, further []*ir.Edge) {
	by := o.c.From(e, a.Rule)
	for _, next := range further {
		if next.Internal() || !slices.ContainsFunc(a.Rule.Through, next.Target.Component().Kind.Is) {
			continue
		}
		for _, applied := range o.c.Plan.Applied[next] {
			by.With = []*ir.Edge{next}
			for _, to := range portsOf(o.c, next, applied) {
				for _, from := range groupsOf(o.c, e.Source, a.Rule.FromPods) {
					o.open(from, ir.Peer{Node: next.Target.Component(), Group: to.port.Pods}, to.port.Port, by)
				}
			}
		}
	}
}

// opener adds allowances, each once.
type opener struct {
	c     *pass.Context
	index pass.Index[allowance]
}

type allowance struct {
	own     ir.Peer
	egress  bool
	opening ir.Opening
}

// open adds an allowance on both ends.
func (o opener) open(from, to ir.Peer, port int, by ir.Origin) {
	egress, ingress := o.c.Of(from.Node).Policies[from.Group], o.c.Of(to.Node).Policies[to.Group]
	if egress == nil || ingress == nil {
		return
	}
	out, in := ir.Opening{Peer: to, Port: port}, ir.Opening{Peer: from, Port: port}
	egress.Egress = pass.Append(o.c, o.index, allowance{from, true, out}, egress.Egress, out, by)
	ingress.Ingress = pass.Append(o.c, o.index, allowance{to, false, in}, ingress.Ingress, in, by)
}

func sortOpenings(all []ir.Decided[ir.Opening]) {
	slices.SortFunc(all, func(a, b ir.Decided[ir.Opening]) int {
		return cmp.Or(cmp.Compare(a.Value().Port, b.Value().Port), cmp.Compare(a.Value().Peer.Node.Name, b.Value().Peer.Node.Name), cmp.Compare(a.Value().Peer.Group, b.Value().Peer.Group))
	})
}

func policiesHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for group := range p.Pods {
			policy := p.Policies[group]
			if policy == nil {
				return fmt.Errorf("the pods %s of %s have no policy", group, n.Name)
			}
			for _, d := range slices.Concat(policy.Ingress, policy.Egress) {
				peer := d.Value().Peer
				if _, ok := c.Of(peer.Node).Pods[peer.Group]; !ok || peer.Node == n || d.Value().Port == 0 {
					return fmt.Errorf("the pods %s of %s have an opening to %s %s, port %d", group, n.Name, peer.Node.Name, peer.Group, d.Value().Port)
				}
			}
		}
	}
	return nil
}
