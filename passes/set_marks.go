package passes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func setMarks() pass.Pass {
	return pass.Pass{
		Name: "set-marks",
		Doc:  "What edges say of their target before any effect is applied, such as that it is in a mesh.",
		After: []string{
			"find-rules", // marks are read from the attributes of a link, with its defaults
		},
		Codes:   []string{"E0301"},
		Run:     runSetMarks,
		Promise: "A mark of a component comes from an edge that ends at it.",
		Holds:   marksHold,
	}
}

func runSetMarks(c *pass.Context) bool {
	sources := map[*ir.Node]kind.Object{} // a view holds all sub-components, so each is made once
	for _, e := range c.Graph.Edges {
		for _, r := range e.Rules {
			if r.Marks == nil {
				continue
			}
			if sources[e.Source] == nil {
				sources[e.Source] = e.Source.View()
			}
			found, trace, err := r.Marks(e.Attrs, sources[e.Source], c.Graph.Arch)
			if err != nil {
				refuse(c, err, "the marks of "+e.Name(), e.Pos, e.Source, e.Target)
				continue
			}
			p := c.Of(e.Target)
			for _, name := range slices.Sorted(maps.Keys(found)) {
				by := c.From(e, r)
				by.At, by.Trace = []any{"marks", name}, trace
				if first, ok := pass.Set(c, p.Marks, name, found[name], reflect.DeepEqual, by); !ok {
					c.Conflict("E0301", fmt.Sprintf("%s would have two values for %s", e.Target.Component().Name, name), "keep one of the links", first.By()[0], by)
				}
			}
		}
	}
	return true
}

func marksHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for name, d := range p.Marks {
			for _, o := range d.By() {
				if o.Edge == nil || o.Edge.Target.Component() != n {
					return fmt.Errorf("mark %s of %s comes from elsewhere", name, n.Name)
				}
			}
		}
	}
	return nil
}
