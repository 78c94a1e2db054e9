package ir_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/internal/pen"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// graph makes components of their names, and an edge for each "a -> b"; "a ~> b" is one that does not order the start.
func graph(names []string, edges ...string) *ir.Graph {
	g := &ir.Graph{Name: "test"}
	k := &kind.Kind{Name: "app", Attributes: &kind.Type{IsStruct: true}, Subs: map[string]*kind.Kind{"part": {Name: "app/part", Parent: "app", Attributes: &kind.Type{IsStruct: true}}}}
	index := map[string]*ir.Node{}
	for i, name := range slices.Sorted(slices.Values(names)) {
		n := &ir.Node{ID: name, Name: name, Kind: k, Attrs: kind.Object{"namespace": "ns-" + name}, Pos: diag.Pos{File: "arch.cue", Line: i + 1, Column: 2}}
		if parent, sub, ok := strings.Cut(name, "/part/"); ok {
			n.Name, n.Kind, n.Parent = sub, k.Subs["part"], index[parent]
			n.Parent.Subs = append(n.Parent.Subs, n)
		}
		g.Nodes, index[name] = append(g.Nodes, n), n
	}
	for i, e := range edges {
		source, target, startup := strings.Cut(e, " -> ")
		if !startup {
			source, target, _ = strings.Cut(e, " ~> ")
		}
		g.Edges = append(g.Edges, &ir.Edge{Source: index[source], Target: index[target], As: target, Startup: startup, Pos: diag.Pos{File: "arch.cue", Line: 100 + i, Column: 4}})
	}
	return g
}

func namesOf(nodes []*ir.Node) string {
	var all []string
	for _, n := range nodes {
		all = append(all, n.ID)
	}
	return strings.Join(all, " ")
}

// cyclesOf writes each cycle as the names that it passes.
func cyclesOf(g *ir.Graph) []string {
	var all []string
	for _, cycle := range g.Cycles() {
		words := []string{cycle[0].Source.Component().Name}
		for _, e := range cycle {
			words = append(words, e.Target.Component().Name)
		}
		all = append(all, strings.Join(words, " "))
	}
	return all
}

func TestTargetsComeFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names string
		edges []string
		want  string
	}{
		{"c a b", nil, "a b c"},
		{"a b c", []string{"a -> b", "b -> c"}, "c b a"},
		{"a b c d", []string{"a -> d", "b -> d", "a -> d"}, "d a b c"},
		{"a b", []string{"a ~> b"}, "a b"},
		{"a a/part/x a/part/y b", []string{"a/part/x -> a/part/y", "a/part/y -> b"}, "b a"},
		{"z a b c", []string{"a -> b", "b -> a", "c -> z"}, "z c a b"},
	} {
		g := graph(strings.Fields(c.names), c.edges...)
		if got := namesOf(g.TargetsFirst()); got != c.want {
			t.Errorf("%s with %v is %s, want %s", c.names, c.edges, got, c.want)
		}
	}
}

// random is a graph of n components with edges that go anywhere; acyclic ones go from later names to earlier ones only.
func random(r *rand.Rand, n, edges int, acyclic bool) *ir.Graph {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("c%04d", i)
	}
	var all []string
	for range edges {
		a, b := r.IntN(n), r.IntN(n)
		if acyclic && a <= b {
			a, b = b, a
		}
		if a != b {
			all = append(all, names[a]+" -> "+names[b])
		}
	}
	return graph(names, all...)
}

func TestOrderIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	g := random(rand.New(rand.NewPCG(1, 2)), 40, 80, true)
	knotted := random(rand.New(rand.NewPCG(1, 2)), 40, 60, false)
	order, tail, cycles := namesOf(g.TargetsFirst()), namesOf(knotted.TargetsFirst()), cyclesOf(knotted)
	if len(cycles) == 0 {
		t.Fatal("the second graph should have a cycle")
	}
	for range 50 {
		if again := namesOf(g.TargetsFirst()); again != order {
			t.Fatalf("%s\n%s", order, again)
		}
		if again := namesOf(knotted.TargetsFirst()); again != tail {
			t.Fatalf("%s\n%s", tail, again)
		}
		if again := cyclesOf(knotted); !slices.Equal(again, cycles) {
			t.Fatalf("%s\n%s", cycles, again)
		}
	}
}

