package passes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func checkRules(c *pass.Context) bool {
	var kept []*ir.Edge
	for _, e := range c.Graph.Edges {
		if e.Rules = rulesOf(c.Graph.Library, e); e.Rules == nil {
			noRule(c, e)
			continue
		}
		completeLink(c, e)
		kept = append(kept, e)
	}
	c.Graph.Edges = kept
	checkCounts(c, refused(c))
	return true
}

// refused are the components with a link that is no edge, because its target or its rule does not exist.
func refused(c *pass.Context) map[*ir.Node]bool {
	kept := map[*kind.Given]bool{}
	for _, e := range c.Graph.Edges {
		kept[e.Given] = true
	}
	all := map[*ir.Node]bool{}
	for _, l := range c.Graph.Links {
		if !kept[l.Given] {
			all[l.Source.Component()] = true
		}
	}
	return all
}

// rulesOf is the rule of the two kinds with those of their parents, the most general first; nil without a rule for the two kinds.
func rulesOf(library *kind.Library, e *ir.Edge) []*kind.Rule {
	exact := library.Rule(e.Source.Kind, e.Target.Kind)
	if exact == nil || e.Source == e.Target || e.Source == e.Target.Parent || e.Target == e.Source.Parent {
		return nil
	}
	var all []*kind.Rule
	for _, source := range lineage(e.Source) {
		for _, target := range lineage(e.Target) {
			r := library.Rule(source.Kind, target.Kind)
			if r != nil && !slices.Contains(all, r) {
				all = append(all, r)
			}
		}
	}
	return all
}

// lineage is a node's component and the node.
func lineage(n *ir.Node) []*ir.Node {
	if n.Parent != nil {
		return []*ir.Node{n.Parent, n}
	}
	return []*ir.Node{n}
}

func noRule(c *pass.Context, e *ir.Edge) {
	// the rule has a mistake, which is reported
	if lacking := c.Graph.Library.Lacking; lacking[e.Source.Component().Kind.Name] || lacking[e.Target.Component().Kind.Name] {
		return
	}
	if e.Internal() && c.Graph.Library.Rule(e.Source.Kind, e.Target.Kind) != nil {
		c.Report(diag.Diagnostic{Code: "E0203", Path: e.Path(), Pos: e.Pos, Message: fmt.Sprintf("%s links to %q, %s", e.Source.ID, e.As, kinship(e)), Help: "remove the link: within a component, only a sub-component can link to another"})
		return
	}
	var targets []string
	for _, k := range c.Graph.Library.Kinds {
		if c.Graph.Library.Rule(e.Source.Kind, k) != nil {
			targets = append(targets, k.Name)
		}
	}
	slices.Sort(targets)
	help := e.Source.Kind.Name + " components cannot link to anything"
	if len(targets) > 0 {
		help = fmt.Sprintf("%s components can link to %s", e.Source.Kind.Name, strings.Join(targets, ", "))
	}
	c.Report(diag.Diagnostic{Code: "E0203", Path: e.Path(), Pos: e.Pos, Message: fmt.Sprintf("%s links to %q, but there is no rule for a link from %s to %s", e.Source.ID, e.As, e.Source.Kind.Name, e.Target.Kind.Name), Help: help})
}

// kinship says what the target of an edge inside one component is to the source.
func kinship(e *ir.Edge) string {
	switch e.Target {
	case e.Source:
		return "which is itself"
	case e.Source.Parent:
		return "which it belongs to"
	}
	return "which belongs to it"
}

// completeLink checks the attributes of a link: those that every link has, and those of its rules.
func completeLink(c *pass.Context, e *ir.Edge) {
	typ := &kind.Type{IsStruct: true, Fields: slices.Clone(everyLink())}
	for _, r := range e.Rules {
		if r.Attributes == nil {
			continue
		}
		for _, f := range r.Attributes.Fields {
			if typ.Field(f.Name) == nil {
				typ.Fields = append(typ.Fields, f)
			}
		}
	}
	given := e.Given
	if sub := inheritAttributes(e); len(sub) > 0 {
		full := *e.Given
		full.Fields = append(slices.Clone(full.Fields), sub...)
		given = &full
	}
	e.Attrs, _ = typ.Complete(given, kind.Place{Path: e.Path(), Subject: fmt.Sprintf("the link %s", e.Name()), KeyPos: e.Pos}, c.Findings).(kind.Object)
	e.Startup = !e.Internal()
	for _, r := range e.Rules {
		e.Startup = e.Startup && r.Startup
	}
	if wanted, ok := e.Attrs["startup"].(bool); ok {
		e.Startup = wanted && !e.Internal()
	}
}

