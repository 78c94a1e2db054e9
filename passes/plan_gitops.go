package passes

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func planGitOps() pass.Pass {
	return pass.Pass{
		Name: "plan-gitops",
		Doc:  "What a GitOps engine applies of each component, after which others, and when it is ready; the files that say so.",
		After: []string{
			"order-start",     // components are delivered in that order
			"keep-tree-files", // what is applied, and what its roll-out waits for
		},
		Codes:   []string{"E0101", "E0108", "E0208", "W0139"},
		Run:     runPlanGitOps,
		Promise: "Every deployed component is delivered, behind those that it waits for.",
		Holds:   gitOpsHolds,
	}
}

// gitOpsFolder is where the files for engines are: beside the environments, which have a folder each there.
func gitOpsFolder(c *pass.Context) string { return path.Join("gitops", c.Graph.Environment) }

func runPlanGitOps(c *pass.Context) bool {
	settings := gitOps(c)
	tell := c.Graph.Library.GitOps[word(settings, "tool")]
	if tell == nil {
		return true // nobody asks for it, or for something that there is not, which is reported
	}
	checkGitOps(c, settings)
	for _, n := range startOrder(c) {
		if entry, deployed := c.Plan.Tree.Entries[n.Name]; deployed {
			c.Plan.GitOps.Of[n] = deliver(c, n, entry)
		}
	}
	g := &c.Plan.GitOps
	g.Namespaces, g.Types = deliveredSpaces(c), deliveredTypes(c)
	rows, err := tell(deliveryView(c, settings), c.Graph.Arch)
	if err != nil {
		refuse(c, err, "what "+word(settings, "tool")+" reads", asksGitOps(c).Pos)
		return true
	}
	for _, row := range rows {
		for _, file := range expanded(c, nil, row) {
			file.Path, file.Environment = path.Join(gitOpsFolder(c), file.Path), c.Graph.Environment
			pass.Set(c, g.Files, file.Path, true, equalBools, asksGitOps(c))
			g.Rows = append(g.Rows, file)
		}
	}
	slices.SortFunc(g.Rows, func(a, b kind.Row) int { return cmp.Compare(a.Path, b.Path) })
	return true
}

// gitOps is what config says of an engine; empty without one.
func gitOps(c *pass.Context) kind.Object {
	settings, _ := c.Graph.Arch["gitops"].(kind.Object)
	return settings
}

// asksGitOps is the origin of what is there because config names an engine.
func asksGitOps(c *pass.Context) ir.Origin {
	pos := c.Graph.Pos
	if given := c.Graph.ConfigGiven.At("gitops"); given != nil {
		pos = given.KeyPos
	}
	return c.Because(pos, "config.gitops asks for it")
}

// startOrder are the components, those that start first at the head.
func startOrder(c *pass.Context) []*ir.Node {
	nodes := slices.Clone(c.Graph.Components())
	slices.SortStableFunc(nodes, func(a, b *ir.Node) int { return cmp.Compare(c.Of(a).Order.Value(), c.Of(b).Order.Value()) })
	return nodes
}

// checkGitOps finds settings that do not go together.
func checkGitOps(c *pass.Context, settings kind.Object) {
	given := c.Graph.ConfigGiven.At("gitops")
	if secret := given.Field("secret"); secret != nil && word(settings, "tool") != "flux" {
		c.Report(diag.Diagnostic{
			Code: "E0208", Path: "config.gitops.secret", Pos: secret.Pos, Message: "config.gitops.secret names a Secret of Flux, but the tool is " + word(settings, "tool"),
			Help: "leave it out: Argo CD has its credentials of repositories in Secrets with the label argocd.argoproj.io/secret-type",
		})
	}
	if repo := word(settings, "repo"); strings.HasPrefix(repo, "http://") {
		c.Report(diag.Diagnostic{
			Code: "W0139", Path: "config.gitops.repo", Pos: given.Field("repo").Pos, Message: fmt.Sprintf("%s is read over plain HTTP: whoever is on the way decides what is deployed", repo),
			Help: "use https:// or ssh://",
		})
	}
}

