package compiler_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestEveryAlertHasCases looks at the alert rules of an architecture with all of them (e2e/graphs/byhand/operation.cue): for each, testdata/alerts.yaml of
// its kind says when it fires and when it does not, which promtool proves in e2e/judges. And the architecture has every rule that a kind gives.
func TestEveryAlertHasCases(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(filepath.Join("..", "e2e", "graphs", "byhand", "operation.cue"))
	if err != nil {
		t.Fatal(err)
	}
	emitted := regexp.MustCompile(`(?m)^ +- alert: (\w+)$`)
	rules := map[string]bool{}
	for name, text := range tree(t, check(t, string(source))) {
		if strings.HasPrefix(name, "prom/") {
			for _, m := range emitted.FindAllStringSubmatch(text, -1) {
				rules[m[1]] = true
			}
		}
	}
	type fires struct {
		Fires map[string]string
		Quiet []map[string]string
	}
	cases := map[string]fires{}
	for _, text := range texts(t, filepath.Join("..", "cue", "kinds", "*", "testdata", "alerts.yaml")) {
		if err := yaml.Unmarshal([]byte(text), &cases); err != nil {
			t.Fatal(err)
		}
	}
	if len(rules) < 40 {
		t.Fatalf("there are only %d rules", len(rules))
	}
	for name := range rules {
		c := cases[name]
		ofEveryTarget := strings.HasSuffix(name, "TargetDown") || strings.HasSuffix(name, "TargetMissing")
		if !ofEveryTarget && (len(c.Fires) == 0 || len(c.Quiet) == 0) {
			t.Errorf("testdata/alerts.yaml of its kind does not say when %s fires, and when it does not", name)
		}
	}
	// of a name that is written out, and of one that a shared rule ends
	given := regexp.MustCompile(`\balert: +"(\w+)"`)
	titled := regexp.MustCompile(`#(VolumeAlert|BackupAge|DumpedScrape) & \{(?:[^{}]|\{\.\.\.\})*?#title: +"(\w+)"`)
	ends := map[string]string{"VolumeAlert": "VolumeFilling", "BackupAge": "BackupMissing", "DumpedScrape": "BackupMissing"}
	for _, text := range texts(t, filepath.Join("..", "cue", "kinds", "*", "*.cue")) {
		for _, m := range given.FindAllStringSubmatch(text, -1) {
			if !rules[m[1]] {
				t.Errorf("%s is not in the architecture: %v", m[1], slices.Sorted(maps.Keys(rules)))
			}
		}
		for _, m := range titled.FindAllStringSubmatch(text, -1) {
			if name := m[2] + ends[m[1]]; !rules[name] {
				t.Errorf("%s is not in the architecture: %v", name, slices.Sorted(maps.Keys(rules)))
			}
		}
	}
}
