package passes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

// Collisions is what two environments of an architecture both claim (E0205): in one cluster its namespaces, objects of the whole cluster, hosts and ingress classes;
// in any, what they use of a server that is there already.
func Collisions(before, plan *ir.Plan) *diag.List {
	found := &diag.List{}
	c := &collisions{before: planned(before), now: planned(plan), found: found}
	c.everywhere()
	if name := clusterOf(plan); name != "" && name == clusterOf(before) {
		c.cluster = name
		c.inCluster()
	}
	return found
}

type collisions struct {
	before, now *pass.Context
	cluster     string
	found       *diag.List
}

func planned(p *ir.Plan) *pass.Context {
	return &pass.Context{Graph: p.Graph, Plan: p, Findings: &diag.List{}}
}

// clusterOf is the name of the cluster that an environment runs in; "": one of its own.
func clusterOf(p *ir.Plan) string {
	cluster, _ := p.Graph.Arch["cluster"].(kind.Object)
	return word(cluster, "name")
}

// report says that both claim something.
func (c *collisions) report(what string, d diag.Diagnostic, first diag.Pos) {
	d.Code = "E0205"
	d.Environments = []string{c.now.Graph.Environment}
	d.Message = fmt.Sprintf("%s and %s both claim the %s", c.before.Graph.Environment, c.now.Graph.Environment, what)
	if first.IsValid() && first != d.Pos {
		d.Related = []diag.Related{{Message: "claimed here by " + c.before.Graph.Environment, Pos: first}}
	}
	c.found.Add(d)
}

// everywhere compares what every cluster reaches.
func (c *collisions) everywhere() {
	c.claims(kind.ReachWorld, "")
}

// claims compares what both claim as far as it reaches; where says of what it is one.
func (c *collisions) claims(reach, where string) {
	type id struct{ within, key string }
	claimed := map[id]claimant{}
	for _, by := range claimants(c.before) {
		if by.claim.Reach == reach {
			claimed[id{by.claim.Within, by.claim.Key}] = by
		}
	}
	for _, by := range claimants(c.now) {
		if first, ok := claimed[id{by.claim.Within, by.claim.Key}]; ok && by.claim.Reach == reach {
			c.report(by.claim.What+where, diag.Diagnostic{Path: by.path, Pos: by.pos, Help: "give each environment one of its own"}, first.pos)
		}
	}
}

// inCluster compares what there is once in a cluster. Objects in namespaces need no comparison: no namespace is in both.
func (c *collisions) inCluster() {
	spaces := c.namespaces(c.before)
	now := c.namespaces(c.now)
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if first := spaces[name]; first != nil {
			n := now[name]
			c.report("namespace "+name+" of the cluster "+c.cluster, diag.Diagnostic{Path: n.Path() + ".namespace", Pos: n.AttrPos("namespace"), Help: "give each environment namespaces of its own, such as " + name + "-" + c.now.Graph.Environment}, first.AttrPos("namespace"))
		}
	}
	c.claims(kind.ReachCluster, " of the cluster "+c.cluster)
	c.objects()
}

// namespaces are those of an environment, each with the first component by name that has something in it, or whose images are built in it. What runs there
// already, such as a mesh, is for all.
func (c *collisions) namespaces(of *pass.Context) map[string]*ir.Node {
	all := map[string]*ir.Node{}
	for _, n := range of.Graph.Components() {
		var names []string
		if slices.ContainsFunc(objectsOf(of, n), func(o object) bool { return o.namespace == n.Namespace() }) {
			names = append(names, n.Namespace())
		}
		for _, j := range of.Of(n).Jobs {
			if j.Value().Role != kind.Build || !of.Graph.BuiltBefore[n.Name] {
				names = append(names, j.Value().Namespace)
			}
		}
		for _, name := range names {
			if all[name] == nil && name != "" {
				all[name] = n
			}
		}
	}
	return all
}

// wholeCluster are the kinds of Kubernetes whose objects are in no namespace, but for IngressClass, which is claimed.
func wholeCluster() []string {
	return []string{
		"APIService", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding", "CSIDriver", "CustomResourceDefinition", "FlowSchema", "MutatingWebhookConfiguration",
		"PersistentVolume", "PriorityClass", "PriorityLevelConfiguration", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
		"ValidatingWebhookConfiguration", "VolumeAttributesClass",
	}
}

// objects compares those of the whole cluster.
func (c *collisions) objects() {
	type id struct{ api, kind, name string }
	of := func(x *pass.Context) map[id]*ir.Node {
		all := map[id]*ir.Node{}
		for _, n := range x.Graph.Components() {
			for _, row := range x.Of(n).Rows {
				for _, o := range objectsIn(row) {
					meta, _ := o["metadata"].(kind.Object)
					if _, spaced := meta["namespace"]; !spaced && slices.Contains(wholeCluster(), word(o, "kind")) {
						all[id{word(o, "apiVersion"), word(o, "kind"), word(meta, "name")}] = n
					}
				}
			}
		}
		return all
	}
	before, now := of(c.before), of(c.now)
	for _, o := range slices.SortedFunc(maps.Keys(now), func(a, b id) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name), cmp.Compare(a.api, b.api))
	}) {
		n := now[o]
		if first := before[o]; first != nil && o.name != "" {
			c.report(fmt.Sprintf("%s %s of the cluster %s", o.kind, o.name, c.cluster), diag.Diagnostic{Path: n.Path(), Pos: n.Pos, Help: "give it another name in one of the environments"}, first.Pos)
		}
	}
}