// deliver decides what an engine is told of a component. Those that it waits for have been decided.
func deliver(c *pass.Context, n *ir.Node, entry ir.Decided[string]) *ir.Delivery {
	d := &ir.Delivery{Folder: entry, Name: c.Graph.PartOf() + "-" + n.Name}
	if len(d.Name) > maxLabel {
		c.Report(diag.Diagnostic{
			Code: "E0108", Path: n.Path(), Pos: n.Pos, Message: fmt.Sprintf("%s is delivered by an object with the name %s, which has %d characters", n.Name, d.Name, len(d.Name)),
			Help: fmt.Sprintf("shorten the name of the architecture or of the component: objects are labelled with it, and a label has at most %d characters", maxLabel),
		})
	}
	d.After = deployedWaits(c, n)
	if space, by := broughtBy(c, n); space != nil {
		d.Space = pass.Decide(c, space, by)
	}
	for _, before := range d.After {
		d.Wave = max(d.Wave, c.Plan.GitOps.Of[before.Value()].Wave+1)
	}
	if space := d.Space.Value(); space != nil {
		d.Wave = max(d.Wave, c.Plan.GitOps.Of[space].Wave+1)
	}
	d.Checks, d.Secrets = checks(c, n), generatedSecrets(c, n)
	d.Scaled, d.Late = scaled(c, n), late(c, n)
	return d
}

// maxLabel is how long the value of a label may be.
const maxLabel = 63

// deployedWaits are the components that are ready before another one: those that it waits for, and in the place of one that is not deployed those that
// this waits for.
func deployedWaits(c *pass.Context, n *ir.Node) []ir.Decided[*ir.Node] {
	var all []ir.Decided[*ir.Node]
	index, seen := pass.Index[*ir.Node]{}, map[*ir.Node]bool{}
	var add func(n *ir.Node, by []ir.Origin)
	add = func(n *ir.Node, by []ir.Origin) {
		for _, d := range c.Of(n).Waits {
			before := d.Value()
			asked := slices.Concat(by, d.By())
			if c.Plan.GitOps.Of[before] != nil {
				all = pass.Append(c, index, before, all, before, asked...)
			} else if !seen[before] {
				seen[before] = true
				add(before, asked)
			}
		}
	}
	add(n, nil)
	slices.SortFunc(all, func(a, b ir.Decided[*ir.Node]) int { return cmp.Compare(a.Value().Name, b.Value().Name) })
	return all
}

// broughtBy is the component that brings the Namespace of another one, nil where that does so itself, or nobody.
func broughtBy(c *pass.Context, n *ir.Node) (*ir.Node, ir.Origin) {
	if c.Of(n).Overlay == "" && bringsOwn(c, n) {
		return nil, ir.Origin{}
	}
	for _, other := range c.Graph.Components() {
		if other != n && other.Namespace() == n.Namespace() && c.Plan.GitOps.Of[other] != nil && c.Of(other).Overlay == "" && bringsOwn(c, other) {
			return other, c.Because(n.AttrPos("namespace"), other.Name+" brings the Namespace "+n.Namespace())
		}
	}
	return nil, ir.Origin{}
}

func bringsOwn(c *pass.Context, n *ir.Node) bool {
	row, ok := deployedRow(c, n)
	return ok && bringsNamespace(row, c.Of(n).Rows)
}

// deployedRow is the kustomization of a component that is deployed.
func deployedRow(c *pass.Context, n *ir.Node) (kind.Row, bool) {
	rows := c.Of(n).Rows
	i := slices.IndexFunc(rows, func(r kind.Row) bool { return r.Role == kind.Deploy })
	if i < 0 {
		return kind.Row{}, false
	}
	return rows[i], true
}

// checks are when the custom resources are ready that the roll-out of a component waits for; engines know those of Kubernetes itself. They are told one for
// a type, so of two that differ the first counts.
func checks(c *pass.Context, n *ir.Node) []ir.Decided[ir.Check] {
	var all []ir.Decided[ir.Check]
	index := pass.Index[ir.Ref]{}
	for _, d := range c.Plan.Tree.Steps[n.Name] {
		step := d.Value()
		o := resourceNamed(c, n, step.Resource)
		if o == nil || step.Condition == "" {
			continue
		}
		check := ir.Check{APIVersion: word(o, "apiVersion"), Kind: word(o, "kind"), Condition: step.Condition}
		if at, value, ok := strings.Cut(strings.TrimPrefix(step.Condition, "jsonpath={."), "}="); ok {
			check.Condition, check.Path, check.Value = "", at, value
		}
		all = pass.Append(c, index, ir.Ref{APIVersion: check.APIVersion, Kind: check.Kind}, all, check, d.By()...)
	}
	slices.SortFunc(all, func(a, b ir.Decided[ir.Check]) int {
		return cmp.Or(cmp.Compare(a.Value().APIVersion, b.Value().APIVersion), cmp.Compare(a.Value().Kind, b.Value().Kind))
	})
	return all
}

