package flux

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"

	"platc.dev/platc/e2e/binaries"
	"platc.dev/platc/e2e/cluster"
	"platc.dev/platc/e2e/crds"
)

// namespace is that of Flux.
const namespace = "flux-system"

// suite is what all proofs share.
type suite struct {
	cluster     *cluster.Cluster
	objects     *cluster.Objects
	repository  *repository
	controllers []*controller
	root, work  string
	platc       string
	programs    map[string]string // folders, by module
	commit      string            // the last one
}

// start runs a control plane with the definitions of operators and of Flux and Argo CD, a repository, and Flux.
func start(t *testing.T) *suite {
	t.Helper()
	ctx := t.Context()
	modules := []string{"kubernetes", "kwok", "kustomize", "sops", "flux"}
	folders, err := binaries.Folders(ctx, modules...)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	work, err := os.MkdirTemp("", "platc-flux-") //nolint:usetesting // its logs stay when a test fails
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{root: root, work: work, platc: filepath.Join(work, "platc"), programs: map[string]string{}}
	for i, module := range modules {
		s.programs[module] = folders[i]
	}
	t.Cleanup(func() { s.stop(t) })
	s.run(t, root, nil, "go", "build", "-o", s.platc, "./cmd/platc")

	kwok := filepath.Join(work, "kwok")
	if err := stages(s.programs["kwok"], kwok); err != nil {
		t.Fatal(err)
	}
	control := filepath.Join(work, "cluster")
	if err := os.Mkdir(control, 0o755); err != nil {
		t.Fatal(err)
	}
	if s.cluster, err = cluster.Start(ctx, control, cluster.Programs{Kubernetes: s.programs["kubernetes"], Kwok: kwok}); err != nil {
		t.Fatal(err)
	}
	if err := s.cluster.Install(ctx, s.definitions(t)); err != nil {
		t.Fatal(err)
	}
	if s.objects, err = s.cluster.Objects(ctx); err != nil {
		t.Fatal(err)
	}
	if s.repository, err = newRepository(ctx, work); err != nil {
		t.Fatal(err)
	}
	if s.controllers, err = startControllers(work, s.programs["flux"], filepath.Join(control, "suite.kubeconfig")); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *suite) stop(t *testing.T) {
	t.Helper()
	var failed error
	for _, c := range s.controllers {
		failed = errors.Join(failed, c.ended(), c.stop())
	}
	if s.repository != nil {
		failed = errors.Join(failed, s.repository.close())
	}
	if s.cluster != nil {
		failed = errors.Join(failed, s.cluster.Stop())
	}
	if failed != nil {
		t.Error(failed)
	}
	if t.Failed() {
		t.Logf("logs are in %s", s.work)
		return
	}
	if err := os.RemoveAll(s.work); err != nil {
		t.Error(err)
	}
}

// definitions are those of the lock, and what the controllers of Flux serve beside them.
func (s *suite) definitions(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	places, err := crds.Find()
	if err != nil {
		t.Fatal(err)
	}
	all, err := crds.Load(t.Context(), places)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(s.programs["flux"], "crds.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range documents(t, text) {
		if !slices.ContainsFunc(all, func(known *unstructured.Unstructured) bool { return known.GetName() == each.GetName() }) {
			all = append(all, each)
		}
	}
	return all
}

// documents are the objects of a text.
func documents(t *testing.T, text []byte) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096); ; {
		object := map[string]any{}
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(object) > 0 {
			all = append(all, &unstructured.Unstructured{Object: object})
		}
	}
}

