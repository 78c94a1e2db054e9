package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// EditorSchema is a CUE package with #Architecture, #Component and a definition of each kind, for completion and checks in an editor. It is made from the
// kinds of a library. platc itself never reads it: there the same names say nothing but the kind (compiler/load/schema.go).
// Defaults are left out: an expression of the user does not see ours either.
func EditorSchema(l *kind.Library) []byte {
	e := editor{}
	e.line(0, "// Package schema describes arch.cue to editors. Written by `platc init`; platc itself does not read it.")
	e.line(0, "package schema")
	e.line(0, "")
	e.line(0, "// #Architecture is what an arch.cue holds.")
	e.line(0, "#Architecture: {")
	e.line(1, "// Name of the architecture, a DNS-1123 label.")
	e.line(1, "name!: string")
	e.line(1, "// Settings of the whole architecture.")
	e.line(1, "config?: {#Config}") // where #Architecture is embedded, a plain reference would leave it open
	e.line(1, "// Why data of removed components and sub-components may stay behind, by id.")
	e.line(1, "retired?: %s", asCUE(l.Retired, 1))
	e.line(1, "// Names of the environments that it is built for; without them there is one tree.")
	e.line(1, "environments?: %s", asCUE(l.Environments, 1))
	e.line(1, "// Components by name.")
	e.line(1, "components?: [string]: #Component")
	e.line(1, "// Nothing else: a file that embeds #Architecture could have any field.")
	e.line(1, `[!~"^(name|config|retired|environments|components)$"]: matchN(0, [_])`)
	e.line(0, "}")
	e.line(0, "")
	e.line(0, "// #Config is the settings of the whole architecture.")
	e.line(0, "#Config: %s", asCUE(l.Config, 0))
	e.line(0, "")
	var names []string
	for _, name := range slices.Sorted(maps.Keys(l.Kinds)) {
		if l.Kinds[name].Parent == "" {
			names = append(names, name)
		}
	}
	e.line(0, "// #Component is a component of any kind.")
	e.line(0, "#Component: {")
	e.line(1, "// What it is.")
	e.line(1, "kind!: =~\"^(%s)$\"", strings.Join(names, "|"))
	e.line(1, "_kinds[kind]")
	e.line(0, "}")
	e.line(0, "")
	e.line(0, "// one kind is chosen before anything is compared, so that a mistake is reported once")
	e.line(0, "_kinds: {")
	width := 0
	for _, name := range names {
		width = max(width, len(ir.Label(name)))
	}
	for _, name := range names {
		e.line(1, "%-*s %s", width+1, ir.Label(name)+":", kind.Definition(name))
	}
	e.line(0, "}")
	for _, name := range slices.Sorted(maps.Keys(l.Kinds)) {
		e.kind(l, l.Kinds[name])
	}
	return []byte(e.b.String())
}

type editor struct{ b strings.Builder }

func (e *editor) line(depth int, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if text != "" {
		e.b.WriteString(strings.Repeat("\t", depth))
	}
	e.b.WriteString(text)
	e.b.WriteByte('\n')
}

func (e *editor) kind(l *kind.Library, k *kind.Kind) {
	e.line(0, "")
	e.doc(0, kind.Definition(k.Name)+": "+k.Doc)
	e.line(0, "%s: {", kind.Definition(k.Name))
	if k.Parent == "" {
		e.line(1, "kind: %q", k.Name)
		e.line(1, "// Warnings at this component that are accepted, by code, each with the reason.")
		e.line(1, "accept?: %s", asCUE(l.Config.Field("accept"), 1))
	}
	e.fields(k.Attributes, 1)
	for _, short := range slices.Sorted(maps.Keys(k.Subs)) {
		e.doc(1, k.Subs[short].Doc)
		e.line(1, "%s?: [string]: %s", ir.Label(short), kind.Definition(k.Subs[short].Name))
	}
	e.links(l, k)
	e.line(0, "}")
}

// links writes the attributes that links from a kind may have, whatever their target: an editor cannot know it from the text of the target.
func (e *editor) links(l *kind.Library, k *kind.Kind) {
	attributes := map[string]*kind.Type{}
	texts := map[string][]string{}
	add := func(t *kind.Type) {
		if t == nil {
			return
		}
		for _, f := range t.Fields {
			attributes[f.Name] = f.Type
			if text := asCUE(f.Type, 2); !slices.Contains(texts[f.Name], text) {
				texts[f.Name] = append(texts[f.Name], text)
			}
		}
	}
	rules, fields := 0, []string{}
	for _, name := range slices.Sorted(maps.Keys(l.Rules)) {
		if k.Is(l.Rules[name].From) {
			rules++
			add(l.Rules[name].Attributes)
			fields = append(fields, l.Rules[name].Brings.Fields...)
		}
	}
	if len(fields) > 0 {
		slices.Sort(fields)
		add(&kind.Type{Fields: []kind.Field{kind.LinkVariables(slices.Compact(fields))}})
	}
	if rules == 0 {
		return
	}
	e.line(1, "// Links to other components, by target: component, component/name or component/sub-kind/name.")
	e.line(1, "links?: [string]: {")
	e.fields(&kind.Type{Fields: kind.EveryLink()}, 2)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		e.doc(2, attributes[name].Doc)
		e.line(2, "%s?: %s", ir.Label(name), strings.Join(texts[name], " | "))
	}
	e.line(1, "}")
}

func (e *editor) fields(t *kind.Type, depth int) {
	if t == nil {
		return
	}
	for _, f := range t.Fields {
		mark := "?"
		if f.Required {
			mark = "!"
		}
		e.doc(depth, f.Type.Doc)
		e.line(depth, "%s%s: %s", ir.Label(f.Name), mark, asCUE(f.Type, depth))
	}
}

// asCUE is a type as CUE, without its default.
func asCUE(t *kind.Type, depth int) string {
	switch {
	case t == nil:
		return "_"
	case t.IsMap:
		return "{[string]: " + asCUE(t.Elem, depth) + "}"
	case t.IsList && asCUE(t.Elem, depth) == "_":
		return "[...]"
	case t.IsList:
		return "[..." + asCUE(t.Elem, depth) + "]"
	case t.IsStruct:
		inner := editor{}
		inner.line(0, "{")
		inner.fields(t, depth+1)
		inner.b.WriteString(strings.Repeat("\t", depth) + "}")
		return inner.b.String()
	case t.Text == "":
		return "_"
	}
	return strings.TrimPrefix(t.Text, "*")
}

func (e *editor) doc(depth int, text string) {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if line != "" {
			e.line(depth, "// %s", line)
		}
	}
}
