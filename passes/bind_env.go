package passes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

func bindEnv() pass.Pass {
	return pass.Pass{
		Name: "bind-env",
		Doc:  "Names of variables: prefix, instances, primary, renames; sorted lists joined; texts composed of the fields of a link.",
		After: []string{
			"apply-rules", // rules give keys and values; a name is known when all instances of a prefix are
		},
		Codes:   []string{"E0104", "E0208", "E0301", "W0136"},
		Run:     runBindEnv,
		Promise: "A variable has a valid name and a group, and is no setting of its component.",
		Holds:   envHolds,
	}
}

// binding is one instance of a provider kind, as the edges of one application make it.
type binding struct {
	source, provider *ir.Node
	prefix           string
	values           map[string][]bound // KEY -> what each edge wants
	defaults         map[string][]bound // KEY -> what holds where no edge wants anything
	lists            map[string][]record
	names            map[string][]record
	resources        []resource
	optional         map[string][]bound // KEY -> the rules that may leave it out
	edges            []*ir.Edge
	by               []ir.Origin       // what each rule says that makes the instance
	primary          *ir.Edge          // the link that asks for the plain names
	isPrimary        bool              // it has them
	among            int               // instances of the prefix
	because          []ir.Origin       // what makes the name of the instance a part of the names of its variables
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

type resource struct {
	kind.Resource

	by ir.Origin
}

func runBindEnv(c *pass.Context) bool {
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
		warnRequired(c, e)
	}
	for _, n := range c.Graph.Components() {
		bindSettings(c, n)
		for _, prefix := range slices.Sorted(maps.Keys(all[n])) {
			bindPrefix(c, all[n][prefix])
		}
	}
	for _, e := range c.Graph.Edges {
		composeVariables(c, e)
	}
	return true
}

