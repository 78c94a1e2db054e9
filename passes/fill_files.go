package passes

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

// filled is a row with what its kind leaves to the plan. arch is what templates see of the architecture; of a row of the build context that is without images.
func filled(c *pass.Context, n *ir.Node, arch kind.Object, row kind.Row) kind.Row {
	switch content := row.Content.(type) {
	case kind.Template:
		data := maps.Clone(c.Of(n).View)
		data["arch"] = arch
		if row.Context {
			delete(data, "image")
			delete(data, "built")
			data["arch"] = c.Graph.Arch
		}
		content.Assets, content.Data, content.Bounded = n.Kind.Assets, data, true
		row.Content = content
	case kind.Copy:
		if content.Assets == nil {
			content.Assets = n.Kind.Assets
		}
		row.Content = content
	case kind.Environment:
		if of := c.Graph.Node(content.Of); of != nil {
			content.Links = linkVariables(c.Plan.VariablesOf(of), content.Without, content.Instead)
			twoValues(c, n, of, content)
		}
		row.Content = content
	case kind.Requirements:
		all := slices.Clone(content.Pins)
		if content.Main {
			all = append(all, pins(c.Of(n))...)
		}
		said := content.Pins
		slices.Sort(all)
		content.Pins = slices.Compact(all)
		row.Content, row.Trace = content, sortedTrace(row.Trace, said, content.Pins)
	}
	return row
}

// twoValues reports a variable that a component adds to those of another one, and that the other one has itself.
func twoValues(c *pass.Context, n, of *ir.Node, content kind.Environment) {
	for _, g := range content.Extra {
		for _, name := range slices.Sorted(maps.Keys(g.Vars)) {
			var first ir.Origin
			if d, ok := c.Plan.VariablesOf(of).Env[name]; ok && !slices.Contains(content.Without, name) {
				first = d.By()[0]
			} else if _, ok := of.Component().Description.Settings[name]; ok {
				first = c.Because(of.AttrPos("env"), "the setting "+name+" of "+of.Name)
			} else {
				continue
			}
			second := c.Because(n.AttrPos("secrets."+name), "the variable "+name+" of "+n.Name)
			c.Conflict("E0301", fmt.Sprintf("the pods of %s for %s would have two values for the variable %s", n.Name, of.Name, name), "rename one of them", first, second)
		}
	}
}

// sortedTrace is the trace of a list of pins whose order is another one than the kind has said.
func sortedTrace(trace kind.Trace, said, pins []string) kind.Trace {
	if trace == nil {
		return nil
	}
	return func(path ...any) kind.Source {
		if len(path) < 2 || path[0] != "requirements" {
			return trace(path...)
		}
		if i, ok := path[1].(int); ok && i < len(pins) {
			return trace("requirements", slices.Index(said, pins[i]))
		}
		return kind.Source{}
	}
}

// linkVariables are variables but some, a group for each provider, by comment.
func linkVariables(p *ir.Variables, without []string, instead []kind.Instead) []kind.Group {
	vars := map[string]map[string]value.Value{}
	for name, d := range p.Env {
		if slices.Contains(without, name) {
			continue
		}
		comment := p.EnvGroup[name]
		if vars[comment] == nil {
			vars[comment] = map[string]value.Value{}
		}
		v := d.Value()
		for _, i := range instead {
			v = value.Replaced(v, i.Of, i.By)
		}
		vars[comment][name] = v
	}
	var all []kind.Group
	for _, comment := range slices.Sorted(maps.Keys(vars)) {
		all = append(all, kind.Group{Comment: comment, Vars: vars[comment]})
	}
	return all
}

// markSecret makes the variables and documents secret of which a kustomization makes a Secret, whether or not a password is among them today.
func markSecret(c *pass.Context, n *ir.Node) {
	p := c.Of(n)
	secret := map[string]bool{}
	for _, row := range p.Rows {
		if k, ok := row.Content.(kind.Kustomization); ok {
			for _, name := range generated(k.Object["secretGenerator"]) {
				secret[path.Join(path.Dir(row.Path), name)] = true
			}
		}
	}
	for i, row := range p.Rows {
		switch row.Content.(type) {
		case kind.Dotenv, kind.Environment, kind.JSON:
		default:
			continue // a text has no values to encrypt one by one
		}
		p.Rows[i].Secret = row.Secret || secret[row.Path]
		refused := func(what, help string) {
			c.Report(diag.Diagnostic{
				Code: "E0101", Path: n.Path(), Pos: rowPos(n, row, p), Message: fmt.Sprintf("the file %q of %s becomes a Secret, but %s", row.Path, n.Kind.Name, what),
				Help: help, Related: []diag.Related{{Message: n.Name + " is declared here", Pos: n.Pos}},
			})
		}
		switch {
		case p.Rows[i].Secret && row.Context:
			refused("belongs to the build context", "take context: true from it: whoever has the image would have it")
		case p.Rows[i].Secret && !row.Encryptable():
			refused("is not below secret/", "put it into the folder secret/ beside the kustomization")
		}
	}
}

// generated are the files of which the generators of a kustomization make objects.
func generated(generators any) []string {
	var all []string
	list, _ := generators.([]any)
	for _, g := range list {
		o, _ := g.(kind.Object)
		for _, field := range []string{"envs", "files"} {
			entries, _ := o[field].([]any)
			for _, e := range entries {
				all = append(all, generatorFile(e))
			}
		}
	}
	return all
}

// generatorFile is the file of an entry of a generator: as it is, or under a key of its own (KEY=FILE).
func generatorFile(entry any) string {
	text, _ := entry.(string)
	if _, name, ok := strings.Cut(text, "="); ok {
		return name
	}
	return text
}

