package kube

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"platc.dev/platc/e2e/cluster"
)

// secretsArrive compares every live Secret with what stock sops opens, and looks for the values in every place where the script wrote.
func (s *suite) secretsArrive(t *testing.T, g *graph) {
	var values []string
	for _, key := range slices.Sorted(maps.Keys(g.want)) {
		want := g.want[key]
		if want.GetKind() != "Secret" {
			continue
		}
		resource, err := s.objects.Resource(want)
		if err != nil {
			t.Fatal(err)
		}
		live, err := resource.Get(t.Context(), want.GetName(), metav1.GetOptions{})
		if err != nil {
			t.Error(err)
			continue
		}
		has, wants := data(t, live), data(t, want)
		for _, name := range slices.Sorted(maps.Keys(wants)) {
			if has[name] != wants[name] {
				t.Errorf("%s has another value of %s than sops opens", key, name)
			}
			if strings.Contains(has[name], "ENC[AES256_GCM") || strings.HasPrefix(name, "sops_") {
				t.Errorf("%s holds ciphertext in %s", key, name)
			}
		}
		if len(has) != len(wants) {
			t.Errorf("%s has the keys %q instead of %q", key, slices.Sorted(maps.Keys(has)), slices.Sorted(maps.Keys(wants)))
		}
		for name, value := range wants {
			if confidential(name) && len(value) >= 16 {
				values = append(values, value)
			}
		}
	}
	g.leavesNothing(t, values)
}

func data(t *testing.T, secret *unstructured.Unstructured) map[string]string {
	t.Helper()
	all := map[string]string{}
	encoded, _, err := unstructured.NestedStringMap(secret.Object, "data")
	if err != nil {
		t.Fatalf("%s: %v", cluster.Key(secret), err)
	}
	for name, value := range encoded {
		text, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			t.Fatalf("%s: %v", cluster.Key(secret), err)
		}
		all[name] = string(text)
	}
	return all
}

// confidential are the names whose values .sops.yaml has encrypted; those of JSON files are encrypted whole.
func confidential(name string) bool {
	name = strings.ToUpper(name)
	return slices.ContainsFunc([]string{"DATABASES", "BUCKETS", "PASSWORD", "API_KEY", "ADMIN_KEY", "ACCESS_KEY", "SECRET_KEY", "BROKER_URL", "RESULT_BACKEND"},
		func(suffix string) bool { return strings.HasSuffix(name, suffix) })
}

// leavesNothing looks for values in the tree and in the places for temporary files that the scripts were given.
func (g *graph) leavesNothing(t *testing.T, values []string) {
	t.Helper()
	for _, place := range []string{g.tree, g.private} {
		err := filepath.WalkDir(place, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			for _, value := range values {
				if bytes.Contains(text, []byte(value)) {
					t.Errorf("%s holds a secret value in clear", path)
					break
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, place := range []string{"tmp", "runtime"} {
		left, err := os.ReadDir(filepath.Join(g.private, place))
		if err != nil {
			t.Fatal(err)
		}
		for _, each := range left {
			t.Errorf("the script left %s in its %s directory", each.Name(), place)
		}
	}
}
