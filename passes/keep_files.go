package passes

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func keepFiles() pass.Pass {
	return pass.Pass{
		Name: "keep-files",
		Doc:  "The condition of every file with a reason either way, and the content of those kept.",
		After: []string{
			"check-conflicts", // files of what is claimed twice are no second mistake
			"order-start",     // of those that share a Namespace, the first may have to bring it
			"tag-images",      // manifests name images, and the files of build contexts are known
		},
		Codes:   []string{"E0101", "E0112", "E0205", "E0301"},
		Run:     runKeepFiles,
		Promise: "Every file with content was decided, and no two are one path.",
		Holds:   filesHold,
	}
}

func runKeepFiles(c *pass.Context) bool {
	nodes := c.Graph.Components()
	if len(gitOps(c)) > 0 {
		nodes = startOrder(c) // who brings a Namespace is applied before those who only use it
	}
	refused := each(c, nodes, keepTable)
	for i, n := range nodes {
		if refused[i] != nil {
			refuse(c, refused[i], "the files of "+n.Name, n.Pos, n)
		}
	}
	brings := map[string]*ir.Node{} // namespace -> the first component by name that has a Namespace for it
	for _, n := range nodes {
		shareNamespace(c, n, brings)
	}
	for i, rows := range each(c, nodes, orderedRows) {
		c.Of(nodes[i]).Rows = rows
	}
	return true
}

// orderedRows are the rows of a component in order of path, each path once, with kustomizations that list the others.
func orderedRows(c *pass.Context, n *ir.Node) []kind.Row {
	rows := c.Of(n).Rows
	slices.SortStableFunc(rows, func(a, b kind.Row) int { return cmp.Compare(a.Path, b.Path) })
	rows = once(c, n, rows)
	apart(c, n, rows)
	return withResources(rows)
}

// keepTable decides the files of the table of a component's kind, and those that its user adds.
func keepTable(c *pass.Context, n *ir.Node) error {
	p, arch := c.Of(n), archWithImages(c, n)
	rows := p.Context
	if n.Kind.Manifests != nil {
		others, err := n.Kind.Manifests(p.View, arch)
		if err != nil {
			return err
		}
		rows = slices.Concat(rows, others)
	}
	for _, row := range rows {
		if _, ok := row.Content.(kind.Local); ok {
			p.Local = row
			continue
		}
		keepRow(c, n, row)
	}
	for i, row := range p.Rows {
		p.Rows[i] = filled(c, n, arch, row)
	}
	keepAdditions(c, n)
	markSecret(c, n)
	return nil
}

// once drops a file that is there already: a module that a rule brings may have the path of one of the kind's own files.
func once(c *pass.Context, n *ir.Node, rows []kind.Row) []kind.Row {
	return slices.CompactFunc(rows, func(a, b kind.Row) bool {
		if a.Path != b.Path {
			return false
		}
		if own, ok := copied(a, b); ok {
			taken := func(d diag.Diagnostic) bool { return d.Code == "E0108" && d.Pos == n.AttrPos(own.Of) }
			if slices.ContainsFunc(c.Findings.Sorted(), taken) {
				return true // a name of ours is reported as such
			}
			c.Report(diag.Diagnostic{
				Code: "E0205", Path: attrPath(n.Path(), own.Of), Pos: n.AttrPos(own.Of), Message: fmt.Sprintf("%s would have the file %q twice: one is the copy of %s", n.Name, b.Path, own.File.Source),
				Help: "rename it, or leave it out",
			})
			return true
		}
		claimed := func(d diag.Diagnostic) bool { return d.Code == "E0205" && strings.HasPrefix(d.Path, n.Path()+".") }
		if slices.ContainsFunc(c.Findings.Sorted(), claimed) {
			return true // what has two owners is reported as such
		}
		c.Report(diag.Diagnostic{
			Code: "E0205", Path: n.Path(), Pos: rowPos(n, b, c.Of(n)), Message: fmt.Sprintf("%s would have the file %q twice", n.Name, b.Path),
			Help: "rename the module or the file that the kind brings", Related: []diag.Related{{Message: n.Name + " is declared here", Pos: n.Pos}},
		})
		return true
	})
}

