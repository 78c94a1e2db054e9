package ir

import (
	"fmt"
	"maps"
	"slices"

	"platc.dev/platc/compiler/kind"
)

// Verify checks what holds for every plan: each decision has an origin, and both ends of an opening agree.
func (p *Plan) Verify() error {
	var v verification
	for _, n := range p.Graph.Components() {
		np := p.Of[n]
		if np == nil {
			return fmt.Errorf("%s has no plan", n.Name)
		}
		v.node(np, n.Name)
	}
	for _, e := range p.Graph.Edges {
		if id, ok := p.Identities[e]; ok {
			v.origin(id.by, "the identity of %s", e.Name())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Namespaces)) {
		v.origin(p.Namespaces[name].Enforce.by, "the level of namespace %s", name)
		origins(&v, p.Namespaces[name].Labels, "label", "namespace "+name)
	}
	v.tree(&p.Tree)
	v.gitOps(&p.GitOps)
	if v.err == nil {
		v.err = p.mirrored()
	}
	return v.err
}

// verification keeps one thing that does not hold. Which of several it is does not matter: each is a fault of a pass.
type verification struct{ err error }

func (v *verification) origin(by []Origin, what string, args ...any) {
	if len(by) == 0 && v.err == nil {
		v.err = fmt.Errorf(what+" has no origin", args...)
	}
}

// origins demands one of every decision in a map. It looks itself, since to hand a name over takes longer than to look.
func origins[T any](v *verification, m map[string]Decided[T], what, of string) {
	for name, d := range m {
		if len(d.by) == 0 {
			v.origin(d.by, "%s %s of %s", what, name, of)
		}
	}
}

// listed demands an origin of every decision in a list.
func listed[T any](v *verification, list []Decided[T], what, of string) {
	for _, d := range list {
		if len(d.by) == 0 {
			v.origin(d.by, "%s of %s", what, of)
		}
	}
}

func (v *verification) node(np *NodePlan, name string) {
	origins(v, np.Marks, "mark", name)
	v.variables(&np.Variables, name)
	for n, own := range np.Processes {
		v.variables(own, n.ID)
	}
	origins(v, np.Exports, "export", name)
	origins(v, np.Pods, "group of pods", name)
	listed(v, np.Waits, "what is waited for", name)
	origins(v, np.Requirements, "requirement", name)
	origins(v, np.Modules, "module", name)
	origins(v, np.Seams, "seam", name)
	origins(v, np.Files, "file", name)
	if np.Built.value != "" {
		v.origin(np.Built.by, "the image that is built of %s", name)
	}
	if np.Image.value != "" {
		v.origin(np.Image.by, "the image of %s", name)
	}
	for _, slot := range slices.Sorted(maps.Keys(np.Parts)) {
		listed(v, np.Parts[slot], "a part "+slot, name)
	}
	for _, group := range slices.Sorted(maps.Keys(np.Policies)) {
		listed(v, np.Policies[group].Ingress, "an ingress", name)
		listed(v, np.Policies[group].Egress, "an egress", name)
	}
	for _, what := range slices.Sorted(maps.Keys(np.Uses)) {
		listed(v, np.Uses[what], "a use of "+what, name)
	}
	listed(v, np.Rollout, "a step of the roll-out", name)
	listed(v, np.Notes, "a note", name)
	listed(v, np.Prerequisites, "a prerequisite", name)
	v.origin(np.Order.By(), "the order of %s", name)
	for _, role := range slices.Sorted(maps.Keys(np.Folders)) {
		v.origin(np.Folders[role].By(), "the folder for %s of %s", role, name)
	}
	listed(v, np.Jobs, "a Job", name)
	v.rows(np.Rows, np.Files, name)
}

func (v *verification) variables(all *Variables, name string) {
	origins(v, all.Env, "variable", name)
	listed(v, all.Instances, "an instance", name)
	for _, d := range all.Instances {
		origins(v, d.value.Variables, "variable of "+d.value.Component.Name, name)
		origins(v, d.value.May, "optional variable of "+d.value.Component.Name, name)
		listed(v, d.value.Resources, "a resource", name)
	}
}

func (v *verification) tree(t *Tree) {
	const name = "the tree"
	origins(v, t.Files, "file", name)
	origins(v, t.Entries, "entry", name)
	for _, component := range slices.Sorted(maps.Keys(t.Steps)) {
		listed(v, t.Steps[component], "a step", component)
	}
	listed(v, t.Prerequisites, "a prerequisite", name)
	listed(v, t.Notes, "a note", name)
	v.rows(t.Rows, t.Files, name)
}

func (v *verification) gitOps(g *GitOps) {
	for n, d := range g.Of {
		v.origin(d.Folder.by, "the folder that is delivered of %s", n.Name)
		if d.Space.value != nil {
			v.origin(d.Space.by, "who brings the Namespace of %s", n.Name)
		}
		listed(v, d.After, "what is delivered before", n.Name)
		listed(v, d.Checks, "a check", n.Name)
		listed(v, d.Scaled, "what is scaled", n.Name)
		listed(v, d.Late, "what comes late", n.Name)
		listed(v, d.Secrets, "a Secret", n.Name)
	}
	listed(v, g.Namespaces, "a namespace", "the delivery")
	listed(v, g.Types, "a type", "the delivery")
	origins(v, g.Files, "file", "the delivery")
	v.rows(g.Rows, g.Files, "the delivery")
}

// rows demands that the files are those that were decided to be written, each once and with a content.
func (v *verification) rows(rows []kind.Row, files map[string]Decided[bool], of string) {
	written := make(map[string]bool, len(rows))
	for _, row := range rows {
		if v.err == nil && (!files[row.Path].Value() || written[row.Path] || row.Content == nil) {
			v.err = fmt.Errorf("the file %s of %s was not decided, is there twice, or has no content", row.Path, of)
		}
		written[row.Path] = true
	}
	for name, d := range files {
		if v.err == nil && d.Value() && !written[name] {
			v.err = fmt.Errorf("the file %s of %s was decided, and is not written", name, of)
		}
	}
}

// allowed is one opening, seen from neither end.
type allowed struct {
	from, to Peer
	port     int
}

// mirrored checks that what one end may reach, the other end admits, and nothing else.
func (p *Plan) mirrored() error {
	egress, ingress := map[allowed]bool{}, map[allowed]bool{}
	for n, np := range p.Of {
		for group, policy := range np.Policies {
			own := Peer{Node: n, Group: group}
			for _, d := range policy.Egress {
				egress[allowed{own, d.value.Peer, d.value.Port}] = true
			}
			for _, d := range policy.Ingress {
				ingress[allowed{d.value.Peer, own, d.value.Port}] = true
			}
		}
	}
	for a := range egress {
		if !ingress[a] {
			return fmt.Errorf("%s may reach port %d of %s, which does not admit it", a.from.Node.Name, a.port, a.to.Node.Name)
		}
	}
	for a := range ingress {
		if !egress[a] {
			return fmt.Errorf("%s admits %s to port %d, which may not reach it", a.to.Node.Name, a.from.Node.Name, a.port)
		}
	}
	return nil
}
