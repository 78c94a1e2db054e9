package passes_test

import (
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
)

// builder is an architecture with an image to build, unless it is of another kind, and these settings.
func builder(t *testing.T, kindName string, config object) *world {
	t.Helper()
	w := newWorld(t)
	w.kind("app", func(k *kind.Kind) { k.Provides = []string{"image"} })
	w.kind("store")
	w.graph.Pos = w.pos()
	if config != nil {
		w.graph.ConfigGiven = given("config", w.pos(), config)
	}
	w.add(kindName, "shop")
	return w
}

func TestDefaultsThatWorkNowhereAreWarnings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind   string
		config object
		want   string
	}{
		"no config":        {"app", nil, "W0110 W0111 W0119"},
		"other settings":   {"app", object{"registry": object{"project": "x"}, "git": object{"ref": "x"}}, "W0110 W0111 W0119"},
		"a registry":       {"app", object{"registry": object{"host": "r.example.com"}}, "W0111 W0119"},
		"all":              {"app", object{"registry": object{"host": "r.example.com", "password": "p"}, "git": object{"url": "https://g.example.com/x"}}, ""},
		"nothing to build": {"store", nil, ""},
	} {
		w := builder(t, c.kind, c.config)
		b := w.run("").clean()
		var got []string
		for _, d := range b.Findings.Sorted() {
			if d.Code == "W0113" { // nothing is linked here
				continue
			}
			got = append(got, d.Code)
			want := w.graph.Pos
			if c.config != nil {
				want = w.graph.ConfigGiven.KeyPos
			}
			if d.Pos != want || !strings.HasPrefix(d.Path, "config.") {
				t.Errorf("%s: %s stands at %s", name, d.Code, d.Pos)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
