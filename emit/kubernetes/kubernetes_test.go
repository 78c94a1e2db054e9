package kubernetes_test

import (
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit/kubernetes"
)

func TestDocumentsStandByKindAndName(t *testing.T) {
	t.Parallel()
	named := func(kind, name string) map[string]any {
		return map[string]any{"kind": kind, "metadata": map[string]any{"name": name}}
	}
	objects := kind.Objects{named("Service", "b"), named("Job", "z"), named("Service", "a")}
	data, err := kubernetes.Objects("x.yaml", objects)
	if err != nil {
		t.Fatal(err)
	}
	rest := string(data)
	for _, want := range []string{"# Code generated", "kind: Job", "name: z", "---", "kind: Service", "name: a", "---", "kind: Service", "name: b"} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("%q is missing in\n%s", want, data)
		}
		rest = after
	}
	if objects[0]["kind"] != "Service" {
		t.Error("the plan was sorted")
	}
}

func TestAKustomizationIsWrittenAsItIs(t *testing.T) {
	t.Parallel()
	data, err := kubernetes.Kustomization("kustomization.yaml", kind.Kustomization{Object: kind.Object{"resources": []any{"b.yaml", "a.yaml"}}, Stray: []string{"c.yaml"}})
	if err != nil || !strings.HasSuffix(string(data), "\nresources:\n- b.yaml\n- a.yaml\n") {
		t.Errorf("%v\n%s", err, data)
	}
}

func TestASecretIsRefused(t *testing.T) {
	t.Parallel()
	if data, err := kubernetes.Objects("x.yaml", kind.Objects{{"data": value.Secret{ID: "db/admin"}}}); err == nil {
		t.Errorf("%s", data)
	}
}
