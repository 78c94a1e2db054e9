package passes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func localServices() pass.Pass {
	return pass.Pass{
		Name: "local-services",
		Doc:  "The containers in which the architecture runs on one machine: those of its pods, as far as kinds do not say otherwise.",
		After: []string{
			"assign-roles", // the pods are objects of what is deployed, and environments have files of their own
			"order-start",  // a container waits for those of the components before it
		},
		Codes:   []string{"E0101", "W0140"},
		Run:     runLocalServices,
		Promise: "Every container waits only for containers that there are, and no two have one name.",
		Holds:   localHolds,
	}
}

func runLocalServices(c *pass.Context) bool {
	l := &locals{c: c, services: map[*ir.Node][]*localService{}, builds: map[string]build{}, doc: kind.Object{}, volumes: kind.Object{}}
	l.lines, l.certificates, l.owners = map[string]ir.Line{}, map[string]ir.Certificate{}, map[string]*ir.Node{}
	nodes := c.Graph.Components()
	for _, n := range nodes {
		if p := c.Of(n); len(p.Built.By()) > 0 && !strings.Contains(p.Built.Value(), "@") {
			said, _ := l.said(n)["build"].(kind.Object)
			l.builds[p.Image.Value()] = build{n, said}
		}
	}
	sources := each(c, nodes, newPodSources)
	for i, n := range nodes {
		l.enter(n, sources[i])
	}
	for _, n := range nodes {
		for _, s := range l.services[n] {
			s.finish()
		}
	}
	c.Plan.Local = ir.Local{Document: l.document(), Lines: l.lines, Components: l.components()}
	for _, place := range slices.Sorted(maps.Keys(l.certificates)) {
		c.Plan.Local.Certificates = append(c.Plan.Local.Certificates, l.certificates[place])
	}
	return true
}

// locals are the containers of an architecture.
type locals struct {
	c        *pass.Context
	services map[*ir.Node][]*localService
	builds   map[string]build    // by image
	doc      kind.Object         // the services of the document
	volumes  kind.Object         // and its volumes
	owners   map[string]*ir.Node // of the volumes
	lines    map[string]ir.Line

	certificates map[string]ir.Certificate // that containers have, by place
}

// build is how an image is built: the component in whose folder, and what its kind says of it.
type build struct {
	n    *ir.Node
	said kind.Object
}

// said is what the kind of a component says of one machine, nil where it says nothing.
func (l *locals) said(n *ir.Node) kind.Object {
	local, _ := l.c.Of(n).Local.Content.(kind.Local)
	return local.Said
}

// by is why a component has containers.
func (l *locals) by(n *ir.Node) []ir.Origin {
	return []ir.Origin{l.c.OfNode(n, "every "+n.Kind.Name+" runs on one machine")}
}

