package judges_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"platc.dev/platc/e2e/binaries"
)

// alertCase says when an alert fires, and when it does not: testdata/alerts.yaml of a kind.
type alertCase struct {
	At     string
	Labels map[string]string   // of the alert, beside those of its rule
	Value  string              // what $value shows
	Fires  map[string]string   // series -> values
	Quiet  []map[string]string // the same, without the alert
}

// rule is an alert rule.
type rule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

type group struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

// TestAlerts asks promtool whether each rule of an architecture with all of them fires when it must, with the texts that it must have, and not otherwise.
func TestAlerts(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	platc := filepath.Join(work, "platc")
	run(t.Context(), t, root, "go", "build", "-o", platc, "./cmd/platc")
	source, err := os.ReadFile(filepath.Join(root, "e2e", "graphs", "byhand", "operation.cue"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(work, "arch.cue"), source, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t.Context(), t, work, platc, "build", "--quiet", "-o", "out")
	cases := read(t, filepath.Join("testdata", "targets.yaml"))
	files, err := filepath.Glob(filepath.Join(root, "cue", "kinds", "*", "testdata", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		maps.Copy(cases, read(t, f))
	}
	asked := map[string]bool{}
	var tests []string
	for _, g := range groups(t, filepath.Join(work, "out", "prom", "k8s", "deploy", "base")) {
		for _, r := range g.Rules {
			of := casesOf(r, cases)
			if len(of) == 0 {
				t.Errorf("%s: nothing in testdata/alerts.yaml of its kind says when it fires", r.Alert)
			}
			var all []object
			for _, name := range of {
				asked[name] = true
				all = append(all, unitTests(r, cases[name])...)
			}
			file := fmt.Sprintf("%d-%s.yaml", len(tests), r.Alert)
			write(t, filepath.Join(work, "rules-"+file), object{"groups": []object{{"name": g.Name, "rules": []rule{r}}}})
			// promtool evaluates every rule of a file at every minute of every test
			write(t, filepath.Join(work, file), object{"rule_files": []string{"rules-" + file}, "evaluation_interval": "1m", "tests": all})
			tests = append(tests, file)
		}
	}
	for name, c := range cases {
		if !asked[name] {
			t.Errorf("%s is not a rule", name)
		}
		if len(c.Fires) == 0 || len(c.Quiet) == 0 {
			t.Errorf("%s has to say when it fires, and when not", name)
		}
	}
	promtool(t, work, tests)
}

// object is a mapping of YAML.
type object = map[string]any

func read(t *testing.T, file string) map[string]alertCase {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]alertCase{}
	if err := yaml.UnmarshalStrict(text, &all); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return all
}

// groups are the rules of a Prometheus.
func groups(t *testing.T, base string) []group {
	t.Helper()
	var all []group
	for _, name := range []string{"rule.yaml", "self.yaml"} {
		text, err := os.ReadFile(filepath.Join(base, name))
		if err != nil {
			t.Fatal(err)
		}
		for document := range strings.SplitSeq(string(text), "\n---\n") {
			var o struct {
				Kind string `json:"kind"`
				Spec struct {
					Groups []group `json:"groups"`
				} `json:"spec"`
			}
			if err := yaml.Unmarshal([]byte(document), &o); err != nil {
				t.Fatal(err)
			}
			if o.Kind == "PrometheusRule" {
				all = append(all, o.Spec.Groups...)
			}
		}
	}
	return all
}

// casesOf are the names of the cases of a rule: its own, followed by words of what is special, or those of every target.
func casesOf(r rule, cases map[string]alertCase) []string {
	meshed := strings.Contains(r.Expr, "istio_agent_scrape_failures_total") || strings.HasSuffix(r.Alert, "TargetMissing") && !strings.Contains(r.Expr, "absent(up{")
	var of []string
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		alert, special, _ := strings.Cut(name, " ")
		switch {
		case alert == r.Alert, strings.HasPrefix(alert, "Target") && strings.HasSuffix(r.Alert, alert) && (special == "" || meshed) && (!meshed || special != "" || alert != "TargetMissing"):
			of = append(of, name)
		}
	}
	return of
}

var (
	absent = regexp.MustCompile(`absent\((\w+)\{`)
	label  = regexp.MustCompile(`\{\{ \$labels\.(\w+) \}\}`)
	shown  = regexp.MustCompile(`\{\{ \$value[^}]*\}\}`)
)

// unitTests are the tests of one rule, as promtool has them.
func unitTests(r rule, c alertCase) []object {
	namespace, component := "", r.Labels["platc_component"]
	if m := regexp.MustCompile(`namespace="([^"]+)"`).FindStringSubmatch(r.Expr); m != nil {
		namespace = m[1]
	}
	if component == "" {
		component = "prom"
	}
	fill := strings.NewReplacer("NAMESPACE", namespace, "COMPONENT", component)
	if m := absent.FindStringSubmatch(r.Expr); m != nil {
		fill = strings.NewReplacer("NAMESPACE", namespace, "COMPONENT", component, "SERIES", m[1])
	}
	labels := maps.Clone(r.Labels)
	for name, value := range c.Labels {
		labels[name] = fill.Replace(value)
	}
	annotations := map[string]string{}
	for name, text := range r.Annotations {
		text = label.ReplaceAllStringFunc(text, func(s string) string { return labels[label.FindStringSubmatch(s)[1]] })
		annotations[name] = shown.ReplaceAllString(text, c.Value)
	}
	test := func(series map[string]string, want []object) object {
		var input []object
		for _, name := range slices.Sorted(maps.Keys(series)) {
			full := strings.Replace(fill.Replace(name), "{", fmt.Sprintf("{namespace=%q, platc_component=%q, ", namespace, component), 1)
			input = append(input, object{"series": full, "values": series[name]})
		}
		return object{"interval": "1m", "input_series": input, "alert_rule_test": []object{{"eval_time": c.At, "alertname": r.Alert, "exp_alerts": want}}}
	}
	// two components may have one alert name: only this one has series
	all := []object{test(c.Fires, []object{{"exp_labels": labels, "exp_annotations": annotations}})}
	for _, series := range c.Quiet {
		all = append(all, test(series, []object{}))
	}
	return all
}

func write(t *testing.T, file string, content object) {
	t.Helper()
	data, err := yaml.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func promtool(t *testing.T, work string, tests []string) {
	t.Helper()
	folders, err := binaries.Folders(t.Context(), "prometheus")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), filepath.Join(folders[0], "promtool"), append([]string{"test", "rules"}, tests...)...)
	command.Dir = work
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%d rules", len(tests))
}
