package kube

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"

	"platc.dev/platc/e2e/cluster"
)

// ready waits until every object that a controller serves is served, for as long as controllers do something; it names those that are not.
func (s *suite) ready(t *testing.T, g *graph, result *row) {
	begun := time.Now()
	moved, last := begun, ""
	for {
		live := s.snapshot(t)
		problems := unserved(live)
		result.live = len(live)
		if len(problems) == 0 {
			return
		}
		now := fmt.Sprint(len(live), problems)
		if now != last {
			moved, last = time.Now(), now
		}
		if time.Since(moved) > cluster.Quiet || time.Since(begun) > cluster.Patience {
			result.unready = len(problems)
			t.Fatalf("after %.0f s, %.0f s without a change:\n%s", time.Since(begun).Seconds(), time.Since(moved).Seconds(), strings.Join(problems, "\n"))
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// unserved says what a controller has not done, or cannot do.
func unserved(live map[string]*unstructured.Unstructured) []string {
	var problems []string
	problem := func(object *unstructured.Unstructured, format string, args ...any) {
		problems = append(problems, cluster.Key(object)+" "+fmt.Sprintf(format, args...))
	}
	endpoints := readyEndpoints(live)
	for _, key := range slices.Sorted(maps.Keys(live)) {
		object := live[key]
		number := func(fields ...string) int64 {
			n, _, err := unstructured.NestedInt64(object.Object, fields...)
			if err != nil {
				return -1
			}
			return n
		}
		switch object.GetKind() {
		case "Deployment", "StatefulSet":
			if !cluster.Ready(object) {
				problem(object, "is not ready: %s", scalar(object.Object["status"]))
			}
		case "Job":
			suspended, _, err := unstructured.NestedBool(object.Object, "spec", "suspend")
			if !cluster.Condition(object, "Complete") && !suspended || err != nil {
				problem(object, "has not finished: %s", scalar(object.Object["status"]))
			}
		case "Pod":
			if phase, _, err := unstructured.NestedString(object.Object, "status", "phase"); err != nil || phase != "Running" && phase != "Succeeded" {
				problem(object, "is %q", phase)
			}
		case "PersistentVolumeClaim":
			if phase, _, err := unstructured.NestedString(object.Object, "status", "phase"); err != nil || phase != "Bound" {
				problem(object, "is %q", phase)
			}
		case "HorizontalPodAutoscaler":
			// nothing measures the pods here, but the target was found and its size could be set
			if !cluster.Condition(object, "AbleToScale") {
				problem(object, "cannot scale its target: %s", scalar(object.Object["status"]))
			}
			if least := number("spec", "minReplicas"); number("status", "currentReplicas") < least {
				problem(object, "has not brought its target to %d pods: %s", least, scalar(object.Object["status"]))
			}
		case "PodDisruptionBudget":
			if number("status", "observedGeneration") < object.GetGeneration() || number("status", "expectedPods") < 1 ||
				number("status", "currentHealthy") != number("status", "expectedPods") || number("status", "disruptionsAllowed") < 1 {
				problem(object, "does not match its pods: %s", scalar(object.Object["status"]))
			}
		case "Service":
			selector, _, err := unstructured.NestedStringMap(object.Object, "spec", "selector")
			if err != nil || len(selector) != 0 && endpoints[object.GetNamespace()+"/"+object.GetName()] == 0 {
				problem(object, "has no endpoint")
			}
		}
	}
	return problems
}

// readyEndpoints counts the endpoints of each Service that have an address for each of its ports.
func readyEndpoints(live map[string]*unstructured.Unstructured) map[string]int {
	counts := map[string]int{}
	for _, object := range live {
		if object.GetKind() != "EndpointSlice" {
			continue
		}
		service := object.GetNamespace() + "/" + object.GetLabels()["kubernetes.io/service-name"]
		ports, _, err := unstructured.NestedSlice(object.Object, "ports")
		if err != nil || len(ports) == 0 {
			continue
		}
		owner := live["/Service/"+service]
		if owner == nil {
			continue
		}
		if wanted, _, err := unstructured.NestedSlice(owner.Object, "spec", "ports"); err != nil || len(wanted) != len(ports) {
			continue // a named port that the pods do not have
		}
		addresses, _, err := unstructured.NestedSlice(object.Object, "endpoints")
		if err != nil {
			continue
		}
		for _, each := range addresses {
			if endpoint, ok := each.(map[string]any); ok {
				if ready, _, err := unstructured.NestedBool(endpoint, "conditions", "ready"); err == nil && ready {
					counts[service]++
				}
			}
		}
	}
	return counts
}

// podSecurity demands the labels of the level, and asks the server to refuse a privileged pod where the level does. The level is
// restricted, but baseline or privileged where platc said so (W0117), and privileged where images are built.
func (s *suite) podSecurity(t *testing.T, g *graph) {
	client, err := kubernetes.NewForConfig(s.cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	for _, objects := range []map[string]*unstructured.Unstructured{g.want, g.extra} {
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			if objects[key].GetKind() == "Namespace" {
				s.enforces(t, g, client, objects[key])
			}
		}
	}
}

func (s *suite) enforces(t *testing.T, g *graph, client kubernetes.Interface, namespace *unstructured.Unstructured) {
	t.Helper()
	name, labels := namespace.GetName(), namespace.GetLabels()
	enforce := labels["pod-security.kubernetes.io/enforce"]
	builds := strings.HasSuffix(name, "-build")
	for _, mode := range []string{"enforce", "audit", "warn"} {
		level := labels["pod-security.kubernetes.io/"+mode]
		lowered := builds || mode == "enforce" && lowers(g.warned, name)
		if level != "restricted" && !lowered {
			t.Errorf("the namespace %s has %s %q instead of restricted", name, mode, level)
		}
		if version := labels["pod-security.kubernetes.io/"+mode+"-version"]; level != "" && version != "latest" {
			t.Errorf("the namespace %s has %s-version %q instead of latest", name, mode, version)
		}
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "intruder"},
		Spec: corev1.PodSpec{HostNetwork: true, Containers: []corev1.Container{{
			Name: "intruder", Image: "registry.invalid/intruder:1", SecurityContext: &corev1.SecurityContext{Privileged: new(true)},
		}}},
	}
	_, err := client.CoreV1().Pods(name).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	refused := apierrors.IsForbidden(err) && strings.Contains(err.Error(), "violates PodSecurity")
	if refused == (enforce == "privileged") {
		t.Errorf("the namespace %s enforces %q, and to a privileged pod the server says: %v", name, enforce, err)
	}
}

// lowers says whether platc warned that the namespace enforces less than restricted.
func lowers(warned, namespace string) bool {
	for line := range strings.Lines(warned) {
		if strings.Contains(line, "W0117") && strings.Contains(line, namespace) {
			return true
		}
	}
	return false
}
