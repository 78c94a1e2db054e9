package passes_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// traced makes the answers of a rule say where they come from: the line is that of the first key or index of the path.
func traced(r *kind.Rule) {
	apply := r.Apply
	r.Apply = func(in kind.Input) (kind.Result, error) {
		result, err := apply(in)
		result.Trace = func(path ...any) kind.Source { return kind.Source{Pos: diag.Pos{File: r.Name(), Line: len(path)}} }
		return result, err
	}
}

// said fails unless an origin is of an edge, at a path of its rule's answer, and knows where that is written.
func (b *built) said(o ir.Origin, edge string, path ...any) {
	b.t.Helper()
	source, ok := o.Source()
	if o.Edge == nil || o.Edge.Name() != edge || !slices.Equal(o.At, path) || !ok || source.Pos.File != o.Rule.Name() || source.Pos.Line != len(path) {
		b.t.Errorf("%+v, not %v of %s", o, path, edge)
	}
}

func TestDecisionsSayWhereInTheAnswerTheyWereAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app", func(k *kind.Kind) { k.Slots = []string{"monitors"} })
	w.kind("store", func(k *kind.Kind) { k.Slots = []string{"roles"} })
	w.kind("store/table")
	w.rule("app -> store", ports("main"), saysOf(func(in kind.Input) kind.Result {
		return kind.Result{
			Open: []kind.Port{{Port: 9000, Pods: "server"}}, Acts: []kind.Acts{{Group: "worker-" + in.From["name"].(string), At: []any{"acts"}}},
			Out: kind.Effects{
				Prefix: "STORE", Env: vars("HOST=x"), Lists: map[string][][]value.Value{"TABLES": {}}, Exports: object{"url": "x"}, Requirements: []string{"a==1", "b==1"}, Modules: []string{"store/m"},
				Notes: []string{"n"}, Rollout: []any{"job/x"}, Prerequisites: []object{{"name": "o"}}, Namespace: &kind.Namespace{Labels: map[string]string{"l": "x"}, Level: &kind.Level{Enforce: "baseline"}},
			},
			In: kind.Effects{Parts: map[string][]object{"roles": {{"x": "y"}, {"of": in.From["name"]}}}, Uses: map[string]int{"memory": 1}},
		}
	}), traced)
	w.rule("app -> store/table", saysOf(func(in kind.Input) kind.Result {
		return out(kind.Effects{Prefix: "STORE", Lists: map[string][][]value.Value{"TABLES": {{value.Literal(in.To["name"].(string))}}}, Resources: []kind.Resource{{Name: in.To["name"].(string), Kind: "table"}}})
	}), traced)
	w.graph.Library.Kinds["store"].Assets = fstest.MapFS{"python/m.py": &fstest.MapFile{}}
	w.add("app", "shop")
	w.add("store", "db")
	w.add("store/table", "db/table/a db/table/b")
	w.link("shop -> db/a")
	w.link("shop -> db/b")
	b := w.run("").clean()
	shop, db := b.of("shop"), b.of("db")
	const first, second = "shop -> db/a", "shop -> db/b"
	b.said(shop.Env["STORE_HOST"].By()[0], first, "out", "env", "HOST")
	b.said(shop.Env["STORE_HOST"].By()[1], second, "out", "env", "HOST")
	tables := shop.Env["STORE_TABLES"].By()
	b.said(tables[len(tables)-2], first, "out", "lists", "TABLES", 0)
	b.said(tables[len(tables)-1], second, "out", "lists", "TABLES", 0)
	instance := shop.Instances[0]
	b.said(instance.By()[0], first, "out", "prefix")
	b.said(instance.Value().Variables["HOST"].By()[1], second, "out", "env", "HOST")
	b.said(instance.Value().Resources[1].By()[0], second, "out", "resources", 0)
	b.said(shop.Exports["url"].By()[1], second, "out", "exports", "url")
	b.said(shop.Requirements["b"].By()[1], second, "out", "requirements", 1)
	b.said(shop.Modules["store/m"].By()[1], second, "out", "modules", 0)
	b.said(shop.Notes[0].By()[1], second, "out", "notes", 0)
	b.said(shop.Rollout[0].By()[1], second, "out", "rollout", 0)
	b.said(shop.Prerequisites[0].By()[1], second, "out", "prerequisites", 0)
	b.said(db.Parts["roles"][1].By()[1], second, "in", "parts", "roles", 1)
	b.said(db.Pods["worker-shop"].By()[1], second, "acts")
	b.said(b.Plan.Namespaces["shop"].Labels["l"].By()[1], second, "out", "namespace", "labels", "l")
	b.said(b.Plan.Namespaces["shop"].Enforce.By()[1], second, "out", "namespace", "level")
	b.said(db.Uses["memory"][1].By()[0], second, "in", "uses", "memory")
	egress := shop.Policies["server"].Egress
	b.by("the port that the rule names", egress[0].By(), "network-policies", first, second)
	b.said(egress[1].By()[1], second, "open", 0)
	b.by("what shop waits for", shop.Waits[0].By(), "order-start", first, second)
	b.by("the place of shop", shop.Order.By(), "order-start", first, second)
}

func TestNamesOfTwoInstancesComeFromBoth(t *testing.T) {
	t.Parallel()
	w := client(t)
	w.add("store", "old-db")
	w.link("shop -> db", object{"primary": true})
	w.link("shop -> old-db", object{"env": object{"STORE_PORT": "OLD_PORT"}})
	b := w.run("bind-env").clean()
	env := b.of("shop").Env
	b.by("the host of db", env["STORE_DB_HOST"].By(), "bind-env", "shop -> db", "shop -> old-db")
	b.by("the instances", env["STORE_INSTANCES"].By(), "bind-env", "shop -> db", "shop -> old-db")
	attribute := func(name string) string {
		by := env[name].By()
		return by[len(by)-1].Edge.Name() + " " + by[len(by)-1].Attribute
	}
	if got := attribute("STORE_HOST"); got != "shop -> db primary" {
		t.Errorf("the plain name comes from %q", got)
	}
	if got := attribute("OLD_PORT"); got != "shop -> old-db env" {
		t.Errorf("the new name comes from %q", got)
	}
}

func TestWaysThroughAComponentNeedBothLinks(t *testing.T) {
	t.Parallel()
	b := workers(t, "broker").run("network-policies").clean()
	through := b.of("shop").Policies["server"].Egress[0].By()[0]
	acting := b.of("jobs").Policies["worker-shop"].Egress[0].By()[0]
	if !slices.Equal(through.With, []*ir.Edge{b.edge("jobs -> bus")}) || !slices.Equal(acting.With, []*ir.Edge{b.edge("shop -> jobs")}) {
		t.Errorf("%+v, %+v", through, acting)
	}
}
