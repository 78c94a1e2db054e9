package changes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/explain"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/compiler/value"
)

// Class is what a change means for whoever depends on what was there.
type Class string

// The classes, the gravest first.
const (
	Losing   Class = "losing data"     // what is kept is no longer anyone's
	Widening Class = "widening access" // somebody reaches, or may do, more than before
	Breaking Class = "breaking"        // something goes that others may use
	Changing Class = "changing"        // something is there as before, but otherwise
	Additive Class = "additive"        // something more is there
)

// Classes lists the classes, the gravest first.
func Classes() []Class { return []Class{Losing, Widening, Breaking, Changing, Additive} }

// Change is one difference between two plans.
type Change struct {
	Environment string `json:"environment,omitempty"`
	Class       Class  `json:"class"`
	What        string `json:"what"` // "component", "link", "attribute", "variable", "identity", "exposure", "data", "image"
	Of          string `json:"of"`   // the node or link: "orders", "orders -> db/orders"
	Text        string `json:"text"` // what happened: "access: read -> write"
	File        string `json:"file"` // where the new architecture says so; "" where it says nothing any more
	Line        int    `json:"line"`

	Node *ir.Node `json:"-"` // of the new architecture; nil where it is gone
	Edge *ir.Edge `json:"-"` // the same
}

// Between lists the differences from one plan to another, the gravest first, then by what they are of.
func Between(old, now *ir.Plan) []Change {
	c := &comparison{old: old, now: now}
	c.nodes()
	c.links()
	c.exposure()
	c.data()
	slices.SortStableFunc(c.all, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank(a.Class), rank(b.Class)), strings.Compare(a.Of, b.Of), strings.Compare(a.What, b.What), strings.Compare(a.Text, b.Text))
	})
	return c.all
}

func rank(c Class) int { return slices.Index(Classes(), c) }

type comparison struct {
	old, now *ir.Plan
	all      []Change
}

func (c *comparison) add(class Class, what, of, text string, pos diag.Pos, node *ir.Node, edge *ir.Edge) {
	c.all = append(c.all, Change{Class: class, What: what, Of: of, Text: text, File: pos.File, Line: pos.Line, Node: node, Edge: edge})
}

