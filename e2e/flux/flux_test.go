package flux

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"platc.dev/platc/e2e/cluster"
	"platc.dev/platc/e2e/operators"
)

// TestFlux takes one architecture from commit to commit. Each proof needs what the one before left.
//
//nolint:paralleltest // there is one control plane
func TestFlux(t *testing.T) {
	s := start(t)
	if err := os.CopyFS(filepath.Join(s.work, "architecture"), os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	s.build(t)
	s.begin(t)
	t.Run("what waits for a custom resource waits until that is ready", s.waitsForOperators)
	if _, err := operators.Run(t.Context(), s.cluster.Config); err != nil {
		t.Fatal(err)
	}
	t.Run("all comes up, in order", s.comesUp)
	t.Run("secrets are decrypted", s.decrypted)
	t.Run("a link more and a link less converge", s.converges)
	t.Run("another image is rolled out", s.rollsOut)
	t.Run("what was changed by hand is changed back", s.mends)
	t.Run("a migration that fails holds back what waits for it", s.holdsBack)
	t.Run("a component that is gone goes, and its data stays", s.removes)
	t.Run("three environments come up beside each other", s.environments)
	t.Run("Argo CD", s.argoCD)
}

// components are those of testdata/arch.cue, with those that each waits for.
func components() map[string][]string {
	return map[string][]string{"db": nil, "cache": nil, "mq": nil, "orders": {"db", "mq"}, "web": {"orders"}}
}

// begin does what README.md says: the Secret for decryption, then the folder, from the first commit on.
func (s *suite) begin(t *testing.T) {
	t.Helper()
	client, err := kubernetes.NewForConfig(s.cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s.push(t, "Deploy the shop")
	s.kubectl(t, "-n", namespace, "create", "secret", "generic", "shop-sops", "--from-file=age.agekey="+filepath.Join(s.work, "architecture", ".platc", "dev.agekey"))
	s.kubectl(t, "apply", "-k", filepath.Join(s.repository.clone, "deploy", "gitops"))
}

func (s *suite) resource(t *testing.T, kind, space string) dynamic.ResourceInterface {
	t.Helper()
	for _, each := range s.objects.Types {
		if each.Kind == kind {
			object := &unstructured.Unstructured{}
			object.SetGroupVersionKind(each.Resource.GroupVersion().WithKind(kind))
			object.SetNamespace(space)
			resource, err := s.objects.Resource(object)
			if err != nil {
				t.Fatal(err)
			}
			return resource
		}
	}
	t.Fatalf("the server has no kind %s", kind)
	return nil
}

// notReady says which Kustomizations of components have not come to the last commit, and why.
func (s *suite) notReady(t *testing.T, names ...string) string {
	t.Helper()
	return s.behind(t, "shop-", names)
}

// behind is notReady for names that begin with a prefix.
func (s *suite) behind(t *testing.T, prefix string, names []string) string {
	t.Helper()
	var missing []string
	for _, name := range names {
		object := s.get(t, "Kustomization", namespace, prefix+name)
		if object == nil {
			missing = append(missing, name+" is not there")
			continue
		}
		revision, _, _ := unstructured.NestedString(object.Object, "status", "lastAppliedRevision")
		if !cluster.Condition(object, "Ready") || !strings.HasSuffix(revision, s.commit) {
			missing = append(missing, fmt.Sprintf("%s is at %q: %s", name, revision, readyMessage(object)))
		}
	}
	return strings.Join(missing, "\n")
}

func readyMessage(object *unstructured.Unstructured) string {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, each := range conditions {
		if condition, ok := each.(map[string]any); ok && condition["type"] == "Ready" {
			return fmt.Sprintf("%v: %v", condition["reason"], condition["message"])
		}
	}
	return "no condition"
}

// atCommit waits until all components are as the last commit says.
func (s *suite) atCommit(t *testing.T) {
	t.Helper()
	s.await(t, "all are ready", func() string { return s.notReady(t, slices.Sorted(maps.Keys(components()))...) })
}

// waitsForOperators: nobody serves the RabbitmqCluster yet, which kstatus alone would take for ready.
func (s *suite) waitsForOperators(t *testing.T) {
	s.await(t, "what waits for no operator is ready", func() string { return s.notReady(t, "db", "cache") })
	s.await(t, "the custom resource is there", func() string {
		if s.get(t, "RabbitmqCluster", "messaging", "mq") == nil {
			return "it is not"
		}
		return ""
	})
	if s.notReady(t, "mq") == "" {
		t.Error("mq is ready, though its RabbitmqCluster has no status")
	}
	if s.get(t, "Deployment", "apps", "orders") != nil {
		t.Error("orders was applied before mq was ready")
	}
}

// comesUp: everything is ready, and was applied once that was ready which it waits for.
func (s *suite) comesUp(t *testing.T) {
	s.atCommit(t)
	since := func(name string) metav1.Time {
		object := s.get(t, "Kustomization", namespace, "shop-"+name)
		conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
		for _, each := range conditions {
			condition, _ := each.(map[string]any)
			if condition["type"] == "Ready" {
				var at metav1.Time
				text, _ := condition["lastTransitionTime"].(string)
				if err := at.UnmarshalQueryParameter(text); err != nil {
					t.Fatal(err)
				}
				return at
			}
		}
		t.Fatalf("%s has no condition", name)
		return metav1.Time{}
	}
	for name, before := range components() {
		deployment := s.get(t, "Deployment", map[string]string{"orders": "apps", "web": "web"}[name], name)
		if len(before) == 0 || deployment == nil {
			continue
		}
		made := deployment.GetCreationTimestamp()
		for _, other := range before {
			if ready := since(other); made.Before(&ready) {
				t.Errorf("%s was made at %s, before %s was ready at %s", name, made, other, ready)
			}
		}
	}
	for name, rendered := range s.rendered(t) {
		for _, want := range rendered {
			if s.live(t, want) == nil {
				t.Errorf("%s: %s is not there", name, cluster.Key(want))
			}
		}
	}
}

// rendered is what each component's Kustomization leads to, by component, with secrets as they are in the repository.
func (s *suite) rendered(t *testing.T) map[string][]*unstructured.Unstructured {
	t.Helper()
	all := map[string][]*unstructured.Unstructured{}
	list, err := s.resource(t, "Kustomization", namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range list.Items {
		name, ok := strings.CutPrefix(each.GetName(), "shop-")
		if !ok {
			continue
		}
		path, _, _ := unstructured.NestedString(each.Object, "spec", "path")
		text := s.run(t, s.repository.clone, nil, filepath.Join(s.programs["kustomize"], "kustomize"), "build", path)
		all[name] = documents(t, []byte(text))
	}
	return all
}

// live is the object that stands for a rendered one. The name of a decrypted Secret ends with another hash than the render without a key says.
func (s *suite) live(t *testing.T, want *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	resource, err := s.objects.Resource(want)
	if err != nil {
		t.Fatal(err)
	}
	list, err := resource.List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		name := list.Items[i].GetName()
		if name == want.GetName() || want.GetKind() == "Secret" && stem(name) == stem(want.GetName()) {
			return &list.Items[i]
		}
	}
	return nil
}

// stem is a name without the hash at its end.
func stem(name string) string {
	if i := strings.LastIndexByte(name, '-'); i >= 0 && len(name)-i == 11 {
		return name[:i]
	}
	return name
}

// decrypted: what is in the cluster is what stock sops opens, and nothing that was encrypted.
func (s *suite) decrypted(t *testing.T) {
	list, err := s.resource(t, "Secret", "").List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/part-of=shop"})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]bool{}
	for _, each := range list.Items {
		data, _, _ := unstructured.NestedStringMap(each.Object, "data")
		for key, encoded := range data {
			text, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "ENC[") || strings.HasPrefix(key, "sops_") {
				t.Errorf("%s/%s holds ciphertext in %s", each.GetNamespace(), each.GetName(), key)
			}
			values[string(text)] = true
		}
	}
	opened := 0
	err = fs.WalkDir(os.DirFS(s.repository.clone), "deploy", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, "/k8s/deploy/base/secret/") || filepath.Ext(path) != ".env" {
			return err
		}
		key := "SOPS_AGE_KEY_FILE=" + filepath.Join(s.work, "architecture", ".platc", "dev.agekey")
		for line := range strings.Lines(s.run(t, s.repository.clone, []string{key}, filepath.Join(s.programs["sops"], "sops"), "-d", path)) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") && value != "" {
				opened++
				if !values[value] {
					t.Errorf("the value of %s in %s is in no Secret", name, path)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if opened == 0 {
		t.Error("no value was compared")
	}
}

// converges: orders uses cache now, and mq no more.
func (s *suite) converges(t *testing.T) {
	policy := func() string {
		object := s.get(t, "NetworkPolicy", "apps", "orders")
		return fmt.Sprint(object.Object["spec"])
	}
	if before := policy(); !strings.Contains(before, "messaging") || strings.Contains(before, "redis") {
		t.Fatalf("the policy of orders: %s", before)
	}
	s.build(t, "cached=true", "queued=false")
	s.push(t, "Keep orders in a cache, and out of the queue")
	s.atCommit(t)
	if after := policy(); strings.Contains(after, "messaging") || !strings.Contains(after, "redis") {
		t.Errorf("the policy of orders: %s", after)
	}
	kustomization := s.get(t, "Kustomization", namespace, "shop-orders")
	if depends := fmt.Sprint(kustomization.Object["spec"].(map[string]any)["dependsOn"]); !strings.Contains(depends, "shop-cache") || strings.Contains(depends, "shop-mq") {
		t.Errorf("orders depends on %s", depends)
	}
}

func (s *suite) rollsOut(t *testing.T) {
	s.release(t, "web", "1.1")
	s.build(t, "cached=true", "queued=false")
	s.push(t, "Release web 1.1")
	s.atCommit(t)
	if image := s.image(t); image != "registry.example.com/shop/web:1.1" {
		t.Errorf("web runs %s", image)
	}
	if web := s.get(t, "Deployment", "web", "web"); !cluster.Ready(web) {
		t.Error("web is not ready")
	}
}

// release sets the image of a component, as continuous integration does.
func (s *suite) release(t *testing.T, component, tag string) {
	t.Helper()
	s.run(t, filepath.Join(s.work, "architecture"), nil, s.platc, "image", "set", component, tag, "-t", "repo="+s.repository.url, ".")
}

// image is what web runs.
func (s *suite) image(t *testing.T) string {
	t.Helper()
	web := s.get(t, "Deployment", "web", "web")
	containers, _, _ := unstructured.NestedSlice(web.Object, "spec", "template", "spec", "containers")
	return fmt.Sprint(containers[0].(map[string]any)["image"])
}

func (s *suite) mends(t *testing.T) {
	patch := []byte(`[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"registry.example.com/shop/web:by-hand"}]`)
	if _, err := s.resource(t, "Deployment", "web").Patch(t.Context(), "web", types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: "kubectl-edit"}); err != nil {
		t.Fatal(err)
	}
	if err := s.resource(t, "Service", "web").Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.ask(t, "Kustomization", "shop-web")
	s.await(t, "it is as the commit says", func() string {
		if image := s.image(t); image != "registry.example.com/shop/web:1.1" || s.get(t, "Service", "web", "web") == nil {
			return "web runs " + image
		}
		return ""
	})
}

// holdsBack: the release of web is in the same commit as a migration of orders that fails. Once that is mended, all goes on.
func (s *suite) holdsBack(t *testing.T) {
	s.release(t, "web", "1.2")
	s.build(t, "cached=true", "queued=false", "schema=fails")
	s.push(t, "Release web 1.2 with another schema")
	s.await(t, "the migration has failed", func() string {
		orders := s.get(t, "Kustomization", namespace, "shop-orders")
		if message := readyMessage(orders); !strings.HasPrefix(message, "HealthCheckFailed") {
			return message
		}
		return ""
	})
	s.ask(t, "Kustomization", "shop-web")
	s.await(t, "web is held back", func() string {
		web := s.get(t, "Kustomization", namespace, "shop-web")
		if message := readyMessage(web); !strings.HasPrefix(message, "DependencyNotReady") {
			return message
		}
		return ""
	})
	if image := s.image(t); image != "registry.example.com/shop/web:1.1" {
		t.Errorf("web runs %s, though orders is not ready", image)
	}
	s.build(t, "cached=true", "queued=false")
	s.push(t, "Mend the schema")
	s.atCommit(t)
	if image := s.image(t); image != "registry.example.com/shop/web:1.2" {
		t.Errorf("web runs %s", image)
	}
}

// removes takes mq, to which nobody is linked any more, out of the architecture.
func (s *suite) removes(t *testing.T) {
	s.build(t, "cached=true", "queued=false", "broker=false")
	s.push(t, "Do without a broker")
	s.await(t, "mq has gone", func() string {
		if s.get(t, "Kustomization", namespace, "shop-mq") != nil {
			return "its Kustomization is there"
		}
		if s.get(t, "NetworkPolicy", "messaging", "mq") != nil {
			return "its policy is there"
		}
		return ""
	})
	for _, kept := range [][2]string{{"RabbitmqCluster", "mq"}, {"Namespace", "messaging"}} {
		space := "messaging"
		if kept[0] == "Namespace" {
			space = ""
		}
		if object := s.get(t, kept[0], space, kept[1]); object == nil || object.GetDeletionTimestamp() != nil {
			t.Errorf("the %s %s has gone", kept[0], kept[1])
		}
	}
}
