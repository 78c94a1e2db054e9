package passes_test

import (
	"fmt"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/passes"
)

// queues is an application that links to n queues of one broker, each of which a worker acts for.
func queues(tb testing.TB, n int) *world {
	w := townKinds(tb)
	w.kind("broker", func(k *kind.Kind) { k.Slots = []string{"users"} })
	w.kind("broker/queue")
	w.rule("app -> broker", func(r *kind.Rule) {
		r.Ports, r.Modules, r.Requirements, r.Identity = []string{"main"}, []string{"store/client"}, []string{"driver==2.0"}, &kind.Identity{Style: "-", PerComponent: true}
	}, saysOf(func(in kind.Input) kind.Result {
		return out(kind.Effects{Prefix: "BROKER", Env: vars("HOST=" + in.To["host"].(string)), Notes: []string{"a note"}})
	}))
	w.rule("app -> broker/queue", func(r *kind.Rule) { r.HasActs, r.Through = true, []string{"store"} }, saysOf(func(in kind.Input) kind.Result {
		name := in.To["name"].(string)
		return kind.Result{
			Acts: []kind.Acts{{Group: "worker"}},
			Out: kind.Effects{
				Prefix: "BROKER", Names: map[string][]string{"QUEUES": {name}}, Lists: map[string][][]value.Value{"LISTS": {{value.Literal(name)}}},
				Resources: []kind.Resource{{Name: name, Kind: "queue"}}, Exports: object{"worker": "worker"},
			},
			In: kind.Effects{Parts: map[string][]object{"users": {{"queue": name}}}, Uses: map[string]int{"connections": 1}, Namespace: &kind.Namespace{Labels: map[string]string{"l": "x"}}},
		}
	}))
	w.add("app", "shop")
	w.add("broker", "bus")
	for i := range n {
		id := fmt.Sprintf("bus/queue/q%05d", i)
		w.add("broker/queue", id)
		w.link("shop -> " + id)
	}
	return w
}

// applications are n applications, each with a table of one server.
func applications(tb testing.TB, n int) *world {
	w := townKinds(tb)
	w.add("store", "db")
	w.graph.Library.Kinds["store"].Describe = w.graph.Library.Kinds["worker"].Describe
	for i := range n {
		name := fmt.Sprintf("a%05d", i)
		w.add("app", name)
		w.add("store/table", "db/table/"+name)
		w.link(name + " -> db/" + name)
	}
	return w
}

func benchmark(b *testing.B, sizes []int, build func(testing.TB, int) *world) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				w := build(b, n)
				w.sort()
				c := &pass.Context{Graph: w.graph, Plan: ir.NewPlan(w.graph), Findings: &diag.List{}}
				b.StartTimer()
				pass.Run(passes.Table(), c, nil)
				b.StopTimer()
				if !c.Plan.Sealed {
					b.Fatal(c.Findings.Err())
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/link")
		})
	}
}

// BenchmarkLinksOfOneComponent and BenchmarkComponents must take as long per link in the largest as in the smallest.
func BenchmarkLinksOfOneComponent(b *testing.B) { benchmark(b, []int{100, 400, 1600, 6400}, queues) }

func BenchmarkComponents(b *testing.B) { benchmark(b, []int{100, 1000, 10000}, applications) }
