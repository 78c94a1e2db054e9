package pass

import (
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// From is the origin of what a link asks for: by what its rule declares for all links, or by being there (r is nil).
func (c *Context) From(e *ir.Edge, r *kind.Rule) ir.Origin {
	o := ir.Origin{Pass: c.pass, Edge: e, Rule: r, Pos: e.Pos}
	if r != nil {
		o.Reason = r.Doc
	}
	return o
}

// Said is the origin of what a rule says of a link, at a path of its answer: "out", "env", "HOST".
func (c *Context) Said(e *ir.Edge, a ir.Applied, at ...any) ir.Origin {
	o := c.From(e, a.Rule)
	o.At, o.Trace = at, a.Result.Trace
	return o
}

// OfLink is the origin of what a link asks for by an attribute that every link has.
func (c *Context) OfLink(e *ir.Edge, attribute string) ir.Origin {
	o := c.From(e, nil)
	o.Attribute, o.Pos = attribute, e.AttrPos(attribute)
	return o
}

// OfSetting is the origin of what a setting of config decides, such as "cluster.domain".
func (c *Context) OfSetting(name string) ir.Origin {
	return ir.Origin{Pass: c.pass, Attribute: name, Pos: c.Graph.Pos}
}

// OfNode is the origin of what a node asks for by being there.
func (c *Context) OfNode(n *ir.Node, reason string) ir.Origin {
	return ir.Origin{Pass: c.pass, Node: n, Pos: n.Pos, Reason: reason}
}

// OfAttribute is the origin of what an attribute of a node decides.
func (c *Context) OfAttribute(n *ir.Node, attribute, reason string) ir.Origin {
	return ir.Origin{Pass: c.pass, Node: n, Attribute: attribute, Pos: n.AttrPos(attribute), Reason: reason}
}

// Described is the origin of what the description of a node asks for, at a path of its answer: "requirements", 0.
func (c *Context) Described(n *ir.Node, reason string, at ...any) ir.Origin {
	return ir.Origin{Pass: c.pass, Node: n, At: at, Trace: n.Description.Trace, Pos: n.Pos, Reason: reason}
}

// Because is the origin of what neither a link nor a node asks for.
func (c *Context) Because(pos diag.Pos, reason string) ir.Origin {
	return ir.Origin{Pass: c.pass, Pos: pos, Reason: reason}
}

// Conflict reports a decision that two origins want differently.
func (c *Context) Conflict(code, message, help string, first, second ir.Origin) {
	d := diag.Diagnostic{Code: code, Message: message + ": " + named(first) + " and " + named(second), Help: help, Pos: second.Pos, Related: []diag.Related{{Message: named(first), Pos: first.Pos}}}
	if second.Edge != nil {
		d.Path = second.Edge.Path()
	}
	c.Report(d)
}

// named is an origin as a message calls it.
func named(o ir.Origin) string {
	if o.Edge != nil {
		return "the link " + o.Edge.Name()
	}
	return o.Reason
}
