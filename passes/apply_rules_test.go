package passes_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func TestExportsReachTheNextEdge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app")
	w.kind("worker")
	w.kind("broker")
	w.rule("worker -> broker", saysOf(func(in kind.Input) kind.Result {
		return out(kind.Effects{Exports: object{"url": "amqp://" + in.To["host"].(string)}})
	}))
	w.rule("app -> worker", saysOf(func(in kind.Input) kind.Result {
		return out(kind.Effects{Prefix: "WORKER", Env: vars(fmt.Sprintf("URL=%v", in.To["exports"].(object)["url"]))})
	}))
	w.add("app", "a") // stands before what it needs, by name
	w.add("worker", "jobs")
	w.add("broker", "zbus")
	w.link("a -> jobs")
	w.link("jobs -> zbus")
	b := w.run("").clean()
	b.env("a", "WORKER_URL=amqp://zbus.svc")
	if got := b.of("jobs").Exports["url"].Value(); got != "amqp://zbus.svc" {
		t.Error(got)
	}
}

func TestRuleSeesBothEndsAndTheirSurroundings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app", func(k *kind.Kind) { k.Provides = []string{"metrics"} })
	w.kind("store")
	w.kind("store/table", func(k *kind.Kind) {
		k.Describe = func(self, _, _ object) (kind.Description, error) {
			return kind.Description{Derived: object{"upper": strings.ToUpper(self["name"].(string))}}, nil
		}
	})
	w.kind("store/view")
	var got kind.Input
	w.rule("app -> store/table", func(r *kind.Rule) { r.Identity = &kind.Identity{Style: "_"} }, saysOf(func(in kind.Input) kind.Result {
		if in.From["name"] == "shop" {
			got = in
		}
		return kind.Result{}
	}))
	var parent object
	w.rule("app -> store", saysOf(func(in kind.Input) kind.Result { parent = in.To; return kind.Result{} }))
	w.rule("app -> app", func(r *kind.Rule) { r.HasActs = true })
	w.rule("scraper -> store")
	w.kind("scraper")
	w.add("app", "shop cart-2")
	w.add("scraper", "a")
	w.add("store", "db", object{"namespace": "data"})
	w.add("store/table", "db/table/orders", object{"size": int64(3)})
	for _, l := range []string{"shop -> db/orders", "cart-2 -> db/orders", "a -> db", "shop -> cart-2"} {
		w.link(l)
	}
	w.run("apply-rules").clean()
	to := got.To
	for name, want := range map[string]any{
		"id": "db/table/orders", "name": "orders", "kind": "store/table", "component": "db", "component_kind": "store", "namespace": "data", "instance": "DB",
		"host": "db.svc", "attrs": object{"size": int64(3)}, "derived": object{"upper": "ORDERS"}, "ports": object{"main": object{"port": int64(80), "pods": "server"}},
	} {
		if !reflect.DeepEqual(to[name], want) {
			t.Errorf("#to.%s is %v, want %v", name, to[name], want)
		}
	}
	for name, want := range map[string]any{
		"kind": "store", "title": "STORE", "clients": []any{"a", "cart-2", "shop"}, "clients_by": object{"app": []any{"cart-2", "shop"}, "scraper": []any{"a"}},
		"delegates": []any{}, "slots": []any{}, "marks": object{}, "exports": object{}, "pods": object{"server": object{"labels": object{"app": "db"}, "account": ""}},
	} {
		if !reflect.DeepEqual(parent[name], want) {
			t.Errorf("#to.%s of the component is %v, want %v", name, parent[name], want)
		}
	}
	if subs := parent["subs"].(object); len(subs) != 2 || len(subs["view"].(object)) != 0 || subs["table"].(object)["orders"].(object)["derived"].(object)["upper"] != "ORDERS" {
		t.Errorf("%v", subs)
	}
	if p := to["parent"].(object); !reflect.DeepEqual(p["clients"], parent["clients"]) {
		t.Errorf("%v", p["clients"])
	}
	if d := got.From["delegates"].([]any); len(d) != 1 || d[0].(object)["name"] != "cart-2" || d[0].(object)["namespace"] != "cart-2" {
		t.Errorf("%v", d)
	}
	if got.Identity["user"] != "shop_orders" || !reflect.DeepEqual(got.Identity["password"], object{"secret": "shop:db/table/orders"}) || got.Identity["access"] != "" || got.Arch["name"] != "test" {
		t.Errorf("%v", got.Identity)
	}
}

func TestRuleOfACapabilitySeesWhatHasIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("scraper")
	w.kind("store")
	w.kind("store/index", func(k *kind.Kind) { k.Provides = []string{"metrics"} })
	w.kind("app", func(k *kind.Kind) { k.Provides = []string{"metrics"} })
	w.kind("app/page", func(k *kind.Kind) { k.Provides = []string{"metrics"} })
	var mu sync.Mutex // rules are applied in parallel
	seen := map[string]bool{}
	w.rule("scraper -> @metrics", saysOf(func(in kind.Input) kind.Result {
		mu.Lock()
		defer mu.Unlock()
		seen[in.To["id"].(string)] = true
		return kind.Result{}
	}))
	w.add("scraper", "prom")
	w.add("store", "db")
	w.add("store/index", "db/index/i")
	w.add("app", "shop")
	w.add("app/page", "shop/page/p")
	w.link("prom -> db/i")
	w.link("prom -> shop/p")
	w.run("apply-rules").clean()
	if !reflect.DeepEqual(seen, map[string]bool{"db/index/i": true, "shop": true}) {
		t.Errorf("%v", seen)
	}
}

func TestFindingsOfRulesStandAtTheirLinkAttribute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app")
	w.rule("app -> app", func(r *kind.Rule) {
		r.Attributes = &kind.Type{IsStruct: true, Fields: []kind.Field{{Name: "path", Type: &kind.Type{Check: &kind.Check{Basic: "_"}}}}}
	}, says(kind.Result{Findings: []kind.Finding{{Code: "W0121", Message: "the path covers too much", Attribute: "path"}, {Code: "W0112", Message: "no auth"}}}))
	w.add("app", "a b")
	w.link("a -> b", object{"path": "/"})
	w.graph.Links[0].Given.Fields[0].Pos = diag.Pos{File: "arch.cue", Line: 80, Column: 8}
	b := w.run("apply-rules")
	if d := b.one("W0121"); d.Pos.Line != 80 || d.Path != `components.a.links["b"].path` {
		t.Errorf("%+v", d)
	}
	b.at("W0112", "a -> b")
}

func TestRuleThatFailsNeedsAnEarlierFinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app")
	w.rule("app -> app", func(r *kind.Rule) {
		r.Apply = func(kind.Input) (kind.Result, error) { return kind.Result{}, errors.New("no host") }
	})
	w.add("app", "a b")
	w.link("a -> b")
	defer func() {
		if p, ok := recover().(pass.Panic); !ok || p.Pass != "apply-rules" || !strings.Contains(p.Error(), "rule app -> app of the link a -> b: no host") {
			t.Errorf("%v", p)
		}
	}()
	w.run("")
}
