package passes

import (
	"fmt"
	"maps"
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

// linkType is the attributes of a link: those that every link has, and those of its rules, where the most general rule counts.
func linkType(rules []*kind.Rule) *kind.Type {
	typ := &kind.Type{IsStruct: true, Fields: kind.EveryLink()}
	var fields []string
	for _, r := range rules {
		fields = append(fields, r.Brings.Fields...)
	}
	if len(fields) > 0 {
		slices.Sort(fields)
		typ.Fields = append(typ.Fields, kind.LinkVariables(slices.Compact(fields)))
	}
	for _, r := range rules {
		if r.Attributes == nil {
			continue
		}
		for _, f := range r.Attributes.Fields {
			if typ.Field(f.Name) == nil {
				typ.Fields = append(typ.Fields, f)
			}
		}
	}
	return typ
}

// completeLink checks the attributes of a link, and decides whether its source waits for its target.
func (f finder) completeLink(c *pass.Context, e *ir.Edge) {
	given, from := e.Given, map[string]string{}
	if sub := inheritAttributes(e, from); len(sub) > 0 {
		full := *e.Given
		full.Fields = append(slices.Clone(full.Fields), sub...)
		given = &full
	}
	var found diag.List
	e.Attrs, _ = f.of(e).link.Complete(given, kind.Place{Path: e.Path(), Subject: fmt.Sprintf("the link %s", e.Name()), KeyPos: e.Pos, Words: words(c.Graph, "fields")}, &found).(kind.Object)
	for name, path := range from {
		if c.Findings.Refused(path) {
			found.DropBelow(e.Path() + "." + name) // it is a mistake of the source, which has it already
		}
	}
	c.Findings.AddAll(&found)
	e.Startup = !e.Internal()
	for _, r := range e.Rules {
		e.Startup = e.Startup && r.Startup
	}
	if wanted, ok := e.Attrs["startup"].(bool); ok {
		e.Startup = wanted && !e.Internal()
	}
}

// followSources turns the order round where the target of an edge waits for something that its source does because of another link, or has.
func followSources(g *ir.Graph) {
	for _, e := range g.Edges {
		if e.Internal() {
			continue
		}
		if attribute := e.Follows(); attribute != "" {
			for _, other := range g.Outbound(e.Source.Component()) {
				if other.Attrs[attribute] != nil {
					e.Followed = append(e.Followed, other)
				}
			}
		}
		if _, count := e.Behind(); count > 0 {
			e.Followed = append(e.Followed, e)
		}
		e.Startup = e.Startup && len(e.Followed) == 0
	}
}

// inheritAttributes are the attributes of the source that are defaults of its links. It notes where they come from.
func inheritAttributes(e *ir.Edge, from map[string]string) []*kind.Given {
	var all []*kind.Given
	for _, r := range e.Rules {
		for _, name := range r.Inherit {
			if e.Given.Field(name) != nil || slices.ContainsFunc(all, func(g *kind.Given) bool { return g.Key == name }) {
				continue
			}
			for _, n := range []*ir.Node{e.Source, e.Source.Parent} {
				if n == nil {
					continue
				}
				if f := n.Given.Field(name); f != nil {
					all, from[name] = append(all, f), n.Path()+"."+name
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
		for _, name := range slices.Sorted(maps.Keys(d)) {
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
