package passes

import (
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

// keepAdditions decides the files that a user adds to those of a kind: objects of their own, and patches of objects that are there.
func keepAdditions(c *pass.Context, n *ir.Node) {
	if len(n.Extra) == 0 && len(n.Patches) == 0 {
		return
	}
	p := c.Of(n)
	deployed := slices.IndexFunc(p.Rows, func(r kind.Row) bool { return r.Role == kind.Deploy })
	if deployed < 0 {
		attribute := "patches"
		if len(n.Extra) > 0 {
			attribute = "extra"
		}
		unfit(c, n, attribute, n.AttrPos(attribute), "leave it out, or give it to another component", "%s has %s, but it is not deployed from here", n.Name, attribute)
		return
	}
	for _, extra := range n.Extra {
		keepExtra(c, n, path.Dir(p.Rows[deployed].Path), extra)
	}
	files := map[string][]ir.Patch{}
	for _, patch := range n.Patches {
		files[patch.File] = append(files[patch.File], patch)
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		keepPatches(c, n, path.Dir(p.Rows[deployed].Path), file, files[file])
	}
}

// unfit reports a patch or an extra file that does not fit to the component.
func unfit(c *pass.Context, n *ir.Node, attribute string, pos diag.Pos, help, format string, args ...any) {
	c.Report(diag.Diagnostic{Code: "E0112", Path: n.Path() + "." + attribute, Pos: pos, Message: fmt.Sprintf(format, args...), Help: help})
}

// keepExtra decides a file of objects of the user's own, which the kustomization in a folder lists.
func keepExtra(c *pass.Context, n *ir.Node, folder string, extra ir.Extra) {
	p := c.Of(n)
	row := kind.Row{Path: path.Join(folder, "extra", extra.File.Path)}
	var objects kind.Objects
	for _, given := range extra.Objects {
		o, _ := given.Data().(kind.Object)
		if fits(c, n, extra, given, o) {
			objects = append(objects, labelled(n, o))
		}
	}
	row.Content, row.Trace, row.Pos = objects, traced(extra.Objects), extra.Pos
	origin := c.OfAttribute(n, "extra", "extra names "+extra.File.Source)
	origin.Pos = extra.Pos
	if len(objects) == 0 {
		return // which is reported
	}
	pass.Set(c, p.Files, row.Path, true, equalBools, origin)
	p.Rows = append(p.Rows, row)
}

// labelled is an object with the label of its component, by which deploy.sh and people find what belongs to it.
func labelled(n *ir.Node, o kind.Object) kind.Object {
	const instance = "app.kubernetes.io/instance"
	meta, _ := o["metadata"].(kind.Object)
	labels, _ := meta["labels"].(kind.Object)
	if labels[instance] != nil {
		return o
	}
	labels = maps.Clone(labels)
	if labels == nil {
		labels = kind.Object{}
	}
	labels[instance] = n.Name
	meta = maps.Clone(meta)
	meta["labels"] = labels
	o = maps.Clone(o)
	o["metadata"] = meta
	return o
}

// fits says whether an object of the user's own can be deployed with a component.
func fits(c *pass.Context, n *ir.Node, extra ir.Extra, given *kind.Given, o kind.Object) bool {
	refused := func(code, help, format string, args ...any) bool {
		c.Report(diag.Diagnostic{
			Code: code, Path: n.Path() + ".extra", Pos: given.Pos, Message: fmt.Sprintf("%s of %s has the %s, ", extra.File.Source, n.Name, titleOf(o)) + fmt.Sprintf(format, args...),
			Help: help, Related: []diag.Related{{Message: "it is named here", Pos: extra.Pos}},
		})
		return false
	}
	meta, _ := o["metadata"].(kind.Object)
	switch namespace, _ := meta["namespace"].(string); {
	case o["kind"] == "Secret" && (given.Field("data") != nil || given.Field("stringData") != nil):
		return refused("E0112", "give the application the attribute secrets, or write an object that fetches the Secret, such as an ExternalSecret", "whose values would be there in clear")
	case o["kind"] == "Namespace", o["kind"] == "Kustomization", strings.HasSuffix(fmt.Sprint(o["kind"]), "List") && given.Field("items") != nil:
		return refused("E0112", "take it out of the file", "which cannot be one of the objects of a component")
	case namespace != "" && namespace != n.Namespace():
		return refused("E0112", "leave the namespace out, or give the file to a component of that namespace", "which asks for the namespace %s, and all objects of %s are put into %s", namespace, n.Name, n.Namespace())
	}
	for row, other := range whole(c.Of(n).Rows) {
		if titleOf(other) == titleOf(o) && other["apiVersion"] == o["apiVersion"] {
			return refused("E0205", "rename it; what is there already can be changed with patches", "which is in %s already", row.Path)
		}
	}
	if at, what := misformed(o, false); what != "" {
		return refused("E0112", "write it as Kubernetes has it", "whose %s %s", dotted(at), what)
	}
	return true
}

// whole are the objects in files, with the file of each: all that are not patches of others.
func whole(rows []kind.Row) iter.Seq2[kind.Row, kind.Object] {
	return func(yield func(kind.Row, kind.Object) bool) {
		for _, row := range rows {
			objects := objectsIn(row)
			if len(objects) == 0 || isPatch(rows, row) {
				continue
			}
			for _, o := range objects {
				if !yield(row, o) {
					return
				}
			}
		}
	}
}

// isPatch says whether a file of objects is a patch of others.
func isPatch(rows []kind.Row, file kind.Row) bool {
	return slices.ContainsFunc(rows, func(r kind.Row) bool {
		k, ok := r.Content.(kind.Kustomization)
		dir := path.Dir(r.Path)
		return ok && inFolder(file.Path, dir) && slices.Contains(patchPaths(k.Object), relative(file.Path, dir))
	})
}

// titleOf is what messages call an object: its kind and its name.
func titleOf(o kind.Object) string { return fmt.Sprintf("%v %s", o["kind"], nameOf(o)) }

func nameOf(o kind.Object) string {
	meta, _ := o["metadata"].(kind.Object)
	name, _ := meta["name"].(string)
	return name
}

// keepPatches decides the patches of one file of a component: a file beside it, which its kustomization reads.
func keepPatches(c *pass.Context, n *ir.Node, folder, file string, patches []ir.Patch) {
	p := c.Of(n)
	target, owner := patched(p.Rows, folder, file)
	if target < 0 {
		refuseFile(c, n, folder, file, patches[0])
		return
	}
	dir := path.Dir(p.Rows[owner].Path)
	var objects kind.Objects
	var given []*kind.Given
	for _, patch := range patches {
		if o := completed(c, n, p.Rows[target], folder, patch); o != nil {
			objects, given = append(objects, o), append(given, patch.Given)
		}
	}
	if len(objects) == 0 {
		return // which is reported
	}
	name := path.Join("patches", relative(p.Rows[target].Path, dir))
	row := kind.Row{Path: path.Join(dir, name), Pos: patches[0].KeyPos, Content: objects, Trace: traced(given)}
	for _, patch := range patches {
		origin := c.OfAttribute(n, "patches", "patches changes objects of "+p.Rows[target].Path)
		origin.Pos = patch.Pos
		pass.Set(c, p.Files, row.Path, true, equalBools, origin)
	}
	p.Rows[owner] = reading(p.Rows[owner], name, row.Path)
	p.Rows = append(p.Rows, row)
}

// patched are the file of objects that the user names, from the folder that is deployed or from the component's, and the kustomization that lists it; -1 without.
func patched(rows []kind.Row, folder, file string) (target, owner int) {
	for _, name := range []string{path.Join(folder, file), path.Clean(file)} {
		for o, r := range rows {
			k, ok := r.Content.(kind.Kustomization)
			if !ok {
				continue
			}
			for _, listed := range resources(r, k, rows) {
				if listed.Path == name {
					return slices.IndexFunc(rows, func(r kind.Row) bool { return r.Path == name }), o
				}
			}
		}
	}
	return -1, -1
}

// completed is a patch with the version and the namespace of the object that it changes, by which Kustomize finds that; nil where there is none.
func completed(c *pass.Context, n *ir.Node, target kind.Row, folder string, patch ir.Patch) kind.Object {
	wanted := titleOf(patch.Object)
	attribute := fmt.Sprintf("patches[%q]", patch.File)
	var there []string
	for _, o := range objectsIn(target) {
		there = append(there, titleOf(o))
		if titleOf(o) != wanted {
			continue
		}
		if version := patch.Object["apiVersion"]; version != nil && version != o["apiVersion"] {
			unfit(c, n, attribute, patch.Pos, "leave apiVersion out", "%s patches the %s with apiVersion %v, which is %v", n.Name, wanted, version, o["apiVersion"])
			return nil
		}
		if patch.Object["$patch"] == "delete" && waitedFor(n, o) {
			unfit(c, n, attribute, patch.Pos, "change it instead; deploy.sh waits for it", "%s patches the %s away, which its deployment waits for", n.Name, wanted)
			return nil
		}
		full := maps.Clone(patch.Object)
		meta, _ := full["metadata"].(kind.Object)
		meta = maps.Clone(meta)
		delete(meta, "namespace")
		if from, _ := o["metadata"].(kind.Object); from["namespace"] != nil {
			meta["namespace"] = from["namespace"]
		}
		full["apiVersion"], full["metadata"] = o["apiVersion"], meta
		if at, what := misformed(full, true); what != "" {
			unfit(c, n, attribute, within(patch.Given, at), "write it as Kubernetes has it", "%s patches the %s with a %s that %s", n.Name, wanted, dotted(at), what)
			return nil
		}
		return full
	}
	unfit(c, n, attribute, patch.Pos, suggested(c, n, folder, wanted, there), "%s patches the %s, which is not in %s", n.Name, wanted, target.Path)
	return nil
}

// suggested is what a patch of an object that a file has not may mean: the same object in another file, a name that is nearly the same, or any there.
func suggested(c *pass.Context, n *ir.Node, folder, wanted string, there []string) string {
	if near := diag.Nearest(wanted, there); near != "" {
		return fmt.Sprintf("did you mean the %s?", near)
	}
	if file := fileOf(c.Of(n).Rows, wanted); file != "" {
		return fmt.Sprintf("it is in %q", relative(file, folder))
	}
	slices.Sort(there)
	return "there are " + strings.Join(there, ", ")
}

// fileOf is the file that has an object of this title, "" without.
func fileOf(rows []kind.Row, title string) string {
	for row, o := range whole(rows) {
		if titleOf(o) == title {
			return row.Path
		}
	}
	return ""
}

// refuseFile reports the name of a file that has no objects of the component.
func refuseFile(c *pass.Context, n *ir.Node, folder, file string, first ir.Patch) {
	rows, wanted := c.Of(n).Rows, titleOf(first.Object)
	var there []string
	for row := range whole(rows) {
		there = append(there, relative(row.Path, folder))
	}
	slices.Sort(there)
	there = slices.Compact(there)
	help := "the files are " + strings.Join(there, ", ")
	if meant := fileOf(rows, wanted); meant != "" {
		help = fmt.Sprintf("the %s is in %q", wanted, relative(meant, folder))
	} else if near := diag.Nearest(file, there); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	unfit(c, n, fmt.Sprintf("patches[%q]", file), first.KeyPos, help, "%s patches the file %q, which it does not have", n.Name, file)
}

// waitedFor says whether the deployment of a component waits for an object.
func waitedFor(n *ir.Node, o kind.Object) bool {
	name, short := nameOf(o), strings.ToLower(fmt.Sprint(o["kind"]))
	return slices.ContainsFunc(n.Description.Rollout, func(step any) bool {
		resource := fmt.Sprint(step)
		if s, ok := step.(kind.Object); ok {
			if s["job"] != nil {
				return short == "job" && s["job"] == name
			}
			resource = fmt.Sprint(s["resource"])
		}
		return strings.HasPrefix(resource, short) && strings.HasSuffix(resource, "/"+name)
	})
}

// reading is a kustomization with one more patch; at is the path of that from the component's folder.
func reading(row kind.Row, name, at string) kind.Row {
	k, _ := row.Content.(kind.Kustomization)
	own, _ := k.Object["patches"].([]any)
	o := maps.Clone(k.Object)
	o["patches"] = append(slices.Clone(own), kind.Object{"path": name})
	k.Object = o
	row.Content = k
	if trace := row.Trace; trace != nil {
		row.Trace = func(path ...any) kind.Source {
			if len(path) >= 3 && path[0] == "kustomization" && path[1] == "patches" && path[2] == len(own) {
				return kind.Source{Pos: row.Pos, Exists: kind.Refs(kind.Ref{"files", at})}
			}
			return trace(path...)
		}
	}
	return row
}

// traced says where the values of objects are written that a user gave.
func traced(objects []*kind.Given) kind.Trace {
	return func(path ...any) kind.Source {
		if len(path) < 2 || path[0] != "objects" {
			return kind.Source{}
		}
		i, _ := path[1].(int)
		if i >= len(objects) {
			return kind.Source{}
		}
		return kind.Source{Pos: within(objects[i], path[2:])}
	}
}

// within is the place of the value at a path, or of the last that is written on the way there.
func within(g *kind.Given, path []any) diag.Pos {
	pos := g.Pos
	for _, step := range path {
		switch s := step.(type) {
		case string:
			g = g.Field(s)
		case int:
			if s >= len(g.Items) {
				return pos
			}
			g = g.Items[s]
		}
		if g == nil {
			return pos
		}
		pos = g.Pos
	}
	return pos
}
