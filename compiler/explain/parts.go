package explain

import (
	"strings"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/load"
)

// PartDoc is a building block of the schema as it is printed.
type PartDoc struct {
	Name       string         `json:"name"` // "Labels"
	Doc        string         `json:"doc"`
	Parameters []ParameterDoc `json:"parameters"`
	Example    string         `json:"example"`
}

// ParameterDoc is what is set of a building block.
type ParameterDoc struct {
	Name     string `json:"name"` // "#of"
	Type     string `json:"type"`
	Default  string `json:"default"` // "" without one
	Required bool   `json:"required"`
	Doc      string `json:"doc"`
}

// Parts describes the building blocks that kinds use, by name.
func Parts() []PartDoc {
	var all []PartDoc
	for _, p := range load.Parts() {
		all = append(all, describePart(p))
	}
	return all
}

func describePart(p kind.Part) PartDoc {
	d := PartDoc{Name: p.Name, Doc: p.Doc, Parameters: []ParameterDoc{}}
	var set []string
	for _, q := range p.Parameters {
		d.Parameters = append(d.Parameters, ParameterDoc(q))
		if q.Required {
			set = append(set, q.Name+": "+sample(q))
		}
	}
	d.Example = "schema.#" + p.Name
	if len(set) > 0 {
		d.Example += " & {" + strings.Join(set, ", ") + "}"
	}
	return d
}

// sample is some value of a parameter.
func sample(p kind.Parameter) string {
	switch {
	case p.Name == "#of":
		return "self"
	case p.Name == "#arch":
		return "arch"
	case strings.HasPrefix(p.Type, "{"):
		return p.Name
	case strings.HasPrefix(p.Type, "["):
		return "[]"
	case p.Type == "int":
		return "1000"
	case p.Type == "bool":
		return "true"
	}
	return `"…"`
}