func TestCyclesAreShortest(t *testing.T) {
	t.Parallel()
	// a ring of many components, with a short way round between two of the last
	var ring, names []string
	for i := range 200 {
		names = append(names, fmt.Sprintf("r%03d", i))
		ring = append(ring, fmt.Sprintf("r%03d -> r%03d", i, (i+1)%200))
	}
	for _, c := range []struct {
		names []string
		edges []string
		want  []string
	}{
		{strings.Fields("a b c"), []string{"a -> b", "b -> c", "a -> c"}, nil},
		{strings.Fields("a b"), []string{"a -> b", "b ~> a"}, nil},
		{strings.Fields("a a/part/x"), []string{"a -> a/part/x", "a/part/x -> a"}, nil},
		{strings.Fields("a b"), []string{"b -> a", "a -> b"}, []string{"a b a"}},
		{strings.Fields("a b c d"), []string{"a -> b", "b -> c", "c -> d", "d -> a", "c -> b"}, []string{"b c b"}},
		{strings.Fields("a b c d"), []string{"a -> b", "b -> c", "c -> a", "c -> d", "d -> c"}, []string{"c d c"}},
		{strings.Fields("a b x y"), []string{"x -> y", "y -> x", "a -> b", "b -> a", "a -> x"}, []string{"a b a", "x y x"}},
		{strings.Fields("a a/part/x b"), []string{"a/part/x -> b", "b -> a"}, []string{"a b a"}},
		{names, append(slices.Clone(ring), "r199 -> r198"), []string{"r198 r199 r198"}},
	} {
		if got := cyclesOf(graph(c.names, c.edges...)); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.edges[max(0, len(c.edges)-5):], got, c.want)
		}
	}
}

// byHand is the length of a shortest cycle, found by trying every node; 0 without.
func byHand(g *ir.Graph) int {
	waits, best := g.Waits(), 0
	for _, start := range g.Components() {
		depth := map[*ir.Node]int{start: 0}
		for queue := []*ir.Node{start}; len(queue) > 0; queue = queue[1:] {
			for _, e := range waits[queue[0]] {
				next := e.Target.Component()
				if next == start {
					if l := depth[queue[0]] + 1; best == 0 || l < best {
						best = l
					}
				}
				if _, seen := depth[next]; !seen {
					depth[next] = depth[queue[0]] + 1
					queue = append(queue, next)
				}
			}
		}
	}
	return best
}

// ordered fails unless there are cycles, or an order in which each component stands behind what it waits for.
func ordered(t *testing.T, g *ir.Graph) {
	t.Helper()
	order, cycles := g.TargetsFirst(), g.Cycles()
	if sorted := slices.Sorted(slices.Values(strings.Fields(namesOf(order)))); strings.Join(sorted, " ") != namesOf(g.Components()) {
		t.Fatalf("%s are not all of %s", namesOf(order), namesOf(g.Components()))
	}
	for _, cycle := range cycles {
		for i, e := range cycle {
			if !e.Startup || e.Internal() || e.Target.Component() != cycle[(i+1)%len(cycle)].Source.Component() {
				t.Fatalf("%s is no link of the cycle %v", e.Name(), cyclesOf(g))
			}
		}
	}
	if len(cycles) > 0 {
		return
	}
	place := map[*ir.Node]int{}
	for i, n := range order {
		place[n] = i
	}
	for n, waits := range g.Waits() {
		for _, e := range waits {
			if target := e.Target.Component(); place[target] > place[n] {
				t.Fatalf("%s stands before %s, which it waits for", n.Name, target.Name)
			}
		}
	}
}

func TestRandomGraphsHaveAnOrderOrTheShortestCycle(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		n := 2 + r.IntN(12)
		g := random(r, n, r.IntN(3*n), false)
		ordered(t, g)
		shortest := 0
		for _, cycle := range g.Cycles() {
			if shortest == 0 || len(cycle) < shortest {
				shortest = len(cycle)
			}
		}
		if want := byHand(g); shortest != want {
			t.Fatalf("the shortest cycle has %d links, not %d", want, shortest)
		}
	}
}

