package passes_test

import (
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
)

func rulesOf(b *built, edge string) string {
	var all []string
	for _, r := range b.edge(edge).Rules {
		all = append(all, r.Name())
	}
	return strings.Join(all, ", ")
}

func TestEdgeTakesTheRulesOfItsKindsAndTheirParents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("gate")
	w.kind("gate/route")
	w.kind("store", func(k *kind.Kind) { k.Provides = []string{"metrics"} })
	w.kind("store/table")
	w.kind("store/index", func(k *kind.Kind) { k.Provides = []string{"metrics"} })
	for _, r := range []string{"gate -> store", "gate/route -> store", "gate/route -> store/table", "gate -> @metrics", "store/index -> store/table"} {
		w.rule(r)
	}
	w.add("gate", "edge")
	w.add("gate/route", "edge/route/public")
	w.add("store", "db")
	w.add("store/table", "db/table/orders")
	w.add("store/index", "db/index/by-name")
	for _, l := range []string{"edge -> db", "edge/route/public -> db", "edge/route/public -> db/orders", "edge -> db/by-name", "db/index/by-name -> db/orders"} {
		w.link(l)
	}
	b := w.run("find-rules").clean()
	for edge, want := range map[string]string{
		"edge -> db":                     "gate -> store",
		"edge/route/public -> db":        "gate -> store, gate/route -> store",
		"edge/route/public -> db/orders": "gate -> store, gate/route -> store, gate/route -> store/table",
		"edge -> db/by-name":             "gate -> store, gate -> @metrics",
		"db/index/by-name -> db/orders":  "store/index -> store/table",
	} {
		if got := rulesOf(b, edge); got != want {
			t.Errorf("%s has %s, want %s", edge, got, want)
		}
	}
	if b.edge("db/index/by-name -> db/orders").Startup || !b.edge("edge -> db").Startup {
		t.Error("an edge inside one component orders nothing, others do")
	}
}

func TestPairWithoutRuleIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app")
	w.kind("store")
	w.kind("store/table")
	w.kind("lonely")
	w.rule("app -> app")
	w.rule("app -> store")
	w.rule("store/table -> store")
	w.rule("store -> store/table")
	w.rule("store/table -> store/table")
	w.add("app", "shop cart")
	w.add("store", "db")
	w.add("store/table", "db/table/orders")
	w.add("lonely", "mine")
	for _, l := range []string{"shop -> mine", "mine -> shop", "cart -> cart", "db/table/orders -> db", "db -> db/orders", "db/table/orders -> db/table/orders", "shop -> db/orders"} {
		w.link(l)
	}
	b := w.run("find-rules")
	if strings.Count(b.codes(), "E0203") != 7 || len(b.Graph.Edges) != 0 {
		t.Errorf("%s: %q", b.codes(), b.edges())
	}
	said := map[string]string{}
	for _, d := range b.Findings.Sorted() {
		said[d.Path] = d.Message + "; " + d.Help
	}
	for path, want := range map[string]string{
		"components.shop.links[\"mine\"]":          "shop links to \"mine\", but there is no rule for a link from app to lonely; app components can link to app, store",
		"components.mine.links[\"shop\"]":          "mine links to \"shop\", but there is no rule for a link from lonely to app; lonely components cannot link to anything",
		"components.cart.links[\"cart\"]":          "cart links to \"cart\", which is itself",
		"components.db.table.orders.links[\"db\"]": "db/table/orders links to \"db\", which it belongs to",
		"components.db.links[\"db/orders\"]":       "db links to \"db/orders\", which belongs to it",
	} {
		if !strings.Contains(said[path], want) {
			t.Errorf("%s: %q", path, said[path])
		}
	}
}

