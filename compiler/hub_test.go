package compiler_test

import (
	"fmt"
	"runtime"
	"testing"
)

// TestAHubGrowsWithItsLinks checks hubs of two sizes: what the larger one allocates is a multiple of what the smaller one does, and not its square. Nothing may
// run beside it.
func TestAHubGrowsWithItsLinks(t *testing.T) { //nolint:paralleltest // allocations are counted for the process
	const factor = 6
	for name, c := range map[string]struct {
		source string
		n      int
	}{
		"one application with many queues": {`package shop

import "list"

name: "shop"
_n: list.Range(0, %d, 1)
components: {
	app: {kind: "fastapi", namespace: "a", port: 8000, links: {for i in _n {"mq/queue/q\(i)": {}}}}
	mq: {kind: "rabbitmq", namespace: "a", queue: {for i in _n {"q\(i)": {}}}}
}
`, 100},
		"many applications with one server": {`package shop

import "list"

name: "shop"
_n: list.Range(0, %d, 1)
components: {
	for i in _n {"app\(i)": {kind: "fastapi", namespace: "a", port: 8000, links: "db/x": {}}}
	db: {kind: "postgresql", namespace: "a", max_connections: 5000, mem_limit: "64Gi", database: x: {}}
}
`, 12},
	} {
		allocated := func(n int) float64 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if b := check(t, fmt.Sprintf(c.source, n)); b.Findings.HasErrors() {
				t.Fatal(b.Findings.Err())
			}
			runtime.ReadMemStats(&after)
			return float64(after.TotalAlloc - before.TotalAlloc)
		}
		none := allocated(1) // reads the kinds, too
		none = min(none, allocated(1))
		small, large := allocated(c.n)-none, allocated(factor*c.n)-none
		if grown := large / small; grown > 2*factor {
			t.Errorf("%s: %d times as many links allocate %.1f times as much", name, factor, grown)
		} else {
			t.Logf("%s: %.1f", name, grown)
		}
	}
}
