package flux

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"platc.dev/platc/e2e/cluster"
)

// environments has Flux deploy the three of examples/stages from one commit into one control plane; prod has a database that is elsewhere.
func (s *suite) environments(t *testing.T) {
	dir := filepath.Join(s.work, "stages")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(s.root, "examples", "stages"))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "arch.cue")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ours := strings.NewReplacer(`repo: "https://git.example.com/stages.git", path: "deploy"`, `repo: "`+s.repository.url+`", path: "stages"`).Replace(string(text))
	if err := os.WriteFile(file, []byte(ours), 0o644); err != nil {
		t.Fatal(err)
	}
	key, out := s.recipient(t, dir), filepath.Join(s.repository.clone, "stages")
	s.run(t, dir, []string{"DB_ADMIN_PASSWORD=known to the suite"}, s.platc, "build", "--quiet", "--new-secrets", "-o", out, ".")

	kustomize := filepath.Join(s.programs["kustomize"], "kustomize")
	environments := []string{"dev", "staging", "prod"}
	owner := map[string]string{}
	for _, each := range environments {
		for _, object := range documents(t, []byte(s.run(t, out, nil, kustomize, "build", filepath.Join("env", each)))) {
			key := cluster.Key(object)
			if other := owner[key]; other != "" {
				t.Errorf("%s is in %s and in %s", key, other, each)
			}
			owner[key] = each
		}
	}

	s.push(t, "Deploy three environments")
	names := []string{}
	for _, each := range environments {
		s.kubectl(t, "-n", namespace, "create", "secret", "generic", "stages-"+each+"-sops", "--from-file=age.agekey="+key)
		s.kubectl(t, "apply", "-k", filepath.Join(out, "gitops", each))
		for _, component := range s.glob(t, out, "gitops", each, "components", "*.yaml") {
			names = append(names, each+"-"+strings.TrimSuffix(filepath.Base(component), ".yaml"))
		}
	}
	slices.Sort(names)
	s.await(t, "all environments are ready", func() string { return s.behind(t, "stages-", names) })
	for namespace, want := range map[string]bool{"data-dev": true, "data-staging": true, "data-prod": false} {
		if there := s.get(t, "StatefulSet", namespace, "db") != nil; there != want {
			t.Errorf("a database runs in %s: %v", namespace, there)
		}
	}
	job := s.get(t, "Job", "data-prod", "db-bootstrap")
	if job == nil {
		t.Fatal("nobody makes the users of the database that is elsewhere")
	}
	containers, _, _ := unstructured.NestedSlice(job.Object, "spec", "template", "spec", "containers")
	if len(containers) == 0 {
		t.Error("the Job has no containers")
	}
}