// stages makes a folder for kwok in which the pods of a migration whose command is "fails" fail.
func stages(kwok, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"kwok", "storage-class.yaml"} {
		if err := os.Symlink(filepath.Join(kwok, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(filepath.Join(kwok, "stages.yaml"))
	if err != nil {
		return err
	}
	const name, rule = "name: pod-complete\n", "    - key: '.metadata.ownerReferences.[].kind'\n      operator: 'In'\n      values:\n      - 'Job'\n"
	before, found, ok := bytes.Cut(text, []byte(name))
	stage, after, rest := bytes.Cut(found, []byte("---\n"))
	if !ok || !rest || !bytes.Contains(stage, []byte(rule)) {
		return errors.New("kwok's stage pod-complete is not as it was")
	}
	command := func(operator string) string {
		return fmt.Sprintf("%s    - key: '.spec.initContainers.[] | select( .name == \"migrate\" ) | .command.[]'\n      operator: '%s'\n      values:\n      - 'fails'\n", rule, operator)
	}
	head := string(before[bytes.LastIndex(before, []byte("---\n"))+len("---\n"):])
	failing := head + strings.NewReplacer(rule, command("In"), "exitCode: 0", "exitCode: 1", "phase: Succeeded", "phase: Failed", "reason: Completed", "reason: Error").Replace("name: pod-fail\n"+string(stage))
	all := string(before) + name + strings.Replace(string(stage), rule, command("NotIn"), 1) + "---\n" + failing + "---\n" + string(after)
	return os.WriteFile(filepath.Join(dir, "stages.yaml"), []byte(all), 0o644)
}

// run runs a program that must succeed, and returns what it said.
func (s *suite) run(t *testing.T, dir string, env []string, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// kubectl runs kubectl as the user.
func (s *suite) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return s.run(t, s.work, []string{"KUBECONFIG=" + s.cluster.Kubeconfig}, filepath.Join(s.programs["kubernetes"], "kubectl"), args...)
}

// build builds the architecture into the clone with the values of tags.
func (s *suite) build(t *testing.T, tags ...string) {
	t.Helper()
	args := []string{"build", "--quiet", "-o", filepath.Join(s.repository.clone, "deploy"), "-t", "repo=" + s.repository.url}
	for _, tag := range tags {
		args = append(args, "-t", tag)
	}
	s.run(t, filepath.Join(s.work, "architecture"), nil, s.platc, append(args, ".")...)
}

// push commits the clone, and asks Flux to look.
func (s *suite) push(t *testing.T, message string) {
	t.Helper()
	commit, err := s.repository.commit(t.Context(), message)
	if err != nil {
		t.Fatal(err)
	}
	s.commit = commit
	s.ask(t, "GitRepository", "shop")
}

// ask has Flux reconcile an object now, as `flux reconcile` does.
func (s *suite) ask(t *testing.T, kind, name string) {
	t.Helper()
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":%q}}}`, time.Now().Format(time.RFC3339Nano))
	resource := s.resource(t, kind, namespace)
	if _, err := resource.Patch(t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
}

// get is an object, nil if it is not there.
func (s *suite) get(t *testing.T, kind, space, name string) *unstructured.Unstructured {
	t.Helper()
	object, err := s.resource(t, kind, space).Get(t.Context(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// await asks until there is nothing more to say, for as long as what is said changes.
func (s *suite) await(t *testing.T, what string, missing func() string) {
	t.Helper()
	begun := time.Now()
	moved, last := begun, ""
	for {
		now := missing()
		if now == "" {
			t.Logf("%s: %.1f s", what, time.Since(begun).Seconds())
			return
		}
		if now != last {
			moved, last = time.Now(), now
		}
		failed := s.cluster.Alive()
		for _, c := range s.controllers {
			failed = errors.Join(failed, c.ended())
		}
		if failed != nil {
			t.Fatal(failed)
		}
		if time.Since(moved) > cluster.Quiet || time.Since(begun) > cluster.Patience {
			t.Fatalf("%s, after %.0f s: %s", what, time.Since(begun).Seconds(), now)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(context.Cause(t.Context()))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// glob lists files of a folder.
func (s *suite) glob(t *testing.T, pattern ...string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(pattern...))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v %v", filepath.Join(pattern...), files, err)
	}
	return files
}
