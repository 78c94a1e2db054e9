package ir

import (
	"path"
	"strings"

	"platc.dev/platc/compiler/kind"
)

// Place is where a file of a component is in the output, and whether all environments share it, as they do where there are none.
// What images are built from and how is shared; what is applied to run or to test the component is the environment's.
func (p *Plan) Place(n *Node, row kind.Row) (name string, shared bool) {
	name = path.Join(n.Name, row.Path)
	if p.Graph.Environment == "" || p.Of[n].shared(row) {
		return name, true
	}
	return path.Join(p.Graph.Folder(), name), false
}

// shared says whether a file is the same in all environments that have the component: it belongs to its image, or to the Jobs that build that.
func (p *NodePlan) shared(row kind.Row) bool {
	if row.Context || len(p.Built.by) > 0 && !p.applied(row) {
		return true
	}
	return p.Builds(row)
}

// Builds says whether a file is of the Jobs that build the image.
func (p *NodePlan) Builds(row kind.Row) bool {
	build, ok := p.Folders[kind.Build]
	return ok && strings.HasPrefix(row.Path, build.value+"/")
}

// applied says whether a kustomization has a file in its folder.
func (p *NodePlan) applied(row kind.Row) bool {
	for _, other := range p.Rows {
		if _, ok := other.Content.(kind.Kustomization); ok && strings.HasPrefix(row.Path, path.Dir(other.Path)+"/") {
			return true
		}
	}
	return false
}
