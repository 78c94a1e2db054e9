package passes_test

import (
	"slices"
	"testing"

	"platc.dev/platc/compiler/kind"
)

// stores is an application, and a store with tables and views; a link to the whole store means a table.
func stores(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.kind("app")
	w.kind("store", func(k *kind.Kind) { k.Implied = &kind.Implied{Sub: "table", Name: "_"} })
	w.kind("store/table", func(k *kind.Kind) {
		k.Names = kind.NameRule{Not: []string{"reserved"}, Help: "a table's name"}
		k.Attributes.Fields = []kind.Field{{Name: "size", Type: &kind.Type{Default: int64(3), Check: &kind.Check{Basic: "_"}}}}
	})
	w.kind("store/view")
	for _, rule := range []string{"app -> store", "app -> store/table", "app -> store/view", "store/view -> store/table", "app -> app"} {
		w.rule(rule)
	}
	w.add("app", "shop")
	w.add("store", "db")
	w.add("store/table", "db/table/orders db/table/both")
	w.add("store/view", "db/view/both db/view/report")
	return w
}

func TestLinkNamesItsTarget(t *testing.T) {
	t.Parallel()
	w := stores(t)
	for _, l := range []string{"shop -> db/orders", "shop -> db/table/both", "shop -> db/view/both", "shop -> db/report", "db/view/report -> db/orders"} {
		w.link(l)
	}
	b := w.run("resolve-links").clean()
	want := []string{"db/view/report -> db/table/orders", "shop -> db/table/both", "shop -> db/table/orders", "shop -> db/view/both", "shop -> db/view/report"}
	if got := b.edges(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if e := b.edge("shop -> db/report"); e.As != "db/report" || e.Whole || e.Path() != `components.shop.links["db/report"]` || e.Pos != b.posOf("shop -> db/report") {
		t.Errorf("%+v", e)
	}
}

func TestLinkToNowhereNamesTheNearest(t *testing.T) {
	t.Parallel()
	for link, texts := range map[string][]string{
		"shop -> db/ordrs":       {`shop links to "db/ordrs", but db has no table or view "ordrs"`, `did you mean "db/orders"?`},
		"shop -> bd":             {`there is no component "bd"`, `did you mean "db"?`},
		"shop -> db/tabel/both":  {`db has no sub-components of kind "tabel", but table and view`, `did you mean "db/table/both"?`},
		"shop -> db/table/bot":   {`db has no table "bot"`, `did you mean "db/table/both"?`},
		"shop -> shop/x":         {"shop has no sub-components", "did you mean"},
		"shop -> bd/orders":      {`there is no component "bd"`, `did you mean "db/orders"?`},
		"shop -> bd/both":        {`did you mean "db/table/both"?`},
		"shop -> bd/repotr":      {`did you mean "db/report"?`},
		"shop -> orders":         {`there is no component "orders"`, `did you mean "db/orders"?`},
		"shop -> elsewhere/both": {`did you mean "db/table/both"?`},
		"shop -> something-else": {"there is no component", "the components are db, shop"},
		"shop -> ":               {`there is no component ""`},
		"shop -> db/":            {`db has no table or view ""`},
		"shop -> db/table/both/": {`db has no table "both/"`},
	} {
		w := stores(t)
		w.link(link)
		b := w.run("resolve-links")
		b.at("E0201", link, texts...)
		if len(b.Graph.Edges) != 0 {
			t.Errorf("%s is an edge", link)
		}
	}
}

func TestShortNameOfTwoIsAmbiguous(t *testing.T) {
	t.Parallel()
	w := stores(t)
	w.link("shop -> db/both")
	w.run("resolve-links").at("E0202", "shop -> db/both", "2 sub-components with that name", `write "db/table/both" or "db/view/both"`)
}

func TestWholeStoreMeansATableNamedAfterTheSource(t *testing.T) {
	t.Parallel()
	w := stores(t)
	w.add("app", "web-shop orders")
	w.link("web-shop -> db")
	w.link("orders -> db")
	b := w.run("resolve-links").clean()
	made := b.Graph.Node("db/table/web_shop")
	if made == nil || !made.Implied || made.Pos != b.posOf("web-shop -> db") || made.Attrs["size"] != int64(3) || !slices.Contains(b.Graph.Node("db").Subs, made) {
		t.Errorf("%+v", made)
	}
	if e := b.edge("web-shop -> db"); e.Target != made || !e.Whole {
		t.Errorf("%+v", e)
	}
	if e := b.edge("orders -> db"); e.Target != b.Graph.Node("db/table/orders") || e.Target.Implied {
		t.Errorf("a table of that name is taken: %+v", e.Target)
	}
}

func TestWholeStoreStaysWithoutARuleForItsTable(t *testing.T) {
	t.Parallel()
	w := stores(t)
	delete(w.graph.Library.Rules, "app -> store/table")
	w.link("shop -> db")
	w.link("db/view/report -> db")
	b := w.run("resolve-links")
	if got := b.edges(); !slices.Equal(got, []string{"db/view/report -> db", "shop -> db"}) {
		t.Errorf("%q", got)
	}
}

func TestImpliedNameMustFitItsRule(t *testing.T) {
	t.Parallel()
	w := stores(t)
	w.add("app", "reserved")
	w.link("reserved -> db")
	b := w.run("resolve-links")
	b.at("E0108", "reserved -> db", `its table is called "reserved", which is reserved`)
	if len(b.Graph.Edges) != 0 || b.Graph.Node("db/table/reserved") != nil {
		t.Errorf("%q", b.edges())
	}
}

func TestImpliedNodeLacksAttributesAtItsLink(t *testing.T) {
	t.Parallel()
	w := stores(t)
	w.graph.Library.Kinds["store/table"].Attributes.Fields[0].Required = true
	w.link("shop -> db")
	w.runTable(nil)
	b := w.run("")
	if d := b.one("E0103"); d.Pos != b.posOf("shop -> db") {
		t.Errorf("%+v", d)
	}
}

func TestLinksToRefusedNodesAreNoSecondMistake(t *testing.T) {
	t.Parallel()
	w := stores(t)
	w.graph.Failed = map[string]bool{"broken": true, "db/table/bad": true}
	for _, l := range []string{"shop -> broken", "shop -> broken/table/x", "shop -> db/bad", "shop -> db/table/bad"} {
		w.link(l)
	}
	b := w.run("resolve-links")
	if b.codes() != "" || len(b.Graph.Edges) != 0 {
		t.Errorf("%s, %q: a link to what was refused is none, and says nothing of the others", b.codes(), b.edges())
	}
}
