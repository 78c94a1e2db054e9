package passes_test

import (
	"path/filepath"
	"testing"

	"platc.dev/platc/compiler"
	"platc.dev/platc/passes"
)

// TestFilesOfBuiltInKindsAreUsed holds every component of the examples to what a component of a user's own kind is warned of.
func TestFilesOfBuiltInKindsAreUsed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"everything", "own-kind", "shop", "team"} {
		dir, err := filepath.Abs("../examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		b := compiler.Check(compiler.Input{Dir: dir, Env: func(string) (string, bool) { return "known", true }})
		if b.Findings.HasErrors() {
			t.Fatal(b.Findings.Err())
		}
		for _, n := range b.Graph.Components() {
			for _, d := range passes.UnusedIn(n, b.Plan.Of[n]) {
				t.Errorf("%s: %s %s", name, n.Name, d.Message)
			}
		}
	}
}
