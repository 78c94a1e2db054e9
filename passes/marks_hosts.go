package passes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"platc.dev/platc/compiler/pass"
)

func setMarks(c *pass.Context) bool {
	for _, e := range c.Graph.Edges {
		for _, r := range e.Rules {
			if r.Marks == nil {
				continue
			}
			found, err := r.Marks(e.Attrs, e.Source.View(), c.Graph.Arch)
			if err != nil {
				refuse(c, err, "the marks of "+e.Name(), e.Pos, e.Source, e.Target)
				continue
			}
			p := c.Of(e.Target)
			for _, name := range slices.Sorted(maps.Keys(found)) {
				by := c.From(e, r)
				by.At = []any{"marks", name}
				if first, ok := pass.Set(c, p.Marks, name, found[name], reflect.DeepEqual, by); !ok {
					c.Conflict("E0301", fmt.Sprintf("%s would have two values for %s", e.Target.Component().Name, name), "keep one of the links", first.By()[0], by)
				}
			}
		}
	}
	return true
}

func assignHosts(c *pass.Context) bool {
	for _, n := range c.Graph.Components() {
		p := c.Of(n)
		for group, pods := range n.Description.Pods {
			p.Pods[group] = pass.Decide(c, pods, c.Described(n, "every "+n.Kind.Name+" has it", "pods", group))
		}
	}
	return true
}
