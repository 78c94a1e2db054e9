package operators

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/template"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/yaml"
)

// A file is named by the resource that it stands for; its text is a template over the object, and yields a made.
//
//go:embed standins
var standins embed.FS

// Operators are the stand-ins that run.
type Operators struct {
	client dynamic.Interface

	mu     sync.Mutex
	done   map[types.UID]int64 // the generation that was served
	failed error
}

// made is what an operator makes of one resource.
type made struct {
	Status   map[string]any `json:"status"` // conditions are names: each is set to True
	Pods     []pods         `json:"pods"`
	Services []service      `json:"services"`
	Secrets  []secret       `json:"secrets"`
}

type pods struct {
	Name     string            `json:"name"`
	Replicas int64             `json:"replicas"` // 1 when absent
	Account  string            `json:"account"`
	Labels   map[string]string `json:"labels"`
	Ports    map[string]int64  `json:"ports"`
	Services []service         `json:"services"` // in front of these pods
}

type service struct {
	Name     string            `json:"name"`
	Headless bool              `json:"headless"`
	Labels   map[string]string `json:"labels"` // of the pods
	Ports    map[string]int64  `json:"ports"`
}

type secret struct {
	Name string   `json:"name"`
	Keys []string `json:"keys"`
}

// Kinds lists the resources that are stood in for, as "clusters.v1.postgresql.cnpg.io", sorted.
func Kinds() ([]string, error) {
	entries, err := standins.ReadDir("standins")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, each := range entries {
		names = append(names, strings.TrimSuffix(each.Name(), ".yaml"))
	}
	return names, nil
}

// Run serves every resource until the context ends.
func Run(ctx context.Context, config *rest.Config) (*Operators, error) {
	config = rest.CopyConfig(config)
	config.WarningHandler = rest.NoWarnings{} // not every status has the generation
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	o := &Operators{client: client, done: map[types.UID]int64{}}
	factory := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
	kinds, err := Kinds()
	if err != nil {
		return nil, err
	}
	for _, kind := range kinds {
		text, err := standins.ReadFile("standins/" + kind + ".yaml")
		if err != nil {
			return nil, err
		}
		parsed, err := template.New(kind).Option("missingkey=zero").Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("read the stand-in of %s: %w", kind, err)
		}
		resource, _ := schema.ParseResourceArg(kind)
		if resource == nil {
			return nil, fmt.Errorf("%s names no resource", kind)
		}
		serve := func(object any) {
			if each, ok := object.(*unstructured.Unstructured); ok && each.GetDeletionTimestamp() == nil {
				o.note(o.serve(ctx, *resource, parsed, each))
			}
		}
		handler := cache.ResourceEventHandlerFuncs{AddFunc: serve, UpdateFunc: func(_, object any) { serve(object) }}
		if _, err := factory.ForResource(*resource).Informer().AddEventHandler(handler); err != nil {
			return nil, fmt.Errorf("watch %s: %w", kind, err)
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	return o, nil
}

// Failed returns what went wrong since it was asked last.
func (o *Operators) Failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	failed := o.failed
	o.failed = nil
	return failed
}

func (o *Operators) note(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed = errors.Join(o.failed, err)
}

