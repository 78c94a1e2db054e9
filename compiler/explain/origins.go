package explain

import (
	"slices"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// origins finds out what values of a plan depend on, each once.
type origins struct {
	plan  *ir.Plan
	known map[place]*cause
	open  map[place]bool // those that are being found out: a circle depends on nothing else
	in    map[*ir.Node][]*ir.Edge
	out   map[*ir.Node][]*ir.Edge
	own   []string // folders of the user's own kinds, and files that are copied
	last  lastTrace
}

// lastTrace is the source that was asked for last.
type lastTrace struct {
	file   *File
	path   []any
	source kind.Source
}

// place is a value that a question could read: of a node or of an edge, by its path.
type place struct {
	asked asked
	path  string
}

// asked is whom a question is about, and so what the names of its inputs stand for.
type asked struct {
	node *ir.Node   // self; nil in questions about an edge
	edge *ir.Edge   // from, to, link, identity
	rule *kind.Rule // with edge
	tree bool       // a template of the whole tree: what stands in its data
}

func newOrigins(p *ir.Plan) *origins {
	o := &origins{plan: p, known: map[place]*cause{}, open: map[place]bool{}, in: map[*ir.Node][]*ir.Edge{}, out: map[*ir.Node][]*ir.Edge{}}
	for _, e := range p.Graph.Edges {
		source, target := e.Source.Component(), e.Target.Component()
		o.out[source] = append(o.out[source], e)
		o.in[target] = append(o.in[target], e)
	}
	for _, name := range sorted(p.Graph.Library.Kinds) {
		if k := p.Graph.Library.Kinds[name]; k.Own && k.Parent == "" {
			o.own = append(o.own, kindFolder(k))
		}
	}
	for _, n := range p.Graph.Nodes {
		for _, patch := range n.Patches {
			o.own = append(o.own, patch.Pos.File)
		}
		for _, listing := range n.Listings {
			for _, f := range listing.Files {
				o.own = append(o.own, f.Source)
			}
		}
	}
	return o
}

// place is a place in the files of a kind as people find it: those of the library are in cue/.
func (o *origins) place(p diag.Pos) *Place {
	switch {
	case p.File == "":
		return nil
	case !slices.ContainsFunc(o.own, func(folder string) bool { return strings.HasPrefix(p.File, folder) }) && !strings.HasPrefix(p.File, "cue/"):
		p.File = "cue/" + p.File
	}
	return &Place{p.File, p.Line, p.Column}
}

// written is where a kind writes something: the place itself or, where that is in a building block of the schema, the place of the rule or of the row
// of the kind that uses the block, and that of the block.
func (o *origins) written(at, in diag.Pos) (ofKind, ofPart *Place) {
	if strings.HasPrefix(at.File, "schema/") && in.File != "" {
		return o.place(in), o.place(at)
	}
	return o.place(at), nil
}

// ref is what a leaf of an input depends on.
func (o *origins) ref(a asked, ref kind.Ref) *cause {
	if len(ref) == 0 {
		return nil
	}
	p := place{a, strings.Join(ref, "\x00")}
	if c, ok := o.known[p]; ok || o.open[p] {
		return c
	}
	o.open[p] = true
	c := o.find(a, ref[0], ref[1:])
	delete(o.open, p)
	o.known[p] = c
	return c
}

func (o *origins) find(a asked, input string, path []string) *cause {
	switch {
	case input == "arch" && len(path) > 1 && path[0] == "images":
		return o.image(o.plan.Graph.Node(path[1]))
	case input == "arch":
		return o.setting(path)
	case input == "files" && len(path) > 0:
		return o.fileAt(a.node, path[0])
	case a.tree && input == "self":
		return o.delivered(path)
	case a.tree:
		return o.tree(input, path)
	case input == "self" && a.node != nil:
		return o.node(a.node, path)
	case input == "parent" && a.node != nil && a.node.Parent != nil:
		return o.node(a.node.Parent, path)
	case input == "from" && a.edge != nil:
		return o.node(end(a.edge.Source, a.rule.From), path)
	case input == "to" && a.edge != nil:
		return o.node(end(a.edge.Target, a.rule.To), path)
	case input == "link" && a.edge != nil:
		return o.linkAttribute(a.edge, path)
	case input == "identity" && a.edge != nil:
		return o.identity(a.edge, path)
	}
	return nil
}

// end is the node that the end of a rule is about: the component of a sub-component where the rule names that.
func end(n *ir.Node, name string) *ir.Node {
	if n.Parent != nil && n.Parent.Kind.Is(name) {
		return n.Parent
	}
	return n
}

// source is what one value of an answer depends on: what it was read from, and what decided that it is there.
func (o *origins) source(a asked, s kind.Source) *cause {
	return all(o.needs(a, s.Read), o.needs(a, s.Exists))
}

func (o *origins) needs(a asked, needs kind.Needs) *cause {
	causes := make([]*cause, len(needs))
	for i, n := range needs {
		causes[i] = o.need(a, n)
	}
	return all(causes...)
}

func (o *origins) need(a asked, n kind.Need) *cause {
	c := o.ref(a, n.Ref)
	if n.Any != nil {
		sets := make([]*cause, len(n.Any))
		for i, set := range n.Any {
			sets[i] = o.needs(a, set)
		}
		c = anyOf(sets...)
	}
	return c.while(o.needs(a, n.While))
}

// answer is what a value of an answer depends on; a nil trace knows nothing.
func (o *origins) answer(a asked, trace kind.Trace, path ...any) *cause {
	if trace == nil {
		return nil
	}
	return o.source(a, trace(path...))
}

// described is what a value of the description of a node depends on.
func (o *origins) described(n *ir.Node, path ...any) *cause {
	return o.answer(asked{node: n}, n.Description.Trace, path...)
}

// by is what a decision depends on. Of those who asked for the same any one is enough; each record of a list, each attribute, and one of the links to
// each of several instances is needed. rest leads further into the value.
func (o *origins) by(decided []ir.Origin, rest ...string) *cause {
	return o.decidedBy(decided, isRecord, rest)
}

// namedBy is what the name of a variable depends on: any record of its list is enough.
func (o *origins) namedBy(decided []ir.Origin) *cause {
	return o.decidedBy(decided, func(ir.Origin) bool { return false }, nil)
}

func (o *origins) decidedBy(decided []ir.Origin, isNeeded func(ir.Origin) bool, rest []string) *cause {
	var needed, alike []*cause
	instances := map[string][]*cause{}
	for _, by := range decided {
		c := o.origin(by, rest...)
		switch {
		case by.Attribute != "" || isNeeded(by):
			needed = append(needed, c, o.fields(by))
		case by.Edge != nil && by.Rule == nil:
			to := by.Edge.Target.Component().Name
			instances[to] = append(instances[to], c)
		default:
			alike = append(alike, c)
		}
	}
	for _, name := range sorted(instances) {
		needed = append(needed, anyOf(instances[name]...))
	}
	return all(anyOf(alike...), all(needed...))
}

// fields are what the fields of a record of a list depend on.
func (o *origins) fields(by ir.Origin) *cause {
	if len(by.At) < 4 || by.At[1] != "lists" || by.Trace == nil {
		return nil
	}
	key, _ := by.At[2].(string)
	i, _ := by.At[3].(int)
	var causes []*cause
	for _, a := range o.plan.Applied[by.Edge] {
		if records := a.Result.Out.Lists[key]; a.Rule == by.Rule && i < len(records) {
			for field := range records[i] {
				causes = append(causes, o.source(asked{edge: by.Edge, rule: by.Rule}, by.Trace("out", "lists", key, i, field, kind.Whole{})))
			}
		}
	}
	return all(causes...)
}

// isRecord says whether an origin brought one of the records of a list, not only the list.
func isRecord(by ir.Origin) bool {
	return len(by.At) > 3 && by.At[0] == "out" && (by.At[1] == "lists" || by.At[1] == "names")
}

// isVariable says whether an origin is about the value of a variable, or about what one is put together from.
func isVariable(by ir.Origin) bool {
	return len(by.At) == 3 && by.At[0] == "out" && (by.At[1] == "env" || by.At[1] == "exports" || by.At[1] == "fields")
}

// declared is where the rule, or the kind of the node, is that an origin comes from.
func declared(by ir.Origin) diag.Pos {
	switch {
	case by.Rule != nil:
		return by.Rule.Pos
	case by.Node != nil:
		return by.Node.Kind.Pos
	}
	return diag.Pos{}
}

// origin is what a decision depends on that one origin asked for.
func (o *origins) origin(by ir.Origin, rest ...string) *cause {
	b := Because{Reason: by.Reason, Pass: by.Pass, File: by.Pos.File, Line: by.Pos.Line, Column: by.Pos.Column}
	var said kind.Source
	if by.Trace != nil && by.At != nil {
		at := append(slices.Clone(by.At), words(rest)...)
		if isVariable(by) {
			at = append(at, kind.Whole{})
		}
		said = by.Trace(at...)
	}
	b.Kind, b.Part = o.written(said.Pos, declared(by))
	if by.Edge == nil {
		switch path := strings.Split(by.Attribute, "."); {
		case by.Attribute == "":
		case by.Node == nil:
			return o.setting(path)
		default:
			return o.attribute(by.Node, path)
		}
		causes := []*cause{one(atom{}, b), o.source(asked{node: by.Node}, said)}
		for _, e := range by.With {
			causes = append(causes, o.link(e, by.Pass))
		}
		return all(causes...)
	}
	b.Edge = by.Edge.Name()
	if by.Rule != nil {
		b.Rule = by.Rule.Name()
		if b.Kind == nil {
			b.Kind = o.place(by.Rule.Pos)
		}
	}
	causes := []*cause{one(atom{edge: by.Edge}, b)}
	if by.Attribute != "" {
		attribute, _, _ := strings.Cut(by.Attribute, ".")
		causes = append(causes, one(atom{edge: by.Edge, name: attribute}, b))
	}
	for _, e := range by.With {
		causes = append(causes, o.link(e, by.Pass))
	}
	if by.Rule != nil {
		causes = append(causes, o.source(asked{edge: by.Edge, rule: by.Rule}, said))
	}
	return all(causes...)
}

// link is what depends on an edge itself.
func (o *origins) link(e *ir.Edge, pass string) *cause {
	by := ir.Origin{Pass: pass, Edge: e, Pos: e.Pos}
	if len(e.Rules) > 0 {
		by.Rule = e.Rules[len(e.Rules)-1]
		by.Reason = by.Rule.Doc
	}
	return o.origin(by)
}

func (o *origins) links(edges []*ir.Edge, pass string) *cause {
	causes := make([]*cause, len(edges))
	for i, e := range edges {
		causes[i] = o.link(e, pass)
	}
	return anyOf(causes...)
}

// setting is a value of config; the name of the architecture is always there.
func (o *origins) setting(path []string) *cause {
	if len(path) == 0 || path[0] == "name" {
		return one(atom{}, Because{Reason: "the name of the architecture", Pass: loads, File: o.plan.Graph.Pos.File, Line: o.plan.Graph.Pos.Line, Column: o.plan.Graph.Pos.Column})
	}
	if path[0] == "third_party" { // in arch, images are those of the components
		path = append([]string{"images"}, path[1:]...)
	}
	g, name := written(o.plan.Graph.ConfigGiven, path)
	if name == "" {
		return nil
	}
	return one(atom{name: path[0]}, Because{Reason: "config." + name, Pass: loads, File: g.Pos.File, Line: g.Pos.Line, Column: g.Pos.Column})
}

// loads is what answers name as the pass of what the user wrote.
const loads = "load"

// written follows a path as far as the user wrote it; name is "" where not even the first word is there.
func written(g *kind.Given, path []string) (found *kind.Given, name string) {
	for i, word := range path {
		next := g.Field(word)
		if index, err := strconv.Atoi(word); err == nil && g != nil && index < len(g.Items) {
			next = g.Items[index]
		}
		if next == nil {
			return g, strings.Join(path[:i], ".")
		}
		g = next
	}
	return g, strings.Join(path, ".")
}

// attribute is an attribute of a component or sub-component: as given, or a fact where it has its default.
func (o *origins) attribute(n *ir.Node, path []string) *cause {
	if len(path) == 0 {
		return nil
	}
	g, name := written(n.Given, path)
	if name == "" {
		return one(atom{}, Because{Reason: "attribute " + path[0] + " of " + n.ID + " is not given", Pass: loads, File: n.Pos.File, Line: n.Pos.Line, Column: n.Pos.Column})
	}
	return one(atom{node: n, name: path[0]}, Because{Reason: "attribute " + name + " of " + n.ID, Pass: loads, File: g.Pos.File, Line: g.Pos.Line, Column: g.Pos.Column})
}

// linkAttribute is an attribute of a link: as given, taken over from the source, or a fact where it has its default.
func (o *origins) linkAttribute(e *ir.Edge, path []string) *cause {
	if len(path) == 0 {
		return nil
	}
	if g, name := written(e.Given, path); name != "" {
		return one(atom{edge: e, name: path[0]}, Because{Edge: e.Name(), Reason: "attribute " + name, Pass: loads, File: g.Pos.File, Line: g.Pos.Line, Column: g.Pos.Column})
	}
	for _, r := range e.Rules {
		if !slices.Contains(r.Inherit, path[0]) {
			continue
		}
		for _, n := range []*ir.Node{e.Source, e.Source.Component()} {
			if n.Given.Field(path[0]) != nil {
				return o.attribute(n, path)
			}
		}
	}
	return one(atom{}, Because{Edge: e.Name(), Reason: "attribute " + path[0] + " is not given", Pass: loads, File: e.Pos.File, Line: e.Pos.Line, Column: e.Pos.Column})
}

// identity is a part of the credential of an edge: its name and passwords are those of its edges, the access is all that they ask for.
func (o *origins) identity(e *ir.Edge, path []string) *cause {
	id, ok := o.plan.Identities[e]
	if !ok {
		return nil
	}
	if server := e.Target.Component(); server.Description.External != nil && (len(path) == 0 || path[0] != "access") {
		return all(o.userOf(e, id, path), o.described(server, "external")) // its users have the name of the architecture in theirs
	}
	return o.userOf(e, id, path)
}

// userOf is identity, but for what stands in front of the names of users.
func (o *origins) userOf(e *ir.Edge, id ir.Decided[ir.Identity], path []string) *cause {
	if len(path) > 1 && path[0] == "more" { // a credential of its own, for what the attribute of that name asks for
		return all(o.by(id.By()), o.linkAttribute(e, path[1:2]))
	}
	if len(path) == 0 || path[0] != "access" {
		return o.by(id.By())
	}
	var shared []*ir.Edge
	for _, other := range o.in[e.Target.Component()] {
		if x, ok := o.plan.Identities[other]; ok && x.Value().Password.ID == id.Value().Password.ID {
			shared = append(shared, other)
		}
	}
	return o.united(shared, id.Value().Access, func(e *ir.Edge) string {
		access, _ := e.Attrs["access"].(string)
		return access
	}, func(e *ir.Edge) *cause {
		return all(o.link(e, "assign-identities"), o.linkAttribute(e, []string{"access"}))
	})
}

// united is what an access depends on that is united from several edges: on each one without which it would be another, on any of the rest.
func (o *origins) united(edges []*ir.Edge, access string, of func(*ir.Edge) string, on func(*ir.Edge) *cause) *cause {
	union := func(without *ir.Edge) string {
		var all []string
		for _, e := range edges {
			if a := of(e); e != without && a != "" && !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
		if len(all) > 1 {
			return "readwrite"
		}
		return strings.Join(all, "")
	}
	var needed, others []*cause
	for _, e := range edges {
		if union(e) != access {
			needed = append(needed, on(e))
		} else if of(e) == access {
			others = append(others, on(e))
		}
	}
	if len(needed) > 0 {
		return all(needed...)
	}
	return anyOf(others...)
}
