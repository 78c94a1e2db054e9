package passes

import (
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func findSeams() pass.Pass {
	return pass.Pass{
		Name: "find-seams",
		Doc:  "Where the user's own files join a component, by the names and files that they have.",
		After: []string{
			"describe-nodes", // a kind says where they could join
		},
		Run:     runFindSeams,
		Promise: "Every seam of a component is decided, with what was found or not.",
		Holds:   seamsHold,
	}
}

func runFindSeams(c *pass.Context) bool {
	for _, n := range c.Graph.Components() {
		for _, seam := range n.Description.Seams {
			found, reason := joins(n, seam)
			pass.Set(c, c.Of(n).Seams, seam.Name, found, equalBools, c.OfAttribute(n, seam.Of, reason))
		}
	}
	return true
}

// joins says whether a seam is there, and why.
func joins(n *ir.Node, seam kind.Seam) (found bool, reason string) {
	listing := n.Listings[seam.Of]
	if listing == nil {
		return false, "the attribute " + seam.Of + " is not set"
	}
	if seam.Finds != "" {
		if slices.Contains(listing.Names, seam.Finds) {
			return true, fmt.Sprintf("%s/__init__.py defines %s at its top level", listing.Source, seam.Finds)
		}
		return false, fmt.Sprintf("%s/__init__.py does not define %s at its top level", listing.Source, seam.Finds)
	}
	found = slices.ContainsFunc(listing.Files, func(f *kind.UserFile) bool {
		return f.Path == seam.File || strings.HasSuffix(seam.File, "/") && strings.HasPrefix(f.Path, seam.File)
	})
	if found {
		return true, fmt.Sprintf("%s has %s", listing.Source, seam.File)
	}
	return false, fmt.Sprintf("%s has no %s", listing.Source, seam.File)
}

// seamNames are the seams that were found, sorted.
func seamNames(p *ir.NodePlan) []string {
	var all []string
	for name, d := range p.Seams {
		if d.Value() {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

func seamsHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for _, seam := range n.Description.Seams {
			if _, decided := p.Seams[seam.Name]; !decided {
				return fmt.Errorf("the seam %s of %s was not decided", seam.Name, n.Name)
			}
		}
	}
	return nil
}
