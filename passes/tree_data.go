package passes

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

// treeData is the plan as the templates of the whole tree see it.
func treeData(c *pass.Context) kind.Object {
	data := kind.Object{"arch": c.Graph.Arch, "has_builds": false, "has_day2": false, "pins": false}
	var components, undeployed []kind.Object
	for _, n := range c.Graph.Components() {
		o := componentData(c, n)
		components = append(components, o)
		if o["deployed"] == false || o["external"] != "" {
			undeployed = append(undeployed, o)
		}
		for _, j := range c.Of(n).Jobs {
			if j.Value().Role == kind.Build && c.Graph.BuiltBefore[n.Name] {
				continue
			}
			data["has_builds"] = data["has_builds"] == true || j.Value().Role == kind.Build
			data["has_day2"] = data["has_day2"] == true || j.Value().Role == kind.Day2
		}
		data["pins"] = data["pins"] == true || len(c.Of(n).Requirements) > 0
	}
	slices.SortStableFunc(components, func(a, b kind.Object) int { return cmp.Compare(a["order"].(int), b["order"].(int)) })
	data["components"], data["undeployed"], data["links"] = components, undeployed, linkData(c)
	data["prerequisites"], data["notes"] = prerequisiteData(c.Plan.Tree.Prerequisites), noteData(c.Plan.Tree.Notes)
	data["unsaved"] = unsavedData(c)
	if settings := gitOps(c); len(settings) > 0 {
		data["delivery"] = deliveryData(c, settings)
	}
	data["name"], data["environment"], data["environments"] = c.Graph.Name, c.Graph.Environment, c.Graph.Environments
	data["beside"] = c.Graph.Beside
	data["images"] = kind.Object{}
	if images := c.Graph.Library.Images; images != nil {
		data["images"] = images()
	}
	return data
}

func componentData(c *pass.Context, n *ir.Node) kind.Object {
	p := c.Of(n)
	waits := make([]string, len(p.Waits))
	for i, w := range p.Waits {
		waits[i] = w.Value().Name
	}
	rollout := []kind.Object{}
	for _, d := range c.Plan.Tree.Steps[n.Name] {
		rollout = append(rollout, kind.Object{"job": d.Value().Job, "resource": d.Value().Resource, "condition": d.Value().Condition})
	}
	folder, deployed := p.Folders[kind.Deploy]
	at := ""
	if n.Description.External != nil {
		at = n.Description.External.At
	}
	builds, buildFolder := jobData(p, kind.Build), folderData(n, p, kind.Build)
	if c.Graph.BuiltBefore[n.Name] {
		builds, buildFolder = nil, "" // with an environment before
	}
	return kind.Object{
		"name": n.Name, "kind": n.Kind.Name, "title": n.Kind.Title, "namespace": n.Namespace(), "order": p.Order.Value(), "waits": waits,
		"base": path.Join(n.Name, folder.Value()), "deployed": deployed, "external": at, "rollout": rollout,
		"build_folder": buildFolder, "day2_folder": folderData(n, p, kind.Day2),
		"bootstrap": jobData(p, kind.Deploy), "builds": builds, "day2": jobData(p, kind.Day2),
	}
}

// folderData is where the kustomization of a role is, from the root of the tree, "" without one.
func folderData(n *ir.Node, p *ir.NodePlan, role kind.Role) string {
	if folder, ok := p.Folders[role]; ok {
		return path.Join(n.Name, folder.Value())
	}
	return ""
}

// jobData are the Jobs of a role. What builds is called like its file.
func jobData(p *ir.NodePlan, role kind.Role) []kind.Object {
	all := []kind.Object{}
	for _, d := range p.Jobs {
		if j := d.Value(); j.Role == role {
			all = append(all, kind.Object{"name": j.Name, "namespace": j.Namespace, "file": j.File, "builder": strings.TrimSuffix(path.Base(j.File), ".yaml")})
		}
	}
	return all
}

func linkData(c *pass.Context) []kind.Object {
	var all []kind.Object
	for _, e := range c.Graph.Edges {
		all = append(all, kind.Object{"from": e.Source.ID, "to": e.Target.ID, "doc": strings.ReplaceAll(about(c, e), "|", `\|`)})
	}
	return all
}

// about says what an edge is for: the exact rule's own words for it, else its doc.
func about(c *pass.Context, e *ir.Edge) string {
	applied := c.Plan.Applied[e]
	if n := len(applied); n > 0 && applied[n-1].Result.About != "" {
		return applied[n-1].Result.About
	}
	return e.Rules[len(e.Rules)-1].Doc
}

func prerequisiteData(list []ir.Decided[ir.Prerequisite]) []kind.Object {
	all := []kind.Object{}
	for _, d := range list {
		p := d.Value()
		all = append(all, kind.Object{"name": p.Name, "version": p.Version, "what": p.What, "watch": p.Watch, "crds": p.CRDs, "needed_by": p.NeededBy, "namespaces": p.Namespaces})
	}
	return all
}

// unsavedData are the components that own data and have no archive of it, as a rule of a backup exports one.
func unsavedData(c *pass.Context) []kind.Object {
	all := []kind.Object{}
	for _, n := range c.Graph.Components() {
		_, saved := c.Of(n).Exports["archive"]
		if len(n.Description.Data) > 0 && !saved {
			all = append(all, kind.Object{"name": n.Name, "title": n.Kind.Title})
		}
	}
	return all
}

func noteData(list []ir.Decided[string]) []string {
	all := []string{}
	for _, d := range list {
		all = append(all, d.Value())
	}
	return all
}