// nodes compares components and sub-components, with what is decided of each.
func (c *comparison) nodes() {
	was, is := named(c.old.Graph), named(c.now.Graph)
	for _, id := range slices.Sorted(maps.Keys(was)) {
		if is[id] == nil && (was[id].Parent == nil || is[was[id].Parent.ID] != nil) {
			c.add(Breaking, what(was[id]), id, "removed", diag.Pos{}, nil, nil)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(is)) {
		n, before := is[id], was[id]
		switch {
		case before == nil && n.Parent != nil && was[n.Parent.ID] == nil: // part of what is new
		case before == nil:
			c.add(Additive, what(n), id, "new "+n.Kind.Name, n.Pos, n, nil)
		case before.Kind.Name != n.Kind.Name:
			c.add(Breaking, what(n), id, "kind: "+before.Kind.Name+" -> "+n.Kind.Name, n.Pos, n, nil)
		default:
			c.attributes(n.ID, before.Attrs, n.Attrs, n.AttrPos, n, nil)
			if n.Parent == nil {
				c.decided(before, n)
			}
		}
	}
}

// named are the nodes that the user wrote, by ID.
func named(g *ir.Graph) map[string]*ir.Node {
	all := map[string]*ir.Node{}
	for _, n := range g.Nodes {
		if !n.Implied {
			all[n.ID] = n
		}
	}
	return all
}

func what(n *ir.Node) string {
	if n.Parent == nil {
		return "component"
	}
	return "sub-component"
}

// attributes compares the values of attributes, leaf by leaf. Links and sub-components are nodes and edges.
func (c *comparison) attributes(of string, was, is kind.Object, at func(string) diag.Pos, n *ir.Node, e *ir.Edge) {
	before, now := leaves(was), leaves(is)
	for _, name := range union(before, now) {
		a, b := before[name], now[name]
		if (a == nil) == (b == nil) && fmt.Sprint(a) == fmt.Sprint(b) || a == nil && holds(before, name) || b == nil && holds(now, name) {
			continue
		}
		c.add(classOf(name, a, b), "attribute", of, name+": "+transition(shown(a), shown(b)), at(name), n, e)
	}
}

// holds says whether an object of a name is there, with leaves of its own: what else it becomes is said of them.
func holds(leaves map[string]any, name string) bool {
	for other := range leaves {
		if strings.HasPrefix(other, name+".") {
			return true
		}
	}
	return false
}

// classOf is the class of a changed attribute: those that say who may do what are known by name.
func classOf(name string, was, is any) Class {
	switch name {
	case "access":
		return compareAccess(shown(was), shown(is))
	case "auth":
		return compareAuth(shown(was), shown(is))
	case "public_paths":
		return comparePaths(was, is)
	}
	return Changing
}

// compareAuth is the class of what callers have to show, where it changes.
func compareAuth(was, is string) Class {
	if is == "none" || was != "none" {
		return Widening
	}
	return Breaking
}

// comparePaths is the class of changed paths that are open to everybody, where /hooks/* is all below /hooks/.
func comparePaths(was, is any) Class {
	before, _ := was.([]any)
	now, _ := is.([]any)
	for _, path := range now {
		if !slices.ContainsFunc(before, func(open any) bool {
			below, all := strings.CutSuffix(fmt.Sprint(open), "*")
			return open == path || all && strings.HasPrefix(fmt.Sprint(path), below)
		}) {
			return Widening
		}
	}
	return Breaking
}

// compareAccess is the class of a changed right.
func compareAccess(was, is string) Class {
	order := []string{"read", "write", "readwrite", "owner"}
	before, now := slices.Index(order, was), slices.Index(order, is)
	switch {
	case before < 0 || now < 0:
		return Changing
	case now > before:
		return Widening
	}
	return Breaking
}

func transition(was, is string) string {
	return cmp.Or(was, "not set") + " -> " + cmp.Or(is, "not set")
}

// leaves are the values below an object, by their dotted paths; a list is one value, and so is an object without fields.
func leaves(o kind.Object) map[string]any {
	all := map[string]any{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		o, ok := v.(map[string]any)
		if object, is := v.(kind.Object); is {
			o, ok = object, true
		}
		switch {
		case v == nil:
			all[path] = "null" // which leaves a variable out
		case !ok:
			all[path] = v
		case len(o) == 0:
			all[path] = kind.Object{}
		}
		for key, v := range o {
			walk(strings.TrimPrefix(path+"."+key, "."), v)
		}
	}
	walk("", o)
	delete(all, "")
	return all
}

// shown is a value in a line of text, cut where it is long; "" of none.
func shown(v any) string {
	if v == nil {
		return ""
	}
	if o, ok := v.(kind.Object); ok && len(o) == 0 {
		return "{}"
	}
	text := strings.Join(strings.Fields(fmt.Sprint(v)), " ")
	if runes := []rune(text); len(runes) > 60 {
		return string(runes[:59]) + "…"
	}
	return cmp.Or(text, `""`)
}

func union[T any](a, b map[string]T) []string {
	all := slices.Sorted(maps.Keys(a))
	for name := range b {
		if _, ok := a[name]; !ok {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// decided compares what passes decided of a component: the variables of its pods, and its image.
func (c *comparison) decided(was, n *ir.Node) {
	before, now := c.old.Of[was], c.now.Of[n]
	c.variables(n.ID, n, before.Env, now.Env)
	processes := map[string]*ir.Variables{}
	for p, v := range before.Processes {
		processes[p.ID] = v
	}
	for p, v := range now.Processes {
		if old := processes[p.ID]; old != nil {
			c.variables(p.ID, p, held(before, p.ID, old.Env), held(now, p.ID, v.Env))
		}
	}
	if before.Image.Value() != now.Image.Value() {
		c.add(Changing, "image", n.ID, transition(before.Image.Value(), now.Image.Value()), n.Pos, n, nil)
	}
}

// held are the variables that pods of a process have: its component's, but those that its file leaves out.
func held(of *ir.NodePlan, process string, all map[string]ir.Decided[value.Value]) map[string]ir.Decided[value.Value] {
	kept := maps.Clone(all)
	for _, row := range of.Rows {
		if e, ok := row.Content.(kind.Environment); ok && e.Of == process {
			for _, name := range e.Without {
				delete(kept, name)
			}
		}
	}
	return kept
}

func (c *comparison) variables(of string, n *ir.Node, was, is map[string]ir.Decided[value.Value]) {
	for _, name := range union(was, is) {
		before, had := was[name]
		now, has := is[name]
		switch {
		case !had:
			c.add(Additive, "variable", of, name, n.Pos, n, nil)
		case !has:
			c.add(Breaking, "variable", of, name+" removed", n.Pos, n, nil)
		case !value.Equal(before.Value(), now.Value()):
			c.add(Changing, "variable", of, name+": "+transition(shown(value.Display(before.Value())), shown(value.Display(now.Value()))), n.Pos, n, nil)
		}
	}
}

// links compares the edges, and the credentials of those that were there before.
func (c *comparison) links() {
	was, is := edges(c.old.Graph), edges(c.now.Graph)
	components := named(c.now.Graph)
	for _, name := range union(was, is) {
		before, e := was[name], is[name]
		switch {
		case e == nil:
			if components[before.Source.Component().ID] != nil {
				c.add(Breaking, "link", name, "removed", diag.Pos{}, nil, nil)
			}
		case before == nil:
			c.add(Additive, "link", name, "new", e.Pos, nil, e)
		default:
			c.attributes(name, before.Attrs, e.Attrs, e.AttrPos, nil, e)
			c.identity(name, before, e)
		}
	}
}

func edges(g *ir.Graph) map[string]*ir.Edge {
	all := map[string]*ir.Edge{}
	for _, e := range g.Edges {
		all[e.Source.ID+" -> "+e.Named().ID] = e
	}
	return all
}

func (c *comparison) identity(name string, before, e *ir.Edge) {
	was, had := c.old.Identities[before]
	is, has := c.now.Identities[e]
	if !had || !has {
		return
	}
	if a, b := was.Value().User, is.Value().User; a != b {
		c.add(Changing, "identity", name, "user: "+transition(a, b), e.Pos, nil, e)
	}
	// the rights of one user, of all links that share it
	if a, b := was.Value().Access, is.Value().Access; a != b && before.Attrs["access"] == e.Attrs["access"] {
		c.add(compareAccess(a, b), "identity", name, "access: "+transition(a, b), e.Pos, nil, e)
	}
}

// exposure compares who reaches what.
func (c *comparison) exposure() {
	was, is := exposed(c.old), exposed(c.now)
	components := named(c.now.Graph)
	for _, key := range union(was, is) {
		before, had := was[key]
		now, has := is[key]
		switch {
		case !has:
			if components[before.ID] != nil {
				c.add(Breaking, "exposure", before.ID, "no longer reached "+reached(before), diag.Pos{}, nil, nil)
			}
		case !had:
			c.add(Widening, "exposure", now.ID, "reached "+reached(now), now.Pos, now.Node, now.Edge)
		default:
			c.guard(before, now)
		}
	}
}

// reached is "from internet by a route of api at https://…, asked for none".
func reached(x explain.Exposed) string {
	text := "from " + x.From + " by " + x.By
	if x.URL != "" {
		text += " at " + x.URL
	}
	return text + ", auth: " + x.Auth
}

// guard compares what callers of one way in have to show, and who they may be.
func (c *comparison) guard(was, is explain.Exposed) {
	if was.Auth != is.Auth {
		c.add(compareAuth(was.Auth, is.Auth), "exposure", is.ID, is.By+": auth: "+transition(was.Auth, is.Auth), is.Pos, is.Node, is.Edge)
	}
	if !slices.Equal(was.Allow, is.Allow) {
		class := Widening
		if len(was.Allow) == 0 || len(is.Allow) > 0 && !slices.ContainsFunc(is.Allow, func(a string) bool { return !slices.Contains(was.Allow, a) }) {
			class = Breaking
		}
		c.add(class, "exposure", is.ID, is.By+": allowed: "+allowed(was)+" -> "+allowed(is), is.Pos, is.Node, is.Edge)
	}
	if was.TLS && !is.TLS {
		c.add(Breaking, "exposure", is.ID, is.By+": without TLS", is.Pos, is.Node, is.Edge)
	}
}

func allowed(x explain.Exposed) string {
	return cmp.Or(strings.Join(x.Allow, ", "), "everyone there")
}

// data compares the owners of what is kept. Of two environments, what one has and the other has not is lost to nobody.
func (c *comparison) data() {
	was, is := kept(c.old), kept(c.now)
	for _, key := range union(was, is) {
		before, had := was[key]
		now, has := is[key]
		switch {
		case !has && c.beside():
			c.add(Changing, "data", before.Node, before.What+" "+before.Object+" in namespace "+before.Namespace+" is in "+c.old.Graph.Environment+" alone", diag.Pos{}, nil, nil)
		case !has:
			c.add(Losing, "data", before.Node, before.What+" "+before.Object+" in namespace "+before.Namespace+" is left behind", diag.Pos{}, nil, nil)
		case had && before.Format != now.Format:
			c.add(Changing, "data", now.Node, "format: "+transition(before.Format, now.Format), diag.Pos{}, c.now.Graph.Node(now.Node), nil)
		}
	}
}

// beside says whether two environments of one architecture are compared, rather than what was with what is.
func (c *comparison) beside() bool {
	return c.old.Graph.Environment != c.now.Graph.Environment && slices.Contains(c.now.Graph.Environments, c.old.Graph.Environment)
}

func kept(p *ir.Plan) map[string]owners.Data {
	all := map[string]owners.Data{}
	for _, d := range owners.Of(p).Data {
		all[strings.Join([]string{d.Node, d.Kind, d.What, d.Namespace, d.Object}, "\x00")] = d
	}
	return all
}

// exposed are the ways in to components, each by what makes it the same one in another plan.
func exposed(p *ir.Plan) map[string]explain.Exposed {
	all := map[string]explain.Exposed{}
	for _, x := range explain.Exposure(p) {
		_, address, _ := strings.Cut(x.URL, "://")
		all[strings.Join([]string{x.ID, x.From, x.By, address}, "\x00")] = x
	}
	return all
}
