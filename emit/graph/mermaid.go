package graph

import (
	"fmt"
	"strings"

	"platc.dev/platc/compiler/ir"
)

// Mermaid is the graph as a flowchart of Mermaid. Its nodes are numbered: ids there may be no words of the language.
func Mermaid(g *ir.Graph, o Options) []byte {
	v := look(g, o)
	ids := map[*ir.Node]string{}
	for i, n := range v.nodes {
		ids[n] = fmt.Sprintf("n%d", i+1)
	}
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	namespaces, of := v.components()
	drawn, bundled := bundle(v.lines(o.Expand), o)
	for i, ns := range namespaces {
		fmt.Fprintf(&b, "  subgraph s%d[%s]\n", i+1, mermaidQuote(ns))
		for _, n := range of[ns] {
			mermaidComponent(&b, v, n, bundled[n], ids, o.Expand)
		}
		b.WriteString("  end\n")
	}
	var marked []string
	for i, l := range drawn {
		if o.Highlight.line(l) {
			marked = append(marked, fmt.Sprint(i))
		}
		arrow := "-->"
		if !l.waits() {
			arrow = "-.->"
		}
		if label := l.label(); len(label) > 0 {
			arrow += "|" + mermaidQuote(label...) + "|"
		}
		fmt.Fprintf(&b, "  %s %s %s\n", ids[l.source], arrow, ids[l.target])
	}
	if len(marked) > 0 {
		fmt.Fprintf(&b, "  linkStyle %s stroke:%s,stroke-width:3px\n", strings.Join(marked, ","), highlightColor)
	}
	for _, n := range v.nodes {
		if o.Highlight.node(n, !o.Expand) && (o.Expand || n.Parent == nil) {
			fmt.Fprintf(&b, "  style %s stroke:%s,stroke-width:3px\n", ids[n], highlightColor)
		}
	}
	return []byte(b.String())
}

func mermaidComponent(b *strings.Builder, v view, n *ir.Node, of *said, ids map[*ir.Node]string, expand bool) {
	subs := v.subs[n]
	label := mermaidQuote(append(titles(n), of.lines()...)...)
	if !expand || len(subs) == 0 {
		fmt.Fprintf(b, "    %s[%s]\n", ids[n], label)
		return
	}
	fmt.Fprintf(b, "    subgraph c%s[\" \"]\n", ids[n])
	fmt.Fprintf(b, "      %s[%s]\n", ids[n], label)
	for _, sub := range subs {
		fmt.Fprintf(b, "      %s(%s)\n", ids[sub], mermaidQuote(sub.Name, sub.SubKind()))
	}
	b.WriteString("    end\n")
}

// mermaidQuote is lines as one quoted text, with entities for what means something in it.
func mermaidQuote(lines ...string) string {
	escaped := make([]string, len(lines))
	for i, l := range lines {
		escaped[i] = strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "`", "#96;", "\n", " ").Replace(l)
	}
	return `"` + strings.Join(escaped, "<br/>") + `"`
}
