package kubernetes

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/encode"
)

// base is where every component's kustomization stands, below its folder (OUTPUT.md, section 1).
const base = "k8s/deploy/base"

// New is the emitter of manifests.
func New() emit.Emitter {
	return emit.Emitter{
		Name:      "kubernetes",
		Doc:       "Kubernetes objects, kustomizations, the overlay of a shared namespace and the kustomization of the whole tree.",
		Component: component,
		Tree:      tree,
	}
}

func component(p *ir.Plan, n *ir.Node) ([]emit.File, error) {
	var files []emit.File
	rows := p.Of[n].Rows
	for _, row := range rows {
		var docs []any
		switch {
		case row.Objects != nil:
			docs = sorted(row.Objects)
		case row.Kustomization != nil:
			docs = []any{kustomization(row, rows)}
		default:
			continue
		}
		f, err := file(n.Name, path.Join(n.Name, row.Path), docs...)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	if first := ownerOfNamespace(p, n.Namespace()); hasNamespace(p, n) && first != n {
		f, err := file(n.Name, path.Join(n.Name, "k8s/deploy/overlays/shared/kustomization.yaml"), sharedOverlay(n))
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func file(component, name string, docs ...any) (emit.File, error) {
	data, err := encode.YAML(docs...)
	if err != nil {
		return emit.File{}, fmt.Errorf("write %s: %w", name, err)
	}
	header, _ := encode.Header(name)
	return emit.File{Path: name, Component: component, Data: encode.WithHeader(header, data), Mode: 0o644, Ownership: emit.Generated}, nil
}

// sorted are the documents of a file, by kind and name (OUTPUT.md, K8S-18).
func sorted(objects []kind.Object) []any {
	all := slices.Clone(objects)
	slices.SortStableFunc(all, func(a, b kind.Object) int {
		return cmp.Or(cmp.Compare(text(a["kind"]), text(b["kind"])), cmp.Compare(objectName(a), objectName(b)))
	})
	docs := make([]any, len(all))
	for i, o := range all {
		docs[i] = o
	}
	return docs
}

func text(v any) string { s, _ := v.(string); return s }

func objectName(o kind.Object) string {
	meta, _ := o["metadata"].(kind.Object)
	return text(meta["name"])
}

// kustomization fills in what stands below its folder: every file of objects that is neither a patch, nor named as stray, nor listed by another kustomization.
func kustomization(row kind.Row, rows []kind.Row) kind.Object {
	o := maps.Clone(row.Kustomization)
	dir := path.Dir(row.Path)
	var others []string
	for _, r := range rows {
		if r.Kustomization != nil && path.Dir(r.Path) != dir {
			others = append(others, path.Dir(r.Path)+"/")
		}
	}
	var resources []any
	if own, ok := o["resources"].([]any); ok {
		resources = append(resources, own...)
	}
	out := patchPaths(o)
	for _, r := range rows {
		rel, below := strings.CutPrefix(r.Path, dir+"/")
		if r.Objects == nil || !below || slices.Contains(out, rel) || slices.Contains(row.Stray, rel) {
			continue
		}
		if slices.ContainsFunc(others, func(other string) bool { return strings.HasPrefix(r.Path, other) && strings.HasPrefix(other, dir+"/") }) {
			continue
		}
		resources = append(resources, rel)
	}
	delete(o, "resources")
	if len(resources) > 0 {
		slices.SortFunc(resources, func(a, b any) int { return cmp.Compare(text(a), text(b)) })
		o["resources"] = slices.CompactFunc(resources, func(a, b any) bool { return a == b })
	}
	return o
}

// patchPaths are the files that a kustomization reads as patches or as configuration.
func patchPaths(o kind.Object) []string {
	var all []string
	patches, _ := o["patches"].([]any)
	for _, p := range patches {
		m, _ := p.(kind.Object)
		all = append(all, text(m["path"]))
	}
	for _, field := range []string{"configurations", "generators", "transformers"} {
		list, _ := o[field].([]any)
		for _, c := range list {
			all = append(all, text(c))
		}
	}
	return all
}

// sharedOverlay only removes the Namespace, which the first component of the namespace brings (OUTPUT.md, OUT-03).
func sharedOverlay(n *ir.Node) kind.Object {
	patch := fmt.Sprintf("$patch: delete\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: %s\n", n.Namespace())
	return kind.Object{
		"apiVersion":  "kustomize.config.k8s.io/v1beta1",
		"kind":        "Kustomization",
		"patches":     []any{kind.Object{"patch": patch, "target": kind.Object{"kind": "Namespace", "name": n.Namespace()}}},
		"resources":   []any{"../../base"},
		"sortOptions": kind.Object{"order": "legacy"},
	}
}

// hasNamespace says whether a component's base holds its Namespace.
func hasNamespace(p *ir.Plan, n *ir.Node) bool {
	return slices.ContainsFunc(p.Of[n].Rows, func(r kind.Row) bool {
		return path.Dir(r.Path) == base && slices.ContainsFunc(r.Objects, func(o kind.Object) bool { return o["kind"] == "Namespace" })
	})
}

// ownerOfNamespace is the first component by name whose base holds the Namespace, nil without.
func ownerOfNamespace(p *ir.Plan, namespace string) *ir.Node {
	for _, n := range p.Graph.Components() {
		if n.Namespace() == namespace && hasNamespace(p, n) {
			return n
		}
	}
	return nil
}

func tree(p *ir.Plan) ([]emit.File, error) {
	var resources []any
	owners := map[string]*ir.Node{}
	for _, n := range p.Graph.Components() {
		if !slices.ContainsFunc(p.Of[n].Rows, func(r kind.Row) bool { return r.Path == base+"/kustomization.yaml" }) {
			continue
		}
		entry := path.Join(n.Name, base)
		if hasNamespace(p, n) {
			if owners[n.Namespace()] != nil {
				entry = path.Join(n.Name, "k8s/deploy/overlays/shared")
			} else {
				owners[n.Namespace()] = n
			}
		}
		resources = append(resources, entry)
	}
	slices.SortFunc(resources, func(a, b any) int { return cmp.Compare(text(a), text(b)) })
	f, err := file("", "kustomization.yaml", kind.Object{
		"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources, "sortOptions": kind.Object{"order": "legacy"},
	})
	if err != nil {
		return nil, err
	}
	return []emit.File{f}, nil
}