func TestLinkAttributesAreThoseOfAllItsRules(t *testing.T) {
	t.Parallel()
	isString := &kind.Check{Basic: "string"}
	attributes := func(fields ...kind.Field) func(*kind.Rule) {
		return func(r *kind.Rule) { r.Attributes = &kind.Type{IsStruct: true, Fields: fields} }
	}
	w := newWorld(t)
	w.kind("app")
	w.kind("store")
	w.kind("store/table")
	w.rule("app -> store", attributes(kind.Field{Name: "mode", Type: &kind.Type{Default: "plain", Check: isString}}))
	w.rule("app -> store/table", attributes(
		kind.Field{Name: "mode", Type: &kind.Type{Default: "other", Check: isString}},
		kind.Field{Name: "access", Type: &kind.Type{Default: "readwrite", Check: isString}},
		kind.Field{Name: "query", Required: true, Type: &kind.Type{Check: isString}}))
	w.add("app", "shop")
	w.add("store", "db")
	w.add("store/table", "db/table/a db/table/b db/table/c db/table/d")
	w.link("shop -> db/a", object{"query": "q", "env": object{"A": "B", "C": nil}, "primary": true, "startup": false})
	w.link("shop -> db/b", object{"query": "q", "acces": "read"})
	w.link("shop -> db/c")
	w.link("shop -> db/d", object{"query": "q", "env": object{"A": "lower", "B": nil}})
	b := w.run("find-rules")
	e := b.edge("shop -> db/a")
	want := object{"query": "q", "mode": "plain", "access": "readwrite", "primary": true, "startup": false, "env": object{"A": "B", "C": nil}}
	for k, v := range want {
		if k != "env" && e.Attrs[k] != v {
			t.Errorf("%s is %v", k, e.Attrs[k])
		}
	}
	if env := e.Attrs["env"].(object); env["A"] != "B" || len(env) != 2 || len(e.Attrs) != len(want) || e.Startup {
		t.Errorf("%v", e.Attrs)
	}
	if other := b.edge("shop -> db/b"); !other.Startup || other.Attrs["env"] != nil || other.Attrs["primary"] != nil {
		t.Errorf("%+v", other)
	}
	b.at("E0102", "shop -> db/b", `the link shop -> db/b has a field "acces"`, `did you mean "access"?`)
	b.at("E0103", "shop -> db/c", "the link shop -> db/c has no query")
	b.at("E0104", "shop -> db/d", `is "lower"`, "upper-case")
}

func TestLinksInheritAttributesOfTheirSource(t *testing.T) {
	t.Parallel()
	anything := &kind.Check{Basic: "_"}
	w := newWorld(t)
	w.kind("gate")
	w.kind("gate/route")
	w.kind("app")
	w.rule("gate -> app", func(r *kind.Rule) {
		r.Inherit = []string{"host", "tls", "none"}
		tls := &kind.Type{IsStruct: true, Optional: true, Fields: []kind.Field{{Name: "secret", Required: true, Type: &kind.Type{Check: anything}}}}
		r.Attributes = &kind.Type{IsStruct: true, Fields: []kind.Field{{Name: "host", Type: &kind.Type{Optional: true, Check: anything}}, {Name: "tls", Type: tls}, {Name: "none", Type: &kind.Type{Optional: true, Check: anything}}}}
	})
	w.rule("gate/route -> app")
	w.add("gate", "edge", object{"host": "all", "tls": object{"secret": "cert"}})
	w.add("gate/route", "edge/route/www", object{"host": "www"})
	w.add("gate/route", "edge/route/api")
	w.add("app", "shop cart")
	w.index["edge"].Given = given("", w.pos(), object{}) // its attributes are defaults
	w.link("edge/route/www -> shop")
	w.link("edge/route/www -> cart", object{"host": "cart"})
	w.link("edge/route/api -> shop")
	b := w.run("find-rules").clean()
	for edge, host := range map[string]string{"edge/route/www -> shop": "www", "edge/route/www -> cart": "cart", "edge/route/api -> shop": "all"} {
		attrs := b.edge(edge).Attrs
		if tls, _ := attrs["tls"].(object); attrs["host"] != host || tls["secret"] != "cert" || attrs["none"] != nil {
			t.Errorf("%s: %v", edge, attrs)
		}
	}
}

func TestRuleMayWaitForNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("scraper")
	w.kind("app")
	w.kind("app/page")
	w.rule("scraper -> app", func(r *kind.Rule) { r.Startup = false })
	w.rule("scraper -> app/page")
	w.add("scraper", "prom")
	w.add("app", "shop cart")
	w.add("app/page", "shop/page/x")
	w.link("prom -> shop")
	w.link("prom -> shop/x")
	w.link("prom -> cart", object{"startup": true})
	b := w.run("find-rules").clean()
	if b.edge("prom -> shop").Startup || b.edge("prom -> shop/x").Startup || !b.edge("prom -> cart").Startup {
		t.Errorf("%+v", b.Graph.Edges)
	}
}
