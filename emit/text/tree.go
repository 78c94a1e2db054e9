package text

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/encode"
)

// treeFiles are the files of the whole tree, by the template that makes them.
func treeFiles() map[string]string {
	return map[string]string{"README.md": "README.md.tmpl", ".gitignore": "gitignore.tmpl", ".gitattributes": "gitattributes.tmpl", "scripts/deploy.sh": "deploy.sh.tmpl", "scripts/verify.sh": "verify.sh.tmpl"}
}

func tree(p *ir.Plan) ([]emit.File, error) {
	view := treeView(p)
	var files []emit.File
	for _, name := range slices.Sorted(maps.Keys(treeFiles())) {
		source, err := fs.ReadFile(p.Graph.Library.Tree, treeFiles()[name])
		if err != nil {
			return nil, err
		}
		tmpl, err := Parse(name, string(source))
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := tmpl.Execute(&b, view); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		f := emit.File{Path: name, Data: oneNewline(trimBlanks(b.Bytes())), Mode: 0o644, Ownership: emit.Generated}
		if strings.HasPrefix(name, "scripts/") {
			f.Mode = 0o755
		} else {
			f.Yields = true // a repository whose root is the output directory has files of these names
		}
		header, _ := encode.Header(name)
		f.Data = encode.WithHeader(header, f.Data)
		files = append(files, f)
	}
	return files, nil
}

// trimBlanks removes blanks at the end of lines, which empty cells of a table leave.
func trimBlanks(data []byte) []byte {
	lines := bytes.Split(data, []byte("\n"))
	for i := range lines {
		lines[i] = bytes.TrimRight(lines[i], " \t")
	}
	return bytes.Join(lines, []byte("\n"))
}

// treeView is the plan as the templates of the whole tree see it.
func treeView(p *ir.Plan) kind.Object {
	view := kind.Object{"arch": p.Graph.Arch, "has_builds": false, "has_day2": false, "pins": false}
	var components, undeployed []kind.Object
	for _, n := range p.Graph.Components() {
		c := componentView(p, n)
		for key, flag := range map[string]string{"builds": "has_builds", "day2": "has_day2"} {
			if len(c[key].([]kind.Object)) > 0 {
				view[flag] = true
			}
		}
		if len(p.Of[n].Requirements) > 0 {
			view["pins"] = true
		}
		components = append(components, c)
		if !c["deployed"].(bool) {
			undeployed = append(undeployed, c)
		}
	}
	slices.SortStableFunc(components, func(a, b kind.Object) int { return cmp.Compare(a["order"].(int), b["order"].(int)) })
	view["components"], view["undeployed"], view["links"] = components, undeployed, linkViews(p)
	view["prerequisites"], view["notes"] = prerequisites(p), notes(p)
	return view
}

// base is the folder of a component that scripts/deploy.sh applies. One without a kustomization there, such as a kind without files, is not deployed.
const base = "k8s/deploy/base"

func componentView(p *ir.Plan, n *ir.Node) kind.Object {
	np := p.Of[n]
	waits := make([]string, len(np.Waits))
	for i, w := range np.Waits {
		waits[i] = w.Name
	}
	return kind.Object{
		"name": n.Name, "kind": n.Kind.Name, "title": n.Kind.Title, "namespace": n.Namespace(), "order": np.Order.Value, "waits": waits,
		"base": path.Join(n.Name, base), "deployed": slices.ContainsFunc(np.Rows, func(r kind.Row) bool { return r.Path == base+"/kustomization.yaml" }),
		"rollout": rollout(p, n), "bootstrap": jobs(n, np.Rows, base+"/"), "builds": builds(n, np.Rows), "day2": jobs(n, np.Rows, "day2/"),
	}
}

// rollout is what deploy.sh waits for, each with the same keys.
func rollout(p *ir.Plan, n *ir.Node) []kind.Object {
	all := []kind.Object{}
	steps := slices.Clone(n.Description.Rollout)
	for _, d := range p.Of[n].Rollout {
		steps = append(steps, d.Value)
	}
	for _, r := range steps {
		step := kind.Object{"job": "", "resource": "", "condition": ""}
		switch r := r.(type) {
		case string:
			step["resource"] = r
		case kind.Object:
			maps.Copy(step, r)
		}
		all = append(all, step)
	}
	return all
}

