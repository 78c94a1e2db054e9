package passes

import (
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

func checkObjects() pass.Pass {
	return pass.Pass{
		Name: "check-objects",
		Doc:  "No two components emit an object of one kind, namespace and name, none is too large for Kubernetes, and pods have the form that Kubernetes reads.",
		After: []string{
			"keep-files",      // objects are the content of files
			"check-conflicts", // a name that is claimed twice is no second mistake as an object
		},
		Codes:   []string{"E0101", "E0205", "E0208"},
		Run:     runCheckObjects,
		Promise: "No two components have an object of one kind, namespace and name.",
		Holds:   objectsHold,
	}
}

// object is what tells an object of the cluster from all others.
type object struct{ api, kind, namespace, name string }

func runCheckObjects(c *pass.Context) bool {
	first := map[object]*ir.Node{}
	spaces := map[string]claimedSpace{}
	objects := each(c, c.Graph.Components(), func(c *pass.Context, n *ir.Node) []object {
		checkSizes(c, n)
		checkPods(c, n)
		checkRollout(c, n)
		checkSources(c, n)
		return objectsOf(c, n)
	})
	for i, n := range c.Graph.Components() {
		checkSpaces(c, n, spaces)
		for _, o := range objects[i] {
			if other := first[o]; other != nil && other != n {
				c.Report(diag.Diagnostic{
					Code: "E0205", Path: n.Path(), Pos: n.Pos, Message: fmt.Sprintf("%s and %s both claim the %s %s in namespace %s", other.Name, n.Name, o.kind, o.name, o.namespace), Help: "rename one of them, or give it another namespace",
					Related: []diag.Related{{Message: "claimed here by " + other.Name, Pos: other.Pos}},
				})
				continue
			}
			first[o] = n
		}
	}
	return true
}

// objectsIn are the objects of a file, if it is one of objects.
func objectsIn(row kind.Row) []kind.Object {
	objects, _ := row.Content.(kind.Objects)
	return objects
}

// kustomizationIn is the kustomization of a file, nil if it is none.
func kustomizationIn(row kind.Row) kind.Object {
	k, _ := row.Content.(kind.Kustomization)
	return k.Object
}

// maxObject is what the API server takes of a ConfigMap or a Secret; of other objects it is hardly more.
const maxObject = 1 << 20

// checkSizes refuses objects that the API server would, and those that a kustomization would make of files.
func checkSizes(c *pass.Context, n *ir.Node) {
	refuse := func(o kind.Object, size int) {
		if size > maxObject {
			meta, _ := o["metadata"].(kind.Object)
			c.Report(diag.Diagnostic{Code: "E0208", Path: n.Path(), Pos: n.Pos, Message: fmt.Sprintf("%s has %.1f MiB of text for the %v %v, more than the 1 MiB that a Kubernetes object can hold", n.Name, float64(size)/maxObject, o["kind"], meta["name"]), Help: "shorten them; larger data belongs in a bucket, a database or the image"})
		}
	}
	sizes := map[string]int{}
	for _, row := range c.Of(n).Rows {
		sizes[row.Path] = contentSize(row.Content)
	}
	for _, row := range c.Of(n).Rows {
		for _, o := range objectsIn(row) {
			refuse(o, textSize(o))
		}
		k := kustomizationIn(row)
		for i, o := range generatedObjects(k) {
			size := 0
			for _, name := range generated(generators(k)[i : i+1]) {
				size += sizes[path.Join(path.Dir(row.Path), name)]
			}
			refuse(o, size)
		}
	}
}

// contentSize is the bytes of a file of texts and variables, as far as they are known before secrets are.
func contentSize(content kind.Content) int {
	size := 0
	var groups []kind.Group
	switch c := content.(type) {
	case kind.Text:
		return len(c.Text)
	case kind.Verbatim:
		return len(c)
	case kind.Dotenv:
		groups = c
	case kind.Environment:
		groups = c.Groups()
	}
	for _, g := range groups {
		for name, v := range g.Vars {
			size += len(name) + len(value.Display(v))
		}
	}
	return size
}

// checkPods refuses pods of a kind of the user's own that are not as Kubernetes reads them. Those of patches and extra have been looked at before.
func checkPods(c *pass.Context, n *ir.Node) {
	if !n.Kind.Own {
		return
	}
	rows := c.Of(n).Rows
	for _, row := range rows {
		for i, o := range objectsIn(row) {
			at, what := misformed(o, isPatch(rows, row))
			if what == "" {
				continue
			}
			line := step(ir.Line{Pos: row.Pos, Trace: row.Trace, Data: o, At: []any{"objects", i}}, at...)
			c.Report(diag.Diagnostic{
				Code: "E0101", Path: n.Path(), Pos: writtenAt(line), Message: fmt.Sprintf("the file %q of the kind %s has the %s, whose %s %s", row.Path, n.Kind.Name, titleOf(o), dotted(at), what),
				Help: "write it as Kubernetes has it", Related: []diag.Related{{Message: n.Name + " is declared here", Pos: n.Pos}},
			})
		}
	}
}

// writtenAt is where a line is written, as closely as the files of its kind say: what a definition of the schema says has the place of what it is a part of.
func writtenAt(l ir.Line) diag.Pos {
	for n := len(l.At); n > 0 && l.Trace != nil; n-- {
		if pos := l.Trace(l.At[:n]...).Pos; pos.IsValid() && path.Dir(pos.File) == path.Dir(l.Pos.File) {
			return pos
		}
	}
	return l.Pos
}

// textSize is the bytes of all texts in data, keys too.
func textSize(data any) int {
	size := 0
	switch v := data.(type) {
	case string:
		return len(v)
	case kind.Object:
		for key, item := range v {
			size += len(key) + textSize(item)
		}
	case []any:
		for _, item := range v {
			size += textSize(item)
		}
	}
	return size
}

// claimedSpace is a Namespace as the first component writes it.
type claimedSpace struct {
	by     *ir.Node
	object kind.Object
}

// checkSpaces refuses a Namespace that two components want differently, as where one component's images are built in the namespace in which another one runs.
func checkSpaces(c *pass.Context, n *ir.Node, first map[string]claimedSpace) {
	for _, row := range c.Of(n).Rows {
		for _, o := range objectsIn(row) {
			meta, _ := o["metadata"].(kind.Object)
			name, _ := meta["name"].(string)
			if o["kind"] != "Namespace" {
				continue
			}
			other, ok := first[name]
			if !ok {
				first[name] = claimedSpace{n, o}
				continue
			}
			if !reflect.DeepEqual(other.object, o) {
				c.Report(diag.Diagnostic{
					Code: "E0205", Path: n.Path(), Pos: n.Pos, Message: fmt.Sprintf("%s and %s both claim the Namespace %s, for different purposes", other.by.Name, n.Name, name), Help: "give one of them another namespace",
					Related: []diag.Related{{Message: "claimed here by " + other.by.Name, Pos: other.by.Pos}},
				})
			}
		}
	}
}

// objectsOf are the objects of a component. Components share their Namespace on purpose, and what has no name is no object of its own.
func objectsOf(c *pass.Context, n *ir.Node) []object {
	var all []object
	// what an operator makes is in no file, and collides all the same
	for _, name := range n.Description.Services {
		all = append(all, object{"v1", "Service", n.Namespace(), name})
	}
	rows := c.Of(n).Rows
	for _, row := range rows {
		for _, o := range slices.Concat(objectsIn(row), generatedObjects(kustomizationIn(row))) {
			meta, _ := o["metadata"].(kind.Object)
			id := object{namespace: spaceOf(n, rows, row.Path)}
			id.api, _ = o["apiVersion"].(string)
			id.kind, _ = o["kind"].(string)
			id.name, _ = meta["name"].(string)
			if ns, ok := meta["namespace"].(string); ok {
				id.namespace = ns
			}
			if id.kind != "Namespace" && id.name != "" {
				all = append(all, id)
			}
		}
	}
	return all
}

// spaceOf is the namespace that the nearest kustomization gives to what stands in a file.
func spaceOf(n *ir.Node, rows []kind.Row, file string) string {
	nearest, namespace := -1, n.Namespace()
	for _, row := range rows {
		dir := path.Dir(row.Path)
		ns, ok := kustomizationIn(row)["namespace"].(string)
		if ok && len(dir) > nearest && strings.HasPrefix(file, dir+"/") {
			nearest, namespace = len(dir), ns
		}
	}
	return namespace
}

// generatedObjects are the ConfigMaps and Secrets that a kustomization makes.
func generatedObjects(kustomization kind.Object) []kind.Object {
	var all []kind.Object
	configs, _ := kustomization["configMapGenerator"].([]any)
	for i, item := range generators(kustomization) {
		o, _ := item.(kind.Object)
		meta := kind.Object{"name": o["name"]}
		if ns, ok := kustomization["namespace"]; ok {
			meta["namespace"] = ns
		}
		made := "Secret"
		if i < len(configs) {
			made = "ConfigMap"
		}
		all = append(all, kind.Object{"apiVersion": "v1", "kind": made, "metadata": meta})
	}
	return all
}

// generators are what a kustomization makes ConfigMaps of, and then what it makes Secrets of.
func generators(kustomization kind.Object) []any {
	configs, _ := kustomization["configMapGenerator"].([]any)
	secrets, _ := kustomization["secretGenerator"].([]any)
	return slices.Concat(configs, secrets)
}

func objectsHold(c *pass.Context) error {
	owner := map[object]*ir.Node{}
	for _, n := range c.Graph.Components() {
		for _, o := range objectsOf(c, n) {
			if other := owner[o]; other != nil && other != n && !c.Findings.HasErrors() {
				return fmt.Errorf("%s and %s have the object %v", other.Name, n.Name, o)
			}
			owner[o] = n
		}
	}
	return nil
}
