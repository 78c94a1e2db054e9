package kind_test

import (
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// TestQuantitiesWithoutSense asks for the unit that is missing: what is counted is read off the default.
func TestQuantitiesWithoutSense(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		usual, data any
		help        string
	}{
		{"10Gi", int64(10), `did you mean "10Gi"?`},
		{"10Gi", "500", `did you mean "500Gi"?`},
		{"512Mi", "128m", `did you mean "128Mi"?`},
		{"512Mi", "0.5Gi", ""},
		{"1Mi", "512Ki", ""},
		{"512Mi", int64(536870912), ""},
		{"500m", int64(500), `did you mean "500m"?`},
		{"500m", "0.1", ""},
		{"500m", int64(64), ""},
		{"500m", int64(200), `did you mean "200m"?`},
		{"500m", 0.0001, "give it whole thousandths of a core, such as 100m"},
		{"500m", "250m", ""},
		{"1Gi", "512", `did you mean "512Mi"?`},
		{"1Gi", int64(1024), `did you mean "1024Mi"?`},
		{"1Gi", int64(4), `did you mean "4Gi"?`},
		{nil, int64(10), ""},
	} {
		typ := &kind.Type{Text: "_", Check: &kind.Check{Basic: "_"}, Quantity: true, Default: c.usual}
		var list diag.List
		got := typ.Complete(&kind.Given{Scalar: c.data, Concrete: true}, kind.Place{Subject: "it"}, &list)
		found := list.Sorted()
		switch {
		case c.help == "" && (len(found) > 0 || got != c.data):
			t.Errorf("%v of %v: %v, %+v", c.data, c.usual, got, found)
		case c.help != "" && (len(found) != 1 || found[0].Code != "E0104" || found[0].Help != c.help || got != c.usual):
			t.Errorf("%v of %v: %v, %+v", c.data, c.usual, got, found)
		}
	}
}

// TestQuantitiesWithoutDefault: what they count is read off one such as they are.
func TestQuantitiesWithoutDefault(t *testing.T) {
	t.Parallel()
	typ := &kind.Type{Text: "_", Check: &kind.Check{Basic: "_"}, Quantity: true, Optional: true, Usual: "256Mi"}
	var list diag.List
	typ.Complete(&kind.Given{Scalar: int64(512), Concrete: true}, kind.Place{Subject: "it"}, &list)
	if found := list.Sorted(); len(found) != 1 || found[0].Help != `did you mean "512Mi"?` {
		t.Errorf("%+v", found)
	}
}
