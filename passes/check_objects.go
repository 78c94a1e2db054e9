package passes

import (
	"fmt"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func checkObjects(c *pass.Context) bool {
	first := map[string]*ir.Node{}
	for _, n := range c.Graph.Components() {
		for _, row := range c.Of(n).Rows {
			for _, o := range row.Objects {
				claimObject(c, first, n, o)
			}
			for _, generated := range generatedObjects(row.Kustomization) {
				claimObject(c, first, n, generated)
			}
		}
	}
	return true
}

func claimObject(c *pass.Context, first map[string]*ir.Node, n *ir.Node, o kind.Object) {
	k, _ := o["kind"].(string)
	meta, _ := o["metadata"].(kind.Object)
	name, _ := meta["name"].(string)
	// components share their Namespace on purpose, and patches are no objects of their own
	if k == "Namespace" || name == "" {
		return
	}
	ns, ok := meta["namespace"].(string)
	if !ok {
		ns = n.Namespace()
	}
	key := fmt.Sprintf("%v/%s/%s/%s", o["apiVersion"], k, ns, name)
	if other := first[key]; other != nil && other != n {
		c.Report(diag.Diagnostic{Code: "E0205", Path: n.Path(), Pos: n.Pos, Message: fmt.Sprintf("%s and %s both claim the %s %s in namespace %s", other.Name, n.Name, k, name, ns), Help: "rename one of them, or give it another namespace", Related: []diag.Related{{Message: "claimed here by " + other.Name, Pos: other.Pos}}})
		return
	}
	first[key] = n
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
