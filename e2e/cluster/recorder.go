package cluster

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	toolswatch "k8s.io/client-go/tools/watch"
)

// Recorder notes when objects were made and first ready, in revisions of the server's one log.
type Recorder struct {
	mu   sync.Mutex
	seen map[types.UID]*Life
}

// Life is what a Recorder knows of one object. Ready is 0 until the object was ready, and for what cannot be.
type Life struct {
	Object         *unstructured.Unstructured // as it was made
	Created, Ready uint64                     // revisions
}

// Record watches all types until the context ends.
func (o *Objects) Record(ctx context.Context) (*Recorder, error) {
	r := &Recorder{seen: map[types.UID]*Life{}}
	for _, each := range o.Types {
		resource := o.client.Resource(each.Resource)
		list, err := resource.List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", each.Resource.GroupResource(), err)
		}
		watcher, err := toolswatch.NewRetryWatcherWithContext(ctx, list.GetResourceVersion(), &cache.ListWatch{
			WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
				return resource.Watch(ctx, options)
			},
			ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
				return resource.List(ctx, options)
			},
		})
		if err != nil {
			return nil, fmt.Errorf("watch %s: %w", each.Resource.GroupResource(), err)
		}
		go func() {
			for event := range watcher.ResultChan() {
				// what goes was not made now
				if object, ok := event.Object.(*unstructured.Unstructured); ok && event.Type != watch.Deleted && object.GetDeletionTimestamp() == nil {
					r.note(object)
				}
			}
		}()
	}
	return r, nil
}

// Forget begins anew.
func (r *Recorder) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = map[types.UID]*Life{}
}

// Lives returns what was noted since Forget, in no order.
func (r *Recorder) Lives() []Life {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Life
	for _, each := range r.seen {
		all = append(all, *each)
	}
	return all
}

func (r *Recorder) note(object *unstructured.Unstructured) {
	revision, err := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	if err != nil {
		return // a bookmark
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	life := r.seen[object.GetUID()]
	if life == nil {
		life = &Life{Object: object, Created: revision}
		r.seen[object.GetUID()] = life
	}
	if life.Ready == 0 && Ready(object) {
		life.Ready = revision
	}
}

// Ready says whether what the object stands for is there: all replicas of a workload, the end of a Job, or what an operator says of its own.
func Ready(object *unstructured.Unstructured) bool {
	number := func(fields ...string) int64 {
		n, _, err := unstructured.NestedInt64(object.Object, fields...)
		if err != nil {
			return -1
		}
		return n
	}
	switch object.GetKind() {
	case "Deployment":
		return number("status", "observedGeneration") >= object.GetGeneration() && number("status", "updatedReplicas") >= number("spec", "replicas") &&
			number("status", "availableReplicas") >= number("spec", "replicas")
	case "StatefulSet":
		return number("status", "observedGeneration") >= object.GetGeneration() && number("status", "updatedReplicas") >= number("spec", "replicas") &&
			number("status", "readyReplicas") >= number("spec", "replicas")
	case "Job":
		return Condition(object, "Complete")
	default:
		phase, _, err := unstructured.NestedString(object.Object, "status", "phase")
		return err == nil && phase == "Running" || Condition(object, "Ready") || Condition(object, "Available") || Condition(object, "AllReplicasReady")
	}
}
