package passes

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// localService is a container on one machine.
type localService struct {
	*locals

	n         *ir.Node
	sources   *podSources
	called    string      // by its kind
	name      string      // in the document
	said      kind.Object // what the kind says of it
	pod       *localPod   // nil: the kind says all
	container layers      // of the pod
	doc       kind.Object // what is in the document
	after     []string    // containers of the component that it waits for
	once      bool        // it ends
	scheduled bool        // and is started by hand
	inner     bool        // others wait for what comes behind it
	alone     bool        // it needs nothing of other components
	beside    *localService
	owner     *localService
	uid       string
	claimed   []string         // volumes
	known     map[string]known // variables
}

// set puts something into the container, with where it is from.
func (s *localService) set(field string, v any, from ir.Line) {
	s.doc[field] = escaped(v)
	s.lines[lineKey("services", s.name, field)] = from
}

// own is the line of what the kind says of a service.
func (s *localService) own(field ...any) ir.Line {
	p := s.c.Of(s.n)
	var data any = s.said
	for _, key := range field {
		data = item(data, key)
	}
	return ir.Line{Data: data, Node: s.n, Trace: p.Local.Trace, At: append([]any{"services", s.called}, field...), Pos: p.Local.Pos}
}

// field is what the kind says of a service, else what the container of its pod has.
func (s *localService) field(name, ofContainer string) (any, ir.Line) {
	if v, ok := s.said[name]; ok {
		return v, s.own(name)
	}
	return s.container.field(ofContainer)
}

// begin decides all of a container but what it waits for.
func (s *localService) begin() {
	said := s.own()
	said.Data = nil // that the kind says it, whatever it says
	there := ir.Line{By: s.by(s.n), Pos: s.c.Of(s.n).Local.Pos, Also: []ir.Line{said}}
	if s.container != nil {
		there = s.container[0].line
	}
	s.lines[lineKey("services", s.name)] = there
	s.image()
	s.variables()
	s.words("entrypoint", "command")
	s.words("command", "args")
	s.mounts()
	s.security()
	s.limits()
	s.ready()
	s.net()
	s.doc["restart"] = "unless-stopped"
	if s.once {
		s.doc["restart"] = "no"
	}
	if s.scheduled {
		s.doc["profiles"] = []any{"schedule"}
	}
	if s.pod != nil {
		if seconds, ok := s.pod.spec["terminationGracePeriodSeconds"]; ok && !s.inner {
			s.set("stop_grace_period", fmt.Sprintf("%vs", seconds), s.pod.line(append(s.pod.path, "terminationGracePeriodSeconds")...))
		}
	}
}

// words are what the container runs, as the kind says it or as Kubernetes expands what the pod has.
func (s *localService) words(field, name string) {
	if v, from := s.field(name, name); v != nil && s.said[name] != nil {
		s.set(field, v, from)
	} else if v != nil {
		s.doc[field], s.lines[lineKey("services", s.name, field)] = s.expanded(v, from)
	}
}

// image is that of the container, and how it is built where the architecture builds it.
func (s *localService) image() {
	v, from := s.field("image", "image")
	s.set("image", v, from)
	name, _ := v.(string)
	b, ok := s.builds[name]
	if !ok {
		return
	}
	section := kind.Object{"context": path.Join(s.root(), b.n.Name, word(b.said, "context"))}
	if file := word(b.said, "dockerfile"); file != "" {
		section["dockerfile"] = file
	}
	s.set("build", section, from)
	s.set("image", s.c.Of(b.n).Built.Value(), from)
}

// escaped is data in which Compose replaces nothing.
func escaped(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "$", "$$")
	case []any:
		all := make([]any, len(v))
		for i, item := range v {
			all[i] = escaped(item)
		}
		return all
	case kind.Object:
		all := make(kind.Object, len(v))
		for key, item := range v {
			all[key] = escaped(item)
		}
		return all
	}
	return v
}

// finish decides what the container waits for: those of its component that it names, and else those of all components before it.
func (s *localService) finish() {
	waits := kind.Object{}
	wait := func(other *localService, by ...ir.Origin) {
		if other.scheduled {
			return
		}
		condition := "service_started"
		switch {
		case other.once:
			condition = "service_completed_successfully"
		case other.doc["healthcheck"] != nil:
			condition = "service_healthy"
		}
		waits[other.name] = kind.Object{"condition": condition}
		s.lines[lineKey("services", s.name, "depends_on", other.name)] = ir.Line{By: by, Pos: s.c.Of(s.n).Local.Pos, Also: []ir.Line{s.lines[lineKey("services", s.name)], s.lines[lineKey("services", other.name)]}}
	}
	p := s.c.Of(s.n)
	for _, other := range s.services[s.n] {
		if slices.Contains(s.after, other.called) || other == s.owner {
			wait(other, s.by(s.n)...)
		}
		if beside := word(s.said, "beside"); beside != "" && beside == other.called {
			s.set("network_mode", "service:"+other.name, s.own("beside"))
		}
	}
	if len(s.after) == 0 && !s.alone {
		for _, d := range p.Waits {
			for _, other := range s.services[d.Value()] {
				if !other.inner && other.beside == nil {
					wait(other, d.By()...)
				}
			}
		}
	}
	if len(waits) > 0 {
		s.doc["depends_on"] = waits
	}
}
