package passes_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/passes"
)

type object = kind.Object

// world is an architecture of kinds and rules that a test makes by hand.
type world struct {
	t     testing.TB
	graph *ir.Graph
	index map[string]*ir.Node
	line  int
}

func newWorld(t testing.TB) *world {
	t.Helper()
	library := &kind.Library{Kinds: map[string]*kind.Kind{}, Rules: map[string]*kind.Rule{}}
	return &world{t: t, index: map[string]*ir.Node{}, graph: &ir.Graph{Name: "test", Arch: object{"name": "test"}, Library: library, Failed: map[string]bool{}}}
}

// pos is a line of its own for each thing that is written.
func (w *world) pos() diag.Pos {
	w.line++
	return diag.Pos{File: "arch.cue", Line: w.line, Column: 1}
}

// kind adds a kind, "store", or a sub-kind, "store/table". A component has the pods "server" and the port "main".
func (w *world) kind(name string, change ...func(*kind.Kind)) *kind.Kind {
	k := &kind.Kind{Name: name, Title: strings.ToUpper(name), Doc: "A " + name + ".", Subs: map[string]*kind.Kind{}, Attributes: &kind.Type{IsStruct: true}}
	k.Describe = func(self, _, _ object) (kind.Description, error) { return describe(self), nil }
	if parent, short, sub := strings.Cut(name, "/"); sub {
		k.Parent = parent
		k.Describe = func(object, object, object) (kind.Description, error) { return kind.Description{}, nil }
		w.graph.Library.Kinds[parent].Subs[short] = k
	}
	for _, f := range change {
		f(k)
	}
	w.graph.Library.Kinds[name] = k
	return k
}

// describe is what every component offers unless its kind says otherwise.
func describe(self object) kind.Description {
	name := self["name"].(string)
	return kind.Description{
		Host: name + ".svc", Ports: map[string]kind.Port{"main": {Port: 80, Pods: "server"}},
		Pods: map[string]kind.Pods{"server": {Labels: map[string]string{"app": name}}}, Derived: object{"of": name},
	}
}

// described changes what the components of a kind offer.
func described(change func(self object, d *kind.Description)) func(*kind.Kind) {
	return func(k *kind.Kind) {
		base := k.Describe
		k.Describe = func(self, parent, arch object) (kind.Description, error) {
			d, err := base(self, parent, arch)
			change(self, &d)
			return d, err
		}
	}
}

// rule adds a rule, "app -> store"; its source waits for its target.
func (w *world) rule(name string, change ...func(*kind.Rule)) *kind.Rule {
	from, to, _ := strings.Cut(name, " -> ")
	r := &kind.Rule{From: from, To: to, Doc: "Rule " + name + ".", Startup: true, Apply: func(kind.Input) (kind.Result, error) { return kind.Result{}, nil }}
	for _, f := range change {
		f(r)
	}
	w.graph.Library.Rules[name] = r
	return r
}

// says makes a rule say the same of every edge.
func says(result kind.Result) func(*kind.Rule) {
	return func(r *kind.Rule) { r.Apply = func(kind.Input) (kind.Result, error) { return result, nil } }
}

// saysOf makes a rule say what a function does.
func saysOf(result func(kind.Input) kind.Result) func(*kind.Rule) {
	return func(r *kind.Rule) { r.Apply = func(in kind.Input) (kind.Result, error) { return result(in), nil } }
}

// out is a result for the source, in one for the target.
func out(e kind.Effects) kind.Result { return kind.Result{Out: e} }

func in(e kind.Effects) kind.Result { return kind.Result{In: e} }

// vars are variables, "HOST=db".
func vars(pairs ...string) map[string]value.Value {
	m := map[string]value.Value{}
	for _, p := range pairs {
		k, v, _ := strings.Cut(p, "=")
		m[k] = value.Literal(v)
	}
	return m
}

