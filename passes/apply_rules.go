package passes

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

func applyRules() pass.Pass {
	return pass.Pass{
		Name: "apply-rules",
		Doc:  "Each rule once per edge, targets first, so that exports reach the next edge.",
		After: []string{
			"check-cycles",      // on a cycle no target is first
			"set-marks",         // a rule sees what all other edges say of its ends, also of those that come later
			"assign-identities", // a rule writes the credential into variables and roles
		},
		Codes:   []string{"E0103", "E0104", "E0107", "E0108", "E0201", "E0203", "E0208", "E0301", "W0112", "W0114", "W0118", "W0120", "W0121", "W0122", "W0128", "W0129", "W0130", "W0131", "W0135"},
		Run:     runApplyRules,
		Promise: "Every rule of every edge was applied, in the order of the rules.",
		Holds:   effectsHold,
	}
}

func runApplyRules(c *pass.Context) bool {
	v := newViews(c)
	for some := range slices.Chunk(applications(c.Graph), 256) {
		applyAll(c, v, some)
	}
	return true
}

// applications are the rules of all edges, targets first. A link need not wait for its target, and still sees what that exports: edges that export come
// before all others.
func applications(g *ir.Graph) []application {
	var exporting, others []application
	for _, n := range g.TargetsFirst() {
		for _, e := range g.Outbound(n) {
			list := &others
			if slices.ContainsFunc(e.Rules, func(r *kind.Rule) bool { return r.HasExports }) {
				list = &exporting
			}
			for _, r := range e.Rules {
				*list = append(*list, application{edge: e, rule: r})
			}
		}
	}
	return append(exporting, others...)
}

// application is a rule that is applied to an edge.
type application struct {
	edge *ir.Edge
	rule *kind.Rule
	in   kind.Input
	ir.Applied
	err error
}

// applyAll applies rules several at once, and takes their results over in order. What was given another view than it would have had in this order, since
// a rule before it exported something, is applied again.
func applyAll(c *pass.Context, v *views, all []application) {
	for i := range all {
		all[i].in = v.input(all[i].edge, all[i].rule)
	}
	applied := inParallel(runtime.GOMAXPROCS(0), all, application.apply)
	exported := map[*ir.Node]bool{}
	for _, a := range applied {
		source, target := a.edge.Source.Component(), a.edge.Target.Component()
		if exported[source] || exported[target] {
			a.in = v.input(a.edge, a.rule)
			a = a.apply()
		}
		if keepApplied(c, a) {
			exported[source] = true
			v.forget(source)
		}
	}
}

// placeOf is where a finding of a rule is: the link, or one of its ends.
func placeOf(e *ir.Edge, f kind.Finding) place {
	switch f.At {
	case "from":
		return e.Source
	case "to":
		return e.Target
	}
	return e
}

func (a application) apply() application {
	a.Rule = a.rule
	a.Result, a.err = a.rule.Apply(a.in)
	return a
}

// input is what a rule sees of an edge.
func (v *views) input(e *ir.Edge, r *kind.Rule) kind.Input {
	in := kind.Input{From: v.end(e.Source, r.From), To: v.end(e.Target, r.To), Link: e.Attrs, Arch: v.c.Graph.Arch}
	if id, ok := v.c.Plan.Identities[e]; ok {
		in.Identity = identityView(id.Value())
	}
	return in
}

// keepApplied keeps what a rule said of an edge, and says whether that is new to whoever sees its source.
func keepApplied(c *pass.Context, a application) (exported bool) {
	e := a.edge
	if a.err != nil {
		refuse(c, a.err, fmt.Sprintf("the rule %s of the link %s", a.rule.Name(), e.Name()), e.Pos, e.Source, e.Target)
		return false
	}
	c.Plan.Applied[e] = append(c.Plan.Applied[e], a.Applied)
	reportFindings(c, a.Result.Findings, applying(e, a.rule, a.Result.Trace), func(f kind.Finding) place { return placeOf(e, f) }, e.Source, e.Target)
	return len(a.Result.Out.Exports) > 0 && export(c, e, a.Applied)
}

// export keeps what a rule says of its source to whoever links to that, and says whether that is new. Where links say different things the last one counts.
func export(c *pass.Context, e *ir.Edge, a ir.Applied) (changed bool) {
	exports := c.Of(e.Source).Exports
	for name, v := range a.Result.Out.Exports {
		by := c.Said(e, a, "out", "exports", name)
		_, known := exports[name]
		_, alike := pass.Set(c, exports, name, v, reflect.DeepEqual, by)
		if !alike {
			exports[name] = pass.Decide(c, v, by)
		}
		changed = changed || !known || !alike
	}
	return changed
}

// identityView is a credential as rules see it.
func identityView(id ir.Identity) kind.Object {
	more := kind.Object{}
	for name, further := range id.More {
		more[name] = identityView(further)
	}
	var logins []any
	for _, l := range id.Logins() {
		logins = append(logins, kind.Object{"user": l.User, "password": value.Data(l.Password)})
	}
	return kind.Object{"known": id.Known != nil, "user": id.User, "active": value.Data(id.Active()), "password": value.Data(id.ActivePassword()), "logins": logins, "access": id.Access, "more": more}
}

func effectsHold(c *pass.Context) error {
	for _, e := range c.Graph.Edges {
		applied := c.Plan.Applied[e]
		if len(applied) != len(e.Rules) && !c.Findings.HasErrors() {
			return fmt.Errorf("%d of the %d rules of %s were applied", len(applied), len(e.Rules), e.Name())
		}
		for i, a := range applied {
			if len(applied) == len(e.Rules) && a.Rule != e.Rules[i] {
				return fmt.Errorf("the rules of %s were applied in another order", e.Name())
			}
		}
	}
	return nil
}
