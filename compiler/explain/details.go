package explain

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// ComponentDoc is all that a page shows of one component. It holds no secret: their names stand in their places.
type ComponentDoc struct {
	ID           string       `json:"id"`
	Kind         string       `json:"kind"`
	Title        string       `json:"title"` // of the kind
	Namespace    string       `json:"namespace"`
	External     string       `json:"external,omitempty"` // address of a server that is not deployed
	Place        string       `json:"place"`
	Attributes   []ValueDoc   `json:"attributes"` // what was given
	Defaults     []ValueDoc   `json:"defaults"`   // what was not
	Subs         []SubDoc     `json:"subs"`
	Variables    []ValueDoc   `json:"variables"`    // of links, by name
	Requirements []ValueDoc   `json:"requirements"` // by distribution
	Modules      []ChoiceDoc  `json:"modules"`      // by name
	Files        []string     `json:"files"`        // from the root of the output
	Left         []ChoiceDoc  `json:"left"`         // files that are not written
	Policies     []OpeningDoc `json:"policies"`
	Exposed      []Exposed    `json:"exposed"`
}

// SubDoc is a sub-component.
type SubDoc struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind"`
	Place      string     `json:"place"`
	Attributes []ValueDoc `json:"attributes"`
}

// ValueDoc is a name with a value.
type ValueDoc struct {
	Name    string   `json:"name"`
	Value   string   `json:"value"`
	Because []string `json:"because,omitempty"`
}

// ChoiceDoc is what was kept, or was left out.
type ChoiceDoc struct {
	Name    string   `json:"name"`
	Kept    bool     `json:"kept"`
	Because []string `json:"because,omitempty"`
}

// OpeningDoc is an allowance of a network policy.
type OpeningDoc struct {
	Pods      string `json:"pods"`      // the group of the component's pods; "" is its only one
	Direction string `json:"direction"` // "in" or "out"
	Peer      string `json:"peer"`      // the component at the other end
	Port      int    `json:"port"`
}

// Components are all components of a plan, by name.
func Components(p *ir.Plan) []ComponentDoc {
	all := []ComponentDoc{}
	exposed := map[*ir.Node][]Exposed{}
	for _, x := range Exposure(p) {
		exposed[x.Node] = append(exposed[x.Node], x)
	}
	for _, n := range p.Graph.Components() {
		d := component(p, n)
		d.Exposed = append([]Exposed{}, exposed[n]...)
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b ComponentDoc) int { return strings.Compare(a.ID, b.ID) })
	return all
}

func component(p *ir.Plan, n *ir.Node) ComponentDoc {
	np := p.Of[n]
	d := ComponentDoc{
		ID: n.ID, Kind: n.Kind.Name, Title: n.Kind.Title, Namespace: n.Namespace(), Place: n.Pos.String(), Subs: []SubDoc{}, Variables: []ValueDoc{},
		Requirements: []ValueDoc{}, Modules: []ChoiceDoc{}, Files: []string{}, Left: []ChoiceDoc{}, Policies: []OpeningDoc{},
	}
	if n.Description.External != nil {
		d.External = n.Description.External.At
	}
	d.Attributes, d.Defaults = attributesOf(n)
	for _, sub := range n.Subs {
		if !sub.Implied {
			given, _ := attributesOf(sub)
			d.Subs = append(d.Subs, SubDoc{sub.ID, sub.Kind.Name, sub.Pos.String(), given})
		}
	}
	for _, name := range sorted(np.Env) {
		d.Variables = append(d.Variables, ValueDoc{name, value.Display(np.Env[name].Value()), reasons(np.Env[name].By())})
	}
	for _, name := range sorted(np.Requirements) {
		d.Requirements = append(d.Requirements, ValueDoc{name, np.Requirements[name].Value(), reasons(np.Requirements[name].By())})
	}
	for _, name := range sorted(np.Modules) {
		d.Modules = append(d.Modules, ChoiceDoc{name, np.Modules[name].Value(), reasons(np.Modules[name].By())})
	}
	for _, row := range np.Rows {
		name, _ := p.Place(n, row)
		d.Files = append(d.Files, name)
	}
	for _, name := range sorted(np.Files) {
		if !np.Files[name].Value() {
			d.Left = append(d.Left, ChoiceDoc{name, false, reasons(np.Files[name].By())})
		}
	}
	for _, group := range sorted(np.Policies) {
		d.Policies = append(d.Policies, openings(group, "in", np.Policies[group].Ingress)...)
		d.Policies = append(d.Policies, openings(group, "out", np.Policies[group].Egress)...)
	}
	return d
}

func openings(group, direction string, of []ir.Decided[ir.Opening]) []OpeningDoc {
	var all []OpeningDoc
	for _, o := range of {
		all = append(all, OpeningDoc{group, direction, o.Value().Peer.Node.ID, o.Value().Port})
	}
	slices.SortFunc(all, func(a, b OpeningDoc) int {
		return cmp.Or(strings.Compare(a.Peer, b.Peer), cmp.Compare(a.Port, b.Port))
	})
	return slices.Compact(all)
}

// reasons are why something was decided, each once: the link that asked, or the reason of the pass, with the place.
func reasons(by []ir.Origin) []string {
	const most = 5
	all := []string{}
	for _, o := range by {
		text := o.Reason
		if o.Edge != nil {
			text = "link " + o.Edge.Name()
			if o.Rule != nil {
				text += ", rule " + o.Rule.Name()
			}
		}
		if o.Pos.File != "" {
			text += " (" + o.Pos.String() + ")"
		}
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if len(all) > most {
		all = append(all[:most], fmt.Sprintf("and %d more", len(all)-most))
	}
	return all
}

// attributesOf are the attributes that a node was given, and those that it has by default; by name.
func attributesOf(n *ir.Node) (given, defaults []ValueDoc) {
	given, defaults = []ValueDoc{}, []ValueDoc{}
	for _, name := range sorted(n.Attrs) {
		if n.Attrs[name] == nil {
			continue
		}
		doc := ValueDoc{Name: name, Value: plain(n.Kind.Attributes.Field(name), n.Attrs[name])}
		if n.Given.Field(name) != nil {
			given = append(given, doc)
		} else {
			defaults = append(defaults, doc)
		}
	}
	return given, defaults
}

// plain is an attribute as a text: a scalar, or JSON.
func plain(t *kind.Type, v any) string {
	switch v := concealed(t, v).(type) {
	case string:
		return v
	default:
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(text)
	}
}

// concealed is a value without the secrets in it.
func concealed(t *kind.Type, v any) any {
	if t != nil && (t.Secret || t.GivenAs != "") {
		return "[secret]"
	}
	switch v := v.(type) {
	case value.Value:
		return value.Display(v)
	case map[string]any:
		if value.IsReference(v) {
			if of, err := value.From(v); err == nil {
				return value.Display(of)
			}
			return "[secret]"
		}
		all := map[string]any{}
		for name, x := range v {
			all[name] = concealed(inner(t, name), x)
		}
		return all
	case []any:
		all := make([]any, len(v))
		for i, x := range v {
			all[i] = concealed(inner(t, ""), x)
		}
		return all
	}
	return v
}

// inner is the type of what a struct, a map or a list has at a name; nil where nothing is known.
func inner(t *kind.Type, name string) *kind.Type {
	if t == nil {
		return nil
	}
	if field := t.Field(name); field != nil {
		return field
	}
	return t.Elem
}
