package ir

import (
	"bytes"
	"encoding/json"
	"fmt"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// Dump is the graph and the plan as JSON, for people who want to see what a pass did. Keys are sorted and secrets are names,
// so that two dumps can be compared.
func (p *Plan) Dump() ([]byte, error) {
	components := map[string]any{}
	for n, np := range p.Of {
		components[n.ID] = dumpNode(np)
	}
	identities := map[string]any{}
	for e, id := range p.Identities {
		identities[e.Name()] = decided(id, func(v Identity) any {
			logins := []any{}
			for _, l := range v.Logins() {
				logins = append(logins, map[string]any{"user": l.User, "password": l.Password.String()})
			}
			return map[string]any{"logins": logins, "access": v.Access}
		})
	}
	namespaces := map[string]any{}
	for name, ns := range p.Namespaces {
		namespaces[name] = map[string]any{"enforce": decided(ns.Enforce, itself), "labels": each(ns.Labels, itself)}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false) // edges are written with an arrow
	err := encoder.Encode(map[string]any{
		"graph": dumpGraph(p.Graph),
		"plan":  map[string]any{"components": components, "identities": identities, "namespaces": namespaces, "tree": dumpTree(&p.Tree), "gitops": dumpGitOps(&p.GitOps), "sealed": p.Sealed},
	})
	if err != nil {
		return nil, fmt.Errorf("dump the plan of %s: %w", p.Graph.Name, err)
	}
	return b.Bytes(), nil
}

func dumpGraph(g *Graph) any {
	nodes, edges := []any{}, []any{}
	for _, n := range g.Nodes {
		nodes = append(nodes, map[string]any{
			"id": n.ID, "kind": n.Kind.Name, "implied": n.Implied, "attributes": shown(n.Kind.Attributes, n.Attrs), "derived": n.Description.Derived, "host": n.Description.Host, "at": place(n.Pos),
		})
	}
	for _, e := range g.Edges {
		rules := []string{}
		attrs := e.Attrs
		for _, r := range e.Rules {
			rules = append(rules, r.Name())
			attrs, _ = shown(r.Attributes, attrs).(kind.Object)
		}
		edges = append(edges, map[string]any{
			"source": e.Source.ID, "target": e.Target.ID, "as": e.As, "rules": rules, "attributes": attrs, "startup": e.Startup, "at": place(e.Pos),
		})
	}
	return map[string]any{"name": g.Name, "nodes": nodes, "edges": edges}
}

// shown is data of a type without its secrets.
func shown(t *kind.Type, data any) any {
	o, isObject := data.(kind.Object)
	switch {
	case t == nil:
		return data
	case t.Secret && data != nil:
		return "[secret]"
	case isObject && o != nil:
		out := kind.Object{}
		for name, v := range o {
			inner := t.Field(name)
			if inner == nil {
				inner = t.Elem
			}
			out[name] = shown(inner, v)
		}
		return out
	}
	return data
}

func dumpNode(p *NodePlan) any {
	policies := map[string]any{}
	for group, policy := range p.Policies {
		policies[group] = map[string]any{"ingress": all(policy.Ingress, opening), "egress": all(policy.Egress, opening)}
	}
	parts := map[string]any{}
	for slot, list := range p.Parts {
		parts[slot] = all(list, func(o kind.Object) any { return o })
	}
	uses := map[string]any{}
	for what, list := range p.Uses {
		uses[what] = all(list, func(n int) any { return n })
	}
	waits := []string{}
	for _, d := range p.Waits {
		waits = append(waits, d.value.Name)
	}
	exports := map[string]any{}
	for name, d := range p.Exports {
		exports[name] = d.value
	}
	var image any
	if len(p.Image.by) > 0 {
		image = decided(p.Image, itself)
	}
	var built any
	if len(p.Built.by) > 0 {
		built = decided(p.Built, itself)
	}
	folders := map[string]any{}
	for role, folder := range p.Folders {
		folders[string(role)] = decided(folder, itself)
	}
	env := func(all *Variables) any { return each(all.Env, func(v value.Value) any { return value.Display(v) }) }
	processes := map[string]any{}
	for n, own := range p.Processes {
		processes[n.ID] = env(own)
	}
	return map[string]any{
		"marks": each(p.Marks, func(v any) any { return v }), "env": env(&p.Variables), "processes": processes, "exports": exports,
		"requirements": each(p.Requirements, itself), "modules": each(p.Modules, flag), "seams": each(p.Seams, flag), "files": each(p.Files, flag), "parts": parts, "policies": policies,
		"uses": uses, "rollout": all(p.Rollout, func(v any) any { return v }), "notes": all(p.Notes, itself), "prerequisites": all(p.Prerequisites, func(o kind.Object) any { return o }),
		"order": decided(p.Order, func(n int) any { return n }), "waits": waits, "folders": folders,
		"image": image, "built": built, "jobs": all(p.Jobs, func(j Job) any {
			return map[string]any{"role": string(j.Role), "name": j.Name, "namespace": j.Namespace, "file": j.File}
		}),
	}
}

func dumpTree(t *Tree) any {
	steps := map[string]any{}
	for component, list := range t.Steps {
		steps[component] = all(list, func(s Step) any {
			return map[string]any{"job": s.Job, "resource": s.Resource, "condition": s.Condition}
		})
	}
	return map[string]any{
		"files": each(t.Files, flag), "entries": each(t.Entries, itself), "steps": steps,
		"prerequisites": all(t.Prerequisites, prerequisite), "notes": all(t.Notes, itself),
	}
}

func dumpGitOps(g *GitOps) any {
	components := map[string]any{}
	for n, d := range g.Of {
		after := []string{}
		for _, w := range d.After {
			after = append(after, w.value.Name)
		}
		ref := func(r Ref) any { return map[string]any{"kind": r.Kind, "name": r.Name} }
		o := map[string]any{
			"folder": decided(d.Folder, itself), "name": d.Name, "after": after, "wave": d.Wave, "scaled": all(d.Scaled, ref), "late": all(d.Late, ref),
			"checks": all(d.Checks, func(c Check) any {
				return map[string]any{"kind": c.Kind, "condition": c.Condition, "path": c.Path, "value": c.Value}
			}),
			"secrets": all(d.Secrets, func(s GeneratedSecret) any { return map[string]any{"name": s.Name, "hashed": s.Hashed} }),
		}
		if space := d.Space.value; space != nil {
			o["space"] = space.Name
		}
		components[n.ID] = o
	}
	kindOf := func(r Ref) any { return map[string]any{"group": r.APIVersion, "kind": r.Kind} }
	return map[string]any{"components": components, "namespaces": all(g.Namespaces, itself), "types": all(g.Types, kindOf), "files": each(g.Files, flag)}
}

func prerequisite(p Prerequisite) any {
	return map[string]any{"name": p.Name, "version": p.Version, "what": p.What, "watch": p.Watch, "crds": p.CRDs, "needed_by": p.NeededBy, "namespaces": p.Namespaces}
}

func itself(s string) any { return s }

func flag(b bool) any { return b }

func opening(o Opening) any {
	return map[string]any{"component": o.Peer.Node.Name, "pods": o.Peer.Group, "port": o.Port}
}

func each[T any](m map[string]Decided[T], show func(T) any) any {
	o := map[string]any{}
	for name, d := range m {
		o[name] = decided(d, show)
	}
	return o
}

func all[T any](list []Decided[T], show func(T) any) any {
	l := []any{}
	for _, d := range list {
		l = append(l, decided(d, show))
	}
	return l
}

func decided[T any](d Decided[T], show func(T) any) any {
	by := []any{}
	for _, o := range d.by {
		origin := map[string]any{"pass": o.Pass, "reason": o.Reason, "at": place(o.Pos)}
		if o.Edge != nil {
			origin["edge"] = o.Edge.Name()
		}
		if o.Rule != nil {
			origin["rule"] = o.Rule.Name()
		}
		by = append(by, origin)
	}
	return map[string]any{"value": show(d.value), "by": by}
}

func place(p diag.Pos) string { return p.String() }
