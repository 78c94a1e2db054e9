package kind

import (
	"slices"
	"testing"
)

func TestPins(t *testing.T) {
	t.Parallel()
	p := ParsePin("Some._Name[b, a]==1.0")
	if p.Distribution != "some-name" || p.Name != "Some._Name" || !slices.Equal(p.Extras, []string{"b", "a"}) || p.Version != "1.0" || p.String() != "Some._Name[b,a]==1.0" {
		t.Errorf("%+v", p)
	}
	if p = ParsePin("psycopg2"); p.Distribution != "psycopg2" || p.Extras != nil || p.Version != "" || p.String() != "psycopg2" {
		t.Errorf("%+v", p)
	}
}
