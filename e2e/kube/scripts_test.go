package kube

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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