// enter decides the containers of a component. A kind of the user's own may say nothing of one machine.
func (l *locals) enter(n *ir.Node, sources *podSources) {
	p, said := l.c.Of(n), l.said(n)
	deployed := slices.ContainsFunc(p.Rows, func(r kind.Row) bool { return r.Role == kind.Deploy })
	if said == nil && n.Kind.Own && deployed && n.Description.External == nil {
		l.c.Report(diag.Diagnostic{
			Code: "W0140", Path: n.Path(), Pos: n.Pos, Message: fmt.Sprintf("%s is left out of local/compose.yaml: the kind %s does not say how it runs on one machine", n.Name, n.Kind.Name),
			Help: "add local to its manifests.cue; local: pods: true takes its pods as they are",
		})
	}
	if said == nil {
		return
	}
	if said["none"] != nil {
		if n.Kind.Own && len(said) > 1 {
			l.wrong(n, said, []any{"none"}, "leave out none, or all else", "says both none and what runs on one machine")
		}
		return
	}
	services, _ := said["services"].(kind.Object)
	if pods, _ := said["pods"].(bool); pods {
		for _, name := range slices.Sorted(maps.Keys(sources.pods)) {
			if services[name] == nil {
				l.add(n, sources, name, kind.Object{})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(services)) {
		o, _ := services[name].(kind.Object)
		podless := o["image"] == nil && sources.pods[name] == nil
		switch {
		case podless && len(sources.pods) == 0 && n.Kind.Own && !slices.ContainsFunc(p.Rows, misformedRow):
			l.wrong(n, said, []any{"services", name}, "give it an image, or put the files of its pods beside the kustomization that is deployed",
				"has a service %q without an image, but no pods are deployed: %s", name, sources.searched())
			continue
		case podless && slices.ContainsFunc(p.Rows, misformedRow): // reported there
			continue
		case podless, name != n.Name && !strings.HasPrefix(name, n.Name+"-"):
			l.wrong(n, said, []any{"services", name}, "give it an image and such a name, or the name of a Deployment, StatefulSet, Job or CronJob",
				"has a service %q, which is neither one with an image, called %s or %s-NAME, nor the name of its pods", name, n.Name, n.Name)
			continue
		}
		l.add(n, sources, name, o)
	}
	if n.Kind.Own {
		localChecks{l, n, sources, said}.check()
	}
	l.own(n)
}

// add decides a container, those that run before it, and those beside it.
func (l *locals) add(n *ir.Node, sources *podSources, name string, said kind.Object) {
	s := &localService{locals: l, n: n, sources: sources, name: name, said: said, pod: sources.pods[name], doc: kind.Object{}, after: strs(said["after"])}
	if said["pod"] == false {
		s.pod = nil
	}
	s.once, _ = said["once"].(bool)
	if s.pod != nil {
		s.once = s.once || s.pod.kind == "Job" || s.pod.kind == "CronJob"
		s.scheduled = s.pod.kind == "CronJob"
		for _, init := range strs(said["init"]) {
			before := *s
			before.name, before.said, before.doc = name+"-"+init, kind.Object{}, kind.Object{}
			before.container, before.once, before.inner = s.pod.container("initContainers", init), true, true
			before.after = slices.Clone(s.after)
			l.keep(&before)
			s.after = []string{before.name}
		}
		s.container = s.pod.container("containers", "")
	}
	l.keep(s)
	if s.pod == nil || said["sidecars"] == false {
		return
	}
	containers, _ := s.pod.spec["containers"].([]any)
	for i, other := range containers {
		o, _ := other.(kind.Object)
		if i == 0 {
			continue // it is the service itself
		}
		beside := *s
		beside.name, beside.said, beside.doc = name+"-"+word(o, "name"), kind.Object{}, kind.Object{}
		beside.container, beside.beside, beside.after = s.pod.container("containers", word(o, "name")), s, []string{s.name}
		l.keep(&beside)
	}
}

// keep enters a container into the document.
func (l *locals) keep(s *localService) {
	s.called, s.name, s.known = s.name, l.free(s.n, s.name, l.takenService), map[string]known{}
	l.services[s.n] = append(l.services[s.n], s)
	l.doc[s.name] = s.doc
	s.begin()
}

// free is how the document calls what a component calls <component>-<part>: with more - between them where that name is another one's.
func (l *locals) free(n *ir.Node, name string, taken func(*ir.Node, string) bool) string {
	part := strings.TrimPrefix(name, n.Name+"-")
	for between := "--"; taken(n, name); between += "-" {
		name = n.Name + between + part
	}
	return name
}

// takenService says whether a container is called so already, or a component, whose first container will be.
func (l *locals) takenService(n *ir.Node, name string) bool {
	return l.doc[name] != nil || name != n.Name && l.c.Graph.Node(name) != nil
}

// takenVolume says whether a volume of another component is called so.
func (l *locals) takenVolume(n *ir.Node, name string) bool {
	return l.owners[name] != nil && l.owners[name] != n
}

// components are those of the containers, by the names of these.
func (l *locals) components() map[string]*ir.Node {
	all := map[string]*ir.Node{}
	for n, services := range l.services {
		for _, s := range services {
			all[s.name] = n
		}
	}
	return all
}

// own adds the container that gives volumes to the users of the others: a volume is root's until then.
func (l *locals) own(n *ir.Node) {
	helper, name := word(l.said(n), "helper"), l.free(n, n.Name+"-volume-owner", l.takenService)
	var mounts []any
	command := []any{"sh", "-euc", `for pair; do chown "$${pair%%=*}" "$${pair#*=}"; done`, "sh"}
	var users []*localService
	for _, s := range l.services[n] {
		for _, v := range s.claimed {
			users = append(users, s)
			target := "/volumes/" + v
			if s.uid == "" || slices.ContainsFunc(mounts, func(m any) bool { return m.(kind.Object)["source"] == v }) {
				continue
			}
			from := l.lines[lineKey("volumes", v)]
			l.lines[lineKey("services", name, "volumes", len(mounts))] = from
			from.Also = append(slices.Clone(from.Also), l.lines[lineKey("services", s.name, "user")])
			l.lines[lineKey("services", name, "entrypoint", len(command))] = from
			mounts = append(mounts, kind.Object{"type": "volume", "source": v, "target": target, "volume": kind.Object{"nocopy": true}})
			command = append(command, s.uid+"="+target)
		}
	}
	if helper == "" || len(mounts) == 0 {
		return
	}
	s := &localService{locals: l, n: n, name: name, once: true, inner: true, alone: true, doc: kind.Object{
		"image": helper, "entrypoint": command, "user": "0:0", "network_mode": "none", "restart": "no", "volumes": mounts, "read_only": true,
		"cap_drop": []any{"ALL"}, "cap_add": []any{"CHOWN"}, "security_opt": []any{"no-new-privileges:true"},
	}}
	l.services[n] = append(l.services[n], s)
	l.doc[name] = s.doc
	from := ir.Line{By: l.by(n), Pos: l.c.Of(n).Local.Pos}
	if len(mounts) == 1 {
		from.Also = []ir.Line{l.lines[lineKey("services", name, "volumes", 0)]}
	}
	l.lines[lineKey("services", name)] = from
	l.lines[lineKey("services", name, "image")] = ir.Line{Data: helper, Node: n, Trace: l.c.Of(n).Local.Trace, At: []any{"helper"}, Pos: l.c.Of(n).Local.Pos}
	for _, user := range users {
		user.owner = s
	}
}

// document is the whole of local/compose.yaml.
func (l *locals) document() kind.Object {
	doc := kind.Object{"name": l.c.Graph.Name, "services": l.doc}
	if len(l.volumes) > 0 {
		doc["volumes"] = l.volumes
	}
	return doc
}

// lineKey is the place of a line in a document.
func lineKey(at ...any) string {
	words := make([]string, len(at))
	for i, step := range at {
		words[i] = fmt.Sprint(step)
	}
	return strings.Join(words, "\x00")
}

// strs are the texts of a list of data.
func strs(v any) []string {
	list, _ := v.([]any)
	var all []string
	for _, item := range list {
		text, _ := item.(string)
		all = append(all, text)
	}
	return all
}

func localHolds(c *pass.Context) error {
	services, _ := c.Plan.Local.Document["services"].(kind.Object)
	for _, name := range slices.Sorted(maps.Keys(services)) {
		s, _ := services[name].(kind.Object)
		waits, _ := s["depends_on"].(kind.Object)
		for _, other := range slices.Sorted(maps.Keys(waits)) {
			if services[other] == nil {
				return fmt.Errorf("%s waits for %s, which is not there", name, other)
			}
		}
	}
	return nil
}
