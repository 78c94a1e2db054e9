package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
)

// Objects reads and removes objects of every type that the server knows when it is made.
type Objects struct {
	Types []Type // sorted by group and resource, without those that are records of what happened

	client   dynamic.Interface
	baseline map[string]bool // what the control plane itself made
}

// Type is one type of objects.
type Type struct {
	Resource   schema.GroupVersionResource
	Kind       string
	Namespaced bool
}

// Install makes custom resource definitions and waits until they are served.
func (c *Cluster) Install(ctx context.Context, definitions []*unstructured.Unstructured) error {
	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	resource := client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	for _, each := range definitions {
		if _, err := resource.Create(ctx, each, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("make %s: %w", each.GetName(), err)
		}
	}
	return c.wait(ctx, "the custom resource definitions", func(ctx context.Context) (bool, error) {
		list, err := resource.List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		for i := range list.Items {
			if !Condition(&list.Items[i], "Established") {
				return false, nil
			}
		}
		return len(list.Items) >= len(definitions), nil
	})
}

// Objects learns the server's types, and takes what there is now for the control plane's own.
func (c *Cluster) Objects(ctx context.Context) (*Objects, error) {
	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	discoverer, err := discovery.NewDiscoveryClientForConfig(c.Config)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	o := &Objects{client: client, baseline: map[string]bool{}}
	lists, err := discoverer.ServerPreferredResources()
	if err != nil {
		return nil, fmt.Errorf("ask for the server's types: %w", err)
	}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, fmt.Errorf("read the group %q: %w", list.GroupVersion, err)
		}
		for _, each := range list.APIResources {
			record := each.Name == "events" || each.Name == "endpoints" || version.Group == "coordination.k8s.io"
			if !record && slices.Contains(each.Verbs, "list") && slices.Contains(each.Verbs, "delete") && slices.Contains(each.Verbs, "watch") {
				o.Types = append(o.Types, Type{Resource: version.WithResource(each.Name), Kind: each.Kind, Namespaced: each.Namespaced})
			}
		}
	}
	slices.SortFunc(o.Types, func(a, b Type) int { return strings.Compare(a.Resource.String(), b.Resource.String()) })
	before, err := o.list(ctx)
	if err != nil {
		return nil, err
	}
	for _, each := range before {
		o.baseline[Key(each)] = true
	}
	return o, nil
}

// Key names an object within the cluster: group, kind, namespace and name.
func Key(object *unstructured.Unstructured) string {
	kind := object.GroupVersionKind()
	return strings.Join([]string{kind.Group, kind.Kind, object.GetNamespace(), object.GetName()}, "/")
}

// Condition says whether the status has the condition as True.
func Condition(object *unstructured.Unstructured, name string) bool {
	conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
	return err == nil && slices.ContainsFunc(conditions, func(each any) bool {
		condition, ok := each.(map[string]any)
		return ok && condition["type"] == name && condition["status"] == "True"
	})
}

// List returns all objects that the control plane did not make at its start, in the order of Types; the records of their namespaces'
// own certificate authority and default account are left out too.
func (o *Objects) List(ctx context.Context) ([]*unstructured.Unstructured, error) {
	all, err := o.list(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(each *unstructured.Unstructured) bool {
		kind := each.GetKind()
		return o.baseline[Key(each)] || kind == "ConfigMap" && each.GetName() == "kube-root-ca.crt" || kind == "ServiceAccount" && each.GetName() == "default"
	}), nil
}

// list asks for all types, eight at a time: most answers are empty, and the time is that of the way.
func (o *Objects) list(ctx context.Context) ([]*unstructured.Unstructured, error) {
	found, failed := make([][]*unstructured.Unstructured, len(o.Types)), make([]error, len(o.Types))
	slots := make(chan struct{}, 8)
	var group sync.WaitGroup
	for i, each := range o.Types {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			list, err := o.client.Resource(each.Resource).List(ctx, metav1.ListOptions{})
			if err != nil {
				failed[i] = fmt.Errorf("list %s: %w", each.Resource.GroupResource(), err)
				return
			}
			for j := range list.Items {
				found[i] = append(found[i], &list.Items[j])
			}
		})
	}
	group.Wait()
	return slices.Concat(found...), errors.Join(failed...)
}

// Resource returns the client for the objects of a type.
func (o *Objects) Resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := object.GroupVersionKind()
	for _, each := range o.Types {
		if each.Resource.Group == kind.Group && each.Kind == kind.Kind {
			if each.Namespaced {
				return o.client.Resource(each.Resource).Namespace(object.GetNamespace()), nil
			}
			return o.client.Resource(each.Resource), nil
		}
	}
	return nil, fmt.Errorf("the server has no type for %s", kind)
}

// Empty removes all that List returns, namespaces included, and waits until it is gone.
func (o *Objects) Empty(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	for {
		left, err := o.list(ctx)
		if err != nil {
			return err
		}
		left = slices.DeleteFunc(left, func(each *unstructured.Unstructured) bool { return o.baseline[Key(each)] })
		if len(left) == 0 {
			return nil
		}
		if err := o.remove(ctx, left); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d objects are left, the first is %s: %w", len(left), Key(left[0]), ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// remove deletes objects once. Namespaces come first, so that controllers put nothing into them any more; an empty one is let go,
// which would be the work of the namespace controller.
func (o *Objects) remove(ctx context.Context, objects []*unstructured.Unstructured) error {
	options := metav1.DeleteOptions{GracePeriodSeconds: new(int64), PropagationPolicy: new(metav1.DeletePropagationBackground)}
	used := map[string]bool{}
	for _, each := range objects {
		used[each.GetNamespace()] = true
	}
	slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int { return rank(a) - rank(b) })
	for _, each := range objects {
		resource, err := o.Resource(each)
		if err != nil {
			return err
		}
		switch {
		case each.GetDeletionTimestamp() == nil:
			err = resource.Delete(ctx, each.GetName(), options)
		case each.GetKind() == "Namespace" && !used[each.GetName()]:
			if err = unstructured.SetNestedSlice(each.Object, []any{}, "spec", "finalizers"); err == nil {
				_, err = resource.Update(ctx, each, metav1.UpdateOptions{}, "finalize")
			}
		default: // its finalizers are at work
		}
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return errors.Join(fmt.Errorf("delete %s: %w", Key(each), err))
		}
	}
	return nil
}

func rank(object *unstructured.Unstructured) int {
	if object.GetKind() == "Namespace" {
		return 0
	}
	return 1
}
