package graph_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit/graph"
)

type builder struct{ g *ir.Graph }

func (b builder) component(name, kindName, namespace string, subs ...string) *ir.Node {
	n := &ir.Node{ID: name, Name: name, Kind: &kind.Kind{Name: kindName}, Attrs: kind.Object{"namespace": namespace}, Pos: diag.Pos{File: "arch.cue", Line: len(b.g.Nodes) + 1}}
	b.g.Nodes = append(b.g.Nodes, n)
	for _, s := range subs {
		short, subName, _ := strings.Cut(s, "/")
		sub := &ir.Node{ID: name + "/" + s, Name: subName, Parent: n, Kind: &kind.Kind{Name: kindName + "/" + short}, Pos: diag.Pos{File: "arch.cue", Line: len(b.g.Nodes) + 1}}
		n.Subs = append(n.Subs, sub)
		b.g.Nodes = append(b.g.Nodes, sub)
	}
	return n
}

func (b builder) edge(source, target string, given ...*kind.Given) *ir.Edge {
	s, t := b.g.Node(source), b.g.Node(target)
	e := &ir.Edge{Source: s, Target: t, As: target, Startup: true, Given: &kind.Given{Struct: true, Fields: given}, Pos: diag.Pos{File: "arch.cue", Line: 50 + len(b.g.Edges)}}
	e.Rules = []*kind.Rule{{From: s.Kind.Name, To: t.Kind.Name}}
	b.g.Edges = append(b.g.Edges, e)
	return e
}

// shop has a component with two linked sub-components, a link inside a component, a link to a whole component, and names that need quoting.
func shop() *ir.Graph {
	b := builder{&ir.Graph{Name: "shop"}}
	b.component("orders", "app", "orders")
	b.component("billing", "app", "orders")
	db := b.component("db", "sql", "data", "database/orders", "database/billing")
	b.component("events", "broker", "messaging", "queue/placed", "exchange/end", `queue/a"b\c<d>`)
	prom := b.component("prom", "monitor", "watch")
	b.component("alone", "app", "alone")
	b.edge("orders", "db/database/orders")
	b.edge("orders", "db/database/billing", &kind.Given{Key: "access", Scalar: "read"})
	b.edge("billing", "db/database/billing")
	b.edge("events/exchange/end", "events/queue/placed", &kind.Given{Key: "routing_key", Scalar: "order.*"})
	b.edge("orders", "events/exchange/end")
	b.edge("billing", `events/queue/a"b\c<d>`)
	b.edge(prom.ID, "orders").Startup = false
	implied := &ir.Node{ID: "db/database/audit", Name: "audit", Parent: db, Kind: &kind.Kind{Name: "sql/database"}, Implied: true}
	db.Subs = append(db.Subs, implied)
	b.g.Nodes = append(b.g.Nodes, implied)
	whole := b.edge("prom", "db/database/audit")
	whole.Whole, whole.As = true, "db"
	return b.g
}

func ids(t *testing.T, g *ir.Graph, o graph.Options) (nodes, edges []string) {
	t.Helper()
	data, err := graph.JSON(g, o)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Nodes []struct{ ID, Parent string }
		Edges []struct{ Source, Target string }
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	for _, n := range doc.Nodes {
		nodes = append(nodes, n.ID)
	}
	for _, e := range doc.Edges {
		edges = append(edges, e.Source+" -> "+e.Target)
		if !slices.Contains(nodes, e.Source) || !slices.Contains(nodes, e.Target) {
			t.Errorf("%s -> %s has an end that is no node", e.Source, e.Target)
		}
	}
	for _, n := range doc.Nodes {
		if n.Parent != "" && !slices.Contains(nodes, n.Parent) {
			t.Errorf("%s has a parent that is no node", n.ID)
		}
	}
	return nodes, edges
}

func TestJSONIsTheArchitectureAsWritten(t *testing.T) {
	t.Parallel()
	nodes, edges := ids(t, shop(), graph.Options{})
	if slices.Contains(nodes, "db/database/audit") || !slices.Contains(edges, "prom -> db") {
		t.Errorf("a link to a whole component ends at it:\n%v\n%v", nodes, edges)
	}
	if !slices.IsSorted(nodes) || !slices.IsSorted(edges) || len(edges) != 8 || len(nodes) != 11 {
		t.Errorf("%d %v\n%d %v", len(nodes), nodes, len(edges), edges)
	}
	data, err := graph.JSON(shop(), graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"{\n      \"id\": \"orders\",\n      \"kind\": \"app\",\n      \"parent\": \"\",\n      \"namespace\": \"orders\",\n      \"file\": \"arch.cue\",\n      \"line\": 1\n    }",
		"{\n      \"source\": \"orders\",\n      \"target\": \"db/database/orders\",\n      \"rules\": [\n        \"app -> sql/database\"\n      ],\n      \"file\": \"arch.cue\",\n      \"line\": 50\n    }",
		`"parent": "db",` + "\n      " + `"namespace": "data"`,
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in\n%s", want, data)
		}
	}
}