// keepRow decides the files of a row, one for each name where it has several.
func keepRow(c *pass.Context, n *ir.Node, row kind.Row) {
	p := c.Of(n)
	if !row.When.Holds(p.View) {
		pass.Set(c, p.Files, row.Path, false, equalBools, unmet(c, n, row.When))
		return
	}
	by := reasons(c, n, row.When)
	keep := func(file kind.Row) {
		if empty(file.Content) {
			pass.Set(c, p.Files, file.Path, false, equalBools, c.Because(n.Pos, "there is nothing to put into it"))
			return
		}
		for _, o := range by {
			pass.Set(c, p.Files, file.Path, true, equalBools, o)
		}
		p.Rows = append(p.Rows, file)
	}
	switch content := row.Content.(type) {
	case kind.Modules:
		for _, asset := range slices.Sorted(maps.Keys(p.Modules)) {
			keepModule(c, n, row, asset, p.Modules[asset])
		}
		return
	case kind.Folder:
		keepFolder(c, n, row, content)
		return
	}
	for _, file := range expanded(c, n, row) {
		keep(file)
	}
}

// expanded are the files of a row that is kept: one for each name, module or file of a folder where it stands for several.
func expanded(c *pass.Context, n *ir.Node, row kind.Row) []kind.Row {
	var all []kind.Row
	switch content := row.Content.(type) {
	case kind.Modules:
		modules := c.Of(n).Modules
		for _, asset := range slices.Sorted(maps.Keys(modules)) {
			if modules[asset].Value() {
				all = append(all, moduleFiles(c, row, asset)...)
			}
		}
	case kind.Folder:
		return folderFiles(n, row, content)
	case kind.Each:
		for _, key := range slices.Sorted(maps.Keys(content)) {
			each := content[key]
			each.Path, each.Trace, each.Context = strings.ReplaceAll(row.Path, "{name}", key), under(row.Trace, "each", key), row.Context
			each.Told = row.Told
			all = append(all, each)
		}
	case kind.Copy:
		if !strings.HasSuffix(row.Path, "/") {
			return []kind.Row{row}
		}
		folder, name := row.Path, content.Name
		for _, file := range below(n.Kind.Assets, name) {
			row.Path, content.Name = folder+file, path.Join(name, file)
			row.Content = content
			all = append(all, row)
		}
	default:
		return []kind.Row{row}
	}
	return all
}

// empty says whether a content makes no file: a list without an entry.
func empty(c kind.Content) bool {
	switch c := c.(type) {
	case kind.Objects:
		return len(c) == 0
	case kind.Requirements:
		return !c.Main && len(c.Pins) == 0
	}
	return false
}

// under is the trace of what is at a path.
func under(t kind.Trace, prefix ...any) kind.Trace {
	if t == nil {
		return nil
	}
	return func(path ...any) kind.Source { return t(slices.Concat(prefix, path)...) }
}

// keepModule decides the files of a module.
func keepModule(c *pass.Context, n *ir.Node, row kind.Row, asset string, decided ir.Decided[bool]) {
	p := c.Of(n)
	for _, file := range moduleFiles(c, row, asset) {
		for _, o := range decided.By() {
			pass.Set(c, p.Files, file.Path, decided.Value(), equalBools, o)
		}
		if decided.Value() {
			p.Rows = append(p.Rows, file)
		}
	}
}

// moduleFiles are the files of a module below the path of a row: a folder below python/ of its kind, or one file there.
func moduleFiles(c *pass.Context, row kind.Row, asset string) []kind.Row {
	owner, name, _ := strings.Cut(asset, "/")
	assets := c.Graph.Library.Kinds[owner].Assets
	source, prefix := path.Join("python", name), row.Path+name+"/"
	if info, err := fs.Stat(assets, source); err != nil || !info.IsDir() {
		source, prefix = strings.TrimSuffix(source, ".py")+".py", row.Path // the file stands directly below the row's path
	}
	told := ""
	if !c.Graph.Library.Kinds[owner].Own {
		told = "the module " + asset // the program has it
	}
	var all []kind.Row
	for _, file := range below(assets, source) {
		all = append(all, kind.Row{Path: prefix + file, Context: row.Context, Told: told, Content: kind.Copy{Name: joined(source, file), Assets: assets}})
	}
	return all
}

