package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/explain"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/emit/graph"
)

// question is what the commands that ask about the graph share: they print text or JSON, or draw the graph with the answer in it.
type question struct {
	common
	expand bool
}

func (o *question) add(cmd *cobra.Command) *cobra.Command {
	o.one()
	o.addInput(cmd.Flags())
	o.addOutput(cmd.Flags(), "text", "json", "dot", "mermaid")
	cmd.Flags().BoolVar(&o.expand, "expand", false, "with dot and mermaid: show sub-components")
	return cmd
}

// check compiles the architecture, and finds the nodes of names.
func (o *question) check(c *console, args []string, names ...string) (*compiler.Build, []*ir.Node, error) {
	b, err := checked(o.input(c, args))
	if err != nil {
		return nil, nil, err
	}
	if b.Findings.HasErrors() {
		return nil, nil, c.refuse(&o.common, b.Findings.Sorted())
	}
	var nodes []*ir.Node
	for _, name := range names {
		n := graph.Find(b.Graph, name)
		if n == nil {
			return nil, nil, noNode(b.Graph, name)
		}
		nodes = append(nodes, n)
	}
	return b, nodes, nil
}

// print writes an answer: as JSON, as a picture in which it stands out, or as text.
func (o *question) print(c *console, g *ir.Graph, answer any, lit *graph.Highlight, text string) error {
	switch o.format.value {
	case "json":
		var b strings.Builder
		if err := printJSON(&b, answer); err != nil {
			return err
		}
		text = b.String()
	case "dot", "mermaid":
		return printGraph(c, o.format.value, g, graph.Options{Expand: o.expand, Highlight: lit})
	}
	_, err := fmt.Fprint(c.out, c.hidden.Text(text))
	return err
}

func pathsCommand(c *console) *cobra.Command {
	var o question
	return o.add(&cobra.Command{
		Use:   "paths FROM TO [flags] [arch.cue | directory | package]",
		Short: "The ways along links from one component to another",
		Long: `Lists the ways along links from one component or sub-component to another, shortest first. A component means
itself and its sub-components. Without a way, it says so. --format dot draws them into the graph.`,
		Example: "  platc paths shop db\n  platc paths web db/orders --json\n  platc paths web db --format dot | dot -Tsvg > paths.svg",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usage{"paths needs two components", "for example `platc paths orders db`"}
			}
			b, ends, err := o.check(c, args[2:], args[0], args[1])
			if err != nil {
				return err
			}
			d := explain.Paths(b.Graph, ends[0], ends[1])
			return o.print(c, b.Graph, d, graph.HighlightOf(nil, d.Edges), pathsText(d))
		},
	})
}

func pathsText(d explain.PathsDoc) string {
	if len(d.Paths) == 0 {
		return fmt.Sprintf("no links lead from %s to %s\n", d.From, d.To)
	}
	var b strings.Builder
	for _, p := range d.Paths {
		fmt.Fprintln(&b, pathText(p))
	}
	if d.More {
		b.WriteString("… and there may be more\n")
	}
	return b.String()
}

// pathText is the nodes of a way; where the next link is that of the whole component, its name is not said again.
func pathText(p []explain.LinkStep) string {
	names := []string{p[0].Source}
	for i, s := range p {
		names = append(names, s.Target)
		if i+1 < len(p) && p[i+1].Source != s.Target && !strings.HasPrefix(s.Target, p[i+1].Source+"/") {
			names = append(names, p[i+1].Source)
		}
	}
	return strings.Join(names, " -> ")
}

