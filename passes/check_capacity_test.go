package passes_test

import (
	"testing"

	"platc.dev/platc/compiler/kind"
)

// pool is a store with 10 connections; a link to its table "a" uses 4, and to any other what its attribute "uses" says.
func pool(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.kind("app")
	w.kind("store", described(func(_ object, d *kind.Description) {
		d.Capacity = map[string]kind.Capacity{"connections": {Limit: 10, What: "open connections"}}
	}))
	w.kind("store/table")
	w.rule("app -> store")
	w.rule("app -> store/table", func(r *kind.Rule) {
		r.Attributes = &kind.Type{IsStruct: true, Fields: []kind.Field{{Name: "uses", Type: &kind.Type{Default: int64(4), Check: &kind.Check{Basic: "_"}}}}}
	}, saysOf(func(in kind.Input) kind.Result {
		n := int(in.Link["uses"].(int64))
		return kind.Result{In: kind.Effects{Uses: map[string]int{"connections": n, "memory": 1000 * n}}}
	}))
	w.add("app", "shop cart")
	w.add("store", "db")
	w.add("store/table", "db/table/a db/table/b")
	return w
}

func TestWhatIsUsedFits(t *testing.T) {
	t.Parallel()
	w := pool(t)
	w.link("shop -> db/a")
	w.link("shop -> db/table/a", object{"uses": int64(6)}) // the same identity: the larger of both
	w.link("cart -> db/b")
	b := w.run("check-capacity").clean()
	uses := b.of("db").Uses["connections"]
	if len(uses) != 2 || uses[0].Value() != 4 || uses[1].Value() != 6 || len(b.of("db").Uses["memory"]) != 2 {
		t.Errorf("%+v", uses)
	}
	b.by("the uses of shop", uses[1].By(), "sum-uses", "shop -> db/table/a")
}

func TestWhatIsUsedBeyondTheLimitIsReportedAtTheTarget(t *testing.T) {
	t.Parallel()
	w := pool(t)
	w.link("shop -> db/a")
	w.link("shop -> db/b")
	w.link("cart -> db/b")
	b := w.run("check-capacity")
	b.at("E0208", "db", "db may need 12 open connections, but has 10: cart to b 4, shop to a 4, shop to b 4", "raise the limit of db")
	if d := b.one("E0208"); len(d.Related) != 3 || d.Related[0].Pos != b.posOf("cart -> db/b") || d.Related[0].Message != "cart -> db/b can use 4" {
		t.Errorf("%+v", d.Related)
	}
}
