package passes

import (
	"cmp"
	"fmt"
	"maps"
	"path"
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
	l.lines, l.certificates = map[string]ir.Line{}, map[string]ir.Certificate{}
	nodes := c.Graph.Components()
	for _, n := range nodes {
		if p := c.Of(n); len(p.Built.By()) > 0 && !strings.Contains(p.Built.Value(), "@") {
			said, _ := l.said(n)["build"].(kind.Object)
			l.builds[p.Image.Value()] = build{n, said}
		}
	}
	for _, n := range nodes {
		l.enter(n)
	}
	for _, n := range nodes {
		for _, s := range l.services[n] {
			s.finish()
		}
	}
	c.Plan.Local = ir.Local{Document: l.document(), Lines: l.lines}
	for _, place := range slices.Sorted(maps.Keys(l.certificates)) {
		c.Plan.Local.Certificates = append(c.Plan.Local.Certificates, l.certificates[place])
	}
	return true
}

// locals are the containers of an architecture.
type locals struct {
	c        *pass.Context
	services map[*ir.Node][]*localService
	builds   map[string]build // by image
	doc      kind.Object      // the services of the document
	volumes  kind.Object      // and its volumes
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
func (l *locals) enter(n *ir.Node) {
	p, said := l.c.Of(n), l.said(n)
	deployed := slices.ContainsFunc(p.Rows, func(r kind.Row) bool { return r.Role == kind.Deploy })
	if said == nil && n.Kind.Own && deployed && n.Description.External == nil {
		l.c.Report(diag.Diagnostic{
			Code: "W0140", Path: n.Path(), Pos: n.Pos, Message: fmt.Sprintf("%s is left out of local/compose.yaml: the kind %s does not say how it runs on one machine", n.Name, n.Kind.Name),
			Help: "add local to its manifests.cue; local: pods: true takes its pods as they are",
		})
	}
	if said == nil || said["none"] != nil {
		return
	}
	services, _ := said["services"].(kind.Object)
	sources := newPodSources(l.c, n)
	if pods, _ := said["pods"].(bool); pods {
		for _, name := range slices.Sorted(maps.Keys(sources.pods)) {
			if services[name] == nil {
				l.add(n, sources, name, kind.Object{})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(services)) {
		o, _ := services[name].(kind.Object)
		if name != n.Name && !strings.HasPrefix(name, n.Name+"-") || o["image"] == nil && sources.pods[name] == nil {
			l.c.Report(diag.Diagnostic{
				Code: "E0101", Path: n.Path(), Pos: p.Local.Pos, Message: fmt.Sprintf("local of the kind %s has a service %q, which is neither one with an image, called %s or %s-NAME, nor the name of its pods", n.Kind.Name, name, n.Name, n.Name),
				Help: "give it an image and such a name, or the name of a Deployment, StatefulSet, Job or CronJob", Related: []diag.Related{{Message: n.Name + " is declared here", Pos: n.Pos}},
			})
			continue
		}
		l.add(n, sources, name, o)
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
	for _, other := range containers[1:] {
		o, _ := other.(kind.Object)
		beside := *s
		beside.name, beside.said, beside.doc = name+"-"+word(o, "name"), kind.Object{}, kind.Object{}
		beside.container, beside.beside, beside.after = s.pod.container("containers", word(o, "name")), s, []string{s.name}
		l.keep(&beside)
	}
}

// keep enters a container into the document.
func (l *locals) keep(s *localService) {
	l.services[s.n] = append(l.services[s.n], s)
	l.doc[s.name] = s.doc
	s.begin()
}

// own adds the container that gives volumes to the users of the others: a volume is root's until then.
func (l *locals) own(n *ir.Node) {
	helper, name := word(l.said(n), "helper"), n.Name+"-volume-owner"
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
			l.lines[lineKey("services", name, "volumes", len(mounts))], l.lines[lineKey("services", name, "entrypoint", len(command))] = from, from
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

// localService is a container on one machine.
type localService struct {
	*locals

	n         *ir.Node
	sources   *podSources
	name      string
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
	claimed   []string // volumes
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
	return ir.Line{Data: data, Node: s.n, Trace: p.Local.Trace, At: append([]any{"services", s.name}, field...), Pos: p.Local.Pos}
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
	s.lines[lineKey("services", s.name)] = ir.Line{By: s.by(s.n), Pos: s.c.Of(s.n).Local.Pos}
	if s.container != nil {
		s.lines[lineKey("services", s.name)] = s.container[0].line
	}
	s.image()
	if v, from := s.field("command", "command"); v != nil {
		s.set("entrypoint", v, from)
	}
	if v, from := s.field("args", "args"); v != nil {
		s.set("command", v, from)
	}
	s.variables()
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
		s.lines[lineKey("services", s.name, "depends_on", other.name)] = ir.Line{By: by, Pos: s.c.Of(s.n).Local.Pos, Also: []ir.Line{s.lines[lineKey("services", other.name)]}}
	}
	p := s.c.Of(s.n)
	for _, other := range s.services[s.n] {
		if slices.Contains(s.after, other.name) || other == s.owner {
			wait(other, s.by(s.n)...)
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

// localPod is an object with pods, and where its spec is.
type localPod struct {
	kind    string
	row     kind.Row
	object  kind.Object
	index   int   // in the row
	path    []any // of the spec in the object
	spec    kind.Object
	labels  kind.Object
	patches []patchLayer
	node    *ir.Node
}

type patchLayer struct {
	row   kind.Row
	index int
	spec  kind.Object
}

// line is the line of something in the object.
func (p *localPod) line(at ...any) ir.Line {
	l := ir.Line{Node: p.node, Pos: p.row.Pos, File: p.row.Path, Trace: p.row.Trace, At: []any{"objects", p.index}, Data: p.object}
	return step(l, at...)
}

// layers are a container as its object has it, and as patches change it: the last that has a field counts.
type layers []layer

type layer struct {
	o    kind.Object
	line ir.Line
}

func (all layers) field(name string) (any, ir.Line) {
	for _, l := range slices.Backward(all) {
		if v, ok := l.o[name]; ok {
			return v, step(l.line, name)
		}
	}
	return nil, ir.Line{}
}

// container finds a container of the pod by its name, the first without one.
func (p *localPod) container(list, name string) layers {
	var all layers
	add := func(row kind.Row, index int, at []any, spec kind.Object) {
		containers, _ := spec[list].([]any)
		for i, item := range containers {
			o, _ := item.(kind.Object)
			if name == "" {
				name = word(o, "name")
			}
			if word(o, "name") == name {
				all = append(all, layer{o, ir.Line{Data: o, Node: p.node, Pos: p.row.Pos, File: row.Path, Trace: row.Trace, At: slices.Concat([]any{"objects", index}, at, []any{list, i})}})
			}
		}
	}
	add(p.row, p.index, p.path, p.spec)
	for _, patch := range p.patches {
		add(patch.row, patch.index, p.path, patch.spec)
	}
	return all
}

// podSources are the pods of a component, and the files that they read.
type podSources struct {
	pods     map[string]*localPod
	services []kind.Object
	settings map[string]configMap           // ConfigMaps that are objects
	made     map[string]map[string]madeFile // ConfigMaps and Secrets of generators, by kind and name: key -> file
	envs     map[string][]kind.Row          // those made of variables

	certificates map[string]ir.Certificate // by the name of their Secret
	folder       string                    // of the kustomization that is deployed
}

type configMap struct {
	data kind.Object
	line ir.Line
}

// madeFile is a file of which a generator makes a key.
type madeFile struct {
	row kind.Row
	key string // of a file of variables: the variable
}

func newPodSources(c *pass.Context, n *ir.Node) *podSources {
	s := &podSources{
		pods: map[string]*localPod{}, settings: map[string]configMap{}, made: map[string]map[string]madeFile{}, envs: map[string][]kind.Row{},
		certificates: map[string]ir.Certificate{},
	}
	rows := c.Of(n).Rows
	at := slices.IndexFunc(rows, func(r kind.Row) bool { return r.Role == kind.Deploy })
	if at < 0 {
		return s
	}
	k, _ := rows[at].Content.(kind.Kustomization)
	folder := path.Dir(rows[at].Path)
	s.folder = folder
	for _, row := range resources(rows[at], k, rows) {
		for i, o := range objectsIn(row) {
			s.object(n, row, i, o)
		}
	}
	for _, name := range patchPaths(k.Object) {
		if i := slices.IndexFunc(rows, func(r kind.Row) bool { return r.Path == path.Join(folder, name) }); i >= 0 {
			s.patch(rows[i])
		}
	}
	for _, generator := range []string{"configMapGenerator", "secretGenerator"} {
		list, _ := k.Object[generator].([]any)
		for _, item := range list {
			o, _ := item.(kind.Object)
			s.generator(generator, o, folder, rows)
		}
	}
	return s
}

// specOf is where an object has the spec of its pods.
func specOf(o kind.Object) (at []any, spec, labels kind.Object) {
	switch o["kind"] {
	case "Deployment", "StatefulSet", "Job":
		at = []any{"spec", "template"}
	case "CronJob":
		at = []any{"spec", "jobTemplate", "spec", "template"}
	default:
		return nil, nil, nil
	}
	var template any = o
	for _, step := range at {
		inner, _ := template.(kind.Object)
		template = inner[step.(string)]
	}
	t, _ := template.(kind.Object)
	spec, _ = t["spec"].(kind.Object)
	meta, _ := t["metadata"].(kind.Object)
	labels, _ = meta["labels"].(kind.Object)
	return append(at, "spec"), spec, labels
}

func (s *podSources) object(n *ir.Node, row kind.Row, index int, o kind.Object) {
	meta, _ := o["metadata"].(kind.Object)
	name := word(meta, "name")
	switch o["kind"] {
	case "Service":
		s.services = append(s.services, o)
	case "ConfigMap":
		data, _ := o["data"].(kind.Object)
		s.settings[name] = configMap{data, ir.Line{Data: data, Node: n, Pos: row.Pos, File: row.Path, Trace: row.Trace, At: []any{"objects", index, "data"}}}
	}
	if certificate, ok := certificateOf(o, n.Namespace()); ok {
		spec, _ := o["spec"].(kind.Object)
		s.certificates[word(spec, "secretName")] = certificate
	}
	if at, spec, labels := specOf(o); spec != nil {
		s.pods[name] = &localPod{kind: word(o, "kind"), row: row, object: o, index: index, path: at, spec: spec, labels: labels, node: n}
	}
}

// patch enters what a file changes of pods.
func (s *podSources) patch(row kind.Row) {
	for i, o := range objectsIn(row) {
		meta, _ := o["metadata"].(kind.Object)
		p := s.pods[word(meta, "name")]
		if _, spec, _ := specOf(o); spec != nil && p != nil && p.kind == word(o, "kind") {
			p.patches = append(p.patches, patchLayer{row, i, spec})
		}
	}
}

// generator enters a ConfigMap or Secret that a kustomization makes of files.
func (s *podSources) generator(generator string, o kind.Object, folder string, rows []kind.Row) {
	id := generator + " " + word(o, "name")
	keys := map[string]madeFile{}
	file := func(name string) (kind.Row, bool) {
		i := slices.IndexFunc(rows, func(r kind.Row) bool { return r.Path == path.Join(folder, name) })
		if i < 0 {
			return kind.Row{}, false
		}
		return rows[i], true
	}
	for _, entry := range strs(o["files"]) {
		key, _, named := strings.Cut(entry, "=")
		name := generatorFile(entry)
		if !named {
			key = path.Base(name)
		}
		if row, ok := file(name); ok {
			keys[key] = madeFile{row: row}
		}
	}
	for _, name := range strs(o["envs"]) {
		if row, ok := file(name); ok {
			s.envs[id] = append(s.envs[id], row)
			for _, variable := range variablesIn(row) {
				keys[variable] = madeFile{row, variable}
			}
		}
	}
	s.made[id] = keys
}

// variablesIn are the names in a file of variables.
func variablesIn(row kind.Row) []string {
	var groups []kind.Group
	switch content := row.Content.(type) {
	case kind.Dotenv:
		groups = content
	case kind.Environment:
		groups = content.Groups()
	}
	var all []string
	for _, g := range groups {
		all = append(all, slices.Collect(maps.Keys(g.Vars))...)
	}
	slices.SortFunc(all, cmp.Compare[string])
	return all
}
