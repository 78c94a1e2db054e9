package passes_test

import (
	"testing"

	"platc.dev/platc/compiler/kind"
)

// shipping makes components of a kind have the objects of their attribute, and what a kustomization generates.
func shipping(k *kind.Kind) {
	k.Manifests = func(self, _ object) ([]kind.Row, error) {
		attrs := self["attrs"].(object)
		row := kind.Row{Path: "all.yaml", Content: kind.Objects{}}
		if o, ok := attrs["object"].(object); ok {
			row.Content = kind.Objects{o, o}
		}
		generated, _ := attrs["generated"].(object)
		return []kind.Row{row, {Path: "kustomization.yaml", Content: kind.Kustomization{Object: generated}}}, nil
	}
}

func named(api, kindOf, name string, more ...string) object {
	meta := object{"name": name}
	if len(more) > 0 {
		meta["namespace"] = more[0]
	}
	return object{"object": object{"apiVersion": api, "kind": kindOf, "metadata": meta}}
}

func TestObjectsOfTwoComponentsDiffer(t *testing.T) {
	t.Parallel()
	generator := func(what, name string) object {
		return object{"generated": object{"namespace": "data", what: []any{object{"name": name}}}}
	}
	for _, c := range []struct {
		what string
		a, b object
		want string
	}{
		{"two names", named("v1", "Service", "x"), named("v1", "Service", "y"), ""},
		{"one name", named("v1", "Service", "x"), named("v1", "Service", "x"), "E0205"},
		{"one name in two namespaces", named("v1", "Service", "x", "one"), named("v1", "Service", "x"), ""},
		{"one name in a namespace that is said", named("v1", "Service", "x", "apps"), named("v1", "Service", "x"), "E0205"},
		{"one name of two kinds", named("v1", "Service", "x"), named("v1", "ConfigMap", "x"), ""},
		{"one name of two groups", named("a/v1", "Role", "x"), named("b/v1", "Role", "x"), ""},
		{"a shared namespace", named("v1", "Namespace", "apps"), named("v1", "Namespace", "apps"), ""},
		{"a patch without a name", named("v1", "Service", ""), named("v1", "Service", ""), ""},
		{"two generated ones", generator("secretGenerator", "x"), generator("secretGenerator", "x"), "E0205"},
		{"a Secret and a ConfigMap", generator("secretGenerator", "x"), generator("configMapGenerator", "x"), ""},
		{"a generated one and one that is written", generator("configMapGenerator", "x"), named("v1", "ConfigMap", "x", "data"), "E0205"},
	} {
		w := newWorld(t)
		w.kind("app", shipping)
		w.rule("app -> app")
		w.add("app", "a", object{"namespace": "apps"}, c.a)
		w.add("app", "b", object{"namespace": "apps"}, c.b)
		w.link("a -> b")
		b := w.run("")
		if b.codes() != c.want {
			t.Errorf("%s: %v", c.what, b.Findings.Sorted())
			continue
		}
		if c.want != "" {
			b.at("E0205", "b", "a and b both claim the ")
			if d := b.one("E0205"); d.Related[0].Pos != b.posOf("a") || b.Plan.Sealed {
				t.Errorf("%+v", d)
			}
		}
	}
}
