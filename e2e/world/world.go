package world

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"platc.dev/platc/e2e/netpol"
)

// Finding is a reference that leads nowhere.
type Finding struct {
	Object  string // "Deployment shop/orders"
	Field   string // "spec.template.spec.containers[0].envFrom[1].secretRef"
	Problem string // "there is no Secret shop/orders-cloud"
}

func (f Finding) String() string { return f.Object + " " + f.Field + ": " + f.Problem }

// key names an object: kind and group, namespace ("" for cluster-wide ones), name.
type key struct{ kind, namespace, name string }

func (k key) String() string {
	kind, _, _ := strings.Cut(k.kind, ".")
	if k.namespace == "" {
		return kind + " " + k.name
	}
	return kind + " " + k.namespace + "/" + k.name
}

// world is all that may be referred to.
type world struct {
	objects  map[key]unstructured.Unstructured
	made     map[key]bool           // what operators and controllers make of the objects, and what is on every cluster
	services map[key]corev1.Service // emitted and operator-made
	pods     []netpol.Pod           // of workloads, operators and meshes
	asked    int
	findings []Finding
}

// Report is what Check found, and how much it looked at.
type Report struct {
	References int
	Findings   []Finding
}

// Check follows every reference of the objects. The values of Secrets may be encrypted: what is not a host is not looked at.
func Check(objects []unstructured.Unstructured) *Report {
	w := &world{objects: map[key]unstructured.Unstructured{}, made: map[key]bool{}, services: map[key]corev1.Service{}}
	for _, o := range objects {
		w.objects[keyOf(o)] = o
	}
	w.pods = netpol.Pods(objects)
	w.operators()
	for _, k := range slices.SortedFunc(maps.Keys(w.objects), compareKeys) {
		o := w.objects[k]
		if len(o.GetOwnerReferences()) > 0 {
			continue // a controller made it, and looks after it
		}
		at := place{w: w, object: k}
		at.walk("", o.Object)
		at.kindOf(o)
		at.hosts(o)
	}
	slices.SortFunc(w.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Problem, b.Problem))
	})
	return &Report{References: w.asked, Findings: slices.Compact(w.findings)}
}

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
}

func keyOf(o unstructured.Unstructured) key {
	return key{o.GroupVersionKind().GroupKind().String(), o.GetNamespace(), o.GetName()}
}

// into reads an object as its API type. The API server, or kustomize, has read it before, so that it fits.
func into[T any](object map[string]any) T {
	var t T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, &t); err != nil {
		panic(err)
	}
	return t
}

// has says whether something is there: emitted, or made by an operator.
func (w *world) has(k key) bool {
	_, emitted := w.objects[k]
	return emitted || w.made[k]
}

// namespace says whether one is there, or is brought by an installation.
func (w *world) namespace(name string) bool { return w.has(key{"Namespace", "", name}) }

// keys are those of a Secret or ConfigMap.
func (w *world) keys(k key) map[string]bool {
	all := map[string]bool{}
	for _, field := range []string{"data", "stringData", "binaryData"} {
		data, _, _ := unstructured.NestedMap(w.objects[k].Object, field)
		for name := range data {
			all[name] = true
		}
	}
	return all
}

// selected are the pods of some namespaces that a selector picks; nil namespaces mean all.
func (w *world) selected(namespaces []string, s labels.Selector) []netpol.Pod {
	var all []netpol.Pod
	for _, p := range w.pods {
		if (namespaces == nil || slices.Contains(namespaces, p.Namespace)) && s.Matches(labels.Set(p.Labels)) {
			all = append(all, p)
		}
	}
	return all
}

// place is an object whose references are followed.
type place struct {
	w      *world
	object key
}

func (at place) find(field, format string, args ...any) {
	at.w.findings = append(at.w.findings, Finding{Object: at.object.String(), Field: strings.TrimPrefix(field, "."), Problem: fmt.Sprintf(format, args...)})
}

// need asks for an object of the own namespace.
func (at place) need(field, kind, name string) {
	at.needIn(field, key{kind, at.object.namespace, name})
}

func (at place) needIn(field string, k key) {
	at.w.asked++
	if !at.w.has(k) {
		at.find(field, "there is no %s", k)
	}
}

// needKey asks for a key of a Secret or ConfigMap.
func (at place) needKey(field, kind, name, entry string) {
	k := key{kind, at.object.namespace, name}
	at.w.asked++
	switch {
	case at.w.made[k]:
	case !at.w.has(k):
		at.find(field, "there is no %s", k)
	case !at.w.keys(k)[entry]:
		at.find(field, "%s has no key %s", k, entry)
	}
}

// selects asks a selector for pods.
func (at place) selects(field string, namespaces []string, given map[string]any) []netpol.Pod {
	at.w.asked++
	selector := into[metav1.LabelSelector](given)
	s, err := metav1.LabelSelectorAsSelector(&selector)
	if err != nil {
		at.find(field, "is no selector: %v", err)
		return nil
	}
	pods := at.w.selected(namespaces, s)
	if len(pods) == 0 && !at.w.comesLater(given) {
		at.find(field, "selects no pod: %s", s)
	}
	return pods
}

func (at place) own() []string { return []string{at.object.namespace} }

// text is a nested string; "" without it.
func text(object map[string]any, path ...string) string {
	s, _, _ := unstructured.NestedString(object, path...)
	return s
}

// maps of a nested list, with their place.
func each(object map[string]any, path ...string) map[string]map[string]any {
	list, _, _ := unstructured.NestedSlice(object, path...)
	all := map[string]map[string]any{}
	for i, one := range list {
		if m, ok := one.(map[string]any); ok {
			all[fmt.Sprintf("%s[%d]", strings.Join(path, "."), i)] = m
		}
	}
	return all
}

// numeral is a whole number, however the object was read.
func numeral(v any) (int, bool) {
	switch n := v.(type) {
	case int64:
		return int(n), true
	case float64:
		return int(n), true
	}
	return 0, false
}
