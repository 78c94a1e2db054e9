package passes

import (
	"errors"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

// refuse deals with a kind, or a rule, that cannot be asked about nodes. A mistake in a user's own kind is reported at its place; in a built-in
// one it is a broken invariant. about and at are what was asked. Nothing is said where an earlier finding explains it: what was refused is absent, and the kind may need it.
func refuse(c *pass.Context, err error, about string, at diag.Pos, nodes ...*ir.Node) {
	m, own := errors.AsType[*kind.Mistakes](err)
	if !own {
		if !c.Findings.HasErrors() {
			panic(about + ": " + err.Error())
		}
		return
	}
	for _, n := range nodes {
		if c.Graph.Failed[n.ID] || c.Graph.Failed[n.Component().ID] || blamed(c, n.Component()) {
			return
		}
	}
	for _, d := range m.Found {
		d.Related = append(d.Related, diag.Related{Message: "asked for " + about, Pos: at})
		c.Report(d)
	}
}

// blamed says whether an error stands at a component, its sub-components or its links.
func blamed(c *pass.Context, n *ir.Node) bool {
	for _, d := range c.Findings.Sorted() {
		rest, ok := strings.CutPrefix(d.Path, n.Path())
		if ok && d.Severity == diag.Error && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}
