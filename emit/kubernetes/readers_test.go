package kubernetes_test

import (
	"slices"
	"testing"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit/kubernetes"
)

func TestReadersOfASecretFile(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	named := func(kind, name string, spec object) object {
		return object{"kind": kind, "metadata": object{"name": name}, "spec": spec}
	}
	rows := []kind.Row{
		{Path: "k8s/deploy/base/kustomization.yaml", Content: kind.Kustomization{Object: object{"secretGenerator": []any{
			object{"name": "db", "envs": []any{"secret/postgresql.env"}},
			object{"name": "db-registry", "files": []any{".dockerconfigjson=secret/registry.json"}},
		}}}},
		{Path: "k8s/build/base/kustomization.yaml", Content: kind.Kustomization{Object: object{"secretGenerator": []any{
			object{"name": "db", "files": []any{"secret/registry.json"}},
		}}}},
		{Path: "k8s/deploy/base/a.yaml", Content: kind.Objects{
			named("StatefulSet", "db", object{"containers": []any{object{"envFrom": []any{object{"secretRef": object{"name": "db"}}}}}}),
			named("Service", "db", object{"selector": object{"name": "db"}}),
			named("User", "orders", object{"passwordSecret": "db"}),
		}},
		{Path: "k8s/deploy/base/jobs/b.yaml", Content: kind.Objects{
			named("Job", "bootstrap", object{"env": []any{object{"valueFrom": object{"secretKeyRef": object{"key": "X", "name": "db"}}}}}),
			named("Job", "push", object{"volumes": []any{object{"secret": object{"secretName": "db-registry"}}}}),
		}},
	}
	for file, want := range map[string][]kubernetes.Reader{
		"k8s/deploy/base/secret/postgresql.env": {{Kind: "Job", Name: "bootstrap"}, {Kind: "StatefulSet", Name: "db"}, {Kind: "User", Name: "orders"}},
		"k8s/deploy/base/secret/registry.json":  {{Kind: "Job", Name: "push"}},
		"k8s/deploy/base/secret/other.env":      nil,
	} {
		if got := kubernetes.Readers(rows, file); !slices.Equal(got, want) {
			t.Errorf("%s: %v", file, got)
		}
	}
}
