package passes

import (
	"fmt"
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

// object is what tells an object of the cluster from all others.
type object struct{ api, kind, namespace, name string }

func checkObjects(c *pass.Context) bool {
	first := map[object]*ir.Node{}
	for _, n := range c.Graph.Components() {
		for _, o := range objectsOf(c, n) {
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

// objectsOf are the objects of a component. Components share their Namespace on purpose, and what has no name is no object of its own.
func objectsOf(c *pass.Context, n *ir.Node) []object {
	var all []object
	for _, row := range c.Of(n).Rows {
		for _, o := range slices.Concat(row.Objects, generatedObjects(row.Kustomization)) {
			meta, _ := o["metadata"].(kind.Object)
			id := object{namespace: n.Namespace()}
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

// generatedObjects are the ConfigMaps and Secrets that a kustomization makes.
func generatedObjects(kustomization kind.Object) []kind.Object {
	var all []kind.Object
	for _, g := range [][2]string{{"configMapGenerator", "ConfigMap"}, {"secretGenerator", "Secret"}} {
		items, _ := kustomization[g[0]].([]any)
		for _, item := range items {
			o, _ := item.(kind.Object)
			meta := kind.Object{"name": o["name"]}
			if ns, ok := kustomization["namespace"]; ok {
				meta["namespace"] = ns
			}
			all = append(all, kind.Object{"apiVersion": "v1", "kind": g[1], "metadata": meta})
		}
	}
	return all
}
