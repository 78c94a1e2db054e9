package kube

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"platc.dev/platc/e2e/cluster"
)

// script is a call of an emitted script, with stock programs, a key, and places of its own for temporary files.
func (s *suite) script(t *testing.T, g *graph, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(g.tree, "scripts", name), args...)
	cmd.Dir = g.dir
	cmd.Env = []string{
		"PATH=" + s.path, "KUBECONFIG=" + s.cluster.Kubeconfig, "SOPS_AGE_KEY_FILE=" + g.key(), "ROLLOUT_TIMEOUT=300",
		"HOME=" + filepath.Join(g.private, "home"), "TMPDIR=" + filepath.Join(g.private, "tmp"), "XDG_RUNTIME_DIR=" + filepath.Join(g.private, "runtime"),
		"KUBECACHEDIR=" + filepath.Join(s.work, "discovery"),
	}
	return cmd
}

// deploy runs scripts/deploy.sh, or applies a large graph at once.
func (s *suite) deploy(t *testing.T, g *graph, result *row) {
	result.objects = len(g.want) + len(g.extra)
	begun := time.Now()
	if g.large() {
		result.deploy = "kubectl"
		s.apply(t, g, result, g.want)
		return
	}
	cmd := s.script(t, g, "deploy.sh")
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		result.refused++
		t.Fatalf("deploy.sh: %v\n%s%s", err, out, &problems)
	}
	result.warnings += g.judgeWarnings(t, problems.String())
	result.deploy = fmt.Sprintf("deploy.sh, %.1fs", time.Since(begun).Seconds())
}

// apply hands objects to kubectl at once: namespaces, then the rest.
func (s *suite) apply(t *testing.T, g *graph, result *row, objects map[string]*unstructured.Unstructured) {
	t.Helper()
	keys := slices.SortedFunc(maps.Keys(objects), func(a, b string) int {
		if first := boolRank(objects[b].GetKind() == "Namespace") - boolRank(objects[a].GetKind() == "Namespace"); first != 0 {
			return first
		}
		return strings.Compare(a, b)
	})
	var text bytes.Buffer
	for _, key := range keys {
		document, err := yaml.Marshal(objects[key].Object)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "---\n%s", document)
	}
	if text.Len() == 0 {
		return
	}
	cmd := exec.CommandContext(t.Context(), s.kubectl, "apply", "--server-side", "--validate=strict", "--field-manager=platc", "-f", "-")
	cmd.Env = s.script(t, g, "deploy.sh").Env
	cmd.Stdin = &text
	var problems bytes.Buffer
	cmd.Stderr = &problems
	if _, err := cmd.Output(); err != nil {
		result.refused += strings.Count(problems.String(), "\n")
		t.Errorf("kubectl apply --server-side --validate=strict: %v\n%s", err, &problems)
	}
	result.warnings += g.judgeWarnings(t, problems.String())
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// judgeWarnings finds what a server or a client warned of. Pods that an architecture asks to run below the restricted level, which platc
// itself says (W0117), are warned of on purpose, and so are those that build images (docs/checks.md, JDG-02).
func (g *graph) judgeWarnings(t *testing.T, text string) int {
	t.Helper()
	warnings := 0
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "Warning:") {
			continue
		}
		if strings.Contains(line, "would violate PodSecurity") {
			builder := strings.Contains(line, `container "buildkit"`) || strings.Contains(line, `container "kaniko"`)
			if builder || strings.Contains(g.warned, "W0117") {
				continue
			}
		}
		warnings++
		t.Error(strings.TrimSpace(line))
	}
	return warnings
}

// inOrder compares when objects were made and ready with the start-up order of README.md, from the revisions of the server.
func (s *suite) inOrder(t *testing.T, g *graph) {
	if g.large() {
		return // applied at once
	}
	begun := time.Now()
	problems, complete := g.order(s.recorder.Lives())
	for !complete && time.Since(begun) < cluster.Quiet {
		time.Sleep(200 * time.Millisecond) // the recorder hears of it a moment later than the script
		problems, complete = g.order(s.recorder.Lives())
	}
	for _, problem := range problems {
		t.Error(problem)
	}
}

// order says what was not in order, and whether every workload was ready already.
func (g *graph) order(lives []cluster.Life) (problems []string, complete bool) {
	complete = true
	first, last, slowest := map[string]uint64{}, map[string]uint64{}, map[string]string{}
	for _, life := range lives {
		key := cluster.Key(life.Object)
		name := g.owner[key]
		if name == "" {
			continue
		}
		if first[name] == 0 || life.Created < first[name] {
			first[name] = life.Created
		}
		done := life.Created
		switch life.Object.GetKind() {
		case "Deployment", "StatefulSet", "Job":
			if done = life.Ready; done == 0 {
				complete = false
				problems = append(problems, key+" was never ready")
			}
		}
		if done > last[name] {
			last[name], slowest[name] = done, key
		}
	}
	for _, each := range g.components {
		for _, before := range each.after {
			if first[each.name] != 0 && last[before] > first[each.name] {
				problems = append(problems, fmt.Sprintf("%s starts after %s, but its first object was made (revision %d) before %s was there (revision %d)",
					each.name, before, first[each.name], slowest[before], last[before]))
			}
		}
	}
	return problems, complete
}

