package passes_test

import (
	"testing"

	"platc.dev/platc/compiler/kind"
)

// migrating is a shop that prepares its store, and jobs whose pods act for the shop, wait for that too and run in two groups.
func migrating(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.kind("app", func(k *kind.Kind) { k.Slots = []string{"tasks"} })
	w.kind("app/task", func(k *kind.Kind) { k.Process = true })
	w.kind("worker", func(k *kind.Kind) { k.Slots = []string{"tasks"} })
	w.kind("broker")
	w.kind("store")
	prepare := &kind.Type{IsStruct: true, Fields: []kind.Field{{Name: "prepare", Type: &kind.Type{Check: &kind.Check{Basic: "string"}}}}}
	w.rule("app -> store", ports("main"), func(r *kind.Rule) {
		r.Attributes, r.Startup = prepare, true
		r.Identity = &kind.Identity{Style: "_", More: []string{"prepare"}}
	}, saysOf(func(in kind.Input) kind.Result {
		if in.Link["prepare"] == nil {
			return kind.Result{}
		}
		return out(kind.Effects{Parts: map[string][]object{"tasks": {{"of": in.From["name"]}}}})
	}))
	w.rule("app -> worker", func(r *kind.Rule) { r.Follows, r.Lends, r.Startup = "prepare", []string{"tasks"}, true }, saysOf(func(in kind.Input) kind.Result {
		name := in.From["name"].(string)
		return kind.Result{Acts: []kind.Acts{{Group: name}, {Group: name + "-more"}}}
	}))
	w.rule("worker -> broker", func(r *kind.Rule) { r.HasExports = true }, says(out(kind.Effects{Exports: object{"url": "x"}})))
	w.add("app", "cart shop")
	w.add("app/task", "shop/task/mails")
	w.add("worker", "jobs")
	w.add("broker", "bus")
	w.add("store", "db")
	for _, l := range []string{"shop -> jobs", "cart -> jobs", "jobs -> bus", "cart -> db"} {
		w.link(l)
	}
	return w
}

func TestTargetGetsThePartsThatItsSourceLends(t *testing.T) {
	t.Parallel()
	w := migrating(t)
	w.link("shop -> db", object{"prepare": "now"})
	b := w.run("wire-parts").clean()
	parts := b.of("jobs").Parts["tasks"]
	if len(parts) != 1 || parts[0].Value()["of"] != "shop" {
		t.Fatalf("%v", values(parts))
	}
	b.by("the lent part", parts[0].By(), "wire-parts", "shop -> db")
	if with := parts[0].By()[0].With; len(with) != 1 || with[0].Name() != "shop -> jobs" {
		t.Errorf("it is lent because of %v", with)
	}
	if own := b.of("shop").Parts["tasks"]; len(own) != 1 || len(own[0].By()[0].With) != 0 {
		t.Errorf("the part of the shop itself is %+v", own)
	}
}

func TestTargetWaitsForTheSourceThatItFollows(t *testing.T) {
	t.Parallel()
	w := migrating(t)
	w.link("shop -> db", object{"prepare": "now"})
	b := w.run("order-start").clean()
	for name, want := range map[string]int{"db": 0, "bus": 0, "shop": 1, "jobs": 2, "cart": 3} {
		if got := b.of(name).Order.Value(); got != want {
			t.Errorf("%s has the place %d, want %d", name, got, want)
		}
	}
	waits := b.of("jobs").Waits
	if len(waits) != 2 || waits[1].Value().Name != "shop" {
		t.Fatalf("%v", waits)
	}
	b.by("the wait for the shop", waits[1].By(), "order-start", "shop -> db")
}

func TestTargetWaitsForTheSourceThatItIsBehind(t *testing.T) {
	t.Parallel()
	w := migrating(t)
	w.graph.Library.Rules["app -> worker"].Behind = "shared"
	app := w.graph.Library.Kinds["app"]
	describe := app.Describe
	app.Describe = func(self, parent, arch object) (kind.Description, error) {
		d, err := describe(self, parent, arch)
		if self["name"] == "shop" {
			d.Derived = object{"shared": []any{"shop-data"}}
		}
		return d, err
	}
	w.link("shop -> db")
	b := w.run("order-start").clean()
	for name, want := range map[string]int{"db": 0, "bus": 0, "shop": 1, "jobs": 2, "cart": 3} {
		if got := b.of(name).Order.Value(); got != want {
			t.Errorf("%s has the place %d, want %d", name, got, want)
		}
	}
	by := b.of("jobs").Waits[1].By()
	if len(by) != 1 || by[0].Node == nil || by[0].Node.Name != "shop" || len(by[0].With) != 1 || by[0].With[0].Name() != "shop -> jobs" {
		t.Errorf("jobs wait because of %+v", by)
	}
}

func TestACycleOfOneThatFollowsNamesTheLinksThatCanBeFreed(t *testing.T) {
	t.Parallel()
	w := migrating(t)
	w.link("shop -> db", object{"prepare": "now"})
	w.rule("app -> app")
	w.link("shop -> cart")
	d := w.run("check-cycles").one("E0204")
	if want := "set startup: false on cart -> jobs or shop -> cart"; d.Help != want {
		t.Errorf("%q, want %q", d.Help, want)
	}
}

func TestSeveralGroupsActForASource(t *testing.T) {
	t.Parallel()
	w := migrating(t)
	b := w.run("network-policies").clean()
	b.open(map[string]string{
		"cart": "server > db/server:80",
		"db":   "server < cart/server:80, server < jobs/cart-more:80, server < jobs/cart:80",
		"jobs": "cart > db/server:80, cart-more > db/server:80",
	})
}

func TestAProcessHasNoFurtherCredentialOfItsOwn(t *testing.T) {
	t.Parallel()
	w := migrating(t)
	w.link("shop/task/mails -> db", object{"prepare": "now"})
	w.run("assign-identities").at("E0208", "shop/task/mails -> db", "a process cannot have", "a link of shop to db")
}
