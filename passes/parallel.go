package passes

import (
	"sync"
	"sync/atomic"
)

// inParallel is what f gives for every item, in their order. f must not change what another call reads. A panic of one call is one of the caller,
// which names the pass; in a goroutine of its own it would end the process past every handler.
func inParallel[T, R any](workers int, items []T, f func(T) R) []R {
	results := make([]R, len(items))
	panics := make([]any, len(items))
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(workers, len(items)) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(items); i = int(next.Add(1)) - 1 {
				func() {
					defer func() { panics[i] = recover() }()
					results[i] = f(items[i])
				}()
			}
		})
	}
	group.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
	return results
}
