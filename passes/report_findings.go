package passes

import (
	"slices"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

// asked is who gave an answer: the kind of a node, or a rule of an edge. of gives a node by what the answer calls it: self, from, to; nil for anything else.
type asked struct {
	trace kind.Trace
	edge  *ir.Edge // nil: a kind was asked
	of    func(input string) *ir.Node
}

// reportFindings reports what a kind or a rule found of nodes. An error that rests on an attribute that was refused is left out: it is said of what
// stands in its place, or of nothing.
func reportFindings(c *pass.Context, all []kind.Finding, a asked, at func(kind.Finding) place, nodes ...*ir.Node) {
	// of what its kind cannot describe, rules see nothing
	if a.edge != nil && slices.ContainsFunc(nodes, func(n *ir.Node) bool { return n.Invalid || n.Component().Invalid }) {
		return
	}
	for i, f := range all {
		if a.trace != nil && c.Findings.HasErrors() && slices.ContainsFunc(a.attributes(c, "findings", i), c.Findings.Refused) {
			continue
		}
		if f.Code == "E0201" && slices.ContainsFunc(nodes, func(n *ir.Node) bool { return mayBeLost(c, n, a.edge) }) {
			continue
		}
		c.Report(finding(f, at(f), nodes...))
	}
}

// mayBeLost says whether what was not found at a node may have been written, but has a mistake: a sub-component of it, or a link, where a rule looks for one.
func mayBeLost(c *pass.Context, n *ir.Node, e *ir.Edge) bool {
	for id := range c.Graph.Failed {
		if strings.HasPrefix(id, n.Component().ID+"/") {
			return true
		}
	}
	return e != nil && len(withInvalidLinks(c)) > 0
}

// attributes are the paths of the attributes on which it rests that a part of the answer is there.
func (a asked) attributes(c *pass.Context, path ...any) []string {
	return a.needed(c, a.trace(path...).Exists)
}

func (a asked) needed(c *pass.Context, needs kind.Needs) []string {
	var all []string
	for _, n := range needs {
		all = append(all, a.leaf(c, n.Ref)...)
		all = append(all, a.needed(c, n.While)...)
		for _, some := range n.Any {
			all = append(all, a.needed(c, some)...)
		}
	}
	return all
}

// leaf are the attributes that a leaf of what was given is, or that a kind made it of.
func (a asked) leaf(c *pass.Context, ref kind.Ref) []string {
	if len(ref) < 2 {
		return nil
	}
	switch ref[0] {
	case "link":
		return []string{pathOf(a.edge, ref[1:])}
	case "arch":
		return []string{keyed("config", ref[1:])}
	}
	return leafOf(c, a.of(ref[0]), ref[1:])
}

// leafOf are the attributes that a leaf of the view of a node is, or that its kind made it of.
func leafOf(c *pass.Context, n *ir.Node, ref kind.Ref) []string {
	switch {
	case n == nil || len(ref) == 0:
		return nil
	case ref[0] == "parent":
		return leafOf(c, n.Parent, ref[1:])
	case ref[0] == "subs" && len(ref) > 3:
		return leafOf(c, c.Graph.Node(strings.Join(append([]string{n.ID}, ref[1:3]...), "/")), ref[3:])
	case len(ref) > 1 && (ref[0] == "attrs" || ref[0] == "quantities" || ref[0] == "folders"):
		return []string{pathOf(n, ref[1:])}
	case n.Parent != nil && (ref[0] == "ports" || ref[0] == "host" || ref[0] == "pods"):
		return leafOf(c, n.Parent, ref)
	case n.Description.Trace == nil:
		return nil
	}
	part := make([]any, len(ref))
	for i, name := range ref {
		part[i] = name
	}
	said, described := n.Description.Trace(part...), describing(n)
	return slices.Concat(described.needed(c, said.Read), described.needed(c, said.Exists), described.needed(c, said.Shape))
}

// pathOf is the path of a part of an attribute as diagnostics have it: components.shop.egress[0].cidr.
func pathOf(at place, ref kind.Ref) string { return keyed(at.Path(), ref) }

// keyed is the path of what keys lead to from another one.
func keyed(from string, ref kind.Ref) string {
	var path strings.Builder
	path.WriteString(from)
	for _, key := range ref {
		if _, err := strconv.Atoi(key); err == nil {
			path.WriteString("[" + key + "]")
		} else {
			path.WriteString("." + key)
		}
	}
	return path.String()
}

// describing is the kind of a node that was asked for its description.
func describing(n *ir.Node) asked {
	return asked{trace: n.Description.Trace, of: func(input string) *ir.Node {
		switch input {
		case "self":
			return n
		case "parent":
			return n.Parent
		}
		return nil
	}}
}

// applying is a rule that was asked about an edge.
func applying(e *ir.Edge, r *kind.Rule, trace kind.Trace) asked {
	return asked{trace: trace, edge: e, of: func(input string) *ir.Node {
		switch input {
		case "from":
			return endOf(e.Source, r.From)
		case "to":
			return endOf(e.Target, r.To)
		}
		return nil
	}}
}
