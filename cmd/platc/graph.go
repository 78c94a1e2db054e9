package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/explain"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/emit/graph"
)

func graphCommand(c *console) *cobra.Command {
	var o common
	var focus string
	var depth int
	direction := choice{value: string(graph.Both), allowed: []string{string(graph.In), string(graph.Out), string(graph.Both)}}
	var expand, all bool
	cmd := &cobra.Command{
		Use:   "graph [flags] [arch.cue | directory | package]",
		Short: "The architecture as a picture or as data",
		Long: `Prints the components and links of an architecture: as a picture (svg), as a page to move, search and click in (html),
for Graphviz (dot), for Mermaid, or as JSON. A component that has far more links than most (a hub) is not drawn with lines: others name it.
With --focus, it shows only what is around one component or sub-component.`,
		Example: "  platc graph --format svg > shop.svg\n  platc graph --format html > shop.html\n  platc graph --format mermaid --expand\n  platc graph --focus db --direction in --depth 2 --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if around := cmd.Flags().Changed("depth") || cmd.Flags().Changed("direction"); around && focus == "" {
				return usage{"--depth and --direction need --focus", "add --focus NAME"}
			}
			if depth < -1 {
				return usage{fmt.Sprintf("--depth %d: it takes a number of links", depth), "-1 follows all"}
			}
			b, err := checked(o.input(c, args))
			if err != nil {
				return err
			}
			if b.Findings.HasErrors() {
				return c.refuse(&o, b.Findings.Sorted())
			}
			options := graph.Options{Depth: depth, Direction: graph.Direction(direction.value), Expand: expand, AllLinks: all}
			if focus != "" {
				if options.Focus = graph.Find(b.Graph, focus); options.Focus == nil {
					return noNode(b.Graph, focus)
				}
			}
			return printGraph(c, o.format.value, b, options)
		},
	}
	flags := cmd.Flags()
	o.one()
	o.addInput(flags)
	o.addOutput(flags, "dot", "mermaid", "json", "svg", "html")
	o.format.aliases = map[string]string{"text": "dot"}
	addShorthand(flags, &o.format, "dot")
	flags.StringVar(&focus, "focus", "", "show what is around the component or sub-component `NAME`, as in a link target")
	flags.IntVar(&depth, "depth", 1, "with --focus: number of links to follow; -1 for all")
	flags.Var(&direction, "direction", "with --focus: follow links in, out or both")
	flags.BoolVar(&expand, "expand", false, "show sub-components (JSON always has them)")
	flags.BoolVar(&all, "all-links", false, "draw also the links of hubs, which have far more than the other components")
	return cmd
}

func printGraph(c *console, format string, b *compiler.Build, o graph.Options) error {
	var data []byte
	var err error
	switch g := b.Graph; format {
	case "json":
		data, err = graph.JSON(g, o)
	case "mermaid":
		data = graph.Mermaid(g, o)
	case "svg":
		data, err = graph.SVG(g, o, "")
	case "html":
		data, err = graph.HTML(g, o, explain.Components(b.Plan))
	default:
		data = graph.DOT(g, o)
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(c.out, c.hidden.Text(string(data)))
	return err
}

// noNode is wrong usage: the name of a component or sub-component that is not there.
func noNode(g *ir.Graph, name string) error {
	help := "the components are named in arch.cue"
	if names := graph.References(g); len(names) <= 12 {
		help = "there are " + strings.Join(names, ", ")
	}
	if near := diag.Nearest(name, graph.References(g)); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	return usage{fmt.Sprintf("%s has no component %q", g.Name, name), help}
}
