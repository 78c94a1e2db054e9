package passes

import (
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

// deliveryView is what is delivered, as the table of an engine (cue/gitops) sees it.
func deliveryView(c *pass.Context, settings kind.Object) kind.Object {
	components := []any{}
	for _, n := range c.Graph.Components() {
		if d := c.Plan.GitOps.Of[n]; d != nil {
			components = append(components, deliveredView(c, n, d, path.Join(word(settings, "path"), c.Graph.Folder())))
		}
	}
	spaces := []any{}
	for _, d := range c.Plan.GitOps.Namespaces {
		spaces = append(spaces, d.Value())
	}
	return kind.Object{
		"name": c.Graph.PartOf(), "repo": word(settings, "repo"), "branch": word(settings, "branch"), "secret": gitSecret(c, settings), "folder": path.Join(word(settings, "path"), gitOpsFolder(c)),
		"components": components, "namespaces": spaces, "kinds": viewed(c.Plan.GitOps.Types, func(r ir.Ref) kind.Object { return kind.Object{"group": r.APIVersion, "kind": r.Kind} }),
	}
}

// gitSecret is the name of the Secret that Flux reads the repository with, "" without one.
func gitSecret(c *pass.Context, settings kind.Object) string {
	if secret := word(settings, "secret"); secret != "" || !strings.HasPrefix(word(settings, "repo"), "ssh://") {
		return secret
	}
	return c.Graph.PartOf() + "-git"
}

// deliveryData is what README.md says of an engine: its names, the folder of its files as seen from there, when custom resources are ready, and of which kinds of Kubernetes there are objects.
func deliveryData(c *pass.Context, settings kind.Object) kind.Object {
	var all []ir.Decided[ir.Check]
	index := pass.Index[ir.Ref]{}
	objects := kind.Object{}
	for _, n := range c.Graph.Components() {
		for _, o := range whole(c.Of(n).Rows) {
			objects[word(o, "kind")] = true
		}
		for _, d := range checks(c, n) {
			k := d.Value()
			all = pass.Append(c, index, ir.Ref{APIVersion: groupOf(k.APIVersion), Kind: k.Kind}, all, k, d.By()...)
		}
	}
	scheme, _, _ := strings.Cut(word(settings, "repo"), "://")
	folder := gitOpsFolder(c)
	if c.Graph.Environment != "" {
		folder = path.Join(fromFolder(c.Graph.Folder()), folder)
	}
	return kind.Object{
		"name": c.Graph.PartOf(), "secret": gitSecret(c, settings), "scheme": scheme, "folder": folder, "objects": objects,
		"checks": viewed(all, func(k ir.Check) kind.Object {
			return kind.Object{"group": groupOf(k.APIVersion), "kind": k.Kind, "condition": k.Condition, "path": k.Path, "value": k.Value}
		}),
	}
}

// deliveredView is a component; root is the folder of the tree, or of the environment, in the repository.
func deliveredView(c *pass.Context, n *ir.Node, d *ir.Delivery, root string) kind.Object {
	up := path.Join(fromFolder(path.Join(gitOpsFolder(c), "overlays", n.Name)), c.Graph.Folder())
	after, spaces := []any{}, []any{}
	for _, before := range d.After {
		after = append(after, c.Plan.GitOps.Of[before.Value()].Name)
	}
	if space := d.Space.Value(); space != nil && !slices.ContainsFunc(d.After, func(w ir.Decided[*ir.Node]) bool { return w.Value() == space }) {
		spaces = append(spaces, kind.Object{"object": c.Plan.GitOps.Of[space].Name, "namespace": n.Namespace()})
	}
	return kind.Object{
		"name": n.Name, "object": d.Name, "namespace": n.Namespace(), "path": path.Join(root, d.Folder.Value()), "base": path.Join(up, d.Folder.Value()),
		"after": after, "spaces": spaces, "wave": int64(d.Wave),
		"checks": viewed(d.Checks, func(k ir.Check) kind.Object {
			return kind.Object{"apiVersion": k.APIVersion, "kind": k.Kind, "condition": k.Condition, "path": k.Path, "value": k.Value}
		}),
		"scaled": viewed(d.Scaled, refView), "late": viewed(d.Late, refView),
		"secrets": viewed(d.Secrets, func(s ir.GeneratedSecret) kind.Object {
			return kind.Object{"name": s.Name, "type": s.Type, "hashed": s.Hashed, "envs": secretFiles(s.Envs, up), "files": secretFiles(s.Files, up)}
		}),
	}
}

// fromFolder is the way from a folder of the output to its root.
func fromFolder(folder string) string {
	return strings.Repeat("../", strings.Count(folder, "/")) + ".."
}

func viewed[T any](list []ir.Decided[T], view func(T) kind.Object) []any {
	all := []any{}
	for _, d := range list {
		all = append(all, view(d.Value()))
	}
	return all
}

func refView(r ir.Ref) kind.Object {
	return kind.Object{"apiVersion": r.APIVersion, "group": groupOf(r.APIVersion), "kind": r.Kind, "name": r.Name}
}

// groupOf is the group of an API version, "" for that of Kubernetes' core.
func groupOf(apiVersion string) string {
	group, _, grouped := strings.Cut(apiVersion, "/")
	if !grouped {
		return ""
	}
	return group
}

// secretFiles are files as a generator names them, seen from a folder that is some way below the root.
func secretFiles(files []ir.SecretFile, up string) []any {
	all := []any{}
	for _, f := range files {
		entry := path.Join(up, f.Path)
		if f.Key != "" {
			entry = f.Key + "=" + entry
		}
		all = append(all, entry)
	}
	return all
}
