package passes

import (
	"fmt"
	"maps"
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func checkConflicts() pass.Pass {
	return pass.Pass{
		Name: "check-conflicts",
		Doc:  "No two claims for one name, route or ingress class.",
		After: []string{
			"apply-rules", // rules claim names, as descriptions do
		},
		Codes:   []string{"E0108", "E0205", "E0207", "E0208", "E0303"},
		Run:     runCheckConflicts,
		Promise: "No name is claimed twice.",
		Holds:   uniqueHolds,
	}
}

// claimant is who claims a name, and where.
type claimant struct {
	claim kind.Claim
	name  string
	path  string
	pos   diag.Pos
}

func runCheckConflicts(c *pass.Context) bool {
	claims := map[string][]claimant{}
	for _, by := range claimants(c) {
		key := by.claim.Code + "\x00" + by.claim.Within + "\x00" + by.claim.Key
		claims[key] = append(claims[key], by)
	}
	unique := true
	for _, key := range slices.Sorted(maps.Keys(claims)) {
		unique = conflict(c, claims[key]) && unique
	}
	return unique
}

// claimants are all claims, those of nodes before those of edges.
func claimants(c *pass.Context) []claimant {
	var all []claimant
	for _, n := range c.Graph.Nodes {
		for _, cl := range n.Description.Claims {
			all = append(all, claimant{claim: cl, name: n.ID, path: n.Path(), pos: n.AttrPos(cl.Attribute)})
		}
	}
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			for _, cl := range a.Result.Claims {
				all = append(all, claimant{claim: cl, name: e.Name(), path: e.Path(), pos: e.AttrPos(cl.Attribute)})
			}
		}
	}
	return all
}

// conflict reports all but the first of those that claim one name, and says whether there are none. What one owner claims twice is one claim.
func conflict(c *pass.Context, all []claimant) (unique bool) {
	unique = true
	first := all[0]
	for _, by := range all[1:] {
		if by.claim.Owner != "" && by.claim.Owner == first.claim.Owner {
			continue
		}
		unique = false
		help := by.claim.Help
		if help == "" {
			help = "rename one of them"
		}
		c.Report(diag.Diagnostic{
			Code: by.claim.Code, Path: by.path, Pos: by.pos, Message: fmt.Sprintf("%s and %s both claim the %s", first.name, by.name, by.claim.What), Help: help,
			Related: []diag.Related{{Message: "claimed here by " + first.name, Pos: first.pos}},
		})
	}
	return unique
}

func uniqueHolds(c *pass.Context) error {
	owner := map[[3]string]string{}
	for _, by := range claimants(c) {
		key := [3]string{by.claim.Code, by.claim.Within, by.claim.Key}
		if other, ok := owner[key]; ok && (other == "" || other != by.claim.Owner) {
			return fmt.Errorf("%s is claimed twice", by.claim.What)
		}
		owner[key] = by.claim.Owner
	}
	return nil
}
