package passes

import (
	"cmp"
	"maps"
	"slices"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

// views are nodes as rules see them, each made once.
type views struct {
	c         *pass.Context
	clients   map[*ir.Node][]*ir.Node // who links to a component, by name
	delegates map[*ir.Node][]*ir.Node // whose pods act for a component, by name
	made      map[*ir.Node]kind.Object
}

func newViews(c *pass.Context) *views {
	v := &views{c: c, clients: map[*ir.Node][]*ir.Node{}, delegates: map[*ir.Node][]*ir.Node{}, made: map[*ir.Node]kind.Object{}}
	type pair struct{ source, target *ir.Node }
	linked, acting := map[pair]bool{}, map[pair]bool{}
	for _, e := range c.Graph.Edges {
		p := pair{e.Source.Component(), e.Target.Component()}
		if !e.Internal() && !linked[p] {
			linked[p] = true
			v.clients[p.target] = append(v.clients[p.target], p.source)
		}
		if slices.ContainsFunc(e.Rules, func(r *kind.Rule) bool { return r.HasActs }) && !acting[p] {
			acting[p] = true
			v.delegates[p.source] = append(v.delegates[p.source], p.target)
		}
	}
	// edges are sorted by the ID of their source node, in which the name of a component need not come first
	for _, lists := range []map[*ir.Node][]*ir.Node{v.clients, v.delegates} {
		for n := range lists {
			slices.SortFunc(lists[n], byNodeID)
		}
	}
	return v
}

// clientsOf are the names of the components that link to n, and the same by their kinds.
func (v *views) clientsOf(n *ir.Node) (all []any, byKind kind.Object) {
	all, byKind = []any{}, kind.Object{}
	for _, source := range v.clients[n] {
		all = append(all, source.Name)
		list, _ := byKind[source.Kind.Name].([]any)
		byKind[source.Kind.Name] = append(list, source.Name)
	}
	return all, byKind
}

func (v *views) forget(component *ir.Node) {
	delete(v.made, component)
	for _, sub := range component.Subs {
		delete(v.made, sub)
	}
}

// end is the node, or its component where the rule is about that.
func (v *views) end(n *ir.Node, name string) kind.Object { return v.of(endOf(n, name)) }

func endOf(n *ir.Node, name string) *ir.Node {
	if n.Parent != nil && n.Parent.Kind.Is(name) {
		return n.Parent
	}
	return n
}

func (v *views) of(n *ir.Node) kind.Object {
	if o := v.made[n]; o != nil {
		return o
	}
	o := n.View()
	maps.Copy(o, offered(n.Description))
	if n.Parent != nil {
		o["parent"] = v.of(n.Parent)
		o["host"] = n.Parent.Description.Host
		o["ports"] = ports(n.Parent.Description)
	} else {
		o["subs"] = subViews(n)
		o["clients"], o["clients_by"] = v.clientsOf(n)
		o["delegates"] = v.delegatesOf(n)
		o["exports"] = plain(v.c.Of(n).Exports)
		o["settings"] = settings(n.Description)
		o["slots"] = anyStrings(n.Kind.Slots)
	}
	o["marks"], o["pods"] = plain(v.c.Of(n).Marks), podViews(n.Component().Description.Pods)
	v.made[n] = o
	return o
}

// subViews are the sub-components with their derived values; every sub-kind is there.
func subViews(n *ir.Node) kind.Object {
	subs := kind.Object{}
	for short := range n.Kind.Subs {
		subs[short] = kind.Object{}
	}
	for _, sub := range n.Subs {
		o := sub.View()
		maps.Copy(o, offered(sub.Description))
		subs[sub.SubKind()].(kind.Object)[sub.Name] = o
	}
	return subs
}

func offered(d kind.Description) kind.Object {
	derived := d.Derived
	if derived == nil {
		derived = kind.Object{}
	}
	return kind.Object{"derived": derived, "host": d.Host, "ports": ports(d)}
}

func ports(d kind.Description) kind.Object {
	o := kind.Object{}
	for name, p := range d.Ports {
		o[name] = kind.Object{"port": int64(p.Port), "pods": p.Pods}
	}
	return o
}

func settings(d kind.Description) kind.Object {
	o := kind.Object{}
	for name, v := range d.Settings {
		o[name] = value.Display(v)
	}
	return o
}

// plain is the values of decisions.
func plain[T any](decisions map[string]ir.Decided[T]) kind.Object {
	o := kind.Object{}
	for name, d := range decisions {
		o[name] = d.Value()
	}
	return o
}

// podViews are groups of pods as rules and manifests see them. A rule sees those that the kind describes: those that act for others are known when
// all rules are applied.
func podViews(groups map[string]kind.Pods) kind.Object {
	o := kind.Object{}
	for name, pods := range groups {
		labels := kind.Object{}
		for k, val := range pods.Labels {
			labels[k] = val
		}
		o[name] = kind.Object{"labels": labels, "account": pods.Account}
	}
	return o
}

// delegatesOf are the components whose pods act for n, as far as rules say so without being applied.
func (v *views) delegatesOf(n *ir.Node) []any {
	all := []any{}
	for _, d := range v.delegates[n] {
		o := d.View()
		maps.Copy(o, offered(d.Description))
		all = append(all, o)
	}
	return all
}

func compareAny(a, b any) int {
	x, _ := a.(string)
	y, _ := b.(string)
	return cmp.Compare(x, y)
}
