package compiler_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/kind"
)

type object = map[string]any

// world is an architecture that a test puts together: the components by name. CUE reads it as JSON.
type world struct {
	library    *kind.Library
	known      samples
	components object
}

// samples is testdata/samples.cue: what the types of the library do not tell.
type samples struct {
	Config object            `json:"config"`
	Kinds  map[string]object `json:"kinds"`  // attributes that every component or sub-component of a kind gets
	Unique map[string]string `json:"unique"` // kind -> attribute that no two components may have alike
	Links  map[string]object `json:"links"`  // rule -> attributes that every link of it gets

	Attributes map[string]hint `json:"attributes"` // by kind or rule, and name
}

func newWorld(t testing.TB) *world {
	t.Helper()
	l, findings := compiler.Library("")
	if findings.HasErrors() {
		t.Fatal(findings.Err())
	}
	w := &world{library: l, components: object{}}
	readData(t, "samples.cue", &w.known)
	return w
}

// readData reads a CUE file of testdata.
func readData(t testing.TB, name string, into any) {
	t.Helper()
	insts := load.Instances([]string{"./testdata/" + name}, &load.Config{})
	v := cuecontext.New().BuildInstance(insts[0])
	if err := v.Validate(cue.Concrete(true)); err != nil {
		t.Fatal(err)
	}
	if err := v.Decode(into); err != nil {
		t.Fatal(err)
	}
}

// check compiles the world.
func (w *world) check(t testing.TB) *compiler.Build {
	t.Helper()
	return check(t, w.source(t))
}

func (w *world) source(t testing.TB) string {
	t.Helper()
	data, err := json.MarshalIndent(object{"name": "world", "config": w.known.Config, "components": w.components}, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// add makes a component of a kind with what it needs: required attributes, and helpers that its kind demands links to.
// Of a sub-kind it makes a component with one sub-component "one". It gives the component, and the node itself.
func (w *world) add(k *kind.Kind, name string) (component, node object) {
	if k.Parent != "" {
		component, _ = w.add(w.library.Kinds[k.Parent], name)
		node = w.needed(k, name)
		_, short, _ := strings.Cut(k.Name, "/")
		component[short] = object{"one": node}
		return component, node
	}
	component = w.needed(k, name)
	component["kind"] = k.Name
	w.components[name] = component
	for _, c := range k.Counts {
		if c.Out && c.Min > 0 {
			w.add(w.library.Kinds[c.Other], helper(name, c.Other))
			component["links"] = object{helper(name, c.Other): object{}}
		}
	}
	return component, component
}

// helper is the component that another one cannot be without.
func helper(name, kind string) string { return name + "-" + kind }

// needed are the required attributes, and those of samples.cue.
func (w *world) needed(k *kind.Kind, name string) object {
	o := object{}
	for _, f := range k.Attributes.Fields {
		if f.Required {
			o[f.Name] = sample(f.Type)
		}
	}
	if k.Attributes.Field("namespace") != nil {
		o["namespace"] = name
	}
	if unique := w.known.Unique[k.Name]; unique != "" {
		o[unique] = name
	}
	maps.Copy(o, w.known.Kinds[k.Name])
	return o
}

// address is how a link names a node that add made.
func address(k *kind.Kind, name string) string {
	if _, short, sub := strings.Cut(k.Name, "/"); sub {
		return name + "/" + short + "/one"
	}
	return name
}

// pair is two components for one link.
type pair struct {
	rule                   *kind.Rule
	source, target         *kind.Kind
	from, to               string // components; the same for two sub-components of one
	sourceNode, targetNode object
	link                   object
}

// pair makes the components of both ends of a rule, without the link.
func (w *world) pair(r *kind.Rule, source, target *kind.Kind, prefix string) *pair {
	p := &pair{rule: r, source: source, target: target, from: prefix + "-" + short(source), to: prefix + "-to-" + short(target)}
	_, p.sourceNode = w.add(source, p.from)
	if source.Parent != "" && source.Parent == target.Parent {
		_, sub, _ := strings.Cut(target.Name, "/")
		p.to, p.targetNode = p.from, w.needed(target, p.from)
		w.components[p.from].(object)[sub] = object{"one": p.targetNode}
		return p
	}
	_, p.targetNode = w.add(target, p.to)
	return p
}

// linked adds the link; one that a kind may have once takes the place of that to the helper.
func (p *pair) linked(w *world) {
	links, ok := p.sourceNode["links"].(object)
	if !ok {
		links = object{}
		p.sourceNode["links"] = links
	}
	for _, c := range p.source.Counts {
		if c.Out && c.Max == 1 && c.Other == p.target.Name {
			delete(links, helper(p.from, c.Other))
		}
	}
	p.link = object{}
	maps.Copy(p.link, w.known.Links[p.rule.Name()])
	links[address(p.target, p.to)] = p.link
}

// components lists the kinds of components, by name.
func componentKinds(l *kind.Library) []*kind.Kind {
	var all []*kind.Kind
	for _, name := range slices.Sorted(maps.Keys(l.Kinds)) {
		if l.Kinds[name].Parent == "" {
			all = append(all, l.Kinds[name])
		}
	}
	return all
}

// standsFor lists the kinds that an end of a rule names: one, or those with a capability.
func standsFor(l *kind.Library, end string) []*kind.Kind {
	capability, ok := strings.CutPrefix(end, "@")
	if !ok {
		return []*kind.Kind{l.Kinds[end]}
	}
	return slices.DeleteFunc(componentKinds(l), func(k *kind.Kind) bool { return !slices.Contains(k.Provides, capability) })
}

// short is a kind's name as part of a component's.
func short(k *kind.Kind) string { return strings.NewReplacer("/", "-", "_", "").Replace(k.Name) }

// byComponent groups differences of two trees by the component's folder; files of the whole tree are left out.
func byComponent(changes []string) map[string][]string {
	all := map[string][]string{}
	for _, change := range changes {
		folder, file, below := strings.Cut(change[2:], "/")
		if below && folder != "scripts" {
			all[folder] = append(all[folder], change[:2]+file)
		}
	}
	return all
}

// sample is some value that a type allows: the first that fits.
func sample(t *kind.Type) any { return otherThan(t, nil) }

// otherThan is a value that a type allows and that is not this one; nil if none is known.
func otherThan(t *kind.Type, old any) any {
	switch {
	case t.IsStruct:
		o := object{}
		for _, f := range t.Fields {
			if f.Required {
				o[f.Name] = sample(f.Type)
			}
		}
		return o
	case t.IsMap:
		return object{"SAMPLE": sample(t.Elem)}
	case t.IsList:
		return []any{sample(t.Elem)}
	}
	for _, candidate := range candidates(t, old) {
		if fmt.Sprint(candidate) != fmt.Sprint(old) && t.Fits(candidate) {
			return candidate
		}
	}
	return nil
}

// candidates are values to try: near the old one, the literals of the type, and some of every form.
func candidates(t *kind.Type, old any) []any {
	var all []any
	switch old := old.(type) {
	case bool:
		return []any{!old}
	case int64:
		all = append(all, old+1, old-1, old*2)
	}
	for word := range strings.SplitSeq(t.Text, "|") {
		word = strings.Trim(word, " *()")
		if s, err := strconv.Unquote(word); err == nil {
			all = append(all, s)
		} else if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			all = append(all, n)
		}
	}
	all = append(all, true, int64(5), int64(8080), "5s", "200Mi", "sample", "/sample", "other.example.com", "https://other.example.com", "203.0.113.0/24", "198.51.100.0/24", "registry.example.com/sample:1.2.3", "httpx==0.28.1", "X-Sample")
	return all
}
