package passes

import "platc.dev/platc/compiler/pass"

func seal(c *pass.Context) bool {
	if c.Findings.HasErrors() {
		return false
	}
	if err := c.Plan.Verify(); err != nil {
		panic(err)
	}
	c.Plan.Sealed = true
	return true
}
