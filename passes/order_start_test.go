package passes_test

import (
	"testing"
)

func TestWavesFollowWhatIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app")
	w.kind("app/page")
	w.rule("app -> app")
	w.rule("app/page -> app")
	w.add("app", "a b c d e")
	w.add("app/page", "a/page/p")
	for _, l := range []string{"a -> b", "a/page/p -> c", "b -> c", "d -> c"} {
		w.link(l)
	}
	w.link("c -> e", object{"startup": false})
	b := w.run("order-start").clean()
	for name, want := range map[string]struct {
		wave   int
		reason string
		waits  int
	}{
		"a": {2, "it waits for b", 2}, "b": {1, "it waits for c", 1}, "c": {0, "it waits for nothing", 0}, "d": {1, "it waits for c", 1}, "e": {0, "it waits for nothing", 0},
	} {
		p := b.of(name)
		if p.Order.Value() != want.wave || len(p.Order.By()) != 1 || p.Order.By()[0].Reason != want.reason || len(p.Waits) != want.waits {
			t.Errorf("%s: %+v, waits for %d", name, p.Order, len(p.Waits))
		}
	}
	if waits := b.of("a").Waits; waits[0].Value().Name != "b" || waits[1].Value().Name != "c" {
		t.Errorf("%v", waits)
	}
}