// jobs are the Jobs in the files below a folder.
func jobs(n *ir.Node, rows []kind.Row, dir string) []kind.Object {
	all := []kind.Object{}
	for _, row := range rows {
		if !strings.HasPrefix(row.Path, dir) {
			continue
		}
		for _, o := range row.Objects {
			if o["kind"] != "Job" {
				continue
			}
			meta, _ := o["metadata"].(kind.Object)
			ns, ok := meta["namespace"].(string)
			if !ok {
				ns = n.Namespace()
			}
			all = append(all, kind.Object{"name": meta["name"], "namespace": ns, "file": row.Path})
		}
	}
	return all
}

// builds are the Jobs that build the component's image; a builder is called like its file. They stand in a namespace of their own, which their kustomization names.
func builds(n *ir.Node, rows []kind.Row) []kind.Object {
	const dir = "k8s/build/base/"
	all := jobs(n, rows, dir)
	for _, row := range rows {
		if row.Path != dir+"kustomization.yaml" {
			continue
		}
		for _, j := range all {
			j["namespace"] = row.Kustomization["namespace"]
		}
	}
	for _, j := range all {
		j["builder"] = strings.TrimSuffix(path.Base(j["file"].(string)), ".yaml")
	}
	return all
}

func linkViews(p *ir.Plan) []kind.Object {
	var all []kind.Object
	for _, e := range p.Graph.Edges {
		all = append(all, kind.Object{"from": e.Source.ID, "to": e.Target.ID, "doc": strings.ReplaceAll(about(p, e), "|", `\|`)})
	}
	return all
}

// about says what an edge is for: the exact rule's own words for it, else its doc.
func about(p *ir.Plan, e *ir.Edge) string {
	applied := p.Applied[e]
	if n := len(applied); n > 0 && applied[n-1].Result.About != "" {
		return applied[n-1].Result.About
	}
	return e.Rules[len(e.Rules)-1].Doc
}

// prerequisites are those of all components and links, each once, with who needs it.
func prerequisites(p *ir.Plan) []kind.Object {
	merged := map[string]kind.Object{}
	add := func(need kind.Object, n *ir.Node) {
		key := text(need["name"]) + "\x00" + text(need["version"])
		m := merged[key]
		if m == nil {
			m = kind.Object{"name": need["name"], "version": need["version"], "what": text(need["what"]), "watch": text(need["watch"]), "crds": []string{}, "needed_by": []string{}, "namespaces": []string{}}
			merged[key] = m
		}
		crds, _ := need["crds"].([]any)
		for _, c := range crds {
			m["crds"] = with(m["crds"].([]string), text(c))
		}
		if w := text(need["watch"]); w != "" {
			m["watch"] = w
		}
		m["needed_by"] = with(m["needed_by"].([]string), n.Name)
		m["namespaces"] = with(m["namespaces"].([]string), n.Namespace())
	}
	for _, n := range p.Graph.Components() {
		for _, need := range n.Description.Prerequisites {
			add(need, n)
		}
		for _, need := range p.Of[n].Prerequisites {
			add(need.Value, n)
		}
	}
	all := []kind.Object{}
	for _, key := range slices.Sorted(maps.Keys(merged)) {
		all = append(all, merged[key])
	}
	return all
}

func with(list []string, s string) []string {
	if !slices.Contains(list, s) {
		list = append(list, s)
		slices.Sort(list)
	}
	return list
}

func notes(p *ir.Plan) []string {
	all := []string{}
	for _, n := range p.Graph.Components() {
		for _, note := range n.Description.Notes {
			all = with(all, note)
		}
		for _, note := range p.Of[n].Notes {
			all = with(all, note.Value)
		}
	}
	return all
}

func text(v any) string { s, _ := v.(string); return s }
