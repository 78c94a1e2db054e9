package passes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

type rename struct {
	to  any // string, or nil: left out
	by  *ir.Edge
	pos diag.Pos
}

// refuseNames reports what a link says of variables, where it has none.
func refuseNames(c *pass.Context, e *ir.Edge) {
	if names, _ := e.Attrs["env"].(kind.Object); len(names) > 0 {
		c.Report(diag.Diagnostic{Code: "E0104", Path: e.Path() + ".env", Pos: e.AttrPos("env"), Message: fmt.Sprintf("the link %s renames %s, but sets no variables", e.Name(), slices.Sorted(maps.Keys(names))[0]), Help: "remove env"})
	}
	if primary, _ := e.Attrs["primary"].(bool); primary {
		c.Report(diag.Diagnostic{Code: "E0104", Path: e.Path() + ".primary", Pos: e.AttrPos("primary"), Message: fmt.Sprintf("the link %s is primary, but sets no variables", e.Name()), Help: "remove primary"})
	}
}

// warnRequired reports a link that says whether it is required, where nothing of the source looks at its target.
func warnRequired(c *pass.Context, e *ir.Edge) {
	brings := func(r *kind.Rule) bool { return len(r.Modules) > 0 }
	if _, said := e.Attrs["required"].(bool); !said || slices.ContainsFunc(e.Rules, brings) {
		return
	}
	c.Report(diag.Diagnostic{Code: "W0136", Path: e.Path() + ".required", Pos: e.AttrPos("required"), Message: fmt.Sprintf("the link %s says required, but no module of %s looks whether %s answers", e.Name(), e.Source.Component().Name, e.Target.Component().Name), Help: "remove required"})
}

// readLinks reads primary and env of the links of an instance: they may stand on any of them.
func readLinks(c *pass.Context, b *binding) {
	for _, e := range b.edges {
		if p, _ := e.Attrs["primary"].(bool); p && b.primary == nil {
			b.primary = e
		}
		names, _ := e.Attrs["env"].(kind.Object)
		for _, from := range slices.Sorted(maps.Keys(names)) {
			if !b.has(from) {
				// another prefix of the same link may have it
				if !knownElsewhere(c, e, from) {
					c.Report(diag.Diagnostic{Code: "E0104", Path: e.Path() + ".env", Pos: e.AttrPos("env"), Message: fmt.Sprintf("the link %s renames %s, which it does not set", e.Name(), from), Help: "it sets " + strings.Join(b.plainNames(), ", ")})
				}
				continue
			}
			r := rename{to: names[from], by: e, pos: e.AttrPos("env")}
			if old, ok := b.renames[from]; ok && old.to != r.to {
				first, second := c.From(old.by, nil), c.From(e, nil)
				c.Conflict("E0301", fmt.Sprintf("%s would have two names for %s", b.source.Name, from), "keep one of the renames", first, second)
				continue
			}
			if to, _ := r.to.(string); b.source.Kind.IsSystem(to) {
				c.Report(diag.Diagnostic{Code: "E0208", Path: e.Path() + ".env", Pos: r.pos, Message: fmt.Sprintf("the link %s renames %s to %s, which controls how the image of %s itself runs", e.Name(), from, to, b.source.Name), Help: "choose another name"})
				continue
			}
			b.renames[from] = r
			if key := strings.TrimPrefix(from, b.prefix+"_"); r.to == nil && b.source.Kind.Starts && len(b.optional[key]) == 0 {
				c.Report(diag.Diagnostic{Code: "E0208", Path: e.Path() + ".env", Pos: r.pos, Message: fmt.Sprintf("the link %s leaves out %s, without which %s does not start", e.Name(), from, b.source.Name), Help: "rename it instead, or remove the link"})
			}
		}
	}
}

// has says whether the link sets a variable, or may: in another environment, or with other attributes.
func (b *binding) has(plain string) bool {
	key, ok := strings.CutPrefix(plain, b.prefix+"_")
	return ok && (slices.Contains(b.keys(), key) || len(b.optional[key]) > 0)
}

func (b *binding) plainNames() []string {
	var all []string
	for _, key := range b.keys() {
		all = append(all, b.prefix+"_"+key)
	}
	return all
}

func knownElsewhere(c *pass.Context, e *ir.Edge, name string) bool {
	for _, a := range c.Plan.Applied[e] {
		out := a.Result.Out
		key, ok := strings.CutPrefix(name, out.Prefix+"_")
		if !ok {
			continue
		}
		_, isValue := out.Env[key]
		_, isDefault := out.Defaults[key]
		_, isList := out.Lists[key]
		_, isName := out.Names[key]
		if isValue || isDefault || isList || isName {
			return true
		}
	}
	return false
}

// ambiguous reports instance keys with which two variables would have one name, or a name that reads as another one.
func ambiguous(c *pass.Context, all []*binding) {
	owner := map[string]*binding{}
	for _, b := range all {
		keys := b.keys()
		instance := b.provider.Instance()
		if slices.Contains(keys, instance) || instance == "INSTANCES" {
			e := b.edges[0]
			c.Report(diag.Diagnostic{Code: "E0301", Path: e.Path(), Pos: e.Pos, Message: fmt.Sprintf("%s links to several instances of %s, and %s has the key %s, which is also the name of a variable", b.source.Name, b.prefix, b.provider.Name, instance), Help: "rename the component " + b.provider.Name})
			continue
		}
		for _, key := range keys {
			name := instance + "_" + key
			if first := owner[name]; first != nil && first != b {
				c.Conflict("E0301", fmt.Sprintf("%s would have two meanings for the variable %s_%s", b.source.Name, b.prefix, name), "rename one of the components", c.From(first.edges[0], nil), c.From(b.edges[0], nil))
			}
			owner[name] = b
		}
	}
}

// variable is a name for a key of an instance.
type variable struct {
	name string
	by   []ir.Origin // why it is this name, beside the links that give the value
}

// variablesOf are the names that a key has: none where the link leaves it out.
func (b *binding) variablesOf(c *pass.Context, key string) []variable {
	plain := b.prefix + "_" + key
	if r, ok := b.renames[plain]; ok {
		if r.to == nil {
			return nil
		}
		return []variable{{r.to.(string), []ir.Origin{c.OfLink(r.by, "env")}}}
	}
	if b.among == 1 {
		return []variable{{plain, nil}}
	}
	all := []variable{{b.prefix + "_" + b.provider.Instance() + "_" + key, b.because}}
	if b.isPrimary {
		all = append(all, variable{plain, []ir.Origin{c.OfLink(b.primary, "primary")}})
	}
	return all
}

// oneName reports two variables of an instance that a rename makes one.
func (b *binding) oneName(c *pass.Context, name, first, second string) {
	r, ok := b.renames[second]
	if !ok {
		r = b.renames[first]
	}
	c.Report(diag.Diagnostic{Code: "E0301", Path: r.by.Path() + ".env", Pos: r.pos, Message: fmt.Sprintf("%s would have two values for the variable %s: %s and %s of %s", b.source.Name, name, first, second, b.provider.Name), Help: "choose different names in env"})
}
