package owners

import (
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
)

// keeps warns where a component takes the place of one that kept something at the same target below its own name.
func (c *comparison) keeps() {
	known := map[string]bool{}
	for _, k := range c.old.Keeps {
		known[k.Source] = true
	}
	for _, v := range c.old.Variables {
		known[v.Source] = true
	}
	for _, k := range c.old.Keeps {
		if c.nodes[k.Source] != nil || c.retired(k.Source) {
			continue
		}
		i := slices.IndexFunc(c.new.Keeps, func(now Kept) bool {
			return !known[now.Source] && now.Target == k.Target && now.What == k.What && c.options.builds(now.Source)
		})
		if i < 0 {
			continue
		}
		source := c.new.Keeps[i].Source
		e := c.edge(source, func(target *ir.Node) bool { return target.ID == k.Target })
		c.found.Add(diag.Diagnostic{
			Code: "W0123", Path: e.Path(), Pos: e.Pos,
			Message: fmt.Sprintf("%s replaces %s at %s, and will not find its %s (%s)", source, k.Source, k.Target, k.What, k.Object),
			Help:    fmt.Sprintf("keep the name %s to keep them; or let it finish its work before you remove it, and delete what is left by hand", k.Source),
		})
	}
}

// variables warns where a further instance takes the plain names of variables away.
func (c *comparison) variables() {
	for _, old := range c.old.Variables {
		n := c.nodes[old.Source]
		if n == nil || !c.options.builds(old.Source) {
			continue
		}
		np := c.plan.Of[n]
		var instances []ir.Instance
		for _, d := range np.Instances {
			if d.Value().Prefix == old.Prefix {
				instances = append(instances, d.Value())
			}
		}
		lost := slices.DeleteFunc(slices.Clone(old.Names), func(name string) bool { _, ok := np.Env[name]; return ok })
		if len(instances) < 2 || len(lost) == 0 {
			continue
		}
		more := slices.IndexFunc(instances, func(i ir.Instance) bool { return i.Component.Name != old.Target })
		added := instances[more].Component
		e := c.edge(old.Source, func(target *ir.Node) bool { return target.Component() == added })
		c.found.Add(diag.Diagnostic{
			Code: "W0124", Path: e.Path(), Pos: e.Pos,
			Message: fmt.Sprintf("%s links to %s as well as %s, and so loses the variables %s", old.Source, added.Name, others(instances, added), strings.Join(lost, ", ")),
			Help:    fmt.Sprintf("set primary: true on a link to %s, which keeps these names; or read %s_INSTANCES in your own code", others(instances, added), old.Prefix),
		})
	}
}

// others are the names of the other instances.
func others(instances []ir.Instance, but *ir.Node) string {
	var names []string
	for _, i := range instances {
		if i.Component != but {
			names = append(names, i.Component.Name)
		}
	}
	return strings.Join(names, ", ")
}

// edge is the first edge of a component to a target.
func (c *comparison) edge(source string, is func(target *ir.Node) bool) *ir.Edge {
	for _, e := range c.plan.Graph.Edges {
		if e.Source.Component().Name == source && is(e.Target) {
			return e
		}
	}
	panic("a link of " + source + " has no edge")
}
