package explain

import (
	"slices"
	"strconv"

	"platc.dev/platc/compiler/ir"
)

// tellingOf is what a file for a GitOps engine depends on beside the setting: what is delivered of a component. Other files of the tree have no trace.
func (o *origins) tellingOf(f *File) *cause {
	if f.row.Trace == nil {
		return nil
	}
	return all(o.setting([]string{"gitops"}), o.needs(asked{tree: true}, f.row.Trace().Exists))
}

// delivered is what depends on what of that which the table of a GitOps engine sees.
func (o *origins) delivered(path []string) *cause {
	if len(path) == 0 {
		return nil
	}
	switch path[0] {
	case "name":
		return o.setting(path)
	case "folder":
		return o.setting([]string{"gitops", "path"})
	case "repo", "branch", "secret":
		return o.setting([]string{"gitops", path[0]})
	case "namespaces":
		return pick(path[1:], byEach(o, o.plan.GitOps.Namespaces))
	case "kinds":
		return pick(path[1:], byEach(o, o.plan.GitOps.Types))
	}
	if nodes := o.deliveredNodes(); path[0] == "components" && len(path) > 2 {
		if i, err := strconv.Atoi(path[1]); err == nil && i < len(nodes) {
			return o.delivery(nodes[i], path[2:])
		}
	}
	return nil
}

// delivery is what depends on what of a component that is delivered.
func (o *origins) delivery(n *ir.Node, path []string) *cause {
	d := o.plan.GitOps.Of[n]
	switch path[0] {
	case "name", "object":
		return o.by(d.Folder.By())
	case "namespace":
		return o.node(n, path)
	case "path", "base":
		return all(o.by(d.Folder.By()), o.setting([]string{"gitops", "path"}))
	case "wave":
		return o.order(n)
	case "after":
		return o.waits(n, path[1:])
	case "spaces":
		return o.by(d.Space.By())
	case "checks":
		return pick(path[1:], byEach(o, d.Checks))
	case "scaled":
		return pick(path[1:], byEach(o, d.Scaled))
	case "late":
		return pick(path[1:], byEach(o, d.Late))
	case "secrets":
		return pick(path[1:], byEach(o, d.Secrets))
	}
	return nil
}

func byEach[T any](o *origins, list []ir.Decided[T]) []*cause {
	causes := make([]*cause, len(list))
	for i, d := range list {
		causes[i] = o.by(d.By())
	}
	return causes
}

// deliveredNodes are the components that are delivered, by name.
func (o *origins) deliveredNodes() []*ir.Node {
	return slices.DeleteFunc(slices.Clone(o.plan.Graph.Components()), func(n *ir.Node) bool { return o.plan.GitOps.Of[n] == nil })
}
