package pass_test

import (
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

func row(name, after string, run func(*pass.Context) bool) pass.Pass {
	return pass.Pass{Name: name, Doc: "It does it.", After: strings.Fields(after), Run: run, Promise: "It is done.", Holds: func(*pass.Context) error { return nil }}
}

func done(*pass.Context) bool { return true }

func TestCheckRefusesUnsoundTables(t *testing.T) {
	t.Parallel()
	silent := row("b", "", done)
	silent.Holds = nil
	for want, table := range map[string][]pass.Pass{
		"": {row("a", "", done), row("b", "a", done), row("c", "a b", done)},
		"pass b runs after a, which is no pass before it": {row("b", "a", done), row("a", "", done)},
		"pass a runs after a, which":                      {row("a", "a", done)},
		"pass a runs after c, which":                      {row("a", "c", done)},
		"pass a is in the table twice":                    {row("a", "", done), row("a", "", done)},
		`pass "": name, doc, run`:                         {row("", "", done)},
		`pass "a": name, doc, run`:                        {row("a", "", nil)},
		`pass "b": name, doc, run, promise and`:           {silent},
	} {
		err := pass.Check(table)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestPassAfterABrokenPromiseIsSkipped(t *testing.T) {
	t.Parallel()
	var ran []string
	runs := func(name string, keeps bool) func(*pass.Context) bool {
		return func(*pass.Context) bool {
			ran = append(ran, name)
			return keeps
		}
	}
	table := []pass.Pass{
		row("a", "", runs("a", true)), row("b", "a", runs("b", false)), row("c", "b", runs("c", true)), row("d", "a", runs("d", true)), row("e", "d c", runs("e", true)),
	}
	var after []string
	pass.Run(table, &pass.Context{}, func(p pass.Pass, kept map[string]bool) {
		seen := []string{p.Name + ":"}
		for name := range strings.FieldsSeq("a b c d e") {
			if kept[name] {
				seen = append(seen, name)
			}
		}
		after = append(after, strings.Join(seen, " "))
	})
	if !slices.Equal(ran, []string{"a", "b", "d"}) || !slices.Equal(after, []string{"a: a", "b: a", "d: a d"}) {
		t.Errorf("%q, %q", ran, after)
	}
}

func TestPanicNamesItsPass(t *testing.T) {
	t.Parallel()
	defer func() {
		p, ok := recover().(pass.Panic)
		if !ok || p.Pass != "b" || p.Cause != "broken" || p.Error() != "internal error in pass b: broken" {
			t.Errorf("%+v", p)
		}
	}()
	pass.Run([]pass.Pass{row("a", "", done), row("b", "", func(*pass.Context) bool { panic("broken") })}, &pass.Context{}, nil)
}

// work is a context with two components and an edge, inside a pass.
func work(t *testing.T, do func(c *pass.Context, source *ir.Node, e *ir.Edge, r *kind.Rule)) *pass.Context {
	t.Helper()
	k := &kind.Kind{Name: "app"}
	a, b := &ir.Node{ID: "a", Name: "a", Kind: k, Pos: diag.Pos{File: "x", Line: 1}}, &ir.Node{ID: "b", Name: "b", Kind: k}
	e := &ir.Edge{Source: a, Target: b, As: "b", Pos: diag.Pos{File: "x", Line: 2}}
	g := &ir.Graph{Nodes: []*ir.Node{a, b}, Edges: []*ir.Edge{e}}
	c := &pass.Context{Graph: g, Plan: ir.NewPlan(g), Findings: &diag.List{}}
	pass.Run([]pass.Pass{row("work", "", func(c *pass.Context) bool {
		do(c, a, e, &kind.Rule{From: "app", To: "app", Doc: "A rule."})
		return true
	})}, c, nil)
	return c
}

func TestSecondDecisionIsAnOriginOrNone(t *testing.T) {
	t.Parallel()
	same := func(a, b int) bool { return a == b }
	work(t, func(c *pass.Context, n *ir.Node, e *ir.Edge, r *kind.Rule) {
		m := map[string]ir.Decided[int]{}
		first := c.From(e, r)
		if !first.Same(ir.Origin{Pass: "work", Edge: e, Rule: r, Pos: e.Pos, Reason: "A rule."}) || c.From(e, nil).Reason != "" {
			t.Errorf("%+v", first)
		}
		if _, ok := pass.Set(c, m, "x", 1, same, first); !ok {
			t.Error("the first decision stands")
		}
		if d, ok := pass.Set(c, m, "x", 1, same, c.Because(n.Pos, "too")); !ok || len(d.By()) != 2 || !d.By()[1].Same(ir.Origin{Pass: "work", Pos: n.Pos, Reason: "too"}) {
			t.Errorf("%+v", d)
		}
		if d, ok := pass.Set(c, m, "x", 2, same, c.Because(n.Pos, "no")); ok || d.Value() != 1 || m["x"].Value() != 1 || len(m["x"].By()) != 2 {
			t.Errorf("%+v", d)
		}
		index := pass.Index[string]{}
		list := pass.Append(c, index, "a", nil, 1, first)
		list = pass.Append(c, index, "b", list, 2, first)
		list = pass.Append(c, index, "a", list, 1, c.Because(n.Pos, "too"))
		if len(list) != 2 || len(list[0].By()) != 2 || list[1].Value() != 2 {
			t.Errorf("%+v", list)
		}
	})
}

func TestVariableWithTwoValuesNamesBothOrigins(t *testing.T) {
	t.Parallel()
	c := work(t, func(c *pass.Context, n *ir.Node, e *ir.Edge, r *kind.Rule) {
		c.SetEnv(n, "HOST", value.Literal("x"), "b", c.From(e, r))
		c.SetEnv(n, "HOST", value.Concat{value.Literal("x")}, "other", c.Because(n.Pos, "a itself"))
		c.SetEnv(n, "HOST", value.Secret{ID: "x"}, "b", c.Because(n.Pos, "a itself"))
	})
	p := c.Plan.Of[c.Graph.Nodes[0]]
	if d := p.Env["HOST"]; d.Value() != value.Literal("x") || len(d.By()) != 2 || p.EnvGroup["HOST"] != "b" {
		t.Errorf("%+v, %v", d, p.EnvGroup)
	}
	all := c.Findings.Sorted()
	if len(all) != 1 || all[0].Code != "E0301" || all[0].Message != "a would have two values for the variable HOST: the link a -> b and a itself" || all[0].Pos.Line != 1 || all[0].Path != "" {
		t.Errorf("%+v", all)
	}
	if all[0].Related[0] != (diag.Related{Message: "the link a -> b", Pos: diag.Pos{File: "x", Line: 2}}) {
		t.Errorf("%+v", all[0].Related)
	}
}
