package passes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

// binding is one instance of a provider kind, as the edges of one application make it.
type binding struct {
	source, provider *ir.Node
	prefix           string
	values           map[string][]bound // KEY -> what each edge wants
	defaults         map[string][]bound // KEY -> what holds where no edge wants anything
	lists            map[string][]record
	names            map[string][]record
	resources        []kind.Resource
	optional         map[string]bool
	edges            []*ir.Edge
	primary          *ir.Edge
	renames          map[string]rename // plain name -> what the user wants
}

type bound struct {
	value value.Value
	by    ir.Origin
}

type record struct {
	fields []value.Value
	by     ir.Origin
}

type rename struct {
	to  any // string, or nil: left out
	by  *ir.Edge
	pos diag.Pos
}

func bindEnv(c *pass.Context) bool {
	all := map[*ir.Node]map[string]map[*ir.Node]*binding{} // source -> prefix -> provider
	for _, e := range c.Graph.Edges {
		binds := false
		for _, a := range c.Plan.Applied[e] {
			if a.Result.Out.Prefix != "" {
				collect(c, all, e, a)
				binds = true
			}
		}
		if !binds && len(c.Plan.Applied[e]) == len(e.Rules) {
			refuseNames(c, e)
		}
	}
	for _, n := range c.Graph.Components() {
		bindSettings(c, n)
		for _, prefix := range sortedKeys(all[n]) {
			bindPrefix(c, all[n][prefix])
		}
	}
	return true
}

// refuseNames reports what a link says of variables, where it has none.
func refuseNames(c *pass.Context, e *ir.Edge) {
	if names, _ := e.Attrs["env"].(kind.Object); len(names) > 0 {
		c.Report(diag.Diagnostic{Code: "E0104", Path: e.Path() + ".env", Pos: e.AttrPos("env"), Message: fmt.Sprintf("the link %s renames %s, but sets no variables", e.Name(), sortedKeys(names)[0]), Help: "remove env"})
	}
	if primary, _ := e.Attrs["primary"].(bool); primary {
		c.Report(diag.Diagnostic{Code: "E0104", Path: e.Path() + ".primary", Pos: e.AttrPos("primary"), Message: fmt.Sprintf("the link %s is primary, but sets no variables", e.Name()), Help: "remove primary"})
	}
}

// bindSettings enters the secret variables of the component's own.
func bindSettings(c *pass.Context, n *ir.Node) {
	for _, g := range n.Description.Variables {
		for _, name := range sortedKeys(g.Vars) {
			c.SetEnv(n, name, g.Vars[name], g.Comment, c.Because(n.Pos, n.Name+" itself"))
		}
	}
}

func collect(c *pass.Context, all map[*ir.Node]map[string]map[*ir.Node]*binding, e *ir.Edge, a ir.Applied) {
	source, provider, out := e.Source.Component(), e.Target.Component(), a.Result.Out
	if all[source] == nil {
		all[source] = map[string]map[*ir.Node]*binding{}
	}
	if all[source][out.Prefix] == nil {
		all[source][out.Prefix] = map[*ir.Node]*binding{}
	}
	b := all[source][out.Prefix][provider]
	if b == nil {
		b = &binding{source: source, provider: provider, prefix: out.Prefix, values: map[string][]bound{}, defaults: map[string][]bound{}, lists: map[string][]record{}, names: map[string][]record{}, optional: map[string]bool{}, renames: map[string]rename{}}
		all[source][out.Prefix][provider] = b
	}
	by := c.From(e, a.Rule)
	for _, key := range sortedKeys(out.Env) {
		b.values[key] = append(b.values[key], bound{out.Env[key], by})
	}
	for _, key := range sortedKeys(out.Defaults) {
		b.defaults[key] = append(b.defaults[key], bound{out.Defaults[key], by})
	}
	for _, key := range sortedKeys(out.Lists) {
		b.lists[key] = append(b.lists[key], record{by: by}) // the variable exists even without records
		for _, fields := range out.Lists[key] {
			b.lists[key] = append(b.lists[key], record{fields, by})
		}
	}
	for _, key := range sortedKeys(out.Names) {
		b.names[key] = append(b.names[key], record{by: by})
		for _, name := range out.Names[key] {
			b.names[key] = append(b.names[key], record{[]value.Value{value.Literal(name)}, by})
		}
	}
	for _, r := range out.Resources {
		if !slices.Contains(b.resources, r) {
			b.resources = append(b.resources, r)
		}
	}
	for _, key := range a.Rule.Optional {
		b.optional[key] = true
	}
	if !slices.Contains(b.edges, e) {
		b.edges = append(b.edges, e)
	}
}

