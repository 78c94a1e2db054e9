package passes_test

import (
	"slices"
	"testing"

	"platc.dev/platc/compiler/kind"
)

func TestModulesAreKeptForTheirLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app")
	w.kind("store")
	w.kind("store/table")
	w.kind("queue")
	w.kind("scraper")
	w.rule("app -> store", func(r *kind.Rule) { r.Modules = []string{"store/store_module"} })
	w.rule("app -> store/table")
	w.rule("app -> queue", saysOf(func(in kind.Input) kind.Result {
		if in.From["name"] == "shop" {
			return out(kind.Effects{Modules: []string{"queue/tasks"}})
		}
		return kind.Result{}
	}), func(r *kind.Rule) { r.Modules = []string{"queue/client", "queue/shared.py"} })
	w.rule("scraper -> app", func(r *kind.Rule) { r.InModules = []string{"scraper/metrics"} }, says(in(kind.Effects{Modules: []string{"scraper/metrics"}})))
	w.add("app", "shop cart alone")
	w.add("store", "db")
	w.add("store/table", "db/table/a db/table/b")
	w.add("queue", "bus")
	w.add("scraper", "prom")
	for _, l := range []string{"shop -> db/a", "shop -> db/b", "shop -> bus", "cart -> bus", "prom -> cart"} {
		w.link(l)
	}
	b := w.run("keep-modules").clean()
	for app, want := range map[string][]string{
		"shop":  {"queue/client", "queue/shared.py", "queue/tasks", "store/store_module"},
		"cart":  {"queue/client", "queue/shared.py", "scraper/metrics"},
		"alone": nil,
		"db":    nil,
	} {
		var kept []string
		for m, d := range b.of(app).Modules {
			if d.Value() {
				kept = append(kept, m)
			}
		}
		if slices.Sort(kept); !slices.Equal(kept, want) {
			t.Errorf("%s keeps %q", app, kept)
		}
	}
	b.by("store_module", b.of("shop").Modules["store/store_module"].By(), "keep-modules", "shop -> db/a", "shop -> db/b")
	for module, reason := range map[string]string{
		"store/store_module": "no link to store or table", "queue/client": "no link to queue", "scraper/metrics": "no link from scraper",
	} {
		d := b.of("alone").Modules[module]
		if d.Value() || len(d.By()) != 1 || d.By()[0].Reason != reason || d.By()[0].Pos != b.posOf("alone") {
			t.Errorf("%s: %+v", module, d)
		}
	}
	if len(b.of("db").Modules) != 0 {
		t.Errorf("a store can have no module: %v", b.of("db").Modules)
	}
}
