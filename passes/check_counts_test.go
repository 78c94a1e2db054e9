package passes_test

import (
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
)

func TestLinksAreCounted(t *testing.T) {
	t.Parallel()
	broker := kind.Count{Out: true, Other: "broker", Min: 1, Max: 1, Code: "E0206", Message: "wants one broker", Help: "link one"}
	workers := func() *world {
		w := newWorld(t)
		w.kind("worker", func(k *kind.Kind) {
			k.Counts = []kind.Count{broker, {Other: "app", PerSource: true, Max: 1, Code: "E0206", Message: "has two workers"}}
		})
		w.kind("broker")
		w.kind("broker/queue")
		w.kind("app")
		for _, r := range []string{"worker -> broker", "worker -> broker/queue", "app -> worker", "worker -> app"} {
			w.rule(r)
		}
		w.add("worker", "jobs other")
		w.add("broker", "one two")
		w.add("broker/queue", "one/queue/a one/queue/b")
		w.add("app", "shop cart")
		w.link("other -> one")
		return w
	}

	w := workers()
	b := w.run("check-counts")
	b.at("E0206", "jobs", "jobs wants one broker", "link one")

	w = workers()
	w.link("jobs -> one/a")
	w.link("jobs -> one/b")
	if b = w.run("check-counts"); strings.Contains(b.codes(), "E0206") {
		t.Errorf("two links to one broker are one: %v", b.Findings.Sorted())
	}

	w = workers()
	w.link("jobs -> one")
	w.link("jobs -> two")
	b = w.run("check-counts")
	b.at("E0206", "jobs -> two")
	if d := b.one("E0206"); len(d.Related) != 1 || d.Related[0].Pos != b.posOf("jobs -> one") {
		t.Errorf("%+v", d)
	}

	w = workers()
	w.link("jobs -> one")
	w.link("shop -> jobs")
	w.link("shop -> other")
	w.link("cart -> other")
	b = w.run("check-counts")
	b.at("E0206", "shop -> other", "shop has two workers")

	w = workers()
	w.link("jobs -> tow")
	if b = w.run("check-counts"); slices.Contains(strings.Fields(b.codes()), "E0206") {
		t.Errorf("a refused link is no second mistake: %s", b.codes())
	}

	w = workers()
	w.link("shop -> nowhere")
	w.run("check-counts").at("E0206", "jobs")
}