func (o *Operators) serve(ctx context.Context, resource schema.GroupVersionResource, stand *template.Template, owner *unstructured.Unstructured) error {
	o.mu.Lock()
	served := o.done[owner.GetUID()] == owner.GetGeneration()
	o.done[owner.GetUID()] = owner.GetGeneration()
	o.mu.Unlock()
	if served {
		return nil
	}
	name := stand.Name() + " " + owner.GetNamespace() + "/" + owner.GetName()
	var text bytes.Buffer
	if err := stand.Execute(&text, owner.Object); err != nil {
		return fmt.Errorf("stand in for %s: %w", name, err)
	}
	var result made
	if err := yaml.UnmarshalStrict(text.Bytes(), &result); err != nil {
		return fmt.Errorf("stand in for %s: %w", name, err)
	}
	for _, object := range result.objects() {
		if err := o.apply(ctx, object, owner); err != nil && !gone(err) {
			return fmt.Errorf("make %s %s for %s: %w", object.GetKind(), object.GetName(), name, err)
		}
	}
	patch, err := json.Marshal(map[string]any{"status": status(result.Status, owner.GetGeneration())})
	if err != nil {
		return fmt.Errorf("encode the status of %s: %w", name, err)
	}
	_, err = o.client.Resource(resource).Namespace(owner.GetNamespace()).Patch(ctx, owner.GetName(), types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil && !gone(err) {
		return fmt.Errorf("set the status of %s: %w", name, err)
	}
	return nil
}

// gone says whether an error only tells that the owner, or its namespace, is being deleted.
func gone(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.HasStatusCause(err, "NamespaceTerminating")
}

// status writes out the conditions.
func status(fields map[string]any, generation int64) map[string]any {
	all := maps.Clone(fields)
	all["observedGeneration"] = generation
	names, ok := fields["conditions"].([]any)
	if !ok {
		return all
	}
	var conditions []any
	for _, name := range names {
		conditions = append(conditions, map[string]any{
			"type": name, "status": "True", "reason": "StandIn", "message": "set by a stand-in for the operator",
			"lastTransitionTime": time.Now().UTC().Format(time.RFC3339), //nolint:forbidigo // that is what the field is for
		})
	}
	all["conditions"] = conditions
	return all
}

func (o *Operators) apply(ctx context.Context, object, owner *unstructured.Unstructured) error {
	kind := owner.GroupVersionKind()
	object.SetNamespace(owner.GetNamespace())
	object.SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion: kind.GroupVersion().String(), Kind: kind.Kind, Name: owner.GetName(), UID: owner.GetUID(), Controller: new(true),
	}})
	resources := map[string]schema.GroupVersionResource{
		"StatefulSet": {Group: "apps", Version: "v1", Resource: "statefulsets"},
		"Service":     {Version: "v1", Resource: "services"},
		"Secret":      {Version: "v1", Resource: "secrets"},
	}
	_, err := o.client.Resource(resources[object.GetKind()]).Namespace(owner.GetNamespace()).
		Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "operator", Force: true})
	return err
}

func (m made) objects() []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	for _, each := range m.Secrets {
		all = append(all, each.object())
	}
	for _, each := range m.Services {
		all = append(all, each.object())
	}
	for _, each := range m.Pods {
		for _, front := range each.Services {
			front.Labels = each.Labels
			all = append(all, front.object())
		}
		all = append(all, each.object())
	}
	return all
}

// object is a StatefulSet whose pods satisfy the restricted level, as those of the operators are configured to.
func (p pods) object() *unstructured.Unstructured {
	container := map[string]any{
		"name": "stand-in", "image": "registry.invalid/stand-in:1",
		"ports": named(p.Ports, "containerPort"),
		"securityContext": map[string]any{
			"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": map[string]any{"drop": []any{"ALL"}},
		},
	}
	spec := map[string]any{
		"automountServiceAccountToken": false,
		"containers":                   []any{container},
		"securityContext":              map[string]any{"runAsNonRoot": true, "runAsUser": int64(10001), "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
	}
	if p.Account != "" {
		spec["serviceAccountName"] = p.Account
	}
	return object("apps/v1", "StatefulSet", p.Name, map[string]any{"spec": map[string]any{
		"replicas":            max(p.Replicas, 1),
		"podManagementPolicy": "Parallel",
		"selector":            map[string]any{"matchLabels": texts(p.Labels)},
		"template":            map[string]any{"metadata": map[string]any{"labels": texts(p.Labels)}, "spec": spec},
	}})
}

func (s service) object() *unstructured.Unstructured {
	spec := map[string]any{"selector": texts(s.Labels), "ports": named(s.Ports, "port")}
	if s.Headless {
		spec["clusterIP"] = "None"
	}
	made := object("v1", "Service", s.Name, map[string]any{"spec": spec})
	// monitors select Services by the labels of the pods
	made.SetLabels(s.Labels)
	return made
}

func (s secret) object() *unstructured.Unstructured {
	data := map[string]any{}
	for _, key := range s.Keys {
		data[key] = "made by a stand-in"
	}
	return object("v1", "Secret", s.Name, map[string]any{"stringData": data})
}

func object(version, kind, name string, fields map[string]any) *unstructured.Unstructured {
	fields["apiVersion"], fields["kind"], fields["metadata"] = version, kind, map[string]any{"name": name}
	return &unstructured.Unstructured{Object: fields}
}

func named(ports map[string]int64, field string) []any {
	var all []any
	for _, name := range slices.Sorted(maps.Keys(ports)) {
		all = append(all, map[string]any{"name": name, field: ports[name], "protocol": "TCP"})
	}
	return all
}

func texts(labels map[string]string) map[string]any {
	all := map[string]any{}
	for key, value := range labels {
		all[key] = value
	}
	return all
}
