package flux

import (
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"platc.dev/platc/e2e/cluster"
)

// argoCD is the same architecture, and every example, with Argo CD: its definitions accept the objects, and Kustomize renders what repo-server would.
func (s *suite) argoCD(t *testing.T) {
	t.Log("not to be had: the modules of KSOPS, whose place a program of the suite takes, and of gitops-engine, which repo-server needs: Kustomize renders here, with the flags that README.md gives it")
	programs := filepath.Join(s.work, "programs")
	s.run(t, filepath.Join(s.root, "e2e"), nil, "go", "build", "-o", filepath.Join(programs, "ksops"), "./flux/ksops")
	path := "PATH=" + strings.Join([]string{programs, s.programs["sops"], s.programs["kustomize"], os.Getenv("PATH")}, ":")
	examples, err := filepath.Glob(filepath.Join(s.root, "examples", "*", "arch.cue"))
	if err != nil || len(examples) == 0 {
		t.Fatalf("examples: %v %v", examples, err)
	}
	s.run(t, s.work, []string{"KUBECONFIG=" + s.cluster.Kubeconfig}, filepath.Join(s.programs["kubernetes"], "kubectl"), "create", "namespace", "argocd")
	for _, each := range append(examples, filepath.Join(s.work, "architecture", "arch.cue")) {
		name := filepath.Base(filepath.Dir(each))
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(s.work, "argocd", name)
			if err := os.CopyFS(dir, os.DirFS(filepath.Dir(each))); err != nil {
				t.Fatal(err)
			}
			s.withArgoCD(t, dir, path)
		})
	}
}

// withArgoCD builds an architecture in a folder with Argo CD, and looks at what it would do with it.
func (s *suite) withArgoCD(t *testing.T, dir, path string) {
	t.Helper()
	out := filepath.Join(dir, "out")
	args := []string{"build", "--quiet", "--new-secrets", "-o", out}
	if filepath.Base(dir) == "architecture" {
		args = append(args, "-t", "repo=https://git.example.com/shop/deploy.git", "-t", "tool=argocd")
	} else {
		useArgoCD(t, filepath.Join(dir, "arch.cue"))
	}
	key := s.recipient(t, dir)
	env := []string{path, "REGISTRY_PASSWORD=known to the suite", "DB_ADMIN_PASSWORD=known to the suite", "SOPS_AGE_KEY_FILE=" + key}
	s.run(t, dir, env, s.platc, append(args, ".")...)
	trees, err := filepath.Glob(filepath.Join(out, "gitops", "*", "tree.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(trees) == 0 {
		s.environmentWithArgoCD(t, out, "", env)
	}
	for _, tree := range trees {
		s.environmentWithArgoCD(t, out, filepath.Base(filepath.Dir(tree)), env)
	}
}

// useArgoCD gives an architecture Argo CD, in the place of Flux where it has that.
func useArgoCD(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), `gitops: {tool: "flux"`, `gitops: {tool: "argocd"`, 1)
	if changed == string(text) {
		changed += "config: gitops: {tool: \"argocd\", repo: \"https://git.example.com/shop/deploy.git\"}\n"
	}
	if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}

// environmentWithArgoCD looks at one environment, or at a tree without any ("").
func (s *suite) environmentWithArgoCD(t *testing.T, out, environment string, env []string) {
	t.Helper()
	gitops := filepath.Join(out, "gitops", environment)
	// the server's own words on every field
	s.kubectl(t, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-k", gitops)

	kustomize := filepath.Join(s.programs["kustomize"], "kustomize")
	applied := map[string]string{}
	for _, file := range s.glob(t, gitops, "components", "*.yaml") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		folder, _, _ := unstructured.NestedString(documents(t, text)[0].Object, "spec", "source", "path")
		folder = strings.TrimPrefix(folder, "deploy/")
		rendered := s.run(t, out, env, kustomize, "build", "--enable-alpha-plugins", "--enable-exec", folder)
		for _, object := range documents(t, []byte(rendered)) {
			key := cluster.Key(object)
			if other := applied[key]; other != "" {
				t.Errorf("%s is applied by %s and by %s", key, other, file)
			}
			applied[key] = file
			if object.GetKind() == "Secret" {
				readable(t, object)
			}
		}
		if strings.Contains(rendered, "ENC[AES256_GCM,data:") || strings.Contains(rendered, "sops_mac") {
			t.Errorf("what %s leads to has ciphertext", file)
		}
	}
	whole := "."
	if environment != "" {
		whole = filepath.Join("env", environment)
	}
	complete(t, documents(t, []byte(s.run(t, out, env, kustomize, "build", whole))), slices.Collect(maps.Keys(applied)))
}

// readable: a Secret has values, and none of them is encrypted.
func readable(t *testing.T, secret *unstructured.Unstructured) {
	t.Helper()
	encoded, _, _ := unstructured.NestedStringMap(secret.Object, "data")
	plain, _, _ := unstructured.NestedStringMap(secret.Object, "stringData")
	for key, value := range encoded {
		text, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "ENC[") {
			t.Errorf("%s has ciphertext in %s", cluster.Key(secret), key)
		}
	}
	if len(encoded)+len(plain) == 0 {
		t.Errorf("%s is empty", cluster.Key(secret))
	}
}

// complete: what the Applications render to is what the whole tree renders to, but for hashes of decrypted Secrets.
func complete(t *testing.T, whole []*unstructured.Unstructured, applied []string) {
	t.Helper()
	var want []string
	for _, object := range whole {
		want = append(want, cluster.Key(object))
	}
	for _, list := range [][]string{want, applied} {
		for i, key := range list {
			if strings.Contains(key, "/Secret/") {
				list[i] = stem(key)
			}
		}
		slices.Sort(list)
	}
	if !slices.Equal(want, applied) {
		t.Errorf("the tree has %d objects, Argo CD would apply %d:\n%q\n%q", len(want), len(applied), want, applied)
	}
}

// recipient gives an architecture that names recipients one whose key the suite has, and says where the key is that opens its secrets.
func (s *suite) recipient(t *testing.T, dir string) string {
	t.Helper()
	known := filepath.Join(s.work, "architecture", ".platc", "dev.agekey")
	text, err := os.ReadFile(known)
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`age1[a-z0-9]{58}`)
	public := names.Find(text)
	if public == nil {
		t.Fatalf("%s does not name its public key", known)
	}
	key := filepath.Join(dir, ".platc", "dev.agekey")
	for _, file := range s.glob(t, dir, "*.cue") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if names.Match(text) {
			key = known
			if err := os.WriteFile(file, names.ReplaceAll(text, public), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return key
}
