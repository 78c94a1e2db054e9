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
		// those that platc writes: one in the folder context/ of a service is a copy of its team's
		return strings.HasPrefix(filepath.Base(path), "Dockerfile") && !strings.HasSuffix(path, ".dockerignore") && !strings.Contains(path, "/context/")
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

func (s subject) has(attribute, value string) bool {
	return attribute == "" || fmt.Sprint(s.attributes[attribute]) == value
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

// acceptance is a check that one kind of pods, or one kind of Dockerfile, fails on purpose; attribute and value where that is because of what the user asked for.
type acceptance struct {
	check, of string
	attribute string
	value     string // as text
}

// acceptances are all of them, each with its reason. A new one is a change of docs/checks.md (JDG-04) too.
func acceptances() []acceptance {
	var all []acceptance
	for _, a := range []struct {
		why       string // for whoever reads this table
		checks    string
		of        string
		attribute string
		value     string
	}{
		{
			why:    "VER-02: images have exact tags; who wants digests sets them for the whole tree",
			checks: "CKV_K8S_43",
			of: "apisix/server celery/worker cnpg/bootstrap fastapi/build fastapi/day2 fastapi/job fastapi/migrate fastapi/server fastapi/worker kafka/bootstrap kong/server " +
				"minio/bootstrap minio/server mongodb/backup mongodb/bootstrap nats/server postgresql/backup postgresql/bootstrap postgresql/server rabbitmq/bootstrap redis/bootstrap " +
				"redis/server service/build service/job service/server service/worker",
		},
		{
			why:    "ENV: programs that read their secrets from variables; these are no arguments, and no other pod sees them",
			checks: "CKV_K8S_35",
			of: "apisix/server celery/worker cnpg/bootstrap fastapi/build fastapi/day2 fastapi/job fastapi/migrate fastapi/server fastapi/worker kafka/bootstrap minio/bootstrap " +
				"minio/server mongodb/backup mongodb/bootstrap nats/server postgresql/backup postgresql/bootstrap postgresql/server rabbitmq/bootstrap redis/bootstrap redis/server " +
				"service/job service/server service/worker",
		},
		{
			why:    "PRV-11: an exact tag of somebody else's image does not move, and a node that has it starts pods while the registry is away; images that platc builds are asked for always",
			checks: "CKV_K8S_15",
			of: "apisix/server celery/worker cnpg/bootstrap fastapi/build fastapi/job fastapi/migrate fastapi/server fastapi/worker kafka/bootstrap kong/server minio/bootstrap " +
				"minio/server mongodb/backup mongodb/bootstrap nats/server postgresql/backup postgresql/bootstrap postgresql/server rabbitmq/bootstrap redis/bootstrap redis/server service/build service/job service/server service/worker",
		},
		{
			why:    "K8S-16: the number of the user that the image is made for",
			checks: "CKV_K8S_40",
			of:     "apisix/server cnpg/bootstrap postgresql/bootstrap postgresql/server",
		},
		{
			why:    "BLD-01 to BLD-03: builders unpack layers, in a namespace of their own, and nothing of the application runs there",
			checks: "CKV_K8S_20 CKV_K8S_22 CKV_K8S_23 CKV_K8S_25 CKV_K8S_28 CKV_K8S_31 CKV_K8S_37 CKV_K8S_40",
			of:     "fastapi/build service/build",
		},
		{
			why:    "no Service leads to a worker: nobody waits for it to be ready",
			checks: "CKV_K8S_9",
			of:     "celery/worker fastapi/worker service/worker",
		},
		{
			why:    "a worker has a probe where the user says what to ask it",
			checks: "CKV_K8S_8",
			of:     "fastapi/worker service/worker",
		},
		{
			why:    "examples/own-kind: a kind of the user's own, kept short",
			checks: "CKV_K8S_9",
			of:     "nats/server",
		},
		{
			why:       "the user asks for the token, with rbac",
			checks:    "CKV_K8S_38",
			of:        "fastapi/server",
			attribute: "rbac", value: "true",
		},
		{
			why:       "the user switches the security of containers off",
			checks:    "CKV_K8S_20 CKV_K8S_22 CKV_K8S_23 CKV_K8S_28 CKV_K8S_29 CKV_K8S_30 CKV_K8S_31 CKV_K8S_37 CKV_K8S_40",
			of:        "fastapi/day2 fastapi/server",
			attribute: "securityContext", value: "false",
		},
		{
			why:       "the user switches probes off",
			checks:    "CKV_K8S_8 CKV_K8S_9",
			of:        "fastapi/server",
			attribute: "probes", value: "false",
		},
		{
			why:       "the image that the user names runs as root",
			checks:    "CKV_K8S_23 CKV_K8S_28 CKV_K8S_37 CKV_K8S_40",
			of:        "service/server",
			attribute: "user_id", value: "0",
		},
		{
			why:       "there is no port to ask",
			checks:    "CKV_K8S_8 CKV_K8S_9",
			of:        "service/server",
			attribute: "ports", value: "map[]",
		},
		{
			why:       "K8S-16: the number that the user asks for",
			checks:    "CKV_K8S_40",
			of:        "service/server",
			attribute: "user_id", value: "1000",
		},
		{
			why:    "the image of the tests, which run once",
			checks: "CKV_DOCKER_2",
			of:     "Dockerfile.test",
		},
	} {
		for check := range strings.FieldsSeq(a.checks) {
			for of := range strings.FieldsSeq(a.of) {
				all = append(all, acceptance{check, of, a.attribute, a.value})
			}
		}
	}
	return all
}