// bindSettings enters the secret variables of the component's own, for its processes too.
func bindSettings(c *pass.Context, n *ir.Node) {
	for i, g := range n.Description.Variables {
		for _, name := range slices.Sorted(maps.Keys(g.Vars)) {
			for _, reader := range readers(n) {
				c.SetEnv(reader, name, g.Vars[name], g.Comment, c.Described(n, n.Name+" itself", "variables", i, "vars", name))
			}
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
		b = &binding{source: source, provider: provider, prefix: out.Prefix, values: map[string][]bound{}, defaults: map[string][]bound{}, lists: map[string][]record{}, names: map[string][]record{}, optional: map[string][]bound{}, renames: map[string]rename{}}
		all[source][out.Prefix][provider] = b
	}
	b.by = append(b.by, c.Said(e, a, "out", "prefix"))
	for key, v := range out.Env {
		b.values[key] = append(b.values[key], bound{v, c.Said(e, a, "out", "env", key)})
	}
	for key, v := range out.Defaults {
		b.defaults[key] = append(b.defaults[key], bound{v, c.Said(e, a, "out", "defaults", key)})
	}
	for key, records := range out.Lists {
		// the variable exists even without records
		b.lists[key] = append(b.lists[key], record{by: c.Said(e, a, "out", "lists", key)})
		for i, fields := range records {
			b.lists[key] = append(b.lists[key], record{fields, c.Said(e, a, "out", "lists", key, i)})
		}
	}
	for key, names := range out.Names {
		b.names[key] = append(b.names[key], record{by: c.Said(e, a, "out", "names", key)})
		for i, name := range names {
			b.names[key] = append(b.names[key], record{[]value.Value{value.Literal(name)}, c.Said(e, a, "out", "names", key, i)})
		}
	}
	for i, r := range out.Resources {
		b.resources = append(b.resources, resource{r, c.Said(e, a, "out", "resources", i)})
	}
	for _, key := range a.Rule.Optional {
		b.optional[key] = append(b.optional[key], bound{by: c.From(e, a.Rule)})
	}
	// the rules of one edge come one after the other
	if n := len(b.edges); n == 0 || b.edges[n-1] != e {
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
	return slices.Sorted(maps.Keys(set))
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
		for _, n := range readers(all[0].source) {
			var names []string
			var by []ir.Origin
			for _, b := range all {
				if own := b.of(n); len(own.edges) > 0 {
					names = append(names, b.provider.Instance())
					by = append(by, own.several(c)...)
				}
			}
			if len(names) > 0 {
				c.SetEnv(n, all[0].prefix+"_INSTANCES", value.Literal(strings.Join(names, ",")), "instances of "+all[0].prefix, by...)
			}
		}
	}
	for i, b := range all {
		b.isPrimary = b == primary
		if b.among = len(all); b.among == 2 {
			// of three and more none alone decides that there are several
			b.because = all[1-i].several(c)
		}
		bindInstance(c, b)
	}
}

// several are the links because of which there is this instance beside others.
func (b *binding) several(c *pass.Context) []ir.Origin {
	var by []ir.Origin
	for _, e := range b.edges {
		o := c.From(e, nil)
		o.Reason = "several instances of one provider"
		by = append(by, o)
	}
	return by
}

// readers are who reads the variables of links: a component, and its processes.
func readers(component *ir.Node) []*ir.Node {
	return append([]*ir.Node{component}, component.Processes()...)
}

// bindInstance decides the variables of an instance. Their names are the same for all who read them; each has what its own links say, and a process also what
// those of its component say.
func bindInstance(c *pass.Context, b *binding) {
	names := b.variables(c)
	for _, n := range readers(b.source) {
		own := b.of(n)
		if len(own.edges) == 0 {
			continue
		}
		variables := map[string]ir.Decided[string]{}
		for _, key := range own.keys() {
			if len(names[key]) == 0 {
				continue
			}
			variables[key] = pass.Decide(c, names[key][0].name, slices.Concat(own.wants(key), names[key][0].by)...)
			for _, v := range names[key] {
				own.bind(c, n, key, v)
			}
		}
		may := map[string]ir.Decided[string]{}
		for key, rules := range own.optional {
			if len(names[key]) > 0 {
				may[key] = pass.Decide(c, names[key][0].name, slices.Concat(origins(rules), names[key][0].by)...)
			}
		}
		p := c.Plan.VariablesOf(n)
		instance := ir.Instance{Prefix: b.prefix, Component: b.provider, Variables: variables, May: may, Resources: unite(c, own.resources), Optional: own.waits(c)}
		p.Instances = append(p.Instances, pass.Decide(c, instance, own.by...))
	}
}

// waits decides whether a new pod waits for the instance: it does not where a link says so, and none says otherwise.
func (b *binding) waits(c *pass.Context) ir.Decided[bool] {
	optional, by := false, []ir.Origin(nil)
	for _, e := range b.edges {
		required, said := e.Attrs["required"].(bool)
		if !said {
			continue
		}
		o := c.OfLink(e, "required")
		o.Reason = fmt.Sprintf("required is %t", required)
		if len(by) > 0 && optional == required {
			c.Conflict("E0301", fmt.Sprintf("%s would have %s both required and not", b.source.Name, b.provider.Name), "say the same on both links: required belongs to the instance", by[0], o)
			continue
		}
		optional = !required
		by = append(by, o)
	}
	if !optional { // as without any of them
		by = []ir.Origin{c.OfNode(b.source, "no link to "+b.provider.Name+" says required: false")}
	}
	return pass.Decide(c, optional, by...)
}

// variables are the names of each key, without those that are taken. A key that the rules may leave out has its name where nothing sets it too, but takes none
// away.
func (b *binding) variables(c *pass.Context) map[string][]variable {
	all, taken := map[string][]variable{}, map[string]string{}
	for _, key := range b.keys() {
		names, plain := b.variablesOf(c, key), b.prefix+"_"+key
		if len(names) == 0 {
			continue
		}
		if other := taken[names[0].name]; other != "" {
			b.oneName(c, names[0].name, other, plain)
			continue
		}
		taken[names[0].name] = plain
		for _, v := range names {
			if !b.isSetting(c, v.name) {
				all[key] = append(all[key], v)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(b.optional)) {
		names := b.variablesOf(c, key)
		if len(names) == 0 || slices.Contains(b.keys(), key) {
			continue
		}
		name := names[0].name
		if _, setting := b.source.Description.Settings[name]; !setting && taken[name] == "" {
			all[key], taken[name] = names[:1], b.prefix+"_"+key
		}
	}
	return all
}

// isSetting reports a variable that the component sets itself, or one of its processes that reads it. A process has the settings of its component too.
func (b *binding) isSetting(c *pass.Context, name string) bool {
	for _, n := range readers(b.source) {
		edges := b.edges
		if n != b.source {
			edges = b.of(n).edges
		}
		if len(edges) > 0 && isSetting(c, n, name, "rename one of them", c.From(edges[0], nil)) {
			return true
		}
	}
	return false
}

// isSetting reports a variable of links that who reads it sets itself.
func isSetting(c *pass.Context, reader *ir.Node, name, help string, by ir.Origin) bool {
	if _, taken := reader.Description.Settings[name]; !taken {
		return false
	}
	who := reader.Name
	if reader.Parent != nil {
		who = reader.Parent.Name + "'s " + reader.Name
	}
	c.Conflict("E0301", fmt.Sprintf("%s would have two values for the variable %s", who, name), help, c.Because(reader.AttrPos("env"), "the setting "+name+" of "+who), by)
	return true
}

// of is the part of a binding that the links of a component make, or those of one of its processes beside them.
func (b *binding) of(n *ir.Node) *binding {
	own := *b
	links := func(o ir.Origin) bool { return !o.Edge.Source.Kind.Process || o.Edge.Source == n }
	own.values, own.defaults = where(b.values, links), where(b.defaults, links)
	own.lists, own.names = where(b.lists, links), where(b.names, links)
	own.optional = where(b.optional, links)
	own.resources = only(b.resources, links)
	own.by = slices.DeleteFunc(slices.Clone(b.by), func(o ir.Origin) bool { return !links(o) })
	own.edges = slices.DeleteFunc(slices.Clone(b.edges), func(e *ir.Edge) bool { return !links(ir.Origin{Edge: e}) })
	return &own
}

// origin is what a link says, and which one.
type origin interface{ origin() ir.Origin }

func (b bound) origin() ir.Origin    { return b.by }
func (r record) origin() ir.Origin   { return r.by }
func (r resource) origin() ir.Origin { return r.by }

// only is what some of the links say.
func only[T origin](all []T, links func(ir.Origin) bool) []T {
	return slices.DeleteFunc(slices.Clone(all), func(said T) bool { return !links(said.origin()) })
}

// where is what some of the links say of each key, of which something is said.
func where[T origin](all map[string][]T, links func(ir.Origin) bool) map[string][]T {
	some := map[string][]T{}
	for key, said := range all {
		if own := only(said, links); len(own) > 0 {
			some[key] = own
		}
	}
	return some
}

// origins are the links that say it.
func origins[T origin](all []T) []ir.Origin {
	var by []ir.Origin
	for _, said := range all {
		by = append(by, said.origin())
	}
	return by
}

// wants are the origins of a key's value: all that give it, or a part of it.
func (b *binding) wants(key string) []ir.Origin {
	return append(origins(b.valuesOf(key)), origins(slices.Concat(b.lists[key], b.names[key]))...)
}

// valuesOf is what the edges want a key to be; what holds where none wants anything.
func (b *binding) valuesOf(key string) []bound {
	if wanted := b.values[key]; len(wanted) > 0 {
		return wanted
	}
	return b.defaults[key]
}

// unite sorts resources, by kind and name, and makes one of those that differ in access only.
func unite(c *pass.Context, resources []resource) []ir.Decided[kind.Resource] {
	slices.SortStableFunc(resources, func(x, y resource) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Access, y.Access))
	})
	var all []ir.Decided[kind.Resource]
	for len(resources) > 0 {
		first, n := resources[0].Resource, 0
		var by []ir.Origin
		for ; n < len(resources) && resources[n].Name == first.Name && resources[n].Kind == first.Kind; n++ {
			first.Access = union(first.Access, resources[n].Access)
			by = append(by, resources[n].by)
		}
		all, resources = append(all, pass.Decide(c, first, by...)), resources[n:]
	}
	return all
}

