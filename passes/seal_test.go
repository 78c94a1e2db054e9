package passes_test

import (
	"strings"
	"testing"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/passes"
)

func TestSealedPlanTakesNoDecision(t *testing.T) {
	t.Parallel()
	b := town(t).run("").clean()
	if !b.Plan.Sealed {
		t.Fatal("the plan is open")
	}
	shop, by := b.Graph.Node("shop"), b.Because(b.posOf("shop"), "late")
	for what, write := range map[string]func(){
		"a variable": func() { b.SetEnv(shop, "LATE", value.Literal("x"), "late", by) },
		"a file": func() {
			pass.Set(b.Context, b.of("shop").Files, "late", true, func(a, b bool) bool { return a == b }, by)
		},
		"a part": func() { pass.Append(b.Context, pass.Index[string]{}, "late", nil, object{}, by) },
	} {
		func() {
			defer func() {
				if r := recover(); r != "the plan is sealed" {
					t.Errorf("%s is written: %v", what, r)
				}
			}()
			write()
		}()
	}
}

func TestPlanWithErrorsIsNotSealed(t *testing.T) {
	t.Parallel()
	w := town(t)
	w.link("shop -> nowhere")
	if b := w.run(""); b.Plan.Sealed || b.codes() == "" {
		t.Errorf("%s", b.codes())
	}
}

func TestSealFindsDecisionsWithoutOrigin(t *testing.T) {
	t.Parallel()
	table := passes.Table()
	last := len(table) - 1
	forget := pass.Pass{Name: "forget", Doc: "Forget an origin.", Promise: "Nothing.", Holds: func(*pass.Context) error { return nil }, Run: func(c *pass.Context) bool {
		c.Plan.Of[c.Graph.Node("shop")].Files["x"] = ir.Decided[bool]{}
		return true
	}}
	defer func() {
		if p, ok := recover().(pass.Panic); !ok || p.Pass != "seal" || !strings.Contains(p.Error(), "file x of shop has no origin") {
			t.Errorf("%v", p)
		}
	}()
	town(t).runTable(append(table[:last:last], forget, table[last]))
}
