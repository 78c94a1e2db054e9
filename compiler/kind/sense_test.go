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
