package load

import (
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"

	"platc.dev/platc/compiler/kind"
)

// sample is made anew each time.
func sample(name string) kind.Object {
	return kind.Object{
		"kind": "Deployment", "n": int64(3), "f": 1.5, "no": nil, "yes": true, "none": []any{}, "empty": kind.Object{},
		"metadata": kind.Object{"name": name, "labels": kind.Object{"tier": "web"}},
		"spec":     []any{kind.Object{"drop": []any{"ALL"}}, kind.Object{"add": []any{"ALL"}}, kind.Object{"drop": []any{"ALL"}}},
	}
}

// TestPool: equal parts become one, and nothing else changes, on several goroutines too.
func TestPool(t *testing.T) {
	t.Parallel()
	p := newPool()
	all := make([]kind.Object, 20)
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() {
			all[i] = sample([]string{"a", "b"}[i%2])
			p.fields(all[i])
		})
	}
	group.Wait()
	one := map[uintptr]bool{}
	for i, o := range all {
		if !reflect.DeepEqual(o, sample([]string{"a", "b"}[i%2])) {
			t.Fatalf("%d became %v", i, o)
		}
		meta, spec := o["metadata"].(kind.Object), o["spec"].([]any)
		for _, part := range []any{meta, meta["labels"], spec[0], spec[1], spec[2], o["empty"]} {
			one[addressOf(part.(kind.Object))] = true
		}
	}
	if len(one) != 6 { // two with a name, the labels, two items, and the empty one
		t.Errorf("there are %d objects: %v", len(one), slices.Collect(maps.Keys(one)))
	}
}

// TestUntracedAnswers: where nobody will ask for origins, none are held on to.
func TestUntracedAnswers(t *testing.T) {
	t.Parallel()
	library, _ := Library(nil, "")
	library.Untraced = true
	d, err := library.Kinds["redis"].Describe(kind.Object{"name": "cache", "namespace": "data"}, nil, nil)
	if err == nil && d.Trace != nil {
		t.Error("an answer has a trace")
	}
}
