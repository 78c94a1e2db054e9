package ir

import (
	"platc.dev/platc/compiler/kind"
)

// View is the node as its kind's description sees it: what follows from arch.cue alone.
func (n *Node) View() kind.Object {
	v := kind.Object{
		"id": n.ID, "name": n.Name, "kind": n.Kind.Name, "title": n.Kind.Title,
		"component": n.Component().Name, "component_kind": n.Component().Kind.Name, "namespace": n.Namespace(), "instance": n.Instance(),
		"attrs": n.Attrs, "quantities": n.quantities(), "folders": n.folders(),
	}
	if n.Parent != nil {
		return v
	}
	v["subs"] = n.subViews(func(sub *Node) kind.Object { return sub.View() })
	return v
}

// folders are the user's own files that attributes name, by the dotted path of the attribute.
func (n *Node) folders() kind.Object {
	o := kind.Object{}
	for attribute, listing := range n.Listings {
		o[attribute] = listing.View()
	}
	return o
}

// subViews is sub-kind -> name -> what view gives; every sub-kind of the kind is there.
func (n *Node) subViews(view func(*Node) kind.Object) kind.Object {
	subs := kind.Object{}
	for short := range n.Kind.Subs {
		subs[short] = kind.Object{}
	}
	for _, sub := range n.Subs {
		subs[sub.SubKind()].(kind.Object)[sub.Name] = view(sub)
	}
	return subs
}

// quantities are the node's Kubernetes quantities as numbers in base units (bytes, cores).
func (n *Node) quantities() kind.Object {
	o := kind.Object{}
	for _, f := range n.Kind.Attributes.Fields {
		if !f.Type.Quantity {
			continue
		}
		if q, ok := kind.Quantity(n.Attrs[f.Name]); ok {
			o[f.Name] = kind.Number(q)
		}
	}
	return o
}