func impactCommand(c *console) *cobra.Command {
	var o question
	return o.add(&cobra.Command{
		Use:   "impact NAME [flags] [arch.cue | directory | package]",
		Short: "What depends on a component, directly or through others",
		Long: `Lists what depends on a component or sub-component: by links of its own, or through others, and whether
it depends on nothing else ("alone": every chain of its links ends there). A component means itself and its
sub-components. --format dot draws the answer into the graph.`,
		Example: "  platc impact db\n  platc impact db/orders --json\n  platc impact db --format dot | dot -Tsvg > impact.svg",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 {
				return usage{"impact needs a component", "for example `platc impact db`"}
			}
			b, of, err := o.check(c, args[1:], args[0])
			if err != nil {
				return err
			}
			d := explain.Impact(b.Graph, of[0])
			if o.format.value == "text" && len(d.Dependents) > 0 {
				return c.printTable(impactRows(d))
			}
			return o.print(c, b.Graph, d, graph.HighlightOf(d.Nodes, d.Edges), fmt.Sprintf("nothing depends on %s\n", d.Node))
		},
	})
}

func impactRows(d explain.ImpactDoc) [][]string {
	rows := [][]string{{"DEPENDENT", "KIND", "NAMESPACE", "HOW", "ALONE"}}
	for _, one := range d.Dependents {
		how := "through " + pathText(one.Path)
		if one.Direct {
			var targets []string
			for _, l := range one.Links {
				targets = append(targets, l.Target)
			}
			how = "links to " + strings.Join(targets, ", ")
		}
		alone := "-"
		if one.Alone {
			alone = "yes"
		}
		rows = append(rows, []string{one.ID, one.Kind, one.Namespace, how, alone})
	}
	return rows
}

func exposureCommand(c *console) *cobra.Command {
	var o question
	return o.add(&cobra.Command{
		Use:   "exposure [COMPONENT] [flags] [arch.cue | directory | package]",
		Short: "What the internet, a gateway or another namespace can reach",
		Long: `Lists by what a component is reached from beyond its own namespace: routes of gateways, Services that lead
out of the cluster, ingress_from, and links from other namespaces; who is let through, and what callers are
asked for: none, api_key, login (a user and a password), or own, where the application alone knows.
A first argument that is the name of a component means that component. --format dot draws the answer into the graph.`,
		Example: "  platc exposure\n  platc exposure orders\n  platc exposure --json",
		RunE: func(_ *cobra.Command, args []string) error {
			name := ""
			if len(args) > 0 && isComponentName(args[0]) {
				name, args = args[0], args[1:]
			}
			b, _, err := o.check(c, args)
			if err != nil {
				return err
			}
			all := explain.Exposure(b.Plan)
			if name != "" {
				n := b.Graph.Node(name)
				if n == nil {
					return noNode(b.Graph, name)
				}
				all = slices.DeleteFunc(all, func(x explain.Exposed) bool { return x.Node != n })
			}
			if o.format.value == "text" && len(all) > 0 {
				return c.printTable(exposureRows(all))
			}
			return o.print(c, b.Graph, map[string]any{"exposed": all}, exposureHighlight(all), "nothing is reached from beyond its namespace\n")
		},
	})
}

// isComponentName says whether an argument is a name, and not the file, folder or package of an architecture.
func isComponentName(arg string) bool { return !strings.ContainsAny(arg, "./\\:") }

func exposureHighlight(all []explain.Exposed) *graph.Highlight {
	var nodes []*ir.Node
	var edges []*ir.Edge
	for _, x := range all {
		nodes = append(nodes, x.Node)
		if x.Edge != nil {
			edges = append(edges, x.Edge)
		}
	}
	return graph.HighlightOf(nodes, edges)
}

func exposureRows(all []explain.Exposed) [][]string {
	rows := [][]string{{"REACHED", "FROM", "BY", "AT", "ALLOWED", "AUTH", "PLACE"}}
	for _, x := range all {
		at := x.URL
		if at == "" {
			var ports []string
			for _, p := range x.Ports {
				ports = append(ports, strconv.Itoa(p))
			}
			at = orDash(ports)
		}
		allowed := "everyone there"
		if len(x.Allow) > 0 {
			allowed = strings.Join(x.Allow, ", ")
		} else if x.Edge != nil && x.URL == "" {
			allowed = "its pods"
		}
		rows = append(rows, []string{x.ID, x.From, x.By, at, allowed, x.Auth, x.Pos.String()})
	}
	return rows
}
