package compiler_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/fixture"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/load"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/passes"
)

// attribute is an attribute of a kind or of a rule's links, or one inside another.
type attribute struct {
	fixture.Hint

	number   int          // among all
	owner    string       // kind or rule
	called   string       // name of the sub-component that has it, where the owner is a sub-kind
	path     []string     // names, the outermost first
	types    []*kind.Type // along the path
	required bool
}

func (a attribute) String() string { return a.owner + ", " + strings.Join(a.path, ".") }

// own is the type of the attribute itself.
func (a attribute) own() *kind.Type { return a.types[len(a.types)-1] }

// attributesOf lists the attributes of a type, and those inside them.
func (w world) attributesOf(owner string, t *kind.Type) []attribute {
	var all []attribute
	var walk func(path []string, types []*kind.Type, t *kind.Type)
	walk = func(path []string, types []*kind.Type, t *kind.Type) {
		for _, f := range t.Fields {
			a := attribute{owner: owner, path: append(slices.Clone(path), f.Name), types: append(slices.Clone(types), f.Type), required: f.Required}
			name := strings.Join(a.path, ".")
			a.Hint = w.Hint(owner, name)
			if k := w.Library.Kinds[owner]; k != nil {
				a.called = fixture.SubName(k)
			}
			// a struct without required fields is nothing beside its fields
			if !f.Type.IsStruct || slices.ContainsFunc(f.Type.Fields, func(f kind.Field) bool { return f.Required }) {
				all = append(all, a)
			}
			walk(a.path, a.types, items(f.Type))
		}
	}
	if t != nil {
		walk(nil, nil, t)
	}
	return all
}

// items is the type of the structs in a list; any other type is itself.
func items(t *kind.Type) *kind.Type {
	if t.IsList && t.Elem != nil {
		return t.Elem
	}
	return t
}

// attributes lists those of all kinds, then those of the links of all rules.
func (w world) attributes() []attribute {
	var all []attribute
	for _, name := range slices.Sorted(maps.Keys(w.Library.Kinds)) {
		all = append(all, w.attributesOf(name, w.Library.Kinds[name].Attributes)...)
	}
	for _, name := range slices.Sorted(maps.Keys(w.Library.Rules)) {
		all = append(all, w.attributesOf(name, w.Library.Rules[name].Attributes)...)
	}
	for i := range all {
		all[i].number = i
	}
	if testing.Short() {
		all = slices.DeleteFunc(all, func(a attribute) bool { return a.number%sampled != 0 })
	}
	return all
}

// sampled is one in how many a walk over all takes with -short, as `make test` does; `make test-long` takes all.
const sampled = 6

const tooLong = "takes long: `make test-long` has it"

// prefix begins the names of the components that are there for an attribute alone.
func (a attribute) prefix() string { return fmt.Sprintf("a%d", a.number) }

// place makes these components, and gives the struct that holds the attribute.
func (w world) place(a attribute) object {
	rule := w.Library.Rules[a.owner]
	if a.Rule != "" {
		rule = w.Library.Rules[a.Rule]
	}
	if rule == nil {
		k := w.Library.Kinds[a.owner]
		_, node := w.Add(k, a.prefix()+"-"+fixture.Short(k))
		return node
	}
	p := w.Pair(rule, w.Library.Named(rule.From)[0], w.someTarget(rule, a.owner), a.prefix())
	w.Connect(p)
	switch component, _, _ := strings.Cut(a.owner, "/"); {
	case a.owner == rule.Name():
		return p.Link
	case a.owner == p.Source.Name:
		return p.SourceNode
	case a.owner == p.Target.Name:
		return p.TargetNode
	case w.Library.Kinds[a.owner] != nil && w.Library.Kinds[a.owner].Parent == p.Target.Name:
		return w.AddSub(p.TargetNode, w.Library.Kinds[a.owner], p.To)
	case component == w.Components[p.From].(object)["kind"]:
		return w.Components[p.From].(object)
	default:
		return w.Components[p.To].(object)
	}
}

// someTarget is a kind that a rule leads to: of those with a capability, the owner of the attribute, or one that everything applies to.
func (w world) someTarget(r *kind.Rule, owner string) *kind.Kind {
	source, all := w.Library.Named(r.From)[0], w.Library.Named(r.To)
	if k := w.Library.Kinds[owner]; k != nil && slices.Contains(w.Library.RulesOf(source, k), r) {
		return k
	}
	if app := w.Library.Kinds["fastapi"]; slices.Contains(w.Library.RulesOf(source, app), r) {
		return app
	}
	return all[slices.IndexFunc(all, func(k *kind.Kind) bool { return slices.Contains(w.Library.RulesOf(source, k), r) })]
}