// resourceNamed is the object of a component that is meant by TYPE/NAME as kubectl takes it, nil where it has none.
func resourceNamed(c *pass.Context, n *ir.Node, resource string) kind.Object {
	kindOf, name, _ := strings.Cut(resource, "/")
	kindOf, group, grouped := strings.Cut(strings.ToLower(kindOf), ".")
	for _, o := range whole(c.Of(n).Rows) {
		own := strings.ToLower(word(o, "kind"))
		ownGroup, _, _ := strings.Cut(word(o, "apiVersion"), "/")
		if nameOf(o) == name && (kindOf == own || kindOf == own+"s" || kindOf == own+"es" || kindOf == strings.TrimSuffix(own, "y")+"ies") && (!grouped || group == ownGroup) {
			return o
		}
	}
	return nil
}

// scaled are the workloads whose number of pods an autoscaler of the component sets.
func scaled(c *pass.Context, n *ir.Node) []ir.Decided[ir.Ref] {
	return deployedRefs(c, n, func(o kind.Object) (ir.Ref, bool) {
		spec, _ := o["spec"].(kind.Object)
		target, _ := spec["scaleTargetRef"].(kind.Object)
		return ir.Ref{APIVersion: word(target, "apiVersion"), Kind: word(target, "kind"), Name: word(target, "name")}, target != nil
	})
}

// late are the workloads of a component whose pods wait for a Job that a link brings, and their autoscalers: Argo CD is told to apply them behind it.
func late(c *pass.Context, n *ir.Node) []ir.Decided[ir.Ref] {
	if !slices.ContainsFunc(c.Of(n).Rollout, func(d ir.Decided[any]) bool { return stepOf(d.Value()).Job != "" }) {
		return nil
	}
	return deployedRefs(c, n, func(o kind.Object) (ir.Ref, bool) {
		spec, _ := o["spec"].(kind.Object)
		_, pods := spec["template"].(kind.Object)
		_, scales := spec["scaleTargetRef"].(kind.Object)
		return ir.Ref{APIVersion: word(o, "apiVersion"), Kind: word(o, "kind"), Name: nameOf(o)}, scales || pods && o["kind"] != "Job"
	})
}

// deployedRefs are the objects that are deployed of a component and are sought, with the reasons for their files.
func deployedRefs(c *pass.Context, n *ir.Node, sought func(kind.Object) (ir.Ref, bool)) []ir.Decided[ir.Ref] {
	row, ok := deployedRow(c, n)
	if !ok {
		return nil
	}
	k, _ := row.Content.(kind.Kustomization)
	var all []ir.Decided[ir.Ref]
	index := pass.Index[ir.Ref]{}
	for _, file := range resources(row, k, c.Of(n).Rows) {
		for _, o := range objectsIn(file) {
			if ref, ok := sought(o); ok {
				all = pass.Append(c, index, ref, all, ref, c.Of(n).Files[file.Path].By()...)
			}
		}
	}
	return all
}

