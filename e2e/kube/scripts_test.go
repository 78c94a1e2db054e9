package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"platc.dev/platc/e2e/cluster"
)

// deployAgain runs deploy.sh once more: only the bootstrap Jobs are made anew.
func (s *suite) deployAgain(t *testing.T, g *graph, result *row) {
	before := s.snapshot(t)
	for key, object := range before {
		if object.GetKind() == "Job" {
			delete(before, key)
		}
	}
	cmd := s.script(t, g, "deploy.sh")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("deploy.sh: %v\n%s", err, out)
	}
	result.changed += compare(t, before, s.snapshot(t))
}

// buildAndTest runs every build Job with either builder, and every day-2 Job; kwok ends them.
func (s *suite) buildAndTest(t *testing.T, g *graph, result *row) {
	jobs := map[string]string{}
	for key, object := range g.extra {
		if object.GetKind() == "Job" {
			jobs[key] = object.GetLabels()["app.kubernetes.io/component"]
		}
	}
	if len(jobs) == 0 {
		return
	}
	for _, args := range [][]string{{"--build", "buildkit"}, {"--build", "kaniko"}, {"--day2"}} {
		cmd := s.script(t, g, "deploy.sh", args...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("deploy.sh %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		result.warnings += g.judgeWarnings(t, string(out))
		live := s.snapshot(t)
		for key, purpose := range jobs {
			suspended := live[key] != nil && strings.Contains(scalar(live[key].Object["spec"]), `"suspend":true`)
			run := args[0] == "--day2" && purpose == "day2" || args[0] == "--build" && purpose == "build" && strings.HasSuffix(key, args[1])
			other := args[0] == "--build" && purpose == "build" && !run
			if run && (live[key] == nil || !cluster.Ready(live[key])) {
				t.Errorf("after deploy.sh %s, %s is not complete", strings.Join(args, " "), key)
			}
			if other && !suspended {
				t.Errorf("after deploy.sh %s, %s is not suspended", strings.Join(args, " "), key)
			}
		}
		g.leavesNothing(t, nil)
	}
}

// verify runs verify.sh on the files, and on the cluster.
func (s *suite) verify(t *testing.T, g *graph) {
	for _, args := range [][]string{nil, {"--server"}} {
		cmd := s.script(t, g, "verify.sh", args...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("verify.sh %s on what deploy.sh applied: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// tamper makes the mistake that verify.sh is there for, an apply of a component as it lies in the tree, and demands that it names every Secret of it.
func (s *suite) tamper(t *testing.T, g *graph) {
	name := g.components[len(g.components)-1].name
	for _, each := range g.components {
		if _, err := os.Stat(filepath.Join(g.tree, each.name, "k8s/deploy/base/secret")); err == nil {
			name = each.name
		}
	}
	encrypted := map[string]*unstructured.Unstructured{}
	objects, err := rendered(filepath.Join(g.tree, name, "k8s/deploy/base"))
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range objects {
		if each.GetKind() == "Secret" {
			encrypted[cluster.Key(each)] = each
		}
	}
	if len(encrypted) == 0 {
		t.Fatal("the graph has no Secret")
	}
	s.apply(t, g, &row{}, encrypted)
	out, err := s.script(t, g, "verify.sh", "--server").CombinedOutput()
	if err == nil {
		t.Errorf("verify.sh --server is content with ciphertext\n%s", out)
	}
	for key, each := range encrypted {
		if !bytes.Contains(out, []byte(each.GetName())) {
			t.Errorf("verify.sh --server does not name %s, which holds ciphertext\n%s", key, out)
		}
	}
}

// elsewhere runs the scripts with a kubeconfig whose current context leads nowhere, and without a key but the one of the build.
func (s *suite) elsewhere(t *testing.T, g *graph) {
	text, err := os.ReadFile(s.cluster.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, text, 0o600); err != nil {
		t.Fatal(err)
	}
	right := strings.TrimSpace(s.run(t, g.dir, s.kubectl, "--kubeconfig", kubeconfig, "config", "current-context"))
	for _, args := range [][]string{{"set-cluster", "nowhere", "--server=https://127.0.0.1:1"}, {"set-context", "wrong", "--cluster=nowhere"}, {"use-context", "wrong"}} {
		s.run(t, g.dir, s.kubectl, append([]string{"--kubeconfig", kubeconfig, "config"}, args...)...)
	}
	run := func(name string, args ...string) (string, error) {
		cmd := s.script(t, g, name, args...)
		cmd.Env = slices.DeleteFunc(cmd.Env, func(v string) bool { return strings.HasPrefix(v, "KUBECONFIG=") || strings.HasPrefix(v, "SOPS_") })
		cmd.Env = append(cmd.Env, "KUBECONFIG="+kubeconfig)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run("deploy.sh", "--dry-run", "--context", right)
	if err != nil {
		t.Errorf("deploy.sh --dry-run --context %s: %v\n%s", right, err, out)
	}
	if first, _, _ := strings.Cut(out, "\n"); !strings.HasPrefix(first, "dry run against context "+right+", cluster ") || !strings.HasSuffix(first, "("+s.cluster.Config.Host+")") {
		t.Errorf("deploy.sh first says %q", first)
	}
	if !strings.Contains(out, "SOPS_AGE_KEY_FILE="+g.key()+"\n") {
		t.Errorf("deploy.sh does not name the development key\n%s", out)
	}
	if out, err := run("verify.sh", "--server", "--context", right); err != nil {
		t.Errorf("verify.sh --server --context %s: %v\n%s", right, err, out)
	}
	for _, each := range []struct{ name, arg, want string }{
		{"deploy.sh", "--dry-run", "context wrong, cluster nowhere (https://127.0.0.1:1)"},
		{"deploy.sh", "--dry-run", "nothing was applied"},
		{"deploy.sh", "--context=gone", "kubectl has no context gone; it has: "},
		{"verify.sh", "--server", "the server does not answer"},
	} {
		if out, err := run(each.name, each.arg); err == nil || !strings.Contains(out, each.want) {
			t.Errorf("%s %s does not say %q: %v\n%s", each.name, each.arg, each.want, err, out)
		}
	}
	g.leavesNothing(t, nil)
}

// overlay deploys an overlay of the team's own that lies beside the tree, and then the tree again.
func (s *suite) overlay(t *testing.T, g *graph) {
	dir := filepath.Join(g.dir, "overlays", "prod")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(dir, g.tree)
	if err != nil {
		t.Fatal(err)
	}
	deployed := g.first(t, "Deployment")
	text := fmt.Sprintf(`apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [%s, own.yaml]
patches:
- target: {kind: Deployment, name: %s}
  patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: any, annotations: {example.com/overlay: "yes"}}
`, relative, deployed.GetName())
	own := fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: of-the-overlay, namespace: %s}\n", deployed.GetNamespace())
	for name, text := range map[string]string{"kustomization.yaml": text, "own.yaml": own} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := s.script(t, g, "deploy.sh", "--overlay", dir, "--prune").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("applying to context ")) {
		t.Fatalf("deploy.sh --overlay: %v\n%s", err, out)
	}
	order := []string{"== objects of no component"}
	for _, each := range g.components {
		order = append(order, "== "+each.name)
	}
	if said := headings(string(out)); !slices.Equal(said, order) {
		t.Errorf("the order was %s", strings.Join(said, " "))
	}
	live := s.snapshot(t)
	if live[cluster.Key(deployed)].GetAnnotations()["example.com/overlay"] != "yes" {
		t.Errorf("%s has not what the overlay says", cluster.Key(deployed))
	}
	if live["/ConfigMap/"+deployed.GetNamespace()+"/of-the-overlay"] == nil {
		t.Error("the ConfigMap of the overlay is not there")
	}
	s.run(t, g.dir, s.kubectl, "--kubeconfig", s.cluster.Kubeconfig, "--namespace", deployed.GetNamespace(), "delete", "configmap", "of-the-overlay")
	if out, err := s.script(t, g, "deploy.sh").CombinedOutput(); err != nil {
		t.Fatalf("deploy.sh: %v\n%s", err, out)
	}
	if s.snapshot(t)[cluster.Key(deployed)].GetAnnotations()["example.com/overlay"] != "" {
		t.Errorf("%s keeps what the overlay said", cluster.Key(deployed))
	}
	g.leavesNothing(t, nil)
}

// headings are the lines of deploy.sh that name what is applied next, without the place in the order.
func headings(out string) []string {
	var all []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "== ") {
			name, _, _ := strings.Cut(strings.TrimSpace(line), " (")
			all = append(all, name)
		}
	}
	return all
}

// foreign hands objects to another architecture, and to nobody, and demands that deploy.sh names them and leaves all as it is, also where
// the tree has a kind that the server does not know.
func (s *suite) foreign(t *testing.T, g *graph) {
	refuses := func(g *graph, want string) {
		t.Helper()
		before := s.snapshot(t)
		out, err := s.script(t, g, "deploy.sh").CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte(want+", not of "+g.partOf()+"\n")) || !bytes.Contains(out, []byte("nothing was applied")) {
			t.Errorf("deploy.sh does not refuse, for %q: %v\n%s", want, err, out)
		}
		compare(t, before, s.snapshot(t))
	}
	unknown := *g
	unknown.tree = filepath.Join(g.dir, "unknown")
	if err := os.CopyFS(unknown.tree, os.DirFS(g.tree)); err != nil {
		t.Fatal(err)
	}
	last := g.components[len(g.components)-1]
	file, err := os.OpenFile(filepath.Join(unknown.tree, last.name, "k8s/deploy/base/networkpolicy.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString("---\napiVersion: unknown.example.com/v1\nkind: Unknown\nmetadata:\n  name: unknown\n")
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}

	for _, object := range []*unstructured.Unstructured{g.first(t, "Service"), g.ofCluster(t)} {
		kind, place := object.GetKind(), ""
		if object.GetNamespace() != "" {
			place = " in " + object.GetNamespace()
		}
		s.label(t, object, "bank")
		refuses(g, kind+" "+object.GetName()+place+" is part of bank")
		refuses(&unknown, kind+" "+object.GetName()+place+" is part of bank")
		s.label(t, object, g.partOf())
	}
	out, err := s.script(t, &unknown, "deploy.sh").CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte(`no matches for kind "Unknown"`)) || bytes.Contains(out, []byte("cannot be known")) {
		t.Errorf("deploy.sh does not get as far as the kind that the server does not know: %v\n%s", err, out)
	}

	account := g.first(t, "ServiceAccount")
	client, err := kubernetes.NewForConfig(s.cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	accounts := client.CoreV1().ServiceAccounts(account.GetNamespace())
	if err := accounts.Delete(t.Context(), account.GetName(), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := accounts.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: account.GetName()}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	refuses(g, "ServiceAccount "+account.GetName()+" in "+account.GetNamespace()+" is of no architecture")
	s.label(t, account, g.partOf()) // what the message says hands it over
	if out, err := s.script(t, g, "deploy.sh").CombinedOutput(); err != nil {
		t.Errorf("deploy.sh: %v\n%s", err, out)
	}
	g.leavesNothing(t, nil)
}

// partOf is the name of the architecture.
func (g *graph) partOf() string { return strings.TrimPrefix(g.name, "example-") }

// first is the first object of a kind, by its key.
func (g *graph) first(t *testing.T, kind string) *unstructured.Unstructured {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(g.want)) {
		if g.want[key].GetKind() == kind {
			return g.want[key]
		}
	}
	t.Fatalf("the graph has no %s", kind)
	return nil
}

// ofCluster is the first object of the whole cluster that belongs to a component.
func (g *graph) ofCluster(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(g.owner)) {
		if object := g.want[key]; object != nil && object.GetNamespace() == "" {
			return object
		}
	}
	t.Fatal("the graph has no object of the whole cluster")
	return nil
}

// label says whose a live object is.
func (s *suite) label(t *testing.T, object *unstructured.Unstructured, architecture string) {
	t.Helper()
	resource, err := s.objects.Resource(object)
	if err != nil {
		t.Fatal(err)
	}
	patch := fmt.Sprintf(`{"metadata": {"labels": {"app.kubernetes.io/part-of": %q}}}`, architecture)
	if _, err := resource.Patch(t.Context(), object.GetName(), types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-label"}); err != nil {
		t.Fatal(err)
	}
}

// interrupt ends deploy.sh in the middle, by each signal that a terminal or a pipeline sends, to all its programs or to the script alone,
// and looks for what it left.
func (s *suite) interrupt(t *testing.T, g *graph) {
	s.schedule(t, false)
	defer s.schedule(t, true)
	// pods that are made anew find no node now, so that the script waits
	client, err := kubernetes.NewForConfig(s.cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	waits := false
	for _, object := range g.want {
		if kind := object.GetKind(); kind == "Deployment" || kind == "StatefulSet" {
			waits = true
			pods := client.CoreV1().Pods(object.GetNamespace())
			if err := pods.DeleteCollection(t.Context(), metav1.DeleteOptions{GracePeriodSeconds: new(int64)}, metav1.ListOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !waits {
		t.Fatal("the graph has nothing to wait for")
	}
	// a shell cannot trap what was ignored before it began, as nohup ignores a hangup: what is caught here has its default there
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(caught)
	for _, each := range []struct {
		signal syscall.Signal
		all    bool
	}{{syscall.SIGINT, true}, {syscall.SIGTERM, true}, {syscall.SIGHUP, true}, {syscall.SIGTERM, false}} {
		cmd := s.script(t, g, "deploy.sh")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		var said output
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		waitForWait(t, &said, done)
		target := cmd.Process.Pid
		if each.all {
			target = -target
		}
		if err := syscall.Kill(target, each.signal); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("deploy.sh ended well after %s", each.signal)
			}
		case <-time.After(cluster.Quiet): // what it waits for does not come before that either: it would go on for ten minutes
			t.Errorf("deploy.sh goes on %s after %s (to all its programs: %v)\n%s", cluster.Quiet, each.signal, each.all, said.String())
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			t.Log(<-done)
		}
		g.leavesNothing(t, nil)
	}
}

// output is what a program has said so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// waitForWait returns when the script says that it waits for a workload: its decrypted copy lies there then.
func waitForWait(t *testing.T, said *output, done <-chan error) {
	t.Helper()
	for begun := time.Now(); !strings.Contains(said.String(), "waiting for "); {
		select {
		case err := <-done:
			t.Fatalf("deploy.sh ended before it could be interrupted: %v\n%s", err, said)
		case <-time.After(100 * time.Millisecond):
		}
		if time.Since(begun) > cluster.Patience {
			t.Fatalf("deploy.sh waits for nothing\n%s", said)
		}
	}
}

// schedule lets nodes take pods, or not.
func (s *suite) schedule(t *testing.T, may bool) {
	t.Helper()
	client, err := kubernetes.NewForConfig(s.cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := client.CoreV1().Nodes().List(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range nodes.Items {
		patch := fmt.Sprintf(`[{"op": "add", "path": "/spec/unschedulable", "value": %t}]`, !may)
		if _, err := client.CoreV1().Nodes().Patch(context.Background(), node.Name, "application/json-patch+json", []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if may {
		return
	}
	time.Sleep(500 * time.Millisecond)
}
