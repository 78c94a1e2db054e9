package passes

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// secretsFolder is where decrypted files are when the containers start: a folder in memory, whose name is in a variable.
const secretsFolder = "${PLATC_SECRETS:?platc up sets it}"

// place is where the file of a row is, seen from local/compose.yaml.
func (s *localService) place(row kind.Row) string {
	name, _ := s.c.Plan.Place(s.n, row)
	if row.Secret {
		return path.Join(secretsFolder, name)
	}
	return path.Join(s.root(), name)
}

// root is the root of the output, seen from the document.
func (l *locals) root() string {
	folder := path.Join(l.c.Graph.Folder(), "local")
	return path.Join(slices.Repeat([]string{".."}, strings.Count(folder, "/")+1)...)
}

// row is a file of the component, by its path.
func (s *localService) row(name string) kind.Row {
	rows := s.c.Of(s.n).Rows
	if i := slices.IndexFunc(rows, func(r kind.Row) bool { return r.Path == name }); i >= 0 {
		return rows[i]
	}
	return kind.Row{Path: name}
}

// mounts are files of the tree, volumes, and folders in memory.
func (s *localService) mounts() {
	var volumes, memory []any
	add := func(from ir.Line, v kind.Object) {
		s.lines[lineKey("services", s.name, "volumes", len(volumes))] = from
		volumes = append(volumes, v)
	}
	file := func(from ir.Line, f madeFile, target string) {
		source := s.place(f.row)
		if f.key != "" {
			source += ".d/" + f.key
		}
		from.Also = append(slices.Clone(from.Also), f.of)
		add(from, kind.Object{"type": "bind", "source": source, "target": target, "read_only": true, "bind": kind.Object{"create_host_path": false}})
	}
	volume := func(from ir.Line, owner *ir.Node, name string) string {
		name = s.free(owner, name, s.takenVolume)
		if s.volumes[name] == nil {
			s.volumes[name], s.owners[name] = kind.Object{}, owner
			s.lines[lineKey("volumes", name)] = from
		}
		return name
	}
	claim := func(from ir.Line, owner *ir.Node, name, target string, readOnly bool) {
		name = volume(from, owner, name)
		v := kind.Object{"type": "volume", "source": name, "target": target, "volume": kind.Object{"nocopy": true}}
		if readOnly {
			v["read_only"] = true
		}
		add(from, v)
		s.claimed = append(s.claimed, name)
	}
	// a new volume has what the image has there, and belongs to whom it does there
	filled := func(from ir.Line, name, target string) {
		add(from, kind.Object{"type": "volume", "source": volume(from, s.n, name), "target": target})
	}
	folder := func(from ir.Line, target string, size any) {
		s.lines[lineKey("services", s.name, "tmpfs", len(memory))] = from
		options := target + ":mode=1777,exec"
		if q, ok := kind.Quantity(size); ok {
			options += ",size=" + digits(q)
		}
		memory = append(memory, options)
	}
	mounts, from := s.container.list("volumeMounts")
	for i, item := range mounts {
		mount, _ := item.(kind.Object)
		s.mount(mount, step(from, i), file, claim, folder)
	}
	files, _ := s.said["files"].(kind.Object)
	for _, target := range slices.Sorted(maps.Keys(files)) {
		o, _ := files[target].(kind.Object)
		if f, ok := s.saidFile(target, o); ok {
			file(s.own("files", target), f, target)
		}
	}
	said, _ := s.said["volumes"].(kind.Object)
	for _, name := range slices.Sorted(maps.Keys(said)) {
		target, ok := said[name].(string)
		if !ok {
			o, _ := said[name].(kind.Object)
			filled(s.own("volumes", name), s.n.Name+"-"+name, word(o, "filled"))
			continue
		}
		claim(s.own("volumes", name), s.n, s.n.Name+"-"+name, target, false)
	}
	writable, _ := s.said["writable"].(kind.Object)
	for _, target := range slices.Sorted(maps.Keys(writable)) {
		folder(s.own("writable", target), target, writable[target])
	}
	if len(volumes) > 0 {
		s.doc["volumes"] = volumes
	}
	if len(memory) > 0 {
		s.doc["tmpfs"] = memory
	}
}

// mount is a mount of a container of a pod. What only a cluster has is left out.
func (s *localService) mount(mount kind.Object, from ir.Line, file func(ir.Line, madeFile, string), claim func(ir.Line, *ir.Node, string, string, bool), folder func(ir.Line, string, any)) {
	name, target := word(mount, "name"), word(mount, "mountPath")
	templates, _ := s.pod.object["spec"].(kind.Object)["volumeClaimTemplates"].([]any)
	for _, t := range templates {
		o, _ := t.(kind.Object)
		if meta, _ := o["metadata"].(kind.Object); word(meta, "name") == name {
			claim(from, s.n, s.n.Name+"-"+name, target, mount["readOnly"] == true)
			return
		}
	}
	volumes, _ := s.pod.spec["volumes"].([]any)
	for _, v := range volumes {
		o, _ := v.(kind.Object)
		if word(o, "name") != name {
			continue
		}
		if claimed, ok := o["persistentVolumeClaim"].(kind.Object); ok {
			claim(from, s.claimant(word(claimed, "claimName")), word(claimed, "claimName"), target, mount["readOnly"] == true)
		}
		if empty, ok := o["emptyDir"].(kind.Object); ok {
			folder(from, target, empty["sizeLimit"])
		}
		sources := []any{o}
		if projected, ok := o["projected"].(kind.Object); ok {
			sources, _ = projected["sources"].([]any)
		}
		for _, source := range sources {
			one, _ := source.(kind.Object)
			if config, ok := one["configMap"].(kind.Object); ok {
				s.keys(s.sources.made["configMapGenerator "+word(config, "name")], config, mount, from, file)
			}
			if secret, ok := one["secret"].(kind.Object); ok {
				s.keys(s.secretFiles(cmp.Or(word(secret, "secretName"), word(secret, "name"))), secret, mount, from, file)
			}
		}
	}
}

// claimant is the component that has a claim: its own, or one whose volume it shares by a link.
func (s *localService) claimant(name string) *ir.Node {
	has := func(n *ir.Node) bool {
		return slices.ContainsFunc(s.c.Of(n).Rows, func(row kind.Row) bool {
			return slices.ContainsFunc(objectsIn(row), func(o kind.Object) bool {
				meta, _ := o["metadata"].(kind.Object)
				return o["kind"] == "PersistentVolumeClaim" && word(meta, "name") == name
			})
		})
	}
	if !has(s.n) {
		for _, e := range s.c.Graph.Touching(s.n) {
			if other := e.Source.Component(); other != s.n && has(other) {
				return other
			}
		}
	}
	return s.n
}

// keys mounts the keys of a ConfigMap or Secret, as files of a folder or a single one of them.
func (s *localService) keys(made map[string]madeFile, source, mount kind.Object, from ir.Line, file func(ir.Line, madeFile, string)) {
	names := map[string]string{} // below the volume: key
	for key := range made {
		names[key] = key
	}
	if items, ok := source["items"].([]any); ok {
		clear(names)
		for _, item := range items {
			o, _ := item.(kind.Object)
			names[word(o, "path")] = word(o, "key")
		}
	}
	target := word(mount, "mountPath")
	if sub := word(mount, "subPath"); sub != "" {
		if f, ok := made[names[sub]]; ok {
			file(from, f, target)
		}
		return
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if f, ok := made[names[name]]; ok {
			file(from, f, path.Join(target, name))
		}
	}
}
