package kind_test

import (
	"testing"

	"platc.dev/platc/compiler/kind"
)

func TestRuleMayBringItsVariablesUnderEveryName(t *testing.T) {
	t.Parallel()
	fixed := kind.Brings{Prefix: "DB", Keys: []string{"HOST", "PORT"}}
	dynamic := kind.Brings{Prefix: "*", Keys: []string{"URL"}}
	for _, c := range []struct {
		brings kind.Brings
		name   string
		want   bool
	}{
		{fixed, "DB_HOST", true},
		{fixed, "DB_SECOND_HOST", true},
		{fixed, "DB_INSTANCES", true},
		{fixed, "DB_NAME", false},
		{fixed, "DBHOST", false},
		{fixed, "OTHER_HOST", false},
		{dynamic, "BILLING_URL", true},
		{dynamic, "_URL", false},
		{dynamic, "URL", false},
		{kind.Brings{}, "DB_HOST", false},
	} {
		if got := c.brings.Variable(c.name); got != c.want {
			t.Errorf("%+v, %s: got %v", c.brings, c.name, got)
		}
	}
}
