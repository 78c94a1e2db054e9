package load

import (
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// withoutAttributes is the help for a link or a sub-component that is no struct.
const withoutAttributes = "write {} for one without attributes"

// notStruct reports what has to be a struct, and is none.
func (l *lowering) notStruct(g *kind.Given, path, subject, help string) {
	switch {
	case g.Invalid:
	case !g.Concrete && !g.List:
		open := *g
		open.Several = g.Key == "components" || g.Key == "links"
		l.add(open.Open(kind.Place{Path: path, Subject: subject}, "", false))
	default:
		l.add(diag.Diagnostic{Code: "E0104", Path: path, Pos: g.Pos, Message: subject + " must be a struct", Help: help})
	}
}

// byName says how to write a struct of named values, where a name or a list of them is written. value is what one of them looks like.
func byName(g *kind.Given, value string) string {
	texts := []*kind.Given{g}
	if g.List {
		texts = g.Items
	}
	const most = 3
	var all []string
	for _, t := range texts {
		text, ok := t.Scalar.(string)
		if !ok || len(all) == most {
			all = append(all, "…")
			break
		}
		all = append(all, fmt.Sprintf("%q: %s", text, value))
	}
	if len(all) == 0 || all[0] == "…" {
		all = []string{"NAME: " + value}
	}
	return "write it as {" + strings.Join(all, ", ") + "}"
}

// asComponent says how to write a component that is no struct.
func (l *lowering) asComponent(g *kind.Given) string {
	name, ok := g.Scalar.(string)
	if !ok || !slices.Contains(l.componentKinds(), name) {
		name = "fastapi"
	}
	return fmt.Sprintf("write it as {kind: %q, …}", name)
}

// nameless are the fields that stand where names do, and are attributes of what has a name: one finding for all of them.
func (l *lowering) nameless(g *kind.Given, path, what string, attribute func(*kind.Given) bool) []*kind.Given {
	var all []*kind.Given
	for _, f := range g.Fields {
		if attribute(f) {
			all = append(all, f)
		}
	}
	if len(all) > 0 {
		first := all[0]
		l.add(diag.Diagnostic{
			Code: "E0104", Path: path, Pos: first.KeyPos, Message: fmt.Sprintf("%s belongs to a %s, and stands where the name of one is written", first.Key, what),
			Help: fmt.Sprintf("write the name of the %s, and what belongs to it in braces: NAME: {%s: …}", what, first.Key),
		})
	}
	return all
}

// attributeOf says whether what stands where the name of a sub-component does is an attribute of one.
func attributeOf(k *kind.Kind, f *kind.Given) bool {
	has := func(name string) bool { return name == "links" || k.Attributes.Field(name) != nil }
	if !has(f.Key) || f.Invalid {
		return false
	}
	// a struct may be a sub-component that is called so
	return !f.Struct || len(f.Fields) > 0 && !slices.ContainsFunc(f.Fields, func(inner *kind.Given) bool { return has(inner.Key) })
}

// componentField says whether all components may have a field.
func (l *lowering) componentField(name string) bool {
	return slices.Contains(fixed(), name) || l.common(name) != nil
}

// componentWith is the component whose own fields a struct has, as those that a reference to it gives; nil without.
func (l *lowering) componentWith(g *kind.Given) *kind.Given {
	own := g.Field("kind")
	if own == nil || !own.KeyPos.IsValid() {
		return nil
	}
	for _, c := range l.components.Fields {
		if f := c.Field("kind"); f != nil && f.KeyPos == own.KeyPos {
			return c
		}
	}
	return nil
}
