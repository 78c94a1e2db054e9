package passes

import (
	"runtime"
	"sync"
	"sync/atomic"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/pass"
)

// each is what f gives for every component, several at once, with a branch of the context: f may only decide what is of that component. Findings come in the order of the components.
func each[R any](c *pass.Context, components []*ir.Node, f func(c *pass.Context, n *ir.Node) R) []R {
	type done struct {
		branch *pass.Context
		result R
	}
	all := inParallel(runtime.GOMAXPROCS(0), components, func(n *ir.Node) done {
		branch := c.Branch()
		return done{branch, f(branch, n)}
	})
	results := make([]R, len(all))
	for i, d := range all {
		c.Join(d.branch)
		results[i] = d.result
	}
	return results
}

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