// FuzzGraph: any edges give an order or a cycle, and never a panic. Two bytes are an edge, the highest bit says that it orders nothing.
func FuzzGraph(f *testing.F) {
	f.Add([]byte{0, 1, 1, 0})
	f.Add([]byte{0, 1, 1, 2, 2, 3, 0x83, 0})
	f.Add([]byte{5, 5, 6, 7, 7, 8, 8, 6, 7, 6})
	f.Fuzz(func(t *testing.T, data []byte) {
		var names, edges []string
		for i := range 64 {
			names = append(names, fmt.Sprintf("c%02d", i))
			if i%4 == 0 {
				names = append(names, fmt.Sprintf("c%02d/part/p", i))
			}
		}
		for i := 0; i+1 < len(data) && i < 2000; i += 2 {
			arrow := " -> "
			if data[i]&0x80 != 0 {
				arrow = " ~> "
			}
			edges = append(edges, names[int(data[i]&0x7f)%len(names)]+arrow+names[int(data[i+1])%len(names)])
		}
		ordered(t, graph(names, edges...))
	})
}

// Rings, combs and random knots of twice the size may not take four times as long; only far more than that fails, as a busy machine is no mistake.
func TestLargeKnotsAreNoBurden(t *testing.T) {
	t.Parallel()
	const n = 3000
	name := func(i int) string { return fmt.Sprintf("c%05d", i%n) }
	var names, ring, twice, comb []string
	for i := range n {
		names = append(names, name(i))
		ring = append(ring, name(i)+" -> "+name(i+1))
		twice = append(twice, name(i)+" -> "+name(i+1), name(i)+" -> "+name(i+2))
		comb = append(comb, name(i)+" -> "+name(0), name(i)+" -> "+name(i+1))
	}
	for what, edges := range map[string][]string{"ring": ring, "two rings": twice, "comb": comb[1:]} {
		g := graph(names, edges...)
		started := time.Now()
		if len(g.Cycles()) != 1 {
			t.Errorf("%s: %d cycles", what, len(g.Cycles()))
		}
		g.TargetsFirst()
		if took := time.Since(started); took > 5*time.Second {
			t.Errorf("%s of %d components took %s", what, n, took)
		}
	}
}

// decided is a decision, as package pass makes them.
func decided[T any](v T, by ...ir.Origin) ir.Decided[T] { return ir.Decide(pen.Pen{}, v, by...) }

// sound is a plan of two components that Verify takes.
func sound() *ir.Plan {
	g := graph([]string{"a", "b"}, "a -> b")
	p := ir.NewPlan(g)
	by := ir.Origin{Pass: "test", Reason: "because"}
	a, b := g.Node("a"), g.Node("b")
	for _, n := range []*ir.Node{a, b} {
		p.Of[n].Order = decided(0, by)
		p.Of[n].Policies["server"] = &ir.Policy{}
	}
	p.Of[a].Policies["server"].Egress = []ir.Decided[ir.Opening]{decided(ir.Opening{Peer: ir.Peer{Node: b, Group: "server"}, Port: 80}, by)}
	p.Of[b].Policies["server"].Ingress = []ir.Decided[ir.Opening]{decided(ir.Opening{Peer: ir.Peer{Node: a, Group: "server"}, Port: 80}, by)}
	p.Identities[g.Edges[0]] = decided(ir.Identity{Login: ir.Login{User: "a_b", Password: value.Secret{ID: "a:b"}}}, by)
	p.Namespaces["ns-a"] = &ir.Namespace{Name: "ns-a", Enforce: decided("restricted", by)}
	return p
}