// withResources fills in what the kustomizations of a component list.
func withResources(rows []kind.Row) []kind.Row {
	all := slices.Clone(rows)
	for i, row := range rows {
		if k, ok := row.Content.(kind.Kustomization); ok {
			all[i] = listing(row, k, resources(row, k, rows))
		}
	}
	return all
}

// resources are the files that a kustomization lists: every file of objects below its folder that is neither a patch, nor named as stray, nor listed by a kustomization further down.
func resources(row kind.Row, k kind.Kustomization, rows []kind.Row) []kind.Row {
	dir := path.Dir(row.Path)
	var others []string
	for _, r := range rows {
		if other := path.Dir(r.Path); isKustomization(r) && other != dir && inFolder(other, dir) {
			others = append(others, other)
		}
	}
	out := slices.Concat(patchPaths(k.Object), k.Stray)
	var all []kind.Row
	for _, r := range rows {
		_, objects := r.Content.(kind.Objects)
		if !objects || !inFolder(r.Path, dir) || slices.Contains(out, relative(r.Path, dir)) {
			continue
		}
		if !slices.ContainsFunc(others, func(other string) bool { return inFolder(r.Path, other) }) {
			all = append(all, r)
		}
	}
	return all
}

func isKustomization(r kind.Row) bool {
	_, ok := r.Content.(kind.Kustomization)
	return ok
}

// inFolder says whether a path is below a folder; "." is the root.
func inFolder(name, folder string) bool { return folder == "." || strings.HasPrefix(name, folder+"/") }

// relative is a path below a folder, seen from there.
func relative(name, folder string) string { return strings.TrimPrefix(name, folder+"/") }

// patchPaths are the files that a kustomization reads as patches or as configuration.
func patchPaths(o kind.Object) []string {
	var all []string
	add := func(v any) {
		name, _ := v.(string)
		all = append(all, name)
	}
	patches, _ := o["patches"].([]any)
	for _, p := range patches {
		m, _ := p.(kind.Object)
		add(m["path"])
	}
	for _, field := range []string{"configurations", "generators", "transformers"} {
		list, _ := o[field].([]any)
		for _, c := range list {
			add(c)
		}
	}
	return all
}

// listing is a kustomization with its resources, sorted: those of its kind, and files.
func listing(row kind.Row, k kind.Kustomization, files []kind.Row) kind.Row {
	sources := map[string]kind.Trace{} // of each resource
	own, _ := k.Object["resources"].([]any)
	for i, r := range own {
		name, _ := r.(string)
		sources[name] = under(row.Trace, "kustomization", "resources", i)
	}
	for _, f := range files {
		exists := kind.Source{Pos: row.Pos, Exists: kind.Refs(kind.Ref{"files", f.Path})}
		sources[relative(f.Path, path.Dir(row.Path))] = func(...any) kind.Source { return exists }
	}
	names := slices.Sorted(maps.Keys(sources))
	o := kind.Object{}
	maps.Copy(o, k.Object)
	delete(o, "resources")
	if len(names) > 0 {
		o["resources"] = anyStrings(names)
	}
	k.Object = o
	row.Content = k
	if trace := row.Trace; trace != nil {
		row.Trace = func(path ...any) kind.Source {
			if len(path) < 3 || path[0] != "kustomization" || path[1] != "resources" {
				return trace(path...)
			}
			if i, ok := path[2].(int); ok && i < len(names) {
				return sources[names[i]](path[3:]...)
			}
			return kind.Source{}
		}
	}
	return row
}

// shareNamespace decides the overlay of a component whose Namespace an earlier one brings (OUTPUT.md, OUT-03): it only leaves the Namespace out.
func shareNamespace(c *pass.Context, n *ir.Node, brings map[string]*ir.Node) {
	p := c.Of(n)
	i := slices.IndexFunc(p.Rows, func(r kind.Row) bool { return r.Role == kind.Deploy })
	if i < 0 || !bringsNamespace(p.Rows[i], p.Rows) {
		return
	}
	namespace := n.Namespace()
	first := brings[namespace]
	if first == nil {
		brings[namespace] = n
		return
	}
	base := path.Dir(p.Rows[i].Path)
	p.Overlay = path.Join(path.Dir(base), "overlays", "shared")
	row := sharedOverlay(namespace, base, p.Overlay)
	row.Pos = p.Rows[i].Pos
	pass.Set(c, p.Files, row.Path, true, equalBools, c.Because(n.AttrPos("namespace"), first.Name+" brings the Namespace "+namespace+" already"))
	p.Rows = append(p.Rows, row)
}

func bringsNamespace(deployed kind.Row, rows []kind.Row) bool {
	k, _ := deployed.Content.(kind.Kustomization)
	return slices.ContainsFunc(resources(deployed, k, rows), func(r kind.Row) bool {
		return slices.ContainsFunc(objectsIn(r), func(o kind.Object) bool { return o["kind"] == "Namespace" })
	})
}

// sharedOverlay is a kustomization over another one in the folder base, without the Namespace.
func sharedOverlay(namespace, base, folder string) kind.Row {
	patch := "$patch: delete\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + namespace + "\n"
	return kind.Row{Path: folder + "/kustomization.yaml", Role: kind.Overlay, Content: kind.Kustomization{Object: kind.Object{
		"apiVersion":  "kustomize.config.k8s.io/v1beta1",
		"kind":        "Kustomization",
		"patches":     []any{kind.Object{"patch": patch, "target": kind.Object{"kind": "Namespace", "name": namespace}}},
		"resources":   []any{"../../" + path.Base(base)},
		"sortOptions": kind.Object{"order": "legacy"},
	}}}
}