// add makes components "a b c" of a kind, or a sub-component "db/table/x", each in a namespace of its own unless attributes say another.
func (w *world) add(kindName, ids string, attrs ...object) {
	w.t.Helper()
	for id := range strings.FieldsSeq(ids) {
		n := &ir.Node{ID: id, Name: id, Kind: w.graph.Library.Kinds[kindName], Attrs: object{}, Pos: w.pos()}
		if parts := strings.SplitN(id, "/", 3); len(parts) == 3 {
			n.Parent, n.Name = w.index[parts[0]], parts[2]
			n.Parent.Subs = append(n.Parent.Subs, n)
		} else {
			n.Attrs["namespace"] = id
		}
		for _, a := range attrs {
			maps.Copy(n.Attrs, a)
		}
		n.Given = given("", n.Pos, n.Attrs)
		if n.Kind == nil {
			w.t.Fatalf("no kind %q", kindName)
		}
		w.index[id] = n
		w.graph.Nodes = append(w.graph.Nodes, n)
	}
}

// link writes links "a -> b", with one and the same attributes.
func (w *world) link(written string, attrs ...object) {
	w.t.Helper()
	source, target, _ := strings.Cut(written, " -> ")
	if w.index[source] == nil {
		w.t.Fatalf("no source %q", source)
	}
	all := object{}
	for _, a := range attrs {
		maps.Copy(all, a)
	}
	pos := w.pos()
	w.graph.Links = append(w.graph.Links, ir.Link{Source: w.index[source], Target: target, Given: given(target, pos, all), Pos: pos})
}

// given is what a user would have written for data; all of it stands at one place.
func given(key string, at diag.Pos, data any) *kind.Given {
	g := &kind.Given{Key: key, KeyPos: at, Pos: at, Concrete: true}
	switch d := data.(type) {
	case object:
		g.Struct = true
		for _, k := range slices.Sorted(maps.Keys(d)) {
			g.Fields = append(g.Fields, given(k, at, d[k]))
		}
	case []any:
		g.List = true
		for _, item := range d {
			g.Items = append(g.Items, given("", at, item))
		}
	default:
		g.Scalar = data
	}
	return g
}

// built is what passes made of a world.
type built struct {
	*pass.Context

	t testing.TB
}

// run runs the table up to a pass ("" : all of it). After each pass its promise and those before it must hold, and it may report its own codes only.
func (w *world) run(last string) *built {
	w.t.Helper()
	table := passes.Table()
	if last != "" {
		i := slices.IndexFunc(table, func(p pass.Pass) bool { return p.Name == last })
		if i < 0 {
			w.t.Fatalf("no pass %s", last)
		}
		table = table[:i+1]
	}
	return w.runTable(table)
}

