package passes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// variables are the environment: what is in clear by its value, a single secret by the variable that has it, and whole files of them.
func (s *localService) variables() {
	env, files := kind.Object{}, []any{}
	line := func(name string, from ir.Line) { s.lines[lineKey("services", s.name, "environment", name)] = from }
	whole := func(row kind.Row, from ir.Line) {
		s.lines[lineKey("services", s.name, "env_file", len(files))] = from
		files = append(files, kind.Object{"path": s.place(row), "format": "raw"})
	}
	sources, from := s.container.list("envFrom")
	for i, item := range sources {
		s.from(item, step(from, i), func(name string, v any, at ir.Line) {
			env[name] = escaped(v)
			line(name, at)
		}, whole)
	}
	list, from := s.container.list("env")
	for i, item := range list {
		o, _ := item.(kind.Object)
		if v, ok := s.variable(o); ok {
			env[word(o, "name")] = v
			at := step(from, i)
			if _, ok := o["value"]; ok {
				at = step(at, "value")
			}
			line(word(o, "name"), at)
		}
	}
	said, _ := s.said["env"].(kind.Object)
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if said[name] == nil {
			delete(env, name)
			continue
		}
		env[name] = s.saidVariable(said[name])
		line(name, s.own("env", name))
	}
	for i, name := range strs(s.said["env_files"]) {
		whole(s.row(name), s.own("env_files", i))
	}
	if len(env) > 0 {
		s.doc["environment"] = env
	}
	if len(files) > 0 {
		s.doc["env_file"] = files
	}
}

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
func (s *localService) variable(o kind.Object) (any, bool) {
	if v, ok := o["value"]; ok {
		return escaped(v), true
	}
	from, _ := o["valueFrom"].(kind.Object)
	if ref, ok := from["secretKeyRef"].(kind.Object); ok {
		file, ok := s.sources.made["secretGenerator "+word(ref, "name")][word(ref, "key")]
		return s.secret(file.row.Path, file.key), ok
	}
	if ref, ok := from["configMapKeyRef"].(kind.Object); ok {
		v, ok := s.sources.settings[word(ref, "name")].data[word(ref, "key")]
		return escaped(v), ok
	}
	return nil, false
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
