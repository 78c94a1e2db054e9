package judges

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Checkov looks at the objects and the Dockerfiles of all trees at once, since it takes longer to start than to look. Findings are by the place of
// their tree in cases. With all trees there, what it accepts and nobody has is a finding too, at place -1.
func Checkov(ctx context.Context, cases []*Case, dir string, all bool) (map[int][]string, error) {
	for i, c := range cases {
		if err := c.forCheckov(filepath.Join(dir, fmt.Sprint(i))); err != nil {
			return nil, err
		}
	}
	args := []string{"--directory", dir, "--framework", "kubernetes", "dockerfile", "--output", "json", "--quiet", "--compact", "--skip-download", "--soft-fail"}
	out, err := exec.CommandContext(ctx, cases[0].tools.checkov, args...).Output()
	if err != nil {
		return nil, fmt.Errorf("checkov: %w", err)
	}
	reports, err := checkovReports(out)
	if err != nil {
		return nil, err
	}
	findings, used := map[int][]string{}, map[acceptance]bool{}
	for _, r := range reports {
		if r.Summary.Errors > 0 || r.Summary.Passed == 0 {
			return nil, fmt.Errorf("checkov read the %s files of %d trees with %d errors, and passed %d checks", r.Type, len(cases), r.Summary.Errors, r.Summary.Passed)
		}
		for _, f := range r.Results.Failed {
			i, about := f.place()
			of := cases[i].subject(f)
			accepted := slices.IndexFunc(acceptances(), func(a acceptance) bool { return a.check == f.Check && a.of == of.name && of.has(a.attribute, a.value) })
			if accepted >= 0 {
				used[acceptances()[accepted]] = true
				continue
			}
			findings[i] = append(findings[i], fmt.Sprintf("%s %s (%s): %s", f.Check, about, of.name, f.Name))
		}
	}
	for _, a := range acceptances() {
		if all && !used[a] {
			findings[-1] = append(findings[-1], fmt.Sprintf("%s of %s is accepted, and nothing fails it", a.check, a.of))
		}
	}
	return findings, nil
}

// forCheckov writes what it reads of a tree: one file for the objects, and each Dockerfile below its component.
func (c *Case) forCheckov(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var objects []byte
	for _, o := range c.objects {
		text, err := yaml.Marshal(o.Object)
		if err != nil {
			return err
		}
		objects = append(append(objects, "---\n"...), text...)
	}
	if err := os.WriteFile(filepath.Join(dir, "objects.yaml"), objects, 0o644); err != nil {
		return err
	}
	files, err := c.Tree.Files(func(path string) bool {
		return strings.HasPrefix(filepath.Base(path), "Dockerfile") && !strings.HasSuffix(path, ".dockerignore")
	})
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(c.Tree.Out, file))
		if err != nil {
			return err
		}
		// it knows a Dockerfile by this name alone
		place := filepath.Join(dir, file, "Dockerfile")
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(place, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// checkovReport is what it says of the files of one framework.
type checkovReport struct {
	Type    string `json:"check_type"`
	Summary struct {
		Passed int `json:"passed"`
		Errors int `json:"parsing_errors"`
	} `json:"summary"`
	Results struct {
		Failed []checkovFailure `json:"failed_checks"`
	} `json:"results"`
}

type checkovFailure struct {
	Check    string `json:"check_id"`
	Name     string `json:"check_name"`
	File     string `json:"file_path"` // "/<place of the tree>/objects.yaml"
	Resource string `json:"resource"`  // "Deployment.shop.orders"
}

// checkovReports reads the output: one report, or a list of them where files of several frameworks were found.
func checkovReports(out []byte) ([]checkovReport, error) {
	var many []checkovReport
	if json.Unmarshal(out, &many) == nil {
		return many, nil
	}
	var one checkovReport
	if err := json.Unmarshal(out, &one); err != nil {
		return nil, fmt.Errorf("checkov: %w in %s", err, out)
	}
	return []checkovReport{one}, nil
}

// place is that of the tree among the cases, and what of it the failure is about.
func (f checkovFailure) place() (int, string) {
	tree, file, _ := strings.Cut(strings.TrimPrefix(f.File, "/"), "/")
	i := 0
	if _, err := fmt.Sscan(tree, &i); err != nil {
		panic(fmt.Sprintf("checkov names the file %q", f.File))
	}
	if file == "objects.yaml" {
		return i, f.Resource
	}
	return i, filepath.Dir(file)
}

// subject is what a failure is about: kind and group of a component, such as "fastapi/server"; for a Dockerfile its name.
type subject struct {
	name       string
	attributes map[string]any
}

func (s subject) has(attribute string, value any) bool {
	return attribute == "" || s.attributes[attribute] == value
}

func (c *Case) subject(f checkovFailure) subject {
	_, about := f.place()
	if about != f.Resource {
		return subject{name: filepath.Base(about)}
	}
	for _, o := range c.objects {
		if f.Resource == strings.Join([]string{o.GetKind(), cmp.Or(o.GetNamespace(), "default"), o.GetName()}, ".") {
			return c.owner(o)
		}
	}
	return subject{name: f.Resource}
}

// owner is the component that has an object, by the labels that all have.
func (c *Case) owner(o unstructured.Unstructured) subject {
	set := o.GetLabels()
	s := subject{name: set["app.kubernetes.io/name"] + "/" + set["app.kubernetes.io/component"]}
	for _, component := range c.Graph.Components {
		if component.Name == set["app.kubernetes.io/instance"] {
			s.attributes = maps.Clone(component.Attributes)
		}
	}
	return s
}

// acceptance is a check that a kind of pods fails on purpose; where it is because of what the user asked for, with the attribute.
type acceptance struct {
	check, of string
	attribute string
	value     any
}

// acceptances are all that fail on purpose, each kind of pods by itself. A new one is a change of OUTPUT.md (JDG-02) too.
func acceptances() []acceptance {
	var all []acceptance
	for _, group := range []struct {
		why    string // for whoever reads this table
		checks string
		of     string
	}{} {
		for check := range strings.FieldsSeq(group.checks) {
			for of := range strings.FieldsSeq(group.of) {
				all = append(all, acceptance{check: check, of: of})
			}
		}
	}
	return all
}
