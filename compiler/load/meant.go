package load

import (
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// meant is the field of a component under one of its names, or the one that is a misspelling of it or another word for it: that is a finding of its
// own, and what follows goes on with its value. names are all that may stand there.
func (l *lowering) meant(g *kind.Given, name string, names []string) *kind.Given {
	if f := g.Field(name); f != nil {
		return f
	}
	for _, f := range g.Fields {
		if !f.Struct || slices.Contains(names, f.Key) {
			continue
		}
		if near := diag.Meant(f.Key, names, l.fields); len(near) > 0 && near[0] == name {
			return f
		}
	}
	return nil
}

// fields are the fields that a word means.
func (l *lowering) fields(word string) []string { return l.library.Words("fields", word) }

// namesOf are all that may stand in a component of a kind.
func namesOf(k *kind.Kind) []string {
	names := slices.Concat(fixed(), sorted(k.Subs))
	for _, f := range k.Attributes.Fields {
		names = append(names, f.Name)
	}
	return names
}

// elsewhere says where a field stands that a kind does not have: in one of its sub-components, or in its links. Where it is nowhere, what the kind has.
func (l *lowering) elsewhere(k *kind.Kind, field string) string {
	for _, name := range append([]string{field}, l.fields(field)...) {
		for _, short := range sorted(k.Subs) {
			if k.Subs[short].Attributes.Field(name) != nil {
				return fmt.Sprintf("a %s has it: %s: NAME: %s: …", short, short, name)
			}
		}
		for _, id := range sorted(l.library.Rules) {
			r := l.library.Rules[id]
			if r.Attributes == nil || r.Attributes.Field(name) == nil {
				continue
			}
			if k.Is(r.From) {
				return fmt.Sprintf("a link to %s has it: links: NAME: %s: …", strings.TrimPrefix(r.To, "@"), name)
			}
			if k.Is(r.To) {
				return fmt.Sprintf("a link from %s has it: links: NAME: %s: …", strings.TrimPrefix(r.From, "@"), name)
			}
		}
	}
	help := fmt.Sprintf("`platc explain %s` lists its attributes", strings.SplitN(k.Name, "/", 2)[0])
	if subs := sorted(k.Subs); len(subs) > 0 {
		help = fmt.Sprintf("%s; its sub-components are %s", help, strings.Join(subs, ", "))
	}
	return help
}

// kindField is the field that names the kind of a component, or what is written in its place.
func (l *lowering) kindField(g *kind.Given, path string) *kind.Given {
	if f := g.Field("kind"); f != nil {
		return f
	}
	for _, f := range g.Fields {
		name, ok := f.Scalar.(string)
		if !ok || l.library.Kinds[name] == nil {
			continue
		}
		if near := diag.Meant(f.Key, []string{"kind"}, l.fields); len(near) > 0 {
			l.add(diag.Diagnostic{Code: "E0102", Path: path, Pos: f.KeyPos, Message: fmt.Sprintf("%s has a field %q, which does not exist", g.Key, f.Key), Help: diag.DidYouMean(near)})
			return f
		}
	}
	return nil
}

// nearKinds are the kinds that a name which does not exist may mean, and the one that the component is read as; nil where that is not plain.
func (l *lowering) nearKinds(name string) (near []string, as *kind.Kind) {
	names := l.componentKinds()
	near = diag.Meant(name, names, func(word string) []string { return l.library.Words("kinds", word) })
	if diag.Misspelt(name, names) != "" && len(near) == 1 {
		as = l.library.Kinds[near[0]]
	}
	return near, as
}

// withoutKind checks what does not depend on the kind of a component: the attributes that all kinds have, and the targets of its links.
func (l *lowering) withoutKind(g *kind.Given, path string) {
	for _, f := range g.Fields {
		if t := l.common(f.Key); t != nil {
			t.Complete(f, kind.Place{Path: path + "." + f.Key, Subject: kind.Own(g.Key) + " " + f.Key, KeyPos: g.KeyPos}, l.list)
		}
	}
	links := g.Field("links")
	if links == nil || !links.Struct || l.componentWith(links) != nil {
		return
	}
	source := &ir.Node{ID: g.Key, Name: g.Key, Given: g, Pos: g.KeyPos}
	for _, f := range links.Fields {
		l.graph.Loose = append(l.graph.Loose, ir.Link{Source: source, Target: f.Key, Given: f, Pos: f.KeyPos})
	}
}

// common is the type of an attribute that all kinds of components have, nil if they do not have it, or differ.
func (l *lowering) common(name string) *kind.Type {
	var common *kind.Type
	for _, k := range l.componentKinds() {
		t := l.library.Kinds[k].Attributes.Field(name)
		if t == nil || common != nil && (t.Help != common.Help || t.Code != common.Code) {
			return nil
		}
		common = t
	}
	return common
}