// inheritAttributes are the attributes of the source that are defaults of its links.
func inheritAttributes(e *ir.Edge) []*kind.Given {
	var all []*kind.Given
	for _, r := range e.Rules {
		for _, name := range r.Inherit {
			if e.Given.Field(name) != nil || slices.ContainsFunc(all, func(g *kind.Given) bool { return g.Key == name }) {
				continue
			}
			for _, n := range slices.Backward(lineage(e.Source)) {
				if f := n.Given.Field(name); f != nil {
					all = append(all, f)
					break
				}
				if v, ok := n.Attrs[name]; ok && v != nil {
					all = append(all, written(name, v, e.Pos))
					break
				}
			}
		}
	}
	return all
}

// written is data as if a user had written it at a place.
func written(key string, data any, at diag.Pos) *kind.Given {
	g := &kind.Given{Key: key, KeyPos: at, Pos: at, Concrete: true}
	switch d := data.(type) {
	case kind.Object:
		g.Struct = true
		for _, name := range sortedKeys(d) {
			g.Fields = append(g.Fields, written(name, d[name], at))
		}
	case []any:
		g.List = true
		for _, item := range d {
			g.Items = append(g.Items, written("", item, at))
		}
	default:
		g.Scalar = data
	}
	return g
}

// everyLink are the attributes of every link, whatever its rules.
func everyLink() []kind.Field {
	isBool := func(v any) bool { _, ok := v.(bool); return ok }
	nameOrNull := func(v any) bool {
		s, ok := v.(string)
		return v == nil || ok && variableName(s)
	}
	return []kind.Field{
		{Name: "primary", Type: &kind.Type{Doc: "Whether this instance also has the plain variable names, if there are several of the same kind.", Help: "true or false", Text: "bool", Optional: true, Check: isBool}},
		{Name: "env", Type: &kind.Type{Doc: "New names for variables of the link; null omits one.", Help: "a name such as DATABASE_HOST, or null", Text: "{[NAME]: NAME | null}", IsMap: true, Optional: true, Elem: &kind.Type{Help: "a name of upper-case letters, digits and _, or null", Text: "string | null", Check: nameOrNull}}},
		{Name: "startup", Type: &kind.Type{Doc: "Whether the target starts before the source.", Help: "true or false", Text: "bool", Optional: true, Check: isBool}},
	}
}

func variableName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && s[0] != '_'
}

// checkCounts reports too few or too many links. Where a link was refused too few are no second mistake.
func checkCounts(c *pass.Context, refused map[*ir.Node]bool) {
	for _, n := range c.Graph.Components() {
		for _, count := range n.Kind.Counts {
			if count.PerSource {
				countPerSource(c, n, count)
				continue
			}
			linked := others(c, n, count)
			excused := count.Out && refused[n] || !count.Out && len(refused) > 0
			if len(linked) < count.Min && !excused || count.Max > 0 && len(linked) > count.Max {
				pos := n.Pos
				if len(linked) > 0 {
					pos = linked[len(linked)-1].Pos
				}
				report(c, count, n, pos, linked)
			}
		}
	}
}

// others are the edges that a count is about, one per component at the other end.
func others(c *pass.Context, n *ir.Node, count kind.Count) []*ir.Edge {
	seen := map[*ir.Node]bool{}
	var all []*ir.Edge
	for _, e := range c.Graph.Edges {
		own, other := e.Target.Component(), e.Source.Component()
		if count.Out {
			own, other = other, own
		}
		if own == n && other.Kind.Name == count.Other && !seen[other] {
			seen[other] = true
			all = append(all, e)
		}
	}
	return all
}

// countPerSource counts the links of each source to all components of a kind. It reports at the last of them, and once: for the last component by name.
func countPerSource(c *pass.Context, n *ir.Node, count kind.Count) {
	for _, first := range others(c, n, count) {
		source := first.Source.Component()
		seen := map[*ir.Node]bool{}
		var linked []*ir.Edge
		for _, e := range c.Graph.Edges {
			if e.Source.Component() == source && e.Target.Component().Kind == n.Kind && !seen[e.Target.Component()] {
				seen[e.Target.Component()] = true
				linked = append(linked, e)
			}
		}
		last := linked[len(linked)-1]
		if count.Max > 0 && len(linked) > count.Max && last.Target.Component() == n {
			report(c, count, source, last.Pos, linked)
		}
	}
}

func report(c *pass.Context, count kind.Count, n *ir.Node, pos diag.Pos, linked []*ir.Edge) {
	d := diag.Diagnostic{Code: count.Code, Path: n.Path(), Pos: pos, Message: n.Name + " " + count.Message, Help: count.Help}
	for _, e := range linked {
		if e.Pos != pos {
			d.Related = append(d.Related, diag.Related{Message: "linked to " + strconv.Quote(e.As), Pos: e.Pos})
		}
	}
	c.Report(d)
}
