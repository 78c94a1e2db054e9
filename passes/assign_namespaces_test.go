package passes_test

import (
	"strings"
	"testing"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// leveled makes components of a kind need the level that their attribute "level" says.
func leveled(k *kind.Kind) {
	described(func(self object, d *kind.Description) {
		if level, ok := self["attrs"].(object)["level"].(string); ok {
			d.Level = &kind.Level{Enforce: level, Reason: "its pods are " + level}
		}
	})(k)
}

func TestLowestLevelOfANamespaceWins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ a, b, want, code string }{
		{"", "", "restricted", ""},
		{"", "baseline", "baseline", "W0117"},
		{"baseline", "privileged", "privileged", "W0117 W0117"},
		{"privileged", "baseline", "privileged", "W0117 W0117"},
	} {
		w := newWorld(t)
		w.kind("app", leveled)
		w.rule("app -> app")
		for name, level := range map[string]string{"a": c.a, "b": c.b} {
			attrs := object{"namespace": "shared"}
			if level != "" {
				attrs["level"] = level
			}
			w.add("app", name, attrs)
		}
		w.add("app", "c")
		w.link("a -> c")
		w.link("b -> c")
		b := w.run("assign-namespaces").clean()
		ns := b.Plan.Namespaces["shared"]
		if ns.Enforce.Value() != c.want || b.codes() != c.code {
			t.Errorf("%s and %s: %s, %v", c.a, c.b, ns.Enforce.Value(), b.Findings.Sorted())
		}
		if c.want != "restricted" && ns.Enforce.By()[0].Reason != "its pods are "+c.want {
			t.Errorf("%+v", ns.Enforce.By())
		}
		if other := b.Plan.Namespaces["c"].Enforce; other.Value() != "restricted" || len(other.By()) != 1 || other.By()[0].Pos != b.posOf("c") {
			t.Errorf("%+v", other)
		}
	}
}

// asking is a gate and a mesh, whose links ask the given of the namespace of their target.
func asking(t *testing.T, gate, mesh *kind.Namespace) *built {
	t.Helper()
	w := newWorld(t)
	w.kind("gate")
	w.kind("mesh")
	w.kind("app")
	w.rule("gate -> app", says(in(kind.Effects{Namespace: gate})))
	w.rule("mesh -> app", says(kind.Result{In: kind.Effects{Namespace: mesh}, Out: kind.Effects{Namespace: &kind.Namespace{Labels: map[string]string{"own": "mesh"}}}}))
	w.add("gate", "edge")
	w.add("mesh", "zone")
	w.add("app", "shop cart", object{"namespace": "apps"})
	for _, l := range []string{"edge -> shop", "zone -> cart", "zone -> shop"} {
		w.link(l)
	}
	return w.run("assign-namespaces")
}

func TestEdgesLabelNamespaces(t *testing.T) {
	t.Parallel()
	b := asking(t, &kind.Namespace{Labels: map[string]string{"public": "yes", "same": "x"}}, &kind.Namespace{Labels: map[string]string{"inject": "yes", "same": "x"}, Level: &kind.Level{Enforce: "privileged", Reason: "a sidecar"}}).clean()
	apps := b.Plan.Namespaces["apps"]
	b.by("inject", apps.Labels["inject"].By(), "assign-namespaces", "zone -> cart", "zone -> shop")
	b.by("same", apps.Labels["same"].By(), "assign-namespaces", "edge -> shop", "zone -> cart", "zone -> shop")
	b.by("the level", apps.Enforce.By(), "assign-namespaces", "zone -> cart", "zone -> shop")
	if apps.Enforce.Value() != "privileged" || apps.Labels["public"].Value() != "yes" || b.Plan.Namespaces["zone"].Labels["own"].Value() != "mesh" || len(b.Plan.Namespaces["edge"].Labels) != 0 {
		t.Errorf("%+v", apps)
	}
	if strings.Count(b.codes(), "W0117") != 2 {
		t.Errorf("each need is told: %s", b.codes())
	}
}

func TestTwoValuesOfOneLabelConflict(t *testing.T) {
	t.Parallel()
	b := asking(t, &kind.Namespace{Labels: map[string]string{"mode": "a"}}, &kind.Namespace{Labels: map[string]string{"mode": "b"}})
	if strings.Count(b.codes(), "E0205") != 2 || b.Plan.Namespaces["apps"].Labels["mode"].Value() != "a" {
		t.Errorf("%v", b.Findings.Sorted())
	}
	d := b.Findings.Sorted()[len(b.Findings.Sorted())-1]
	if d.Pos != b.posOf("zone -> shop") || !strings.Contains(d.Message, "namespace apps would have two values for the label mode: the link edge -> shop and the link zone -> shop") || d.Related[0].Pos != b.posOf("edge -> shop") {
		t.Errorf("%+v", d)
	}
}

func TestNamespacesAreDecidedWithoutLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app")
	w.add("app", "a b", object{"namespace": "shared"})
	b := w.run("assign-namespaces")
	if all := b.Plan.Namespaces; len(all) != 1 || all["shared"].Name != "shared" || !all["shared"].Enforce.By()[0].Same(ir.Origin{Pass: "assign-namespaces", Node: b.Graph.Node("a"), Pos: b.posOf("a"), Reason: "nothing in the namespace needs less"}) {
		t.Errorf("%+v", all["shared"])
	}
}
