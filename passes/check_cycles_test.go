package passes_test

import (
	"testing"
)

func TestCycleIsShownByItsShortestPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app")
	w.kind("app/page")
	w.rule("app -> app")
	w.rule("app/page -> app")
	w.add("app", "a b c d x y")
	w.add("app/page", "c/page/p")
	for _, l := range []string{"a -> b", "b -> c", "c/page/p -> d", "d -> a", "d -> c", "x -> y", "y -> x"} {
		w.link(l)
	}
	w.link("y -> a", object{"startup": false})
	b := w.run("")
	if b.codes() != "E0204 E0204" {
		t.Fatalf("%v", b.Findings.Sorted())
	}
	first, second := b.Findings.Sorted()[0], b.Findings.Sorted()[1]
	if first.Message != "the components wait for each other at start-up: c -> d -> c" || first.Pos != b.posOf("c/page/p -> d") || len(first.Related) != 1 || first.Related[0].Pos != b.posOf("d -> c") {
		t.Errorf("%+v", first)
	}
	if second.Message != "the components wait for each other at start-up: x -> y -> x" || second.Pos != b.posOf("x -> y") || second.Path != `components.x.links["y"]` {
		t.Errorf("%+v", second)
	}
	if len(b.Plan.Applied) != 0 || b.Plan.Sealed {
		t.Error("passes that need an order are skipped")
	}
}

func TestLinkThatWaitsForNobodyClosesNoCycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app")
	w.rule("app -> app")
	w.add("app", "a b")
	w.link("a -> b")
	w.link("b -> a", object{"startup": false})
	if b := w.run("").clean(); !b.Plan.Sealed || b.of("a").Order.Value() != 1 || b.of("b").Order.Value() != 0 {
		t.Errorf("%+v", b.of("a").Order)
	}
}