// keys lists the keys of a binding.
func (b *binding) keys() []string {
	set := map[string]bool{}
	for k := range b.values {
		set[k] = true
	}
	for k := range b.defaults {
		set[k] = true
	}
	for k := range b.lists {
		set[k] = true
	}
	for k := range b.names {
		set[k] = true
	}
	return sortedKeys(set)
}

func bindPrefix(c *pass.Context, instances map[*ir.Node]*binding) {
	all := make([]*binding, 0, len(instances))
	for _, b := range instances {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b *binding) int { return cmp.Compare(a.provider.Name, b.provider.Name) })
	var primary *binding
	for _, b := range all {
		readLinks(c, b)
		if b.primary == nil {
			continue
		}
		if primary != nil {
			first, second := c.From(primary.primary, nil), c.From(b.primary, nil)
			c.Conflict("E0301", fmt.Sprintf("%s has two primary instances of %s", b.source.Name, b.prefix), "keep primary: true on one of them", first, second)
			continue
		}
		primary = b
	}
	if len(all) > 1 {
		ambiguous(c, all)
		var names value.Concat
		by := c.From(all[0].edges[0], nil)
		for i, b := range all {
			if i > 0 {
				names = append(names, value.Literal(","))
			}
			names = append(names, value.Literal(b.provider.Instance()))
		}
		by.Reason = "several instances of one provider"
		c.SetEnv(all[0].source, all[0].prefix+"_INSTANCES", literal(names), "instances of "+all[0].prefix, by)
	}
	for _, b := range all {
		bindInstance(c, b, len(all) > 1, b == primary)
	}
}

// readLinks reads primary and env of the links of an instance: they may stand on any of them.
func readLinks(c *pass.Context, b *binding) {
	for _, e := range b.edges {
		if p, _ := e.Attrs["primary"].(bool); p && b.primary == nil {
			b.primary = e
		}
		names, _ := e.Attrs["env"].(kind.Object)
		for _, from := range sortedKeys(names) {
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
			if to, _ := r.to.(string); isSystemVariable(to) {
				c.Report(diag.Diagnostic{Code: "E0208", Path: e.Path() + ".env", Pos: r.pos, Message: fmt.Sprintf("the link %s renames %s to %s, which controls how the image of %s itself runs", e.Name(), from, to, b.source.Name), Help: "choose another name"})
				continue
			}
			b.renames[from] = r
			if key := strings.TrimPrefix(from, b.prefix+"_"); r.to == nil && !b.optional[key] {
				c.Report(diag.Diagnostic{Code: "E0208", Path: e.Path() + ".env", Pos: r.pos, Message: fmt.Sprintf("the link %s leaves out %s, without which %s does not start", e.Name(), from, b.source.Name), Help: "rename it instead, or remove the link"})
			}
		}
	}
}