// set writes an attribute into the struct that holds it; what it stands in gets what that requires. A nil value leaves the attribute out.
func (a attribute) set(holder object, value any) {
	for i, t := range a.types[:len(a.types)-1] {
		inner, ok := holder[a.path[i]].(object)
		if list, _ := holder[a.path[i]].([]any); len(list) > 0 {
			inner, ok = list[0].(object)
		}
		if !ok {
			inner, _ = fixture.Sample(items(t)).(object)
		}
		if holder[a.path[i]] = any(inner); t.IsList {
			holder[a.path[i]] = []any{inner}
		}
		holder = inner
	}
	last := a.path[len(a.path)-1]
	if holder[last] = value; value == nil {
		delete(holder, last)
	}
}

// before is the value that an attribute is tried with first: none where it has a default or may be missing.
func (a attribute) before(holder object) any {
	switch {
	case len(a.path) == 1 && holder[a.path[0]] != nil:
		return holder[a.path[0]]
	case a.required:
		return fixture.Sample(a.own())
	}
	return nil
}

// after is another value.
func (a attribute) after(w world, before any) any {
	if a.Value != nil {
		return a.Value
	}
	if before == nil {
		before = a.own().Default
	}
	if a.own().Quantity {
		if before == nil {
			before = a.own().Usual
		}
		return otherQuantity(fmt.Sprint(before), a.bounded(w))
	}
	// names that nobody else has: hosts and classes may be claimed once
	if unique := fmt.Sprintf("v%d", a.number); !a.isStruct() && a.own().Fits(unique) {
		return unique
	}
	return fixture.OtherThan(a.own(), before)
}

func (a attribute) isStruct() bool { return a.own().IsStruct || a.own().IsMap || a.own().IsList }

// bounded says whether another attribute bounds this quantity from above.
func (a attribute) bounded(w world) bool {
	k := w.Library.Kinds[a.owner]
	return k != nil && slices.ContainsFunc(k.AtMost, func(pair [2]string) bool { return pair[0] == a.path[0] })
}

// otherQuantity is more than a quantity; less where it is bounded.
func otherQuantity(old string, bounded bool) string {
	switch {
	case !bounded:
		return "20Gi"
	case strings.HasSuffix(old, "i"):
		return "200Mi"
	}
	return "50m"
}

// lay puts every attribute on components of its own, with the value before or after.
func (w world) lay(t *testing.T, all []attribute, changed bool) {
	t.Helper()
	w.Components = object{}
	for _, a := range all {
		holder := w.place(a)
		a.Lay(holder)
		value := a.before(holder)
		if changed {
			if value = a.after(w, value); value == nil {
				t.Errorf("no other value of %s is known", a)
			}
		}
		a.set(holder, value)
	}
}

// TestEveryAttributeChangesSomething gives each attribute another value: the files of its components change.
func TestEveryAttributeChangesSomething(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// what a user gives is in the files that are encrypted
	all := slices.DeleteFunc(w.attributes(), func(a attribute) bool { return a.Code != "" || a.own().GivenAs != "" })
	w.lay(t, all, false)
	before := tree(t, w.check(t))
	w.lay(t, all, true)
	changes := byComponent(differences(before, tree(t, w.check(t))))
	changed := map[string]bool{}
	for name := range changes {
		prefix, _, _ := strings.Cut(name, "-")
		changed[prefix] = true
	}
	for _, a := range all {
		if !changed[a.prefix()] {
			t.Errorf("%s changes nothing", a)
		}
	}
}

// TestRefusedValuesHaveTheirCode gives the values that package fixture says are refused.
func TestRefusedValuesHaveTheirCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := slices.DeleteFunc(w.attributes(), func(a attribute) bool { return a.Code == "" })
	w.lay(t, all, true)
	found := errorsOf(w.check(t))
	for _, a := range all {
		if !slices.ContainsFunc(found, func(d diag.Diagnostic) bool { return d.Code == a.Code && a.concerns(d) }) {
			t.Errorf("%s does not give %s", a, a.Code)
		}
	}
	for _, d := range found {
		if !slices.ContainsFunc(all, func(a attribute) bool { return d.Code == a.Code && a.concerns(d) }) {
			t.Errorf("%s: %s %s", d.Pos, d.Code, d.Message)
		}
	}
}

// concerns says whether a diagnostic is about the components of an attribute.
func (a attribute) concerns(d diag.Diagnostic) bool {
	return strings.HasPrefix(d.Path, `components."`+a.prefix()+"-")
}

// mistake is what a test puts into the architecture, and what has to be said of it.
type mistake struct {
	attribute

	code string
	at   string // the text that the diagnostic points at
}

