package passes

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

func applyRules(c *pass.Context) bool {
	v := newViews(c)
	bySource := map[*ir.Node][]*ir.Edge{}
	for _, e := range c.Graph.Edges {
		bySource[e.Source.Component()] = append(bySource[e.Source.Component()], e)
	}
	for _, n := range c.Graph.TargetsFirst() {
		for _, e := range bySource[n] {
			applyEdge(c, v, e)
		}
	}
	return true
}

func applyEdge(c *pass.Context, v *views, e *ir.Edge) {
	for _, r := range e.Rules {
		in := kind.Input{From: v.end(e.Source, r.From), To: v.end(e.Target, r.To), Link: e.Attrs, Arch: c.Graph.Arch}
		if id, ok := c.Plan.Identities[e]; ok {
			in.Identity = identityView(id.Value())
		}
		result, err := r.Apply(in)
		if err != nil {
			refuse(c, err, fmt.Sprintf("the rule %s of the link %s", r.Name(), e.Name()), e.Pos, e.Source, e.Target)
			continue
		}
		c.Plan.Applied[e] = append(c.Plan.Applied[e], ir.Applied{Rule: r, Result: result})
		for _, f := range result.Findings {
			c.Report(diag.Diagnostic{Code: f.Code, Message: f.Message, Help: f.Help, Pos: e.AttrPos(f.Attribute), Path: attrPath(e.Path(), f.Attribute)})
		}
		if len(result.Out.Exports) > 0 {
			export(c, e, ir.Applied{Rule: r, Result: result})
			v.forget(e.Source.Component())
		}
	}
}

// export keeps what a rule says of its source to whoever links to that. Where several links say something else the last one counts.
func export(c *pass.Context, e *ir.Edge, a ir.Applied) {
	exports := c.Of(e.Source).Exports
	for name, v := range a.Result.Out.Exports {
		by := c.Said(e, a, "out", "exports", name)
		if _, alike := pass.Set(c, exports, name, v, reflect.DeepEqual, by); !alike {
			exports[name] = pass.Decide(c, v, by)
		}
	}
}

// identityView is a credential as rules see it.
func identityView(id ir.Identity) kind.Object {
	var logins []any
	for _, l := range id.Logins() {
		logins = append(logins, kind.Object{"user": l.User, "password": value.Data(l.Password)})
	}
	return kind.Object{"user": id.User, "active": value.Data(id.Active()), "password": value.Data(id.ActivePassword()), "logins": logins, "access": id.Access}
}

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
func (v *views) end(n *ir.Node, name string) kind.Object {
	if n.Parent != nil && names(name, n.Parent.Kind) {
		n = n.Parent
	}
	return v.of(n)
}

// names says whether the end of a rule is a kind, or a capability of it.
func names(end string, k *kind.Kind) bool {
	capability, ok := strings.CutPrefix(end, "@")
	return end == k.Name || ok && slices.Contains(k.Provides, capability)
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
	}
	p := v.c.Of(n)
	o["marks"], o["pods"] = plain(p.Marks), podsOf(p)
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

func podsOf(p *ir.NodePlan) kind.Object {
	o := kind.Object{}
	for name, d := range p.Pods {
		pods := d.Value()
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