// bind decides one variable of who reads it.
func (b *binding) bind(c *pass.Context, reader *ir.Node, key string, v variable) {
	group, why := b.provider.Name, v.by
	for _, wanted := range b.valuesOf(key) {
		c.SetEnv(reader, v.name, wanted.value, group, append([]ir.Origin{wanted.by}, why...)...)
		why = nil // once is enough
	}
	if records, ok := b.lists[key]; ok {
		b.bindList(c, reader, v, records, ";", group)
	}
	if records, ok := b.names[key]; ok {
		b.bindList(c, reader, v, records, ",", group)
	}
}

// bindList joins records, sorted by their first field, each once.
func (b *binding) bindList(c *pass.Context, reader *ir.Node, v variable, records []record, separator, group string) {
	slices.SortStableFunc(records, func(x, y record) int { return cmp.Compare(firstField(x), firstField(y)) })
	var joined value.Concat
	var origins []ir.Origin
	seen := map[string]bool{}
	for _, r := range records {
		origins = append(origins, r.by)
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
	c.SetEnv(reader, v.name, literal(joined), group, slices.Concat(origins, v.by)...)
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

func envHolds(c *pass.Context) error {
	for n := range c.Plan.Of {
		for _, reader := range readers(n) {
			v := c.Plan.VariablesOf(reader)
			for name := range v.Env {
				if _, setting := n.Description.Settings[name]; setting || !kind.IsVariable(strings.ToUpper(strings.TrimLeft(name, "_"))) || v.EnvGroup[name] == "" {
					return fmt.Errorf("variable %q of %s, of the group %q, is a setting: %v", name, reader.ID, v.EnvGroup[name], setting)
				}
			}
		}
	}
	return nil
}