// TestMistakesAreFoundAtTheirPlace gives every attribute values that it may not have; it misspells them all, and leaves out those that are required.
func TestMistakesAreFoundAtTheirPlace(t *testing.T) {
	t.Parallel()
	for name, mistaken := range map[string]func(attribute, object) *mistake{
		"other type": func(a attribute, holder object) *mistake { return a.wrong(holder, a.otherType()) },
		"bounds":     func(a attribute, holder object) *mistake { return a.wrong(holder, a.outOfBounds()) },
		"misspelt":   attribute.misspelt,
		"missing":    attribute.missing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var all []*mistake
			for _, a := range w.attributes() {
				beside, code := fixture.Hint{With: a.With}, a.Code
				a.Hint = fixture.Hint{}
				holder := w.place(a)
				_, inside := beside.With[a.path[0]].(object)
				if slices.Contains(slices.Collect(maps.Values(beside.With)), nil) || inside && code != "E0208" || name == "misspelt" {
					beside.Lay(holder) // it excludes another one, or stands in one that needs more than its types say; a misspelt one is read as what it means
				}
				if m := mistaken(a, holder); m != nil {
					all = append(all, m)
				} else {
					w.place(a) // as it was
				}
			}
			source := w.text(t)
			found := findErrors(t, source)
			for _, m := range all {
				m.verify(t, strings.Split(source, "\n"), found)
			}
			if len(all) == 0 || len(found) != len(all) {
				t.Errorf("%d mistakes give %d errors", len(all), len(found))
			}
		})
	}
}

func (a attribute) wrong(holder object, value any) *mistake {
	if value == nil {
		return nil
	}
	a.set(holder, value)
	text, _ := json.Marshal(value)
	return &mistake{a, cmp.Or(a.own().Code, "E0104"), string(text)}
}

// otherType is a value of a type that the attribute does not have.
func (a attribute) otherType() any {
	if a.isStruct() || !a.own().Quantity && a.own().Fits(true) {
		return 17
	}
	return true
}

// outOfBounds is a value of the right type that is refused, nil where none is.
func (a attribute) outOfBounds() any {
	if a.isStruct() {
		return nil
	}
	if a.own().Quantity {
		return "10 Gi"
	}
	for _, value := range []any{int64(-7), " no such value", ""} {
		if _, isText := value.(string); isText != strings.Contains(a.own().Text, "int") && !a.own().Fits(value) {
			return value
		}
	}
	return nil
}

func (a attribute) misspelt(holder object) *mistake {
	name := a.path[len(a.path)-1] + "x"
	wrong := a
	wrong.path = append(slices.Clone(a.path[:len(a.path)-1]), name)
	wrong.set(holder, true)
	return &mistake{a, "E0102", strconv.Quote(name)}
}

// missing leaves a required attribute out: the key of what should have it is to blame.
func (a attribute) missing(holder object) *mistake {
	if !a.required {
		return nil
	}
	a.set(holder, nil)
	m := &mistake{a, "E0103", strconv.Quote(a.prefix() + "-" + strings.ReplaceAll(a.owner, "_", ""))}
	switch n := len(a.path); {
	case n > 1 && a.types[n-2].IsList:
		m.at = "{"
	case n > 1:
		m.at = strconv.Quote(a.path[n-2])
	case strings.Contains(a.owner, " -> "):
		m.at = strconv.Quote(a.prefix() + "-to-")[:len(a.prefix())+5]
	case strings.Contains(a.owner, "/"):
		m.at = strconv.Quote(a.called)
	}
	return m
}

// verify demands one diagnostic for a mistake, which points at it and names what is meant.
func (m *mistake) verify(t *testing.T, lines []string, found []diag.Diagnostic) {
	t.Helper()
	found = slices.DeleteFunc(slices.Clone(found), func(d diag.Diagnostic) bool { return !m.concerns(d) })
	if len(found) != 1 {
		t.Errorf("%s gives %d errors: %v", m, len(found), found)
		return
	}
	d, name := found[0], m.path[len(m.path)-1]
	if d.Code != m.code {
		t.Errorf("%s gives %s, not %s", m, d.Code, m.code)
	}
	if at := lines[d.Pos.Line-1][d.Pos.Column-1:]; !strings.HasPrefix(at, m.at) {
		t.Errorf("%s points at %s, not %s", m, at, m.at)
	}
	if !strings.Contains(d.Message, name) || d.Help == "" {
		t.Errorf("%s says %q, %q", m, d.Message, d.Help)
	}
	if d.Code == "E0102" && !strings.Contains(d.Help, strconv.Quote(name)) {
		t.Errorf("%s is not suggested: %q", m, d.Help)
	}
}

// findErrors loads an architecture, and runs the passes up to the one that checks links.
func findErrors(t *testing.T, source string) []diag.Diagnostic {
	t.Helper()
	files := map[string]string{"arch.cue": source}
	maps.Copy(files, newWorld(t).files)
	graph, findings := load.Architecture(load.Source{Args: []string{"arch.cue"}, Dir: writeFiles(t, files), Env: env()})
	table := passes.Table()
	last := slices.IndexFunc(table, func(p pass.Pass) bool { return p.Name == "find-rules" })
	pass.Run(table[:last+1], &pass.Context{Graph: graph, Plan: ir.NewPlan(graph), Findings: findings}, nil)
	return slices.DeleteFunc(findings.Sorted(), func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
}
