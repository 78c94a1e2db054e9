package compiler_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
)

// TestAVersionIsALabelOfPodsAlone: elsewhere another version would change every object, and a selector or a template of claims could not change at all.
func TestAVersionIsALabelOfPodsAlone(t *testing.T) {
	t.Parallel()
	const label = "app.kubernetes.io/version"
	pods := 0
	for name, b := range architectures(t) {
		for _, n := range b.Graph.Components() {
			for _, row := range b.Plan.Of[n].Rows {
				var objects []any
				switch c := row.Content.(type) {
				case kind.Objects:
					for _, o := range c {
						objects = append(objects, o)
					}
				case kind.Kustomization:
					objects = append(objects, c.Object)
				}
				for _, o := range objects {
					for _, place := range placesOf(o, label, nil) {
						at := strings.Join(place, ".")
						if strings.Contains(at, "elector") || strings.Contains(at, "volumeClaimTemplates") || !slices.ContainsFunc(place, func(w string) bool { return w == "template" || w == "podMetadata" }) {
							t.Errorf("%s: %s of %s has the label at %s", name, row.Path, n.Name, at)
						}
						pods++
					}
				}
			}
		}
	}
	if pods < 10 {
		t.Errorf("%d templates of pods have it", pods)
	}
}

// placesOf are the paths at which data has a key.
func placesOf(data any, key string, path []string) [][]string {
	var all [][]string
	switch d := data.(type) {
	case map[string]any:
		for k, v := range d {
			if k == key {
				all = append(all, slices.Clone(path))
			}
			all = append(all, placesOf(v, key, append(slices.Clone(path), k))...)
		}
	case []any:
		for i, v := range d {
			all = append(all, placesOf(v, key, append(slices.Clone(path), fmt.Sprint(i)))...)
		}
	}
	return all
}
