package explain

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/kind"
)

// KindDoc is a kind as people read it: `platc kinds`, `platc explain` and the reference print it.
type KindDoc struct {
	Name          string         `json:"name"`
	Title         string         `json:"title"`
	Doc           string         `json:"doc"`
	Provides      []string       `json:"provides"` // capabilities
	Names         string         `json:"names"`    // of a sub-kind: the rule of its names, in words
	Attributes    []AttributeDoc `json:"attributes"`
	SubComponents []KindDoc      `json:"subComponents"`
	Outbound      []string       `json:"outbound"` // rules with this kind as their source
	Inbound       []string       `json:"inbound"`
	Files         []FileDoc      `json:"files"`
}

// AttributeDoc is an attribute of a kind, a link, or of another attribute.
type AttributeDoc struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"` // in words where the library has them
	Required   bool           `json:"required"`
	Default    any            `json:"default"` // nil: none
	Doc        string         `json:"doc"`
	Attributes []AttributeDoc `json:"attributes"` // of a struct, or of the structs of a list
}

// FileDoc is a row of a kind's table of files.
type FileDoc struct {
	Path string `json:"path"`
	When string `json:"when"`
}

// LinkDoc is a rule as people read it.
type LinkDoc struct {
	Rule       string         `json:"rule"`   // "fastapi -> postgresql"
	Serves     []string       `json:"serves"` // of a rule of a capability: the pairs of kinds that it holds for
	From       string         `json:"from"`
	To         string         `json:"to"`
	Doc        string         `json:"doc"`
	Attributes []AttributeDoc `json:"attributes"`
	Ports      []string       `json:"ports"`
	Startup    bool           `json:"startup"`  // the source waits for the target
	Identity   string         `json:"identity"` // which edges share a credential; "" without one
	Rotation   string         `json:"rotation"` // what keeps the credential of before valid when it is rotated; "" where nothing does
	Variables  []string       `json:"variables"`
	Fields     []string       `json:"fields"` // what the link attribute variables may be composed of
	Outbound   SideDoc        `json:"outbound"`
	Inbound    SideDoc        `json:"inbound"`
}

// SideDoc is what a rule may bring to one end.
type SideDoc struct {
	Requirements []string `json:"requirements"`
	Modules      []string `json:"modules"`
	Parts        []string `json:"parts"`
}

// Kinds describes the kinds of components, by name.
func Kinds(l *kind.Library) []KindDoc {
	var all []KindDoc
	for _, name := range slices.Sorted(maps.Keys(l.Kinds)) {
		if k := l.Kinds[name]; k.Parent == "" {
			all = append(all, DescribeKind(l, k))
		}
	}
	return all
}

// DescribeKind describes one kind or sub-kind.
func DescribeKind(l *kind.Library, k *kind.Kind) KindDoc {
	d := KindDoc{
		Name: k.Name, Title: k.Title, Doc: k.Doc, Provides: list(k.Provides), Names: k.Names.Help,
		Attributes: attributeDocs(k.Attributes), SubComponents: []KindDoc{}, Outbound: []string{}, Inbound: []string{}, Files: []FileDoc{},
	}
	for _, name := range slices.Sorted(maps.Keys(k.Subs)) {
		d.SubComponents = append(d.SubComponents, DescribeKind(l, k.Subs[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(l.Rules)) {
		if k.Is(l.Rules[name].From) {
			d.Outbound = append(d.Outbound, name)
		}
		if k.Is(l.Rules[name].To) {
			d.Inbound = append(d.Inbound, name)
		}
	}
	for _, r := range k.Rows {
		d.Files = append(d.Files, FileDoc{Path: r.Path, When: r.When.String()})
	}
	slices.SortFunc(d.Files, func(a, b FileDoc) int { return cmp.Compare(a.Path, b.Path) })
	return d
}

// Links describes every rule, by name.
func Links(l *kind.Library) []LinkDoc {
	var all []LinkDoc
	for _, name := range slices.Sorted(maps.Keys(l.Rules)) {
		d := DescribeRule(l.Rules[name])
		d.Serves = Serves(l, l.Rules[name])
		all = append(all, d)
	}
	return all
}

// DescribeRule describes one rule.
func DescribeRule(r *kind.Rule) LinkDoc {
	d := LinkDoc{
		Rule: r.Name(), From: r.From, To: r.To, Doc: r.Doc, Attributes: attributeDocs(r.Attributes), Ports: list(r.Ports), Startup: r.Startup,
		Variables: r.Brings.Variables(), Fields: list(r.Brings.Fields), Outbound: sideDoc(r.Brings.Out), Inbound: sideDoc(r.Brings.In),
	}
	if len(r.Brings.Fields) > 0 {
		d.Attributes = append(d.Attributes, attributeDocs(&kind.Type{IsStruct: true, Fields: []kind.Field{kind.LinkVariables(r.Brings.Fields)}})...)
	}
	if r.Identity != nil {
		d.Identity = "one per application and resource"
		if r.Identity.PerComponent {
			d.Identity = "one per application and component"
		}
		switch r.Identity.Rotate {
		case kind.RotateUsers:
			d.Rotation = "two users take turns"
		case kind.RotatePasswords:
			d.Rotation = "the server also accepts the previous password"
		}
	}
	return d
}

func sideDoc(s kind.Side) SideDoc {
	return SideDoc{Requirements: list(s.Requirements), Modules: list(s.Modules), Parts: list(s.Parts)}
}

// list is never nil, so that JSON has an empty list.
func list(all []string) []string { return append([]string{}, all...) }

func attributeDocs(t *kind.Type) []AttributeDoc {
	all := []AttributeDoc{}
	if t == nil {
		return all
	}
	for _, f := range t.Fields {
		all = append(all, AttributeDoc{Name: f.Name, Type: inWords(f.Type), Required: f.Required, Default: f.Type.Default, Doc: strings.TrimSpace(f.Type.Doc), Attributes: nested(f.Type)})
	}
	return all
}

// nested are the attributes inside an attribute.
func nested(t *kind.Type) []AttributeDoc {
	for t != nil && !t.IsStruct && t.Elem != nil {
		t = t.Elem
	}
	return attributeDocs(t)
}

// inWords is what a value may be.
func inWords(t *kind.Type) string {
	switch {
	case t.Help != "":
		return t.Help
	case t.IsList && t.Elem != nil:
		return "list of " + inWords(t.Elem)
	case t.IsMap && t.Elem != nil:
		return "map to " + inWords(t.Elem)
	case t.IsStruct:
		return "struct"
	}
	var once []string
	for alternative := range strings.SplitSeq(strings.TrimPrefix(t.Text, "*"), " | ") {
		if !slices.Contains(once, alternative) {
			once = append(once, alternative)
		}
	}
	// a default of a basic type is no alternative of its own
	if len(once) == 2 && once[1] == "bool" {
		return once[1]
	}
	return strings.Join(once, " | ")
}
