package draft

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"platc.dev/platc/compiler/explain"
)

// link is a link of a service to another one.
type link struct {
	service string // at the other end
	target  string // as in links
	fields  []string
	brings  []string // variables that it brings in any case; "*_URL" stands for one of the target's name
}

// names are what other services call a service.
func (w *writer) names(service string) []string {
	s := w.project.Services[service]
	all := []string{service, s.ContainerName, s.Hostname}
	for _, n := range s.Networks {
		if n != nil {
			all = append(all, n.Aliases...)
		}
	}
	return slices.DeleteFunc(all, func(name string) bool { return name == "" })
}

// speaksOf finds a service by any of its names, as a host in a text.
func (w *writer) speaksOf(service string) *regexp.Regexp {
	var names []string
	for _, name := range w.names(service) {
		names = append(names, regexp.QuoteMeta(name))
	}
	return regexp.MustCompile(`(^|[/@,;=\s])(` + strings.Join(names, "|") + `)(:\d+)?($|[/,;?\s])`)
}

// links are what a service depends on or names in its variables.
func (w *writer) links(name string) {
	s, c := w.project.Services[name], w.components[name]
	wanted := map[string]bool{} // whether it waits for it
	for other := range s.DependsOn {
		wanted[other] = true
	}
	environment := w.environment(name)
	for _, other := range w.project.ServiceNames() {
		host := w.speaksOf(other)
		for _, v := range environment {
			if _, waits := wanted[other]; !waits && other != name && v != nil && host.MatchString(*v) {
				wanted[other] = w.server(other)
			}
		}
	}
	for _, other := range slices.Sorted(maps.Keys(wanted)) {
		if w.components[other] == nil {
			continue
		}
		l, ok := w.linkTo(name, other)
		if !ok {
			c.note("there is no link to %s, which it depends on: nothing of it can be called", w.components[other].Name)
			continue
		}
		c.Links[l.target] = map[string]any{}
		if !wanted[other] {
			c.Links[l.target]["startup"] = false
		}
	}
}

// linkTo is the link of a service to another one, if there can be one.
func (w *writer) linkTo(name, other string) (link, bool) {
	source, target := w.kinds[name], w.kinds[other]
	l := link{service: other, target: w.components[other].Name}
	ends := []string{target.Name}
	if stands := target.StandsFor; stands.Sub != "" {
		ends = append(ends, target.Subs[stands.Sub].Name)
		for sub := range w.components[other].Attrs[stands.Sub].(map[string]any) {
			l.target += "/" + sub
		}
	} else if !w.server(other) && w.components[other].Attrs["ports"] == nil {
		return l, false // nobody can call it
	}
	found := false
	for _, end := range ends {
		for _, r := range w.Library.RulesBetween(source, w.Library.Kinds[end]) {
			found = true
			doc := explain.DescribeRule(r)
			l.fields = append(l.fields, doc.Fields...)
			l.brings = append(l.brings, doc.Variables...)
		}
	}
	return l, found
}

// linkVariables gives links the variables that they can compose, and returns the names of the others.
func (w *writer) linkVariables(name string, environment map[string]*string) []string {
	c := w.components[name]
	var left []string
	given := map[string]string{} // the text that a link composes
	by := map[string]link{}
	keys := slices.Sorted(maps.Keys(environment))
	var links []link
	for _, other := range w.project.ServiceNames() {
		if l, ok := w.linkTo(name, other); ok && other != name && c.Links[l.target] != nil {
			links = append(links, l)
		}
	}
	for _, k := range keys {
		for _, l := range links {
			if v := environment[k]; v != nil {
				if field := w.copyOf(l, k, *v); field != "" {
					given[k], by[k] = "{"+field+"}", l
					break
				}
			}
		}
	}
	for _, k := range keys {
		if _, done := given[k]; done {
			continue
		}
		for _, l := range links {
			if v := environment[k]; v != nil && w.speaksOf(l.service).MatchString(*v) {
				if text, ok := w.composed(l, *v); ok {
					given[k], by[k] = text, l
				}
				break
			}
		}
	}
	for _, k := range keys {
		v := environment[k]
		if _, done := given[k]; done || v == nil {
			continue
		}
		for _, l := range links {
			if prefix, ok := strings.CutSuffix(k, "PORT"); ok && prefix != "" && by[prefix+"HOST"].service == l.service && given[prefix+"HOST"] == "{host}" {
				given[k], by[k] = "{port}", l
				break
			}
		}
	}
	for _, k := range keys {
		l, ok := by[k]
		brought := slices.ContainsFunc(l.brings, func(brought string) bool {
			return brought == k || strings.HasPrefix(brought, "*") && k == strings.ReplaceAll(strings.ToUpper(l.target), "-", "_")+brought[1:]
		})
		switch {
		case !ok:
			left = append(left, k)
		case brought && whole.MatchString(given[k]):
			// the link brings it unasked
		default:
			c.say(l.target, "variables", k, given[k])
			if brought { // as something else, which makes way
				c.say(l.target, "env", k, "LINK_"+k)
			}
		}
	}
	return left
}

