package passes

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/pass"
)

func collectRequirements(c *pass.Context) bool {
	for _, n := range c.Graph.Nodes {
		for i, pin := range n.Description.Requirements {
			by := c.Described(n, n.ID, "requirements", i)
			by.Pos = n.AttrPos("requirements")
			require(c, n, pin, by)
		}
	}
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			for _, pin := range a.Rule.Requirements {
				require(c, e.Source, pin, c.From(e, a.Rule))
			}
			for i, pin := range a.Result.Out.Requirements {
				require(c, e.Source, pin, c.Said(e, a, "out", "requirements", i))
			}
			for i, pin := range a.Result.In.Requirements {
				require(c, e.Target, pin, c.Said(e, a, "in", "requirements", i))
			}
		}
	}
	return true
}

// require adds a pin; extras of one distribution are united, a second version is E0302.
func require(c *pass.Context, n *ir.Node, pin string, by ir.Origin) {
	distribution, extras, version := splitPin(pin)
	p := c.Of(n)
	old, exists := p.Requirements[distribution]
	if !exists {
		pass.Set(c, p.Requirements, distribution, pin, equal, by)
		return
	}
	if pin == old.Value() {
		p.Requirements[distribution] = pass.Also(c, old, by)
		return
	}
	_, oldExtras, oldVersion := splitPin(old.Value())
	if version != oldVersion {
		c.Conflict("E0302", fmt.Sprintf("%s would have two versions of %s, %s and %s", n.Component().Name, distribution, oldVersion, version), "pin the same version, or drop one of the pins", old.By()[0], by)
		return
	}
	united := slices.Concat(oldExtras, extras)
	slices.Sort(united)
	united = slices.Compact(united)
	name, _, _ := strings.Cut(strings.SplitN(old.Value(), "==", 2)[0], "[")
	if len(united) > 0 {
		name += "[" + strings.Join(united, ",") + "]"
	}
	p.Requirements[distribution] = pass.Decide(c, name+"=="+version, append(old.By(), by)...)
}

func equal(a, b string) bool { return a == b }

// splitPin splits name[extra]==version; the name is normalised as PEP 503 says.
func splitPin(pin string) (distribution string, extras []string, version string) {
	name, version, _ := strings.Cut(pin, "==")
	name, list, found := strings.Cut(strings.TrimSpace(name), "[")
	if found {
		for extra := range strings.SplitSeq(strings.TrimSuffix(list, "]"), ",") {
			extras = append(extras, strings.TrimSpace(extra))
		}
	}
	return strings.ToLower(regexp.MustCompile(`[-_.]+`).ReplaceAllString(name, "-")), extras, strings.TrimSpace(version)
}