// generatedSecrets are the Secrets that the deployed kustomization of a component makes of files.
func generatedSecrets(c *pass.Context, n *ir.Node) []ir.Decided[ir.GeneratedSecret] {
	row, _ := deployedRow(c, n)
	k := kustomizationIn(row)
	general, _ := k["generatorOptions"].(kind.Object)
	generators, _ := k["secretGenerator"].([]any)
	var all []ir.Decided[ir.GeneratedSecret]
	for _, g := range generators {
		o, _ := g.(kind.Object)
		options, _ := o["options"].(kind.Object)
		s := ir.GeneratedSecret{Name: word(o, "name"), Type: word(o, "type"), Hashed: options["disableNameSuffixHash"] != true && general["disableNameSuffixHash"] != true}
		var by []ir.Origin
		take := func(field string, keyed bool) []ir.SecretFile {
			var files []ir.SecretFile
			entries, _ := o[field].([]any)
			for _, e := range entries {
				name := path.Join(path.Dir(row.Path), generatorFile(e))
				file := ir.SecretFile{Path: path.Join(n.Name, name)}
				if keyed {
					file.Key, _, _ = strings.Cut(fmt.Sprint(e), "=")
					file.Key = path.Base(file.Key)
				}
				files = append(files, file)
				by = append(by, c.Of(n).Files[name].By()...)
			}
			return files
		}
		s.Envs, s.Files = take("envs", false), take("files", true)
		all = append(all, pass.Decide(c, s, by...))
	}
	return all
}

// deliveredSpaces are the namespaces of all that is applied: those of components, and those that an object names itself.
func deliveredSpaces(c *pass.Context) []ir.Decided[string] {
	var all []ir.Decided[string]
	index := pass.Index[string]{}
	add := func(space string, by ...ir.Origin) { all = pass.Append(c, index, space, all, space, by...) }
	for _, n := range c.Graph.Components() {
		if c.Plan.GitOps.Of[n] == nil {
			continue
		}
		add(n.Namespace(), c.Because(n.AttrPos("namespace"), n.Name+" is in it"))
		row, _ := deployedRow(c, n)
		k, _ := row.Content.(kind.Kustomization)
		for _, file := range resources(row, k, c.Of(n).Rows) {
			for _, o := range objectsIn(file) {
				if space := word(labelsOf(o, "metadata"), "namespace"); space != "" {
					add(space, c.Of(n).Files[file.Path].By()...)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b ir.Decided[string]) int { return cmp.Compare(a.Value(), b.Value()) })
	return all
}

// deliveredTypes are the types of all that is applied.
func deliveredTypes(c *pass.Context) []ir.Decided[ir.Ref] {
	var all []ir.Decided[ir.Ref]
	index := pass.Index[ir.Ref]{}
	add := func(t ir.Ref, by ...ir.Origin) { all = pass.Append(c, index, t, all, t, by...) }
	for _, n := range c.Graph.Components() {
		row, deployed := deployedRow(c, n)
		if !deployed {
			continue
		}
		k, _ := row.Content.(kind.Kustomization)
		for _, made := range []string{"ConfigMap", "Secret"} {
			if k.Object[strings.ToLower(made[:1])+made[1:]+"Generator"] != nil {
				add(ir.Ref{Kind: made}, c.Of(n).Files[row.Path].By()...)
			}
		}
		for _, file := range resources(row, k, c.Of(n).Rows) {
			for _, o := range objectsIn(file) {
				add(ir.Ref{APIVersion: groupOf(word(o, "apiVersion")), Kind: word(o, "kind")}, c.Of(n).Files[file.Path].By()...)
			}
		}
	}
	slices.SortFunc(all, func(a, b ir.Decided[ir.Ref]) int {
		return cmp.Or(cmp.Compare(a.Value().APIVersion, b.Value().APIVersion), cmp.Compare(a.Value().Kind, b.Value().Kind))
	})
	return all
}

func gitOpsHolds(c *pass.Context) error {
	if c.Graph.Library.GitOps[word(gitOps(c), "tool")] == nil {
		return nil
	}
	for _, n := range c.Graph.Components() {
		d := c.Plan.GitOps.Of[n]
		if _, deployed := c.Plan.Tree.Entries[n.Name]; deployed != (d != nil) {
			return fmt.Errorf("%s is deployed: %v, and delivered: %v", n.Name, deployed, d != nil)
		}
		if d == nil {
			continue
		}
		for _, before := range d.After {
			if c.Plan.GitOps.Of[before.Value()].Wave >= d.Wave {
				return fmt.Errorf("%s is not delivered behind %s", n.Name, before.Value().Name)
			}
		}
		if space := d.Space.Value(); space != nil && c.Plan.GitOps.Of[space].Wave >= d.Wave {
			return errors.New(n.Name + " is not delivered behind who brings its Namespace")
		}
	}
	return nil
}