// strictly applies everything once more with strict validation, the build and day-2 kustomizations too, and without taking a field from
// another manager by force. Nothing that was there may change but what controllers write.
func (s *suite) strictly(t *testing.T, g *graph, result *row) {
	before := s.snapshot(t)
	s.apply(t, g, result, g.want)
	result.changed += compare(t, before, s.snapshot(t))
	s.apply(t, g, result, g.extra)
	for _, objects := range []map[string]*unstructured.Unstructured{g.want, g.extra} {
		for _, each := range slices.Sorted(maps.Keys(objects)) {
			s.asEmitted(t, objects[each])
		}
	}
}

// snapshot is what is there, without what controllers write.
func (s *suite) snapshot(t *testing.T) map[string]*unstructured.Unstructured {
	t.Helper()
	objects, err := s.objects.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*unstructured.Unstructured{}
	for _, each := range objects {
		all[cluster.Key(each)] = each
	}
	return all
}

// compare reports what of before is no longer the same.
func compare(t *testing.T, before, after map[string]*unstructured.Unstructured) int {
	t.Helper()
	changed := 0
	for _, key := range slices.Sorted(maps.Keys(before)) {
		old, now := before[key], after[key]
		if old.GetLabels()["app.kubernetes.io/managed-by"] != "platc" || len(old.GetOwnerReferences()) != 0 {
			continue
		}
		if now == nil || old.GetUID() != now.GetUID() {
			changed++
			t.Errorf("%s was replaced", key)
			continue
		}
		if a, b := stable(old), stable(now); !reflect.DeepEqual(a, b) {
			changed++
			t.Errorf("%s changed:\n%s", key, difference(a, b))
		}
	}
	return changed
}

// stable is an object without its status, and without what the server counts.
func stable(object *unstructured.Unstructured) map[string]any {
	copied := object.DeepCopy().Object
	delete(copied, "status")
	for _, field := range []string{"resourceVersion", "managedFields"} {
		unstructured.RemoveNestedField(copied, "metadata", field)
	}
	return copied
}

