package netpol

import (
	"fmt"
	"os"
	"strings"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/ir"
)

// Graph is what links of an architecture say: its components, and who links to whom. No decision of a pass is in it.
type Graph struct {
	Name       string
	Arch       map[string]any // registry, git and domain of the architecture, as kinds see them
	Components []Component    // by name
	Links      []Link         // by source and target
}

// Component is a component with all its attributes, defaults among them.
type Component struct {
	Name, Kind, Namespace string
	Attributes            map[string]any
	Processes             map[string]map[string]any // attributes of its workers and jobs, by the group of their pods: "worker-mails"
}

// Link is a link between two components; links between sub-components count for their components.
type Link struct {
	From, To   string         // components
	Process    string         // the group of pods that has it, of a link of a process; ""
	Of         string         // the link as written, for findings
	Attributes map[string]any // complete
}

// ReadGraph reads the graph of the architecture in a folder, in one of its environments where it has some. The texts of its secrets are of no matter, so variables need not be set.
func ReadGraph(dir string, environment string) (*Graph, error) {
	set := func(name string) (string, bool) {
		if value, there := os.LookupEnv(name); there {
			return value, true
		}
		return "not set", true
	}
	built := compiler.Check(compiler.Input{Args: []string{dir}, Dir: dir, Env: set, Environments: compiler.Choice{Names: named(environment), Alone: true}})
	if built.Findings.HasErrors() {
		return nil, fmt.Errorf("read the graph of %s: %w", dir, built.Findings.Err())
	}
	g := &Graph{Name: built.Graph.PartOf(), Arch: built.Graph.Arch}
	processes := map[string]map[string]map[string]any{}
	for _, n := range built.Graph.Nodes {
		if group := groupOf(n); group != "" {
			of := n.Component().Name
			if processes[of] == nil {
				processes[of] = map[string]map[string]any{}
			}
			processes[of][group] = n.Attrs
		}
	}
	for _, n := range built.Graph.Nodes {
		if n.Parent == nil {
			g.Components = append(g.Components, Component{
				Name: n.Name, Kind: n.Kind.Name, Namespace: n.Namespace(), Attributes: n.Attrs, Processes: processes[n.Name],
			})
		}
	}
	for _, e := range built.Graph.Edges {
		if !e.Internal() {
			g.Links = append(g.Links, Link{From: e.Source.Component().Name, To: e.Target.Component().Name, Process: groupOf(e.Source), Of: e.Name(), Attributes: e.Attrs})
		}
	}
	return g, nil
}

// named is a list of a name, empty without one.
func named(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

// groupOf is the group of the pods of a process, and of workers of celery that are called by a name of their own; "" of any other node.
func groupOf(n *ir.Node) string {
	if !n.Kind.Process && n.Kind.Name != "celery/worker" {
		return ""
	}
	_, short, _ := strings.Cut(n.Kind.Name, "/")
	return short + "-" + n.Name
}

// component finds a component by its name, which a link of the graph has.
func (g *Graph) component(name string) Component {
	for _, c := range g.Components {
		if c.Name == name {
			return c
		}
	}
	panic("the graph " + g.Name + " has no component " + name)
}

// kindOf is the kind of a component, without the sub-component.
func (c Component) kindOf() string {
	name, _, _ := strings.Cut(c.Kind, "/")
	return name
}

// number is an attribute that is a whole number.
func number(attributes map[string]any, name string) (int, bool) {
	switch n := attributes[name].(type) {
	case int64:
		return int(n), true
	case int:
		return n, true
	}
	return 0, false
}

// text is an attribute that is a string; "" without it.
func text(attributes map[string]any, name string) string {
	s, _ := attributes[name].(string)
	return s
}
