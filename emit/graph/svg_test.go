package graph_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/emit/graph"
)

// large is n components in namespaces, most of them with two links to servers, with a hub that is linked to all.
func large(n int) *ir.Graph {
	b := builder{&ir.Graph{Name: "large"}}
	servers := n / 4
	for i := range servers {
		b.component(fmt.Sprintf("db-%d", i), "sql", fmt.Sprintf("data-%d", i%7))
	}
	b.component("hub", "monitor", "watch")
	for i := range n - servers - 1 {
		name := fmt.Sprintf("app-%d", i)
		b.component(name, "app", fmt.Sprintf("apps-%d", i%(1+n/10)))
		b.edge(name, fmt.Sprintf("db-%d", i%servers))
		b.edge(name, fmt.Sprintf("db-%d", (i*7+3)%servers))
		b.edge("hub", name)
		if i%3 == 1 {
			b.edge(name, fmt.Sprintf("app-%d", i-1))
		}
	}
	return b.g
}

func svg(t *testing.T, g *ir.Graph, o graph.Options) string {
	t.Helper()
	data, err := graph.SVG(g, o, "")
	if err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return string(data)
		} else if err != nil {
			t.Fatalf("no XML: %v", err)
		}
	}
}

func TestSVGHasEveryComponentAndLine(t *testing.T) {
	t.Parallel()
	for _, n := range []int{30, 100, 300} {
		g := large(n)
		picture := svg(t, g, graph.Options{})
		if boxes := strings.Count(picture, `<g class="box"`); boxes != n {
			t.Errorf("%d: %d boxes", n, boxes)
		}
		dot := strings.Count(string(graph.DOT(g, graph.Options{})), " -> ")
		if got := strings.Count(picture, " d=\"M") - 2 - n; got != dot {
			t.Errorf("%d: %d lines, and %d in DOT", n, got, dot)
		}
		if strings.Contains(string(graph.DOT(g, graph.Options{})), `"hub" -> `) {
			t.Errorf("%d: lines of the hub are drawn", n)
		}
	}
}

func TestSVGOfTooManyShowsNamespaces(t *testing.T) {
	t.Parallel()
	picture := svg(t, large(301), graph.Options{})
	if !strings.Contains(picture, "301 components in 39 namespaces: too many to draw here.") || strings.Contains(picture, ">app-1<") || !strings.Contains(picture, ">apps-1<") {
		t.Error(picture[:min(len(picture), 4000)])
	}
}

func TestSVGOfNothing(t *testing.T) {
	t.Parallel()
	if picture := svg(t, &ir.Graph{Name: "none"}, graph.Options{}); !strings.Contains(picture, "0 components in 0 namespaces") {
		t.Error(picture)
	}
}

func TestSVGQuotesNames(t *testing.T) {
	t.Parallel()
	if picture := svg(t, shop(), graph.Options{Expand: true}); !strings.Contains(picture, "a&#34;b\\c&lt;d&gt;") {
		t.Error(picture)
	}
}

// A page may hold any text that a user writes; none of it ends the script that it is in.
func TestHTMLQuotesData(t *testing.T) {
	t.Parallel()
	page, err := graph.HTML(shop(), graph.Options{}, []map[string]string{{"id": "orders", "note": "</script><b>"}})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(page, []byte("</script><b>")) || bytes.Count(page, []byte("</script>")) != 2 {
		t.Errorf("%s", page)
	}
}

func TestGraphvizDrawsEveryArrow(t *testing.T) {
	t.Parallel()
	dot, err := exec.LookPath("dot")
	if err != nil {
		t.Skip("Graphviz is not installed")
	}
	for _, n := range []int{100, 300} {
		text := graph.DOT(large(n), graph.Options{})
		cmd := exec.Command(dot, "-Tsvg")
		cmd.Stdin = bytes.NewReader(text)
		var drawn, said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &drawn, &said
		if err := cmd.Run(); err != nil || said.Len() > 0 {
			t.Errorf("%d: %v: %s", n, err, said.String())
		}
		if got, want := bytes.Count(drawn.Bytes(), []byte(`class="edge"`)), bytes.Count(text, []byte(" -> ")); got != want {
			t.Errorf("%d: %d arrows of %d", n, got, want)
		}
	}
}
