package passes

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

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

// list is a field that is a list. What is none is reported by check-objects.
func (all layers) list(name string) ([]any, ir.Line) {
	v, from := all.field(name)
	list, _ := v.([]any)
	return list, from
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
	services []madeService
	settings map[string]configMap           // ConfigMaps that are objects
	made     map[string]map[string]madeFile // ConfigMaps and Secrets of generators, by kind and name: key -> file
	envs     map[string][]kind.Row          // those made of variables

	certificates map[string]madeCertificate // by the name of their Secret
	folder       string                     // of the kustomization that is deployed
}

type configMap struct {
	data kind.Object
	line ir.Line
}

// madeFile is a file of which a generator, or cert-manager, makes a key.
type madeFile struct {
	row kind.Row
	key string // of a file of variables: the variable
	of  ir.Line
}

// madeService is a Service that a component emits.
type madeService struct {
	kind.Object

	of ir.Line
}

// madeCertificate is a Certificate that a component emits.
type madeCertificate struct {
	ir.Certificate

	of ir.Line
}

func newPodSources(c *pass.Context, n *ir.Node) *podSources {
	s := &podSources{
		pods: map[string]*localPod{}, settings: map[string]configMap{}, made: map[string]map[string]madeFile{}, envs: map[string][]kind.Row{},
		certificates: map[string]madeCertificate{},
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
			s.generator(n, generator, o, folder, rows)
		}
	}
	return s
}

// searched says where pods are looked for.
func (s *podSources) searched() string {
	if s.folder == "" {
		return "the kind has no kustomization for it"
	}
	return "the kustomization in " + s.folder + " lists none"
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
	of := ir.Line{Data: o, Node: n, Pos: row.Pos, File: row.Path, Trace: row.Trace, At: []any{"objects", index}}
	switch o["kind"] {
	case "Service":
		s.services = append(s.services, madeService{o, of})
	case "ConfigMap":
		data, _ := o["data"].(kind.Object)
		s.settings[name] = configMap{data, step(of, "data")}
	}
	if certificate, ok := certificateOf(o, n.Namespace()); ok {
		spec, _ := o["spec"].(kind.Object)
		s.certificates[word(spec, "secretName")] = madeCertificate{certificate, of}
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
func (s *podSources) generator(n *ir.Node, generator string, o kind.Object, folder string, rows []kind.Row) {
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
			keys[key] = madeFile{row: row, of: ir.Line{Node: n, File: row.Path}}
		}
	}
	for _, name := range strs(o["envs"]) {
		if row, ok := file(name); ok {
			s.envs[id] = append(s.envs[id], row)
			for _, variable := range variablesIn(row) {
				keys[variable] = madeFile{row, variable, ir.Line{Node: n, File: row.Path}}
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
