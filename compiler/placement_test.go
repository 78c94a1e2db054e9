package compiler_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/kind"
)

// One architecture says everything of pods, volumes and images, for every kind with pods: none of it is lost in what is emitted.
func TestEveryPodHasWhatIsSaidOfPods(t *testing.T) {
	t.Parallel()
	b := knobs(t)
	kinds := map[string]bool{}
	for _, n := range b.Graph.Components() {
		kinds[n.Kind.Name] = true
		for _, row := range b.Plan.Of[n].Rows {
			objects, _ := row.Content.(kind.Objects)
			if strings.Contains(row.Path, "/patch/") {
				continue
			}
			for _, o := range objects {
				for _, lack := range lacks(o) {
					t.Errorf("%s of %s: the %v %v", lack, n.Name, o["kind"], row.Path)
				}
			}
		}
	}
	for name, k := range b.Graph.Library.Kinds {
		if k.Parent == "" && k.Attributes.Field("tolerations") != nil != kinds[name] {
			t.Errorf("the kind %s: is it in the graph? %v", name, kinds[name])
		}
	}
}

// knobs is the architecture with all that is said of pods.
func knobs(t *testing.T) *compiler.Build {
	t.Helper()
	dir := t.TempDir()
	data, err := os.ReadFile("../e2e/graphs/byhand/knobs.cue")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "arch.cue"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	b := compiler.Check(compiler.Input{Dir: dir, Env: func(string) (string, bool) { return "", false }})
	if b.Findings.HasErrors() {
		t.Fatal(b.Findings.Sorted())
	}
	return b
}

// TestAProcessIsWhereItSays: what a worker says of its pods takes the place of what its component says, whatever the kind.
func TestAProcessIsWhereItSays(t *testing.T) {
	t.Parallel()
	b := knobs(t)
	for _, name := range []string{"orders", "worker"} {
		var text string
		for _, row := range b.Plan.Of[b.Graph.Node(name)].Rows {
			if objects, ok := row.Content.(kind.Objects); ok && strings.HasSuffix(row.Path, "/worker-mails.yaml") {
				text = fmt.Sprint(objects)
			}
		}
		for _, want := range []string{"nodeSelector:map[gpu:true]", "tolerations:[map[operator:Exists]]", "priorityClassName:batch", "cost-center:43", "example.com/owner:team b", "example.com/tier:data"} {
			if !strings.Contains(text, want) {
				t.Errorf("the worker of %s has no %s:\n%s", name, want, text)
			}
		}
		for _, not := range []string{"disk:ssd", "cost-center:42", "priorityClassName:data", "dedicated"} {
			if strings.Contains(text, not) {
				t.Errorf("the worker of %s has %s of its component:\n%s", name, not, text)
			}
		}
	}
}

// lacks are the things that the pods, volumes, images and accounts of an object, or the pods that an operator makes of it, do not have.
func lacks(o kind.Object) []string {
	var all []string
	miss := func(at, what string) { all = append(all, at+" lacks "+what) }
	eachObject(o, "", func(at string, data kind.Object) {
		if data["containers"] != nil {
			for _, field := range []string{"nodeSelector", "tolerations", "priorityClassName"} {
				if data[field] == nil {
					miss(at, field)
				}
			}
		}
		if template, ok := data["template"].(kind.Object); ok && template["spec"] != nil {
			meta, _ := template["metadata"].(kind.Object)
			if labels, _ := meta["labels"].(kind.Object); labels["cost-center"] == nil {
				miss(at, "the label")
			}
			if annotations, _ := meta["annotations"].(kind.Object); annotations["example.com/owner"] == nil {
				miss(at, "the annotation")
			}
		}
		if data["accessModes"] != nil && data["storageClassName"] != "kwok-volume" {
			miss(at, "storageClassName")
		}
		for _, field := range []string{"image", "imageName"} {
			image, ok := data[field].(string)
			if ok && !slices.ContainsFunc([]string{"mirror.example.com:5000/proxy/", "registry.example.com/", "docker.io/axllent/mailpit:"}, func(p string) bool { return strings.HasPrefix(image, p) }) {
				miss(at, "the mirror in "+image)
			}
		}
	})
	text := fmt.Sprint(o)
	want := map[string][]string{
		"ServiceAccount":  {"imagePullSecrets"},
		"Cluster":         {"storageClass:kwok-volume", "nodeSelector", "tolerations", "priorityClassName", "imagePullSecrets", "cost-center", "example.com/owner"},
		"RabbitmqCluster": {"storageClassName:kwok-volume", "imagePullSecrets", "cost-center", "example.com/owner", "nodeSelector", "tolerations", "priorityClassName"},
		"Prometheus":      {"nodeSelector", "tolerations", "priorityClassName", "imagePullSecrets", "cost-center", "example.com/owner"},
		"Kafka":           {"nodeAffinity", "tolerations", "priorityClassName", "imagePullSecrets", "cost-center", "example.com/owner"},
		"KafkaConnect":    {"nodeAffinity", "tolerations", "priorityClassName", "mirror", "cost-center", "example.com/owner"},
		"KafkaNodePool":   {"class:kwok-volume"},
	}
	for _, word := range want[fmt.Sprint(o["kind"])] {
		if !strings.Contains(text, word) {
			miss("", word)
		}
	}
	return all
}

func eachObject(data any, at string, visit func(at string, o kind.Object)) {
	switch d := data.(type) {
	case kind.Object:
		visit(at, d)
		for key, item := range d {
			eachObject(item, at+"."+key, visit)
		}
	case []any:
		for i, item := range d {
			eachObject(item, fmt.Sprintf("%s[%d]", at, i), visit)
		}
	}
}
