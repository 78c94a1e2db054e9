package draft

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"platc.dev/platc/compiler/load"
)

// Draft is an architecture that is not built yet, made of somebody else's description.
type Draft struct {
	Name       string
	Source     string // the file that it was made of, as the user names it
	Components []*Component
	Notes      []string // what was said and is of no component
}

// Component is one of a draft.
type Component struct {
	Name, Kind string
	Attrs      map[string]any // by attribute; text, number, bool, []any or map[string]any
	Links      map[string]map[string]any
	Notes      []string // what its source says, and the draft does not
}

func (c *Component) note(format string, args ...any) {
	note := fmt.Sprintf(format, args...)
	if !slices.Contains(c.Notes, note) {
		c.Notes = append(c.Notes, note)
	}
}

// Remove takes out what does not hold: an attribute of a component, or all of its links, with the reason as a note. It says whether there was one.
func (d *Draft) Remove(component, attribute, reason string) bool {
	i := slices.IndexFunc(d.Components, func(c *Component) bool { return c.Name == component })
	if i < 0 {
		return false
	}
	c := d.Components[i]
	if attribute == "links" && len(c.Links) > 0 {
		for _, target := range slices.Sorted(maps.Keys(c.Links)) {
			c.note("the link to %s is left out: %s", target, reason)
		}
		c.Links = nil
		return true
	}
	if _, ok := c.Attrs[attribute]; !ok {
		return false
	}
	delete(c.Attrs, attribute)
	c.note("%s is left out: %s", attribute, reason)
	return true
}

// All are the notes of the draft, each with the component that it is of.
func (d *Draft) All() []string {
	all := slices.Clone(d.Notes)
	for _, c := range d.Components {
		for _, note := range c.Notes {
			all = append(all, c.Name+": "+note)
		}
	}
	return all
}

// CUE is the draft as arch.cue, formatted; schema: it imports the types of all kinds, for editors.
func (d *Draft) CUE(schema bool) ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "// A draft, made of %s. Lines that begin with TODO say what it could not take over.\n", oneLine(d.Source))
	b.WriteString("package arch\n\n")
	if schema {
		b.WriteString("import \"platc.dev/platc/schema\"\n\n// for completion in an editor; platc does not need it\nschema.#Architecture\n\n")
	}
	fmt.Fprintf(&b, "name: %s\n\n", quoted(d.Name))
	fmt.Fprintf(&b, "config: {\n\t// TODO: your registry, and the repository that the images are built from\n\tregistry: {host: \"registry.example.com\", project: %[1]s}\n\tgit: {url: \"https://git.example.com/%[2]s.git\", ref: \"main\"}\n}\n\n", quoted(d.Name), d.Name)
	for _, note := range d.Notes {
		fmt.Fprintf(&b, "// TODO: %s\n", oneLine(note))
	}
	b.WriteString("components: {\n")
	for i, c := range d.Components {
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, note := range c.Notes {
			fmt.Fprintf(&b, "\t// TODO: %s\n", oneLine(note))
		}
		fmt.Fprintf(&b, "\t%s: {\n\t\tkind: %s\n", label(c.Name), quoted(c.Kind))
		for _, name := range attributeOrder(c.Attrs) {
			fmt.Fprintf(&b, "\t\t%s: %s\n", label(name), shown(c.Attrs[name]))
		}
		if len(c.Links) > 0 {
			b.WriteString("\t\tlinks: {\n")
			for _, target := range slices.Sorted(maps.Keys(c.Links)) {
				fmt.Fprintf(&b, "\t\t\t%s: %s\n", label(target), shown(anyMap(c.Links[target])))
			}
			b.WriteString("\t\t}\n")
		}
		b.WriteString("\t}\n")
	}
	b.WriteString("}\n")
	return load.Format([]byte(b.String()))
}

// attributeOrder is by name, but for those that say what a component is.
func attributeOrder(attrs map[string]any) []string {
	first := []string{"namespace", "image", "build", "version", "ports"}
	var all []string
	for _, name := range first {
		if _, ok := attrs[name]; ok {
			all = append(all, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		if !slices.Contains(first, name) {
			all = append(all, name)
		}
	}
	return all
}

func anyMap(m map[string]any) any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// shown is a value as CUE; a struct of more than one field, and all that holds one, over several lines.
func shown(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var fields []string
		long := len(v) > 2
		for _, name := range slices.Sorted(maps.Keys(v)) {
			text := shown(v[name])
			long = long || strings.Contains(text, "\n") || len(text) > 60
			fields = append(fields, label(name)+": "+text)
		}
		if long {
			return "{\n" + strings.Join(fields, "\n") + "\n}"
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, shown(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case string:
		return quoted(v)
	}
	return fmt.Sprint(v)
}

// label is the name of a field, quoted where CUE needs that.
func label(name string) string {
	if regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`).MatchString(name) && !slices.Contains([]string{"package", "import", "for", "in", "if", "let", "true", "false", "null"}, name) {
		return name
	}
	return quoted(name)
}

// quoted is a text as CUE: JSON is a part of it.
func quoted(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a text can be encoded
	return strings.TrimSuffix(b.String(), "\n")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