// sort puts nodes and links in the order in which loading does.
func (w *world) sort() {
	for _, n := range w.graph.Nodes {
		slices.SortFunc(n.Subs, func(a, b *ir.Node) int { return strings.Compare(a.ID, b.ID) })
	}
	slices.SortFunc(w.graph.Nodes, func(a, b *ir.Node) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(w.graph.Links, func(a, b ir.Link) int {
		return strings.Compare(a.Source.ID+" "+a.Target, b.Source.ID+" "+b.Target)
	})
}

func (w *world) runTable(table []pass.Pass) *built {
	w.t.Helper()
	w.sort()
	c := &pass.Context{Graph: w.graph, Plan: ir.NewPlan(w.graph), Findings: &diag.List{}}
	watch(w.t, table, c)
	return &built{Context: c, t: w.t}
}

// watch runs passes, and checks after each what it promises.
func watch(t testing.TB, table []pass.Pass, c *pass.Context) {
	t.Helper()
	known := map[string]bool{}
	pass.Run(table, c, func(p pass.Pass, kept map[string]bool) {
		for _, earlier := range table {
			if !kept[earlier.Name] {
				continue
			}
			if err := earlier.Holds(c); err != nil {
				t.Errorf("after %s, the promise of %s: %v", p.Name, earlier.Name, err)
			}
		}
		for _, d := range c.Findings.Sorted() {
			finding := fmt.Sprint(d.Code, d.Pos, d.Message)
			if !known[finding] && !slices.Contains(p.Codes, d.Code) {
				t.Errorf("%s reports %s, which it does not declare", p.Name, d.Code)
			}
			known[finding] = true
		}
	})
}

// codes are those of the findings, by place.
func (b *built) codes() string {
	var all []string
	for _, d := range b.Findings.Sorted() {
		all = append(all, d.Code)
	}
	return strings.Join(all, " ")
}

// clean fails where there is an error.
func (b *built) clean() *built {
	b.t.Helper()
	if err := b.Findings.Err(); err != nil {
		b.t.Fatal(err)
	}
	return b
}

// one is the only finding with a code.
func (b *built) one(code string) diag.Diagnostic {
	b.t.Helper()
	all := slices.DeleteFunc(b.Findings.Sorted(), func(d diag.Diagnostic) bool { return d.Code != code })
	if len(all) != 1 {
		b.t.Fatalf("%s stands %d times in %v", code, len(all), b.Findings.Sorted())
	}
	return all[0]
}

// at fails unless the only finding with a code stands where a link ("a -> b") or a node was written, and says all of some texts.
func (b *built) at(code, where string, texts ...string) {
	b.t.Helper()
	d := b.one(code)
	if want := b.posOf(where); d.Pos != want {
		b.t.Errorf("%s stands at %s, not at %s (%s)", code, d.Pos, want, where)
	}
	for _, text := range texts {
		if !strings.Contains(d.Message+"; "+d.Help, text) {
			b.t.Errorf("%s says %q; %q, not %q", code, d.Message, d.Help, text)
		}
	}
}

func (b *built) posOf(where string) diag.Pos {
	b.t.Helper()
	for _, l := range b.Graph.Links {
		if l.Source.ID+" -> "+l.Target == where {
			return l.Pos
		}
	}
	if n := b.Graph.Node(where); n != nil {
		return n.Pos
	}
	b.t.Fatalf("nothing is called %q", where)
	return diag.Pos{}
}

// of is the plan of a component.
func (b *built) of(name string) *ir.NodePlan { return b.Plan.Of[b.Graph.Node(name)] }

// edge is the edge of a link, "a -> b".
func (b *built) edge(name string) *ir.Edge {
	b.t.Helper()
	for _, e := range b.Graph.Edges {
		if e.Name() == name {
			return e
		}
	}
	b.t.Fatalf("no edge %q", name)
	return nil
}

// edges are all edges, as "source -> target" with the target that was found.
func (b *built) edges() []string {
	var all []string
	for _, e := range b.Graph.Edges {
		all = append(all, e.Source.ID+" -> "+e.Target.ID)
	}
	return all
}

// by fails unless these edges, each named once, are the origins of a decision, by a pass.
func (b *built) by(what string, origins []ir.Origin, passName string, edges ...string) {
	b.t.Helper()
	var got []string
	for _, o := range origins {
		if o.Pass != passName {
			b.t.Errorf("%s comes from the pass %s, not %s", what, o.Pass, passName)
		}
		if o.Edge != nil && !slices.Contains(got, o.Edge.Name()) {
			got = append(got, o.Edge.Name())
		}
	}
	if !slices.Equal(got, edges) {
		b.t.Errorf("%s comes from %q, not %q", what, got, edges)
	}
}

// env fails unless the variables of a component or a process are these, "NAME=text".
func (b *built) env(name string, want ...string) {
	b.t.Helper()
	var got []string
	for k, d := range b.Plan.VariablesOf(b.Graph.Node(name)).Env {
		got = append(got, k+"="+value.Display(d.Value()))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		b.t.Errorf("%s has the variables\n%q, not\n%q", name, got, want)
	}
}
