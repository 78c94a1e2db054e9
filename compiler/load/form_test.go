package load_test

import (
	"path/filepath"
	"testing"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/load"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/passes"
)

// The form that users' kinds are held to says all that the built-in ones say.
func TestBuiltInKindsHaveTheForm(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"everything", "shop"} {
		dir, err := filepath.Abs("../../examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		graph, findings := load.Strict(load.Source{Dir: dir, Env: func(string) (string, bool) { return "known", true }})
		if findings.HasErrors() {
			t.Fatal(findings.Err())
		}
		pass.Run(passes.Table(), &pass.Context{Graph: graph, Plan: ir.NewPlan(graph), Findings: findings}, nil)
		if findings.HasErrors() {
			t.Error(findings.Err())
		}
	}
}