func (b *binding) has(plain string) bool {
	key, ok := strings.CutPrefix(plain, b.prefix+"_")
	return ok && slices.Contains(b.keys(), key)
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

func bindInstance(c *pass.Context, b *binding, several, primary bool) {
	variables, taken := map[string]string{}, map[string]string{}
	for _, key := range b.keys() {
		plain := b.prefix + "_" + key
		name := plain
		if several {
			name = b.prefix + "_" + b.provider.Instance() + "_" + key
		}
		names := []string{name}
		if several && primary {
			names = append(names, plain)
		}
		if r, ok := b.renames[plain]; ok {
			if r.to == nil {
				continue
			}
			names = []string{r.to.(string)}
		}
		if other := taken[names[0]]; other != "" {
			b.oneName(c, names[0], other, plain)
			continue
		}
		taken[names[0]] = plain
		variables[key] = names[0]
		for _, n := range names {
			if _, taken := b.source.Description.Settings[n]; taken {
				by := c.From(b.edges[0], nil)
				c.Conflict("E0301", fmt.Sprintf("%s would have two values for the variable %s", b.source.Name, n), "rename one of them", c.Because(b.source.AttrPos("env"), "the setting "+n+" of "+b.source.Name), by)
				continue
			}
			b.bind(c, key, n)
		}
	}
	slices.SortFunc(b.resources, func(x, y kind.Resource) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Access, y.Access))
	})
	p := c.Of(b.source)
	p.Instances = append(p.Instances, ir.Instance{Prefix: b.prefix, Component: b.provider, Variables: variables, Resources: unite(b.resources)})
}

// oneName reports two variables of an instance that a rename makes one.
func (b *binding) oneName(c *pass.Context, name, first, second string) {
	r, ok := b.renames[second]
	if !ok {
		r = b.renames[first]
	}
	c.Report(diag.Diagnostic{Code: "E0301", Path: r.by.Path() + ".env", Pos: r.pos, Message: fmt.Sprintf("%s would have two values for the variable %s: %s and %s of %s", b.source.Name, name, first, second, b.provider.Name), Help: "choose different names in env"})
}

// unite makes one resource of those that differ in access only.
func unite(resources []kind.Resource) []kind.Resource {
	var all []kind.Resource
	for _, r := range resources {
		if n := len(all); n > 0 && all[n-1].Name == r.Name && all[n-1].Kind == r.Kind {
			all[n-1].Access = union(all[n-1].Access, r.Access)
			continue
		}
		all = append(all, r)
	}
	return all
}

// bind decides one variable.
func (b *binding) bind(c *pass.Context, key, name string) {
	group := b.provider.Name
	wanted := b.values[key]
	if len(wanted) == 0 {
		wanted = b.defaults[key]
	}
	for _, v := range wanted {
		c.SetEnv(b.source, name, v.value, group, v.by)
	}
	if records, ok := b.lists[key]; ok {
		b.bindList(c, name, records, ";", group)
	}
	if records, ok := b.names[key]; ok {
		b.bindList(c, name, records, ",", group)
	}
}

// bindList joins records, sorted by their first field, each once.
func (b *binding) bindList(c *pass.Context, name string, records []record, separator, group string) {
	slices.SortStableFunc(records, func(x, y record) int { return cmp.Compare(firstField(x), firstField(y)) })
	var joined value.Concat
	var origins []ir.Origin
	seen := map[string]bool{}
	for _, r := range records {
		if !slices.Contains(origins, r.by) {
			origins = append(origins, r.by)
		}
		if r.fields == nil {
			continue
		}
		var text []string
		for _, f := range r.fields {
			text = append(text, value.Display(f))
		}
		if k := strings.Join(text, "\x00"); seen[k] {
			continue
		} else {
			seen[k] = true
		}
		if len(joined) > 0 {
			joined = append(joined, value.Literal(separator))
		}
		for i, f := range r.fields {
			if i > 0 {
				joined = append(joined, value.Literal(":"))
			}
			joined = append(joined, f)
		}
	}
	v := literal(joined)
	for _, by := range origins {
		c.SetEnv(b.source, name, v, group, by)
	}
}

func firstField(r record) string {
	if len(r.fields) == 0 {
		return ""
	}
	return value.Display(r.fields[0])
}

// literal is one literal where everything is known.
func literal(v value.Concat) value.Value {
	if value.IsSecret(v) || len(value.Turns(v)) > 0 {
		return v
	}
	return value.Literal(value.Display(v))
}

// isSystemVariable says whether the system or the loader of programs reads a variable.
func isSystemVariable(name string) bool {
	return slices.Contains([]string{"PATH", "HOME", "HOSTNAME", "PWD", "TMPDIR"}, name) || strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "PYTHON") || strings.HasPrefix(name, "UVICORN_")
}