// whole is a text that says no more than a link does by itself: one field, or the address of an application.
var whole = regexp.MustCompile(`^(\{[a-z]+\}|http://\{host\}(:\{port\})?/?)$`)

// say adds an entry to a map of a link.
func (c *Component) say(target, field, name, text string) {
	entries, _ := c.Links[target][field].(map[string]any)
	if entries == nil {
		entries = map[string]any{}
	}
	entries[name] = text
	c.Links[target][field] = entries
}

// composed is a text that names a service, with the fields of a link in the place of what they stand for.
func (w *writer) composed(l link, text string) (string, bool) {
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(l.fields, name) })
	}
	stands := w.kinds[l.service].StandsFor
	address, host := "{host}:{port}", "{host}"
	if stands.Address != "" {
		address, host = "{"+stands.Address+"}", "{"+stands.Address+"}"
	} else if !has("host", "port") {
		return "", false
	}
	escape := strings.NewReplacer("{", "{{", "}", "}}").Replace
	if u, err := url.Parse(text); err == nil && u.Scheme != "" && slices.Contains(w.names(l.service), u.Hostname()) {
		var b strings.Builder
		b.WriteString(u.Scheme + "://")
		if u.User != nil || has("user", "password") && w.server(l.service) && !strings.HasPrefix(u.Scheme, "http") {
			if !has("user", "password") {
				return "", false
			}
			b.WriteString("{user}:{password}@")
		}
		if u.Port() == "" && !w.server(l.service) {
			b.WriteString(host)
		} else {
			b.WriteString(address)
		}
		path := escape(u.EscapedPath())
		if sub := strings.TrimPrefix(u.Path, "/"); stands.Named != "" && has(stands.Named) && sub != "" && !strings.Contains(sub, "/") {
			path = "/{" + stands.Named + "}"
		}
		b.WriteString(path)
		var parameters []string
		for parameter := range strings.SplitSeq(u.RawQuery, "&") {
			k, v, _ := strings.Cut(parameter, "=")
			if field := stands.Query[k]; field != "" && has(field) {
				v = "{" + field + "}"
			} else {
				v = escape(v)
			}
			if k != "" {
				parameters = append(parameters, k+"="+v)
			}
		}
		if len(parameters) > 0 {
			b.WriteString("?" + strings.Join(parameters, "&"))
		}
		return b.String(), true
	}
	if w.holdsSecret(text) {
		return "", false // a list of addresses with passwords, say: a person has to look at it
	}
	found := w.speaksOf(l.service)
	out := found.ReplaceAllStringFunc(escape(text), func(part string) string {
		m := found.FindStringSubmatch(part)
		if m[3] != "" {
			return m[1] + address + m[4]
		}
		return m[1] + host + m[4]
	})
	return out, true
}

// endings are how names of variables end that hold a field.
func endings(field string) []string {
	switch field {
	case "user":
		return []string{"USER", "USERNAME"}
	case "password":
		return []string{"PASSWORD", "PASS", "PWD"}
	case "database":
		return []string{"DATABASE", "DB", "NAME"}
	}
	upper := strings.ToUpper(field)
	return []string{upper, upper + "_ID"}
}

// copyOf is the field of a link that a variable is a copy of: its value is that which the server was given, and its name says so.
func (w *writer) copyOf(l link, k, v string) string {
	upper := strings.ToUpper(k)
	for _, field := range slices.Sorted(maps.Keys(w.kinds[l.service].StandsFor.Variables)) {
		named := slices.ContainsFunc(endings(field), func(end string) bool { return strings.HasSuffix(upper, end) })
		if named && slices.Contains(l.fields, field) && v != "" && v == w.variableOf(l.service, field) {
			return field
		}
	}
	return ""
}

// taken are the fields of a service that are taken over, or that mean nothing in a cluster.
func taken() []string {
	return []string{
		"image", "build", "command", "entrypoint", "environment", "env_file", "depends_on", "ports", "expose", "volumes", "healthcheck", "deploy", "scale", "cpus", "mem_limit",
		"mem_reservation", "user", "secrets", "configs", "tmpfs", "profiles", "networks", "container_name", "hostname", "restart", "init", "platform", "pull_policy",
		"stop_signal", "stop_grace_period", "tty", "stdin_open", "develop", "attach", "links", "read_only", "security_opt", "cap_drop", "extends", "labels", "working_dir",
	}
}

// unknown says what else a service asks for.
func (w *writer) unknown(name string) {
	c := w.components[name]
	s := w.project.Services[name]
	var left []string
	for _, field := range fieldsOf(s) {
		if !slices.Contains(taken(), field) {
			left = append(left, field)
		}
	}
	if s.WorkingDir != "" {
		left = append(left, "working_dir")
	}
	if len(s.Labels) > 0 {
		left = append(left, "labels")
	}
	if len(left) > 0 {
		slices.Sort(left)
		c.note("not taken over: %s", strings.Join(left, ", "))
	}
	if m := s.NetworkMode; m != "" {
		c.note("%s", fmt.Sprintf("network_mode %s has no counterpart: what it reaches and who reaches it are links", m))
	}
}
