package graph

import (
	"fmt"
	"strings"

	"platc.dev/platc/compiler/ir"
)

// DOT is the graph in the language of Graphviz: components in clusters by namespace. A dashed arrow waits for nobody.
func DOT(g *ir.Graph, o Options) []byte {
	v := look(g, o)
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n", dotQuote(g.Name))
	b.WriteString("  rankdir=LR;\n")
	b.WriteString("  newrank=true;\n") // the ranks of clusters that are made one by one end in lost arrows where there are many
	b.WriteString("  graph [fontname=\"sans-serif\", fontsize=11, style=rounded, color=gray60, fontcolor=gray30];\n")
	b.WriteString("  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11];\n")
	b.WriteString("  edge [fontname=\"sans-serif\", fontsize=9, color=gray40];\n")
	namespaces, of := v.components()
	drawn, bundled := bundle(v.lines(o.Expand), o)
	for _, ns := range namespaces {
		fmt.Fprintf(&b, "  subgraph %s {\n    label=%s;\n", dotQuote("cluster namespace "+ns), dotQuote(ns))
		for _, n := range of[ns] {
			dotComponent(&b, v, n, bundled[n], o)
		}
		b.WriteString("  }\n")
	}
	for _, l := range drawn {
		var attributes []string
		if label := l.label(); len(label) > 0 {
			attributes = append(attributes, "label="+dotQuote(label...))
		}
		if !l.waits() {
			attributes = append(attributes, "style=dashed")
		}
		if o.Highlight.line(l) {
			attributes = append(attributes, strings.TrimPrefix(dotHighlight(true), ", "))
		}
		fmt.Fprintf(&b, "  %s -> %s", dotQuote(l.source.ID), dotQuote(l.target.ID))
		if len(attributes) > 0 {
			fmt.Fprintf(&b, " [%s]", strings.Join(attributes, ", "))
		}
		b.WriteString(";\n")
	}
	b.WriteString("}\n")
	return []byte(b.String())
}

func dotComponent(b *strings.Builder, v view, n *ir.Node, of *said, o Options) {
	subs := v.subs[n]
	label := dotQuote(append(titles(n), of.lines()...)...)
	if !o.Expand || len(subs) == 0 {
		fmt.Fprintf(b, "    %s [label=%s%s];\n", dotQuote(n.ID), label, dotHighlight(o.Highlight.node(n, true)))
		return
	}
	fmt.Fprintf(b, "    subgraph %s {\n      label=\"\";\n", dotQuote("cluster component "+n.ID))
	fmt.Fprintf(b, "      %s [label=%s, style=\"rounded,bold\"%s];\n", dotQuote(n.ID), label, dotHighlight(o.Highlight.node(n, false)))
	for _, sub := range subs {
		fmt.Fprintf(b, "      %s [label=%s%s];\n", dotQuote(sub.ID), dotQuote(sub.Name, sub.SubKind()), dotHighlight(o.Highlight.node(sub, false)))
	}
	b.WriteString("    }\n")
}

// dotHighlight is the further attributes of a node or an arrow that stands out.
func dotHighlight(yes bool) string {
	if !yes {
		return ""
	}
	return `, color="` + highlightColor + `", penwidth=2.5`
}

// dotQuote is lines as one quoted string: in it only the quote and the backslash mean something.
func dotQuote(lines ...string) string {
	escaped := make([]string, len(lines))
	for i, l := range lines {
		escaped[i] = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ").Replace(l)
	}
	return `"` + strings.Join(escaped, `\n`) + `"`
}