// below lists the files of a folder, relative to it; of a file, its own name.
func below(assets fs.FS, root string) []string {
	var all []string
	err := fs.WalkDir(assets, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if name == root {
			all = append(all, path.Base(name))
		} else {
			all = append(all, strings.TrimPrefix(name, root+"/"))
		}
		return nil
	})
	if err != nil {
		panic(fmt.Sprintf("assets of a kind: %s", err))
	}
	return all
}

// joined is the path of a file of below.
func joined(root, file string) string {
	if path.Base(root) == file {
		return root
	}
	return path.Join(root, file)
}

// reasons are the origins of a file that is kept: the edges that brought the parts it depends on, or its condition. Of alternatives all that hold are reasons.
func reasons(c *pass.Context, n *ir.Node, w *kind.When) []ir.Origin {
	switch {
	case w == nil:
		return []ir.Origin{c.OfNode(n, "every "+n.Kind.Name+" has it")}
	case w.Attribute != "":
		return []ir.Origin{c.OfAttribute(n, w.Attribute, w.String())}
	case w.Derived != "":
		return []ir.Origin{c.Described(n, w.String(), "derived", w.Derived)}
	case w.Sub != "":
		return subReasons(c, n, w)
	}
	var all []ir.Origin
	for _, d := range c.Of(n).Parts[w.Part] {
		for _, o := range d.By() {
			if !slices.ContainsFunc(all, func(x ir.Origin) bool { return x.Edge == o.Edge && x.Rule == o.Rule }) {
				all = append(all, o)
			}
		}
	}
	for _, alternative := range w.Any {
		if alternative.Holds(c.Of(n).View) {
			all = append(all, reasons(c, n, &alternative)...)
		}
	}
	if len(all) == 0 {
		all = append(all, c.OfNode(n, w.String()))
	}
	return all
}

// subReasons are the sub-components that a file depends on: those that were declared, and the links that imply one.
func subReasons(c *pass.Context, n *ir.Node, w *kind.When) []ir.Origin {
	all := []ir.Origin{c.OfNode(n, w.String())}
	for _, sub := range n.Subs {
		if sub.SubKind() == w.Sub && !sub.Implied {
			o := c.OfNode(sub, w.String())
			o.Pos = n.Pos
			all = append(all, o)
		}
	}
	for _, e := range c.Graph.Inbound(n) {
		if e.Target.Parent == n && e.Target.Implied && e.Target.SubKind() == w.Sub {
			o := c.From(e, nil)
			o.Reason = w.String()
			all = append(all, o)
		}
	}
	return all
}

// unmet is the origin of a file that is left out: the attribute, the derived value or what else its condition asks for.
func unmet(c *pass.Context, n *ir.Node, w *kind.When) ir.Origin {
	o := c.OfNode(n, w.Unmet())
	switch {
	case w.Attribute != "":
		o.Attribute = w.Attribute
	case w.Derived != "":
		o = c.Described(n, o.Reason, "derived", w.Derived)
	}
	return o
}

// manifestView is a component as its manifests see it.
func manifestView(c *pass.Context, v *views, n *ir.Node) kind.Object {
	p := c.Of(n)
	o := maps.Clone(v.of(n))
	parts := kind.Object{}
	for _, slot := range n.Kind.Slots {
		parts[slot] = []any{}
	}
	for slot, decided := range p.Parts {
		list := []any{}
		for _, d := range decided {
			list = append(list, d.Value())
		}
		parts[slot] = list
	}
	o["parts"] = parts
	groups := map[string]kind.Pods{}
	for group, d := range p.Pods {
		groups[group] = d.Value()
	}
	o["pods"] = podViews(groups)
	o["policies"] = policyViews(c, p)
	ns := c.Plan.Namespaces[n.Namespace()]
	labels := plain(ns.Labels)
	o["ns"] = kind.Object{"enforce": ns.Enforce.Value(), "labels": labels, "injected": len(labels) > 0}
	o["order"] = int64(p.Order.Value())
	o["cluster"] = c.Graph.Arch["cluster"]
	maps.Copy(o, variableViews(&p.Variables))
	for _, process := range n.Processes() {
		maps.Copy(o["subs"].(kind.Object)[process.SubKind()].(kind.Object)[process.Name].(kind.Object), variableViews(p.Processes[process]))
	}
	o["requirements"] = anyStrings(pins(p))
	o["modules"] = anyStrings(keptModules(n, p))
	o["seams"] = anyStrings(seamNames(p))
	return o
}

