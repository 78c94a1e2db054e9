package passes

import (
	"errors"

	"platc.dev/platc/compiler/pass"
)

func seal() pass.Pass {
	return pass.Pass{
		Name: "seal",
		Doc:  "Every decision has an origin; the plan is closed.",
		After: []string{
			"check-counts",     // a plan with too few or too many links is not closed
			"check-conflicts",  // nor one that claims a name twice
			"check-capacity",   // nor one that uses more than there is
			"keep-tree-files",  // nor one whose tree lacks files
			"plan-gitops",      // nor one that is delivered in part
			"check-config",     // all that is found has been reported
			"check-links",      // and who has none
			"check-encryption", // and what is in clear text
			"check-objects",    // nor one with an object twice
			"check-reach",      // nor one that reaches beyond its links
		},
		Run:     runSeal,
		Promise: "The plan is closed, and it verifies.",
		Holds:   sealedHolds,
	}
}

func runSeal(c *pass.Context) bool {
	if c.Findings.HasErrors() {
		return false
	}
	if err := c.Plan.Verify(); err != nil {
		panic(err)
	}
	c.Plan.Sealed = true
	return true
}

func sealedHolds(c *pass.Context) error {
	if !c.Plan.Sealed || c.Findings.HasErrors() {
		return errors.New("the plan is not closed, or has errors")
	}
	return c.Plan.Verify()
}