func TestVerifyFindsWhatIsMissing(t *testing.T) {
	t.Parallel()
	if err := sound().Verify(); err != nil {
		t.Fatal(err)
	}
	by := ir.Origin{Pass: "test"}
	none := map[string]ir.Decided[string]{"x": decided("x")}
	for want, breaks := range map[string]func(p *ir.Plan, a, b *ir.NodePlan){
		"b has no plan":               func(p *ir.Plan, _, _ *ir.NodePlan) { delete(p.Of, p.Graph.Node("b")) },
		"mark x of a":                 func(_ *ir.Plan, a, _ *ir.NodePlan) { a.Marks["x"] = ir.Decided[any]{} },
		"variable X of a":             func(_ *ir.Plan, a, _ *ir.NodePlan) { a.Env["X"] = ir.Decided[value.Value]{} },
		"requirement x of b":          func(_ *ir.Plan, _, b *ir.NodePlan) { b.Requirements = none },
		"module x/y of a":             func(_ *ir.Plan, a, _ *ir.NodePlan) { a.Modules["x/y"] = ir.Decided[bool]{} },
		"file x.yaml of a":            func(_ *ir.Plan, a, _ *ir.NodePlan) { a.Files["x.yaml"] = ir.Decided[bool]{} },
		"a part roles of b":           func(_ *ir.Plan, _, b *ir.NodePlan) { b.Parts["roles"] = make([]ir.Decided[kind.Object], 1) },
		"a use of memory of b":        func(_ *ir.Plan, _, b *ir.NodePlan) { b.Uses["memory"] = make([]ir.Decided[int], 1) },
		"a step of the roll-out of b": func(_ *ir.Plan, _, b *ir.NodePlan) { b.Rollout = make([]ir.Decided[any], 1) },
		"a note of b":                 func(_ *ir.Plan, _, b *ir.NodePlan) { b.Notes = make([]ir.Decided[string], 1) },
		"a prerequisite of b":         func(_ *ir.Plan, _, b *ir.NodePlan) { b.Prerequisites = make([]ir.Decided[kind.Object], 1) },
		"the order of a":              func(_ *ir.Plan, a, _ *ir.NodePlan) { a.Order = decided(0) },
		"an ingress of b": func(_ *ir.Plan, _, b *ir.NodePlan) {
			b.Policies["server"].Ingress[0] = decided(b.Policies["server"].Ingress[0].Value())
		},
		"an egress of a": func(_ *ir.Plan, a, _ *ir.NodePlan) {
			a.Policies["server"].Egress[0] = decided(a.Policies["server"].Egress[0].Value())
		},
		"the identity of a -> b":      func(p *ir.Plan, _, _ *ir.NodePlan) { p.Identities[p.Graph.Edges[0]] = ir.Decided[ir.Identity]{} },
		"the level of namespace ns-a": func(p *ir.Plan, _, _ *ir.NodePlan) { p.Namespaces["ns-a"].Enforce = decided("restricted") },
		"label x of namespace ns-a":   func(p *ir.Plan, _, _ *ir.NodePlan) { p.Namespaces["ns-a"].Labels = none },
		"a may reach port 80 of b":    func(_ *ir.Plan, _, b *ir.NodePlan) { b.Policies["server"].Ingress = nil },
		"b admits a to port 80":       func(_ *ir.Plan, a, _ *ir.NodePlan) { a.Policies["server"].Egress = nil },
		"does not admit it":           func(_ *ir.Plan, _, b *ir.NodePlan) { delete(b.Policies, "server") },
		"port 81 of b": func(_ *ir.Plan, a, _ *ir.NodePlan) {
			o := a.Policies["server"].Egress[0].Value()
			o.Port = 81
			a.Policies["server"].Egress[0] = decided(o, by)
		},
		"of c, which does not admit it": func(_ *ir.Plan, a, b *ir.NodePlan) {
			o := a.Policies["server"].Egress[0].Value()
			o.Peer.Node = &ir.Node{Name: "c"}
			a.Policies["server"].Egress[0] = decided(o, by)
			b.Policies["server"].Ingress = nil
		},
	} {
		p := sound()
		breaks(p, p.Of[p.Graph.Node("a")], p.Of[p.Graph.Node("b")])
		if err := p.Verify(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestNodesKnowTheirPlace(t *testing.T) {
	t.Parallel()
	g := graph([]string{"order-events", "order-events/part/a.b"}, "order-events -> order-events/part/a.b")
	top, sub := g.Node("order-events"), g.Node("order-events/part/a.b")
	for want, got := range map[string]string{
		`components."order-events"`:                                top.Path(),
		`components."order-events".part."a.b"`:                     sub.Path(),
		`components."order-events".links["order-events/part/a.b"]`: g.Edges[0].Path(),
		"order-events -> order-events/part/a.b":                    g.Edges[0].Name(),
		"ORDER_EVENTS":                                             sub.Instance(),
		"ns-order-events":                                          sub.Namespace(),
		"part":                                                     sub.SubKind(),
		"arch.cue:9:9":                                             attrPos(top, "port"),
		"arch.cue:1:2":                                             attrPos(top, ""),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if !g.Edges[0].Internal() || sub.Component() != top || g.Node("nowhere") != nil {
		t.Error("the sub-component is of its component")
	}
}

func attrPos(n *ir.Node, name string) string {
	given := *n
	given.Given = &kind.Given{Struct: true, Fields: []*kind.Given{{Key: "port", Pos: diag.Pos{File: "arch.cue", Line: 9, Column: 9}}}}
	return given.AttrPos(name).String()
}

func TestViewsHoldEverySubKindAndQuantities(t *testing.T) {
	t.Parallel()
	g := graph([]string{"a", "b", "b/part/x"})
	a, b := g.Node("a"), g.Node("b")
	a.Kind.Attributes.Fields = []kind.Field{{Name: "size", Type: &kind.Type{Quantity: true}}, {Name: "cpu", Type: &kind.Type{Quantity: true}}, {Name: "none", Type: &kind.Type{Quantity: true}}}
	a.Attrs["size"], a.Attrs["cpu"] = "1Ki", "250m"
	if q := a.View()["quantities"].(kind.Object); q["size"] != int64(1024) || q["cpu"] != 0.25 || len(q) != 2 {
		t.Errorf("%v", q)
	}
	if subs := a.View()["subs"].(kind.Object)["part"].(kind.Object); len(subs) != 0 {
		t.Errorf("%v", subs)
	}
	sub := b.View()["subs"].(kind.Object)["part"].(kind.Object)["x"].(kind.Object)
	if sub["id"] != "b/part/x" || sub["component"] != "b" || sub["namespace"] != "ns-b" || sub["subs"] != nil {
		t.Errorf("%v", sub)
	}
}

func TestDumpsAreEqualAndHoldNoSecret(t *testing.T) {
	t.Parallel()
	p := sound()
	p.Graph.Given = map[string]ir.Given{"config/registry/password": func() (string, *diag.Diagnostic) { return "hunter2", nil }}
	p.Of[p.Graph.Node("a")].Env["DSN"] = decided[value.Value](value.Concat{value.Literal("x:"), value.Secret{ID: "a:b"}}, ir.Origin{Edge: p.Graph.Edges[0], Rule: &kind.Rule{From: "app", To: "app"}})
	first, err := p.Dump()
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(first) || !strings.Contains(string(first), `"x:[secret a:b]"`) || !strings.Contains(string(first), `"edge": "a -> b"`) {
		t.Errorf("%s", first)
	}
	again, err := p.Dump()
	if err != nil || string(again) != string(first) {
		t.Errorf("%v: two dumps differ", err)
	}
	for _, text := range []string{string(first), fmt.Sprintf("%v %+v %#v", p.Graph, p.Graph, p.Graph), fmt.Sprintf("%+v", p)} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s", text)
		}
	}
}

func TestGraphFindsNodesAndEdgesAlsoAfterTheyChange(t *testing.T) {
	t.Parallel()
	g := graph([]string{"a", "b", "b/part/x"}, "a -> b/part/x", "b/part/x -> a", "b -> b/part/x")
	a, b := g.Node("a"), g.Node("b")
	names := func(edges []*ir.Edge) string {
		var all []string
		for _, e := range edges {
			all = append(all, e.Name())
		}
		return strings.Join(all, ", ")
	}
	if out, in, all := names(g.Outbound(b)), names(g.Inbound(b)), names(g.Touching(b)); out != "b/part/x -> a, b -> b/part/x" || in != "a -> b/part/x, b -> b/part/x" || all != out+", a -> b/part/x" {
		t.Errorf("%s; %s; %s", out, in, all)
	}
	g.Edges = g.Edges[:1]
	c := &ir.Node{ID: "c", Name: "c", Kind: a.Kind}
	g.Nodes = append(g.Nodes, c)
	if len(g.Outbound(b)) != 0 || len(g.Inbound(b)) != 1 || g.Node("c") != c || len(g.Components()) != 3 {
		t.Errorf("%v, %v", g.Edges, g.Components())
	}
}