func difference(a, b any) string {
	lines := func(value any) []string {
		text, err := yaml.Marshal(value)
		if err != nil {
			return []string{err.Error()}
		}
		return strings.Split(string(text), "\n")
	}
	before, after := lines(a), lines(b)
	var changes []string
	for _, line := range before {
		if !slices.Contains(after, line) {
			changes = append(changes, "- "+line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			changes = append(changes, "+ "+line)
		}
	}
	return strings.Join(changes, "\n")
}

// asEmitted demands that every field that was emitted is there as it was emitted: neither dropped nor written in another way by the
// server, which every comparison with the emitted tree would show for ever.
func (s *suite) asEmitted(t *testing.T, want *unstructured.Unstructured) {
	t.Helper()
	resource, err := s.objects.Resource(want)
	if err != nil {
		t.Error(err)
		return
	}
	live, err := resource.Get(t.Context(), want.GetName(), metav1.GetOptions{})
	if err != nil {
		t.Error(err)
		return
	}
	emitted := want.DeepCopy().Object
	if want.GetKind() == "Secret" {
		delete(emitted, "data") // compared by secretsArrive: Kustomize breaks long values into lines
	}
	for _, problem := range missing("", emitted, live.Object) {
		t.Errorf("%s: %s", cluster.Key(want), problem)
	}
}

// missing names the fields of want that live has not, or has otherwise.
func missing(path string, want, live any) []string {
	switch want := want.(type) {
	case map[string]any:
		has, ok := live.(map[string]any)
		if !ok && len(want) != 0 {
			return []string{fmt.Sprintf("%s is not there", path)}
		}
		var problems []string
		for _, key := range slices.Sorted(maps.Keys(want)) {
			problems = append(problems, missing(path+"."+key, want[key], has[key])...)
		}
		return problems
	case []any:
		has, _ := live.([]any)
		if len(has) != len(want) {
			return []string{fmt.Sprintf("%s has %d entries instead of %d", path, len(has), len(want))}
		}
		var problems []string
		for i := range want {
			problems = append(problems, missing(fmt.Sprintf("%s[%d]", path, i), want[i], has[i])...)
		}
		return problems
	default:
		if a, b := scalar(want), scalar(live); a != b {
			return []string{fmt.Sprintf("%s is %s, emitted was %s", path, b, a)}
		}
		return nil
	}
}

func scalar(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// prune removes the link of a graph that is there for one, deploys with --prune, and demands that exactly the objects go that are no longer
// rendered, but for what owns data. A dry run before that must neither fail nor change anything.
func (s *suite) prune(t *testing.T, g *graph, result *row) {
	if !strings.HasPrefix(g.name, "link-") {
		result.pruned = "-"
		return
	}
	before, old := s.snapshot(t), g.everything()
	g.withoutLink(t)
	if g.refused(t, s, "E0206") {
		result.pruned = "needed"
		return
	}
	if err := g.build(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	gone, _ := s.pruned(t, g, before, old)
	result.pruned = fmt.Sprintf("%d of %d", gone, len(before))
}

// vanish removes a component that had a namespace of its own, and demands that what it had goes as well.
func (s *suite) vanish(t *testing.T, g *graph, name string) {
	before, old, namespace := s.snapshot(t), g.everything(), ""
	for _, each := range g.components {
		if each.name == name {
			namespace = each.namespace
		}
	}
	g.rewrite(t, func(architecture map[string]any) { unstructured.RemoveNestedField(architecture, "components", name) })
	if err := g.build(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	gone, said := s.pruned(t, g, before, old)
	if gone == 0 {
		t.Errorf("nothing of %s was deleted", name)
	}
	if !strings.Contains(said, "kept, because a namespace is never deleted: Namespace "+namespace+"\n") {
		t.Errorf("deploy.sh --prune does not name the namespace %s, which it keeps:\n%s", namespace, said)
	}
}

// pruned deploys with --prune, after a dry run, and returns how many objects are gone and what the script said.
func (s *suite) pruned(t *testing.T, g *graph, before, old map[string]*unstructured.Unstructured) (gone int, said string) {
	t.Helper()
	if out, err := s.script(t, g, "deploy.sh", "--dry-run", "--prune").CombinedOutput(); err != nil {
		t.Errorf("deploy.sh --dry-run --prune: %v\n%s", err, out)
	}
	compare(t, before, s.snapshot(t))
	cmd := s.script(t, g, "deploy.sh", "--prune")
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("deploy.sh --prune: %v\n%s%s", err, out, &problems)
	}
	after, now := s.snapshot(t), g.everything()
	for _, key := range slices.Sorted(maps.Keys(before)) {
		object := before[key]
		if object.GetLabels()["app.kubernetes.io/managed-by"] != "platc" || len(object.GetOwnerReferences()) != 0 {
			continue
		}
		_, was := old[key]
		_, is := now[key]
		kept := ownsData(object)
		switch there := after[key] != nil; {
		case was && !is && !kept && there:
			t.Errorf("%s is no longer rendered, but was not deleted", key)
		case was && !is && kept && !there:
			t.Errorf("%s owns data, but was deleted", key)
		case (is || !was) && !there && object.GetKind() != "Job":
			t.Errorf("%s was deleted, but is rendered or not of this tree", key)
		case !there:
			gone++
		}
	}
	for _, key := range slices.Sorted(maps.Keys(g.want)) {
		if after[key] == nil {
			t.Errorf("%s is rendered, but is not there", key)
		}
	}
	return gone, problems.String()
}

// everything is what the kustomizations of the graph render to, those of builds and day 2 too.
func (g *graph) everything() map[string]*unstructured.Unstructured {
	all := maps.Clone(g.want)
	maps.Copy(all, g.extra)
	return all
}

func ownsData(object *unstructured.Unstructured) bool {
	switch object.GetKind() {
	case "Namespace", "PersistentVolumeClaim", "StatefulSet":
		return true
	default:
		return object.GetAnnotations()["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
	}
}

// withoutLink rewrites arch.cue without the only link of the component that the graph is named after.
func (g *graph) withoutLink(t *testing.T) {
	t.Helper()
	g.rewrite(t, func(architecture map[string]any) {
		source, _, _ := strings.Cut(strings.TrimPrefix(g.name, "link-"), "-to-")
		component, found, err := unstructured.NestedMap(architecture, "components", "a-"+source)
		if err != nil || !found {
			t.Fatalf("the graph has no component a-%s (%v)", source, err)
		}
		if removed := dropLinks(component); removed != 1 {
			t.Fatalf("a-%s has %d links instead of one", source, removed)
		}
		if err := unstructured.SetNestedMap(architecture, component, "components", "a-"+source); err != nil {
			t.Fatal(err)
		}
	})
}

// rewrite changes arch.cue, which is JSON here.
func (g *graph) rewrite(t *testing.T, change func(architecture map[string]any)) {
	t.Helper()
	path := filepath.Join(g.dir, "arch.cue")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var architecture map[string]any
	if err := json.Unmarshal(text, &architecture); err != nil {
		t.Fatal(err)
	}
	// a link to a whole server means a resource of it, whose data the build would not leave behind without a reason
	retired := map[string]any{}
	for name := range architecture["components"].(map[string]any) {
		retired[name] = "the test removes it"
	}
	architecture["retired"] = retired
	change(architecture)
	if text, err = json.MarshalIndent(architecture, "", "\t"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// dropLinks removes the links of a component and its sub-components, and says how many there were.
func dropLinks(component map[string]any) int {
	removed := 0
	if links, ok := component["links"].(map[string]any); ok {
		removed = len(links)
		delete(component, "links")
	}
	for _, value := range component {
		if below, ok := value.(map[string]any); ok {
			removed += dropLinks(below)
		}
	}
	return removed
}
