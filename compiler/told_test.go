package compiler_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/explain"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// texts are the contents of files, by name.
func texts(t *testing.T, patterns ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v %v", pattern, files, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all[file] = string(data)
		}
	}
	return all
}

// found are the words that a pattern finds in files: its first group.
func found(t *testing.T, pattern string, files ...string) map[string]bool {
	t.Helper()
	re, all := regexp.MustCompile(pattern), map[string]bool{}
	for _, text := range texts(t, files...) {
		for _, match := range re.FindAllStringSubmatch(text, -1) {
			all[match[1]] = true
		}
	}
	return all
}

// Scripts are those of behaviour and of kinds; pages are what people read of the language, those that are written by hand.
const (
	someScripts = "../testdata/scripts/*.txtar"
	kindScripts = "../cue/kinds/*/test.txtar"
	handPages   = "../docs/reference/*.md"
)

// TestEveryAttributeHasAScriptAndAPage looks for each attribute of kinds and links: a script gives it a value, and the pages of the language name it. That
// it has an effect in each kind that has it is TestEveryAttributeChangesSomething.
func TestEveryAttributeHasAScriptAndAPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	given := found(t, `([A-Za-z_]\w*)"?[?:.]`, someScripts, kindScripts)
	named, generated := found(t, `([A-Za-z_]\w*)`, handPages), found(t, `([A-Za-z_]\w*)`, "../docs/generated/kinds.md", "../docs/generated/links.md")
	for _, a := range w.attributes() {
		for _, name := range append(alternatives(a.own().Check), a.path[len(a.path)-1]) {
			if !given[name] {
				t.Errorf("no script gives %s of %s a value", name, a)
			}
			if !named[name] || !generated[name] {
				t.Errorf("no page names %s of %s", name, a)
			}
		}
	}
}

// alternatives are the names of the fields of a value that may be a struct, or something else.
func alternatives(c *kind.Check) []string {
	var all []string
	if c == nil {
		return nil
	}
	if c.Fits != nil {
		for _, f := range c.Fits.Fields {
			all = append(all, f.Name)
		}
	}
	for _, other := range slices.Concat(c.Any, c.All) {
		all = append(all, alternatives(other)...)
	}
	return all
}

// TestEveryVariableHasAScriptAndAPage does the same for the variables that rules bring.
func TestEveryVariableHasAScriptAndAPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	given, named := found(t, `\b([A-Z][A-Z0-9_]+)\b`, someScripts, kindScripts), found(t, `((?:<[A-Z]+>_)?[A-Z][A-Z0-9_]+)\b`, handPages)
	for _, r := range w.Library.Rules {
		for _, name := range r.Brings.Variables() {
			called, inScript := name, given[name]
			if key, ok := strings.CutPrefix(name, "*"); ok { // the name of a component stands before it
				called = "<TARGET>" + key
				inScript = slices.ContainsFunc(slices.Collect(maps.Keys(given)), func(word string) bool { return strings.HasSuffix(word, key) })
			}
			if strings.HasSuffix(name, "_CA_FILE") { // of every server that has a certificate
				called = "<PREFIX>_CA_FILE"
			}
			if !inScript {
				t.Errorf("no script names %s of %s", name, r.Name())
			}
			if !named[called] {
				t.Errorf("no page names %s of %s", called, r.Name())
			}
		}
	}
}

// TestEveryAttributeHasAnOrigin asks why each attribute is there, and each variable of links: the answer points into arch.cue.
func TestEveryAttributeHasAnOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for some := range slices.Chunk(slices.DeleteFunc(w.attributes(), func(a attribute) bool { return a.Code != "" }), 100) {
		w.lay(t, some, true)
		b := w.check(t)
		if b.Plan == nil {
			t.Fatal(errorsOf(b))
		}
		for _, a := range some {
			component, thing := a.question(b.Plan)
			answer, err := explain.Why(b.Plan, component, thing)
			if err != nil || answer.What != "attribute" || !answer.Present || len(answer.Because) == 0 || answer.Because[0].File != "arch.cue" || answer.Because[0].Line == 0 {
				t.Errorf("%s: why %q %q: %v, %+v", a, component, thing, err, answer)
			}
		}
		for _, n := range b.Plan.Graph.Components() {
			for name := range b.Plan.Of[n].Env {
				if answer, err := explain.Why(b.Plan, n.Name, name); err != nil || answer.What != "variable" || !answer.Present || len(answer.Because) == 0 {
					t.Errorf("why %s %s: %v, %+v", n.Name, name, err, answer)
				}
			}
		}
	}
}

// question is what to ask for an attribute: its component, and its name behind that of the sub-component or link that has it.
func (a attribute) question(p *ir.Plan) (component, thing string) {
	path := strings.Join(a.path, ".")
	has := func(g *kind.Given) bool {
		for _, name := range a.path {
			if g = g.Field(name); g == nil {
				return false
			}
			if len(g.Items) > 0 {
				g = g.Items[0]
			}
		}
		return true
	}
	for _, n := range p.Graph.Nodes {
		if n.Kind.Name != a.owner || !strings.HasPrefix(n.Component().Name, a.prefix()+"-") || !has(n.Given) {
			continue
		}
		if n.Parent == nil {
			return n.Name, path
		}
		return n.Component().Name, n.SubKind() + "/" + n.Name + "." + path
	}
	for _, e := range p.Graph.Edges {
		if strings.HasPrefix(e.Source.Component().Name, a.prefix()+"-") && slices.ContainsFunc(e.Rules, func(r *kind.Rule) bool { return r.Name() == a.owner }) && has(e.Given) {
			return e.Source.Component().Name, e.As + "." + path
		}
	}
	return "", ""
}