func TestJSONOfNothingHasEmptyLists(t *testing.T) {
	t.Parallel()
	data, err := graph.JSON(&ir.Graph{Name: "none"}, graph.Options{})
	if err != nil || string(data) != "{\n  \"nodes\": [],\n  \"edges\": []\n}\n" {
		t.Errorf("%v\n%s", err, data)
	}
}

func TestFocusDepthAndDirection(t *testing.T) {
	t.Parallel()
	g := shop()
	for _, c := range []struct {
		name  string
		o     graph.Options
		edges []string
		nodes []string
	}{
		{"itself", graph.Options{Focus: g.Node("orders"), Depth: 0}, nil, []string{"orders"}},
		{
			"out",
			graph.Options{Focus: g.Node("orders"), Depth: 1, Direction: graph.Out},
			[]string{"orders -> db/database/billing", "orders -> db/database/orders", "orders -> events/exchange/end"},
			[]string{"db", "db/database/billing", "db/database/orders", "events", "events/exchange/end", "orders"},
		},
		{
			"out twice",
			graph.Options{Focus: g.Node("orders"), Depth: 2, Direction: graph.Out},
			[]string{"events/exchange/end -> events/queue/placed", "orders -> db/database/billing", "orders -> db/database/orders", "orders -> events/exchange/end"},
			[]string{"db", "db/database/billing", "db/database/orders", "events", "events/exchange/end", "events/queue/placed", "orders"},
		},
		{"in", graph.Options{Focus: g.Node("orders"), Depth: -1, Direction: graph.In}, []string{"prom -> orders"}, []string{"orders", "prom"}},
		{
			"a component stands for its sub-components",
			graph.Options{Focus: g.Node("db"), Depth: 1, Direction: graph.In},
			[]string{"billing -> db/database/billing", "orders -> db/database/billing", "orders -> db/database/orders", "prom -> db"},
			[]string{"billing", "db", "db/database/billing", "db/database/orders", "orders", "prom"},
		},
		{
			"a sub-component alone",
			graph.Options{Focus: graph.Find(g, "db/orders"), Depth: 1},
			[]string{"orders -> db/database/orders"},
			[]string{"db", "db/database/orders", "orders"},
		},
	} {
		nodes, edges := ids(t, g, c.o)
		if !slices.Equal(edges, c.edges) || !slices.Equal(nodes, c.nodes) {
			t.Errorf("%s: got\n%v\n%v", c.name, nodes, edges)
		}
	}
}

func TestFindTakesWhatALinkTakes(t *testing.T) {
	t.Parallel()
	b := builder{&ir.Graph{}}
	b.component("events", "broker", "m", "queue/placed", "exchange/placed", "queue/other")
	for reference, want := range map[string]string{
		"events": "events", "events/queue/placed": "events/queue/placed", "events/other": "events/queue/other", "events/placed": "", "nobody": "",
	} {
		got := ""
		if n := graph.Find(b.g, reference); n != nil {
			got = n.ID
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", reference, got, want)
		}
	}
}

func TestPicturesDoNotDependOnTheOrderOfDeclaration(t *testing.T) {
	t.Parallel()
	draw := func(g *ir.Graph) []byte {
		data, err := graph.JSON(g, graph.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, expand := range []bool{false, true} {
			o := graph.Options{Expand: expand}
			data = slices.Concat(data, graph.DOT(g, o), graph.Mermaid(g, o))
		}
		return data
	}
	want := draw(shop())
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		g := shop()
		r.Shuffle(len(g.Nodes), func(i, j int) { g.Nodes[i], g.Nodes[j] = g.Nodes[j], g.Nodes[i] })
		r.Shuffle(len(g.Edges), func(i, j int) { g.Edges[i], g.Edges[j] = g.Edges[j], g.Edges[i] })
		if got := draw(g); !bytes.Equal(got, want) {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestPictures(t *testing.T) {
	t.Parallel()
	g := shop()
	picture, err := graph.SVG(g, graph.Options{Expand: true}, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{
		"expanded.svg": picture, "components.dot": graph.DOT(g, graph.Options{}), "expanded.dot": graph.DOT(g, graph.Options{Expand: true}),
		"components.mmd": graph.Mermaid(g, graph.Options{}), "expanded.mmd": graph.Mermaid(g, graph.Options{Expand: true}),
	} {
		path := "testdata/" + name
		if os.Getenv("PLATC_UPDATE") != "" {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s", name, got)
		}
	}
}

func TestGraphvizReadsThePictures(t *testing.T) {
	t.Parallel()
	dot, err := exec.LookPath("dot")
	if err != nil {
		t.Skip("Graphviz is not installed")
	}
	for _, expand := range []bool{false, true} {
		cmd := exec.Command(dot, "-Tsvg")
		cmd.Stdin = bytes.NewReader(graph.DOT(shop(), graph.Options{Expand: expand}))
		out, err := cmd.CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("Warning")) {
			t.Errorf("expand %v: %v\n%s", expand, err, out)
		}
	}
}
