package passes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// variables are the environment: what is in clear by its value, a single secret by the variable that has it, and whole files of them.
func (s *localService) variables() {
	env, files := kind.Object{}, []any{}
	said, _ := s.said["env"].(kind.Object)
	one := func(name string, v any, from ir.Line) {
		env[name] = v
		s.lines[lineKey("services", s.name, "environment", name)] = from
		s.known[name] = known{fmt.Sprint(v), from}
	}
	whole := func(row kind.Row, from ir.Line) {
		s.lines[lineKey("services", s.name, "env_file", len(files))] = from
		files = append(files, kind.Object{"path": s.place(row), "format": "raw"})
		for _, name := range variablesIn(row) {
			s.known[name] = known{s.secret(row.Path, name), from}
		}
	}
	sources, from := s.container.list("envFrom")
	for i, item := range sources {
		s.from(item, step(from, i), func(name string, v any, at ir.Line) { one(name, escaped(v), at) }, whole)
	}
	for i, name := range strs(s.said["env_files"]) {
		whole(s.row(name), s.own("env_files", i))
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if said[name] != nil {
			one(name, s.saidVariable(said[name]), s.own("env", name))
		}
	}
	list, from := s.container.list("env")
	for i, item := range list {
		o, _ := item.(kind.Object)
		name := word(o, "name")
		if _, ok := said[name]; ok {
			continue // in the place of the pod's
		}
		if v, at, ok := s.variable(o, step(from, i)); ok {
			one(name, v, at)
		}
	}
	for name, v := range said {
		if v == nil {
			delete(env, name)
			delete(s.known, name)
		}
	}
	if len(env) > 0 {
		s.doc["environment"] = env
	}
	if len(files) > 0 {
		s.doc["env_file"] = files
	}
}

// known is a variable of a container: its value for Compose, and where it is from.
type known struct {
	text string
	from ir.Line
}

// expanded is a text of a pod, or a list of them, as Kubernetes expands it, for Compose: $(NAME) is a variable that is known, and stays without one; $$ is a $.
func (s *localService) expanded(v any, from ir.Line) (any, ir.Line) {
	switch v := v.(type) {
	case []any:
		all := make([]any, len(v))
		for i, item := range v {
			all[i], from = s.expanded(item, from)
		}
		return all, from
	case string:
		return references().ReplaceAllStringFunc(v, func(found string) string {
			if variable, ok := s.known[strings.TrimSuffix(strings.TrimPrefix(found, "$("), ")")]; ok {
				from.Also = append(slices.Clone(from.Also), variable.from)
				return variable.text
			}
			return escaped(strings.Replace(found, "$$", "$", 1)).(string)
		}), from
	}
	return v, from
}

// references are where Kubernetes looks for variables in a text.
func references() *regexp.Regexp { return regexp.MustCompile(`\$\$|\$\([^)]*\)|\$`) }

// step is the line of an item of a list.
func step(l ir.Line, at ...any) ir.Line {
	l.At = append(slices.Clone(l.At), at...)
	for _, key := range at {
		l.Data = item(l.Data, key)
	}
	return l
}

// item is a field of an object, or an item of a list.
func item(data, key any) any {
	switch d := data.(type) {
	case kind.Object:
		name, _ := key.(string)
		return d[name]
	case []any:
		if i, ok := key.(int); ok && i < len(d) {
			return d[i]
		}
	}
	return nil
}

// from takes the variables of a ConfigMap or Secret.
func (s *localService) from(item any, at ir.Line, one func(string, any, ir.Line), whole func(kind.Row, ir.Line)) {
	o, _ := item.(kind.Object)
	if ref, ok := o["configMapRef"].(kind.Object); ok {
		from := s.sources.settings[word(ref, "name")]
		for name, v := range from.data {
			one(name, v, step(from.line, name))
		}
	}
	if ref, ok := o["secretRef"].(kind.Object); ok {
		for _, row := range s.sources.envs["secretGenerator "+word(ref, "name")] {
			whole(row, at)
		}
	}
}

// variable is the value of a variable of a container, where one machine has it.
func (s *localService) variable(o kind.Object, at ir.Line) (any, ir.Line, bool) {
	if v, ok := o["value"]; ok {
		v, at = s.expanded(v, step(at, "value"))
		return v, at, true
	}
	from, _ := o["valueFrom"].(kind.Object)
	if ref, ok := from["secretKeyRef"].(kind.Object); ok {
		file, ok := s.sources.made["secretGenerator "+word(ref, "name")][word(ref, "key")]
		return s.secret(file.row.Path, file.key), at, ok
	}
	if ref, ok := from["configMapKeyRef"].(kind.Object); ok {
		v, ok := s.sources.settings[word(ref, "name")].data[word(ref, "key")]
		return escaped(v), at, ok
	}
	return nil, at, false
}

// secret is a variable of an encrypted file, as Compose reads it.
func (s *localService) secret(file, name string) string {
	return "${" + kind.LocalVariable(s.n.Name+"/"+file, name) + ":?platc up sets it}"
}

// saidVariable is a variable as a kind says it: a text, data as JSON, or a variable of an encrypted file.
func (s *localService) saidVariable(v any) any {
	if o, ok := v.(kind.Object); ok {
		if data, ok := o["json"]; ok {
			return escaped(indented(data))
		}
		return s.secret(word(o, "file"), word(o, "key"))
	}
	return escaped(fmt.Sprint(v))
}

// indented is data as JSON that people can read.
func indented(data any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(data); err != nil {
		panic("data of a kind: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}
