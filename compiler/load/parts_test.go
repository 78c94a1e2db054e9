package load_test

import (
	"strings"
	"testing"

	"platc.dev/platc/compiler/load"
)

// TestPartsAreDocumented demands a type and a doc of every parameter of the schema.
func TestPartsAreDocumented(t *testing.T) {
	t.Parallel()
	parts := load.Parts()
	if len(parts) < 30 {
		t.Fatalf("only %d parts", len(parts))
	}
	for _, p := range parts {
		if !strings.HasPrefix(p.Doc, "#"+p.Name+" ") {
			t.Errorf("the doc of #%s does not begin with its name: %q", p.Name, p.Doc)
		}
		for _, parameter := range p.Parameters {
			if parameter.Type == "" || parameter.Type == "_" || parameter.Doc == "" {
				t.Errorf("%s of #%s has no type or no doc: %+v", parameter.Name, p.Name, parameter)
			}
		}
	}
}
