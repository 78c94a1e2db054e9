package passes

import (
	"errors"
	"fmt"
	"slices"
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
		if c.Findings.HasErrors() {
			return
		}
		cause, _, _ := strings.Cut(err.Error(), "\n")
		cause = strings.TrimSuffix(cause, ":")
		r, n := meddling(c, nodes)
		if r == nil {
			refuseOwn(c, about, cause, at, nodes)
			return
		}
		m, _ = errors.AsType[*kind.Mistakes](kind.Mistake(true, r.Pos,
			fmt.Sprintf("the rule %q gives %s what its kind %s cannot use: %s", r.Name(), n.Name, n.Kind.Name, cause), "bring the parts that the kind's own rules bring; `platc links` lists them"))
		m.Found[0].Path, m.Found[0].Related = n.Path(), []diag.Related{{Message: "required by " + about, Pos: at}}
		c.Report(m.Found[0])
		return
	}
	for _, n := range nodes {
		if n.Invalid || n.Component().Invalid || blamed(c, n.Component()) {
			return
		}
	}
	for _, d := range m.Found {
		d.Related = append(d.Related, diag.Related{Message: "required by " + about, Pos: at})
		c.Report(d)
	}
}

// refuseOwn reports a user's own kind that lacks what a built-in rule for one of its capabilities reads.
func refuseOwn(c *pass.Context, about, cause string, at diag.Pos, nodes []*ir.Node) {
	i := slices.IndexFunc(nodes, func(n *ir.Node) bool { return n.Kind.Own })
	if i < 0 {
		panic(about + ": " + cause)
	}
	k := nodes[i].Kind
	m, _ := errors.AsType[*kind.Mistakes](kind.Mistake(true, k.Pos,
		fmt.Sprintf("the kind %s lacks what a rule for its capabilities reads: %s", k.Name, cause), "see docs/reference/KINDS.md for what a kind with a capability has"))
	m.Found[0].Path, m.Found[0].Related = nodes[i].Path(), []diag.Related{{Message: "required by " + about, Pos: at}}
	c.Report(m.Found[0])
}

// meddling is a rule of the user's own that changes one of the components, with that component; nil without. A built-in kind trusts what it is given.
func meddling(c *pass.Context, nodes []*ir.Node) (*kind.Rule, *ir.Node) {
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			for _, n := range nodes {
				if n = n.Component(); a.Rule.Own && (e.Source.Component() == n || e.Target.Component() == n) {
					return a.Rule, n
				}
			}
		}
	}
	return nil, nil
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
