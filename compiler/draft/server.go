package draft

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// writeServer fills a component whose kind runs the server itself.
func (w *writer) writeServer(name string) {
	s, c, k := w.project.Services[name], w.components[name], w.kinds[name]
	stands := k.StandsFor
	w.version(name)
	if stands.Sub != "" {
		sub := k.Subs[stands.Sub]
		database := w.variableOf(name, stands.Named)
		if sub.Names.Check(database) != "" {
			database = "app"
			if sub.Names.Check(database) != "" {
				database = "app-data"
			}
		}
		c.Attrs[stands.Sub] = map[string]any{database: map[string]any{}}
	}
	var known []string
	for _, names := range stands.Variables {
		known = append(known, names...)
	}
	var other []string
	for _, variable := range slices.Sorted(maps.Keys(s.Environment)) {
		if !slices.Contains(known, variable) {
			other = append(other, variable)
		}
	}
	if len(other) > 0 {
		c.note("its variables are decided by the kind; what these ask for is not taken over: %s", strings.Join(other, ", "))
	}
	if len(s.Command)+len(s.Entrypoint) > 0 {
		c.note("its command is decided by the kind, and what it asks for is not taken over")
	}
	for _, v := range s.Volumes {
		if v.Type == "bind" {
			c.note("the mount of %s at %s is not taken over", w.said(v.Source), v.Target)
		}
	}
	for _, p := range s.Ports {
		if p.Published != "" {
			c.note("port %d was published as %s: it is open to what links to it alone", p.Target, p.Published)
		}
	}
	if len(s.Configs)+len(s.Secrets) > 0 {
		c.note("its secrets and configs are not taken over: the kind makes its own credentials")
	}
}

// version takes the version of the server off its tag, as exact as the kind has it.
func (w *writer) version(name string) {
	c, k := w.components[name], w.kinds[name]
	_, tag := splitImage(w.project.Services[name].Image)
	version := regexp.MustCompile(`^v?(\d+(\.\d+)*)`).FindStringSubmatch(tag)
	if version == nil {
		return // the newest, as in the Compose file
	}
	if k.StandsFor.Version == "" {
		c.note("the kind decides which version runs, and %s is not taken over", version[1])
		return
	}
	t := k.Attributes.Field(k.StandsFor.Version)
	for parts := strings.Split(version[1], "."); len(parts) > 0; parts = parts[:len(parts)-1] {
		if candidate := strings.Join(parts, "."); t.Fits(candidate) {
			c.Attrs[k.StandsFor.Version] = candidate
			return
		}
	}
	c.note("the version %s is none of those of the kind, which takes its own", version[1])
}

// variableOf is the value of the variable of a server's image that is a field of a link to it, "" without.
func (w *writer) variableOf(name, field string) string {
	for _, variable := range w.kinds[name].StandsFor.Variables[field] {
		if value := w.project.Services[name].Environment[variable]; value != nil && *value != "" {
			first, _, _ := strings.Cut(*value, ",")
			return first
		}
	}
	return ""
}
