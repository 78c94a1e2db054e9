package passes_test

import (
	"slices"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

func TestUntouchedComponentIsAWarning(t *testing.T) {
	t.Parallel()
	w := stores(t)
	w.add("app", "other alone")
	w.kind("site", func(k *kind.Kind) { k.Provides = []string{"application"} })
	w.add("site", "blog")
	w.link("shop -> other")
	w.link("db/view/report -> db/orders")
	b := w.run("check-links")
	var said []string
	for _, d := range b.Findings.Sorted() {
		said = append(said, d.Code+" "+d.Message)
		if d.Severity != diag.Warning {
			t.Errorf("%+v", d)
		}
	}
	want := []string{"W0113 db has no links to other components, and nothing links to it", "W0113 alone has no links, and nothing links to it"}
	if !slices.Equal(said, want) {
		t.Errorf("%q", said)
	}
}