// variableViews are the variables of a component or a process, by name and by instance.
func variableViews(v *ir.Variables) kind.Object {
	return kind.Object{"variables": anyStrings(slices.Sorted(maps.Keys(v.Env))), "instances": instanceViews(v)}
}

// pins are the requirements, sorted by distribution.
func pins(p *ir.NodePlan) []string {
	var all []string
	for _, d := range slices.Sorted(maps.Keys(p.Requirements)) {
		all = append(all, p.Requirements[d].Value())
	}
	return all
}

func anyStrings(list []string) []any {
	all := make([]any, len(list))
	for i, s := range list {
		all[i] = s
	}
	return all
}

func policyViews(c *pass.Context, p *ir.NodePlan) kind.Object {
	view := func(openings []ir.Decided[ir.Opening], side string) []any {
		all := []any{}
		for _, d := range openings {
			all = append(all, kind.Object{side: peerViews(c, d.Value().Peer), "port": int64(d.Value().Port)})
		}
		return all
	}
	o := kind.Object{}
	for group, policy := range p.Policies {
		o[group] = kind.Object{"ingress": view(policy.Ingress, "from"), "egress": view(policy.Egress, "to")}
	}
	return o
}

// peerViews are the pods at the other end of a policy, or each range of addresses there.
func peerViews(c *pass.Context, peer ir.Peer) []any {
	pods := c.Of(peer.Node).Pods[peer.Group].Value()
	if len(pods.Addresses) == 0 {
		return []any{peerView(peer, pods)}
	}
	var all []any
	for _, addresses := range pods.Addresses {
		o := peerView(peer, pods)
		o["addresses"] = addresses
		all = append(all, o)
	}
	return all
}

func peerView(peer ir.Peer, pods kind.Pods) kind.Object {
	labels := kind.Object{}
	for k, v := range pods.Labels {
		labels[k] = v
	}
	account := pods.Account
	if account == "" {
		account = peer.Node.Name
	}
	return kind.Object{"component": peer.Node.Name, "component_kind": peer.Node.Kind.Name, "namespace": cmp.Or(pods.Namespace, peer.Node.Namespace()), "labels": labels, "account": account}
}

func instanceViews(v *ir.Variables) []any {
	all := []any{}
	for _, instance := range v.Instances {
		i := instance.Value()
		resources := []any{}
		for _, d := range i.Resources {
			r := d.Value()
			resources = append(resources, kind.Object{"name": r.Name, "kind": r.Kind, "access": r.Access})
		}
		all = append(all, kind.Object{"family": i.Prefix, "component": i.Component.Name, "kind": i.Component.Kind.Name, "provides": anyStrings(i.Component.Kind.Provides), "variables": plain(i.Variables), "may": plain(i.May), "resources": resources, "optional": i.Optional.Value()})
	}
	slices.SortFunc(all, func(a, b any) int {
		x, y := a.(kind.Object), b.(kind.Object)
		return cmp.Or(compareAny(x["family"], y["family"]), compareAny(x["component"], y["component"]))
	})
	return all
}

func filesHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		seen := map[string]bool{}
		for _, row := range p.Rows {
			if !p.Files[row.Path].Value() || seen[row.Path] && !c.Findings.HasErrors() {
				return fmt.Errorf("file %s of %s stands there twice, or was not kept", row.Path, n.Name)
			}
			seen[row.Path] = true
		}
	}
	return nil
}
