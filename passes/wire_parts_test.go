package passes_test

import (
	"reflect"
	"testing"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

func values[T any](list []ir.Decided[T]) []any {
	all := []any{}
	for _, d := range list {
		all = append(all, d.Value())
	}
	return all
}

func TestPartsReachBothEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("gate", func(k *kind.Kind) { k.Slots = []string{"backends"} })
	w.kind("gate/route")
	w.kind("app", func(k *kind.Kind) { k.Slots = []string{"routes", "backends"} })
	w.rule("gate -> app", says(in(kind.Effects{Parts: map[string][]object{"routes": {{"shared": true}}}})))
	w.rule("gate/route -> app", saysOf(func(in kind.Input) kind.Result {
		return kind.Result{
			Out: kind.Effects{Parts: map[string][]object{"backends": {{"name": in.To["name"], "of": object{"n": int64(1)}}}}, Notes: []string{"watch it"}, Rollout: []any{"job/x", object{"job": "y"}}},
			In: kind.Effects{
				Parts: map[string][]object{"routes": {{"from": in.From["name"]}, {"shared": true}}, "backends": {}}, Notes: []string{"watch it"},
				Prerequisites: []object{{"name": "operator", "version": "1"}}, Rollout: []any{"job/x"},
			},
		}
	}))
	w.add("gate", "edge")
	w.add("gate/route", "edge/route/a edge/route/b")
	w.add("app", "shop cart")
	for _, l := range []string{"edge/route/b -> shop", "edge/route/a -> shop", "edge/route/a -> cart", "edge -> cart"} {
		w.link(l)
	}
	b := w.run("wire-parts").clean()
	routes := b.of("shop").Parts["routes"]
	if want := []any{object{"shared": true}, object{"from": "a"}, object{"from": "b"}}; !reflect.DeepEqual(values(routes), want) {
		t.Fatalf("%v", values(routes))
	}
	b.by("the shared part", routes[0].By(), "wire-parts", "edge/route/a -> shop", "edge/route/b -> shop")
	b.by("the part of a", routes[1].By(), "wire-parts", "edge/route/a -> shop")
	backends := b.of("edge").Parts["backends"]
	if got := values(backends); len(got) != 2 || got[0].(object)["name"] != "cart" || got[1].(object)["name"] != "shop" {
		t.Errorf("%v", got)
	}
	b.by("the backend shop", backends[1].By(), "wire-parts", "edge/route/a -> shop", "edge/route/b -> shop")
	if len(b.of("edge").Notes) != 1 || len(b.of("edge").Notes[0].By()) != 3 || len(b.of("shop").Notes) != 1 {
		t.Errorf("%+v", b.of("edge").Notes)
	}
	if got := values(b.of("edge").Rollout); len(got) != 2 || got[0] != "job/x" {
		t.Errorf("%v", got)
	}
	if got := b.of("cart").Prerequisites; len(got) != 1 || got[0].Value()["name"] != "operator" {
		t.Errorf("%v", got)
	}
	if parts, ok := b.of("shop").Parts["backends"]; ok {
		t.Errorf("an empty list is no part: %v", parts)
	}
}

func TestBothEndsOfALinkInsideOneComponent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("broker", func(k *kind.Kind) { k.Slots = []string{"bindings"} })
	w.kind("broker/exchange")
	w.kind("broker/queue")
	part := map[string][]object{"bindings": {{"x": "y"}}}
	w.rule("broker/exchange -> broker/queue", says(kind.Result{Out: kind.Effects{Parts: part}, In: kind.Effects{Parts: part}}))
	w.add("broker", "bus")
	w.add("broker/exchange", "bus/exchange/e")
	w.add("broker/queue", "bus/queue/q")
	w.link("bus/exchange/e -> bus/queue/q")
	b := w.run("wire-parts").clean()
	if parts := b.of("bus").Parts["bindings"]; len(parts) != 1 || len(parts[0].By()) != 2 || parts[0].By()[0].Pass != "wire-parts" || parts[0].By()[1].Pass != "wire-parts" {
		t.Errorf("%+v", parts)
	}
}
