package compiler_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/fixture"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/load"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/passes"
)

// walk is a rule between two components of its own.
type walk struct {
	*fixture.Pair
	changes fixture.Changed

	prefix string
}

func (w walk) String() string { return w.Source.Name + " -> " + w.Target.Name }

// walks lists every rule; one of a capability for each kind that has it.
func walks(t *testing.T, w world) []walk {
	t.Helper()
	table := w.Known
	var all []walk
	met := map[string]bool{}
	for _, p := range fixture.Rules(w.Library) {
		// one row for all kinds that a capability stands for, or one of the pair's own
		name := p.Rule.Name()
		row, ok := table.Rules[name]
		if !ok {
			name = p.Source.Name + " -> " + p.Target.Name
			row, ok = table.Rules[name]
		}
		if !ok {
			t.Errorf("no testdata/samples.cue of a kind has a row for %s", name)
		}
		met[name] = true
		all = append(all, walk{Pair: &p, changes: row, prefix: fmt.Sprintf("r%d", len(all))})
	}
	for name := range table.Rules {
		if !met[name] {
			t.Errorf("a testdata/samples.cue has a row for %s, which is not a rule", name)
		}
	}
	return all
}

// walk makes the components of all walks, and the links of those that are chosen.
func (w world) walk(all []walk, linked func(i int) bool) {
	w.Components = object{}
	for i, c := range all {
		*c.Pair = *w.Pair(c.Rule, c.Source, c.Target, c.prefix)
		w.Client(c.Pair)
		if linked(i) {
			w.Connect(c.Pair)
		}
	}
}

// third is how many builds the walks are spread over: what a link changes beyond its ends shows in one where that other walk has no link.
const third = 3

// TestEveryRuleChangesBothEnds builds all walks without links, then with the links of some, and compares folder by folder.
func TestEveryRuleChangesBothEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.changeBothEnds(t, walks(t, w))
}

// TestAKindIsOneFolder walks over the rules of the kind of an example, which brings its samples in its own folder: nothing else knows it.
func TestAKindIsOneFolder(t *testing.T) {
	t.Parallel()
	const dir = "../examples/own-kind"
	known, err := fixture.In(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := world{World: known, known: &answers{}, files: readTree(t, dir)}
	maps.DeleteFunc(w.files, func(name, _ string) bool { return !strings.HasPrefix(name, "kinds/") })
	all := slices.DeleteFunc(walks(t, w), func(c walk) bool { return !c.Source.Own && !c.Target.Own })
	if len(all) < 3 {
		t.Fatalf("only %d rules of the kind: %v", len(all), all)
	}
	w.changeBothEnds(t, all)
}

// changeBothEnds holds each walk to what it says it changes.
func (w world) changeBothEnds(t *testing.T, all []walk) {
	t.Helper()
	w.walk(all, func(int) bool { return false })
	without := tree(t, w.check(t))
	for part := range third {
		if part > 0 && testing.Short() {
			break
		}
		w.walk(all, func(i int) bool { return i%third == part })
		b := w.check(t)
		with := tree(t, b)
		changed := byComponent(differences(without, with))
		for i, c := range all {
			if i%third == part {
				c.verify(t, changed, with, b.Plan)
			}
		}
		for _, folder := range slices.Sorted(maps.Keys(changed)) {
			t.Errorf("%s is at no end of a link, and changes: %v", folder, changed[folder])
		}
	}
}

// verify compares what changed at the ends of a walk with its row, and takes them off what changed.
func (w walk) verify(t *testing.T, changed map[string][]string, with map[string]string, plan *ir.Plan) {
	t.Helper()
	if len(changed[w.From]) == 0 && len(changed[w.To]) == 0 {
		t.Errorf("%s changes nothing", w)
	}
	for _, end := range []struct {
		side, folder string
		want         []string
	}{{"source", w.From, w.changes.Source}, {"target", w.To, w.changes.Target}} {
		for _, want := range end.want {
			if !slices.ContainsFunc(changed[end.folder], func(c string) bool { return names(want, c[2:]) }) {
				t.Errorf("%s does not change %s of its %s: %v", w, want, end.side, changed[end.folder])
			}
		}
		for _, c := range changed[end.folder] {
			if len(end.want) == 0 && w.From != w.To && !strings.HasSuffix(c, "/networkpolicy.yaml") {
				t.Errorf("%s changes its %s: %s", w, end.side, c)
			}
		}
	}
	w.verifyPolicies(t, with, plan)
	delete(changed, w.From)
	delete(changed, w.To)
	for _, k := range w.changes.Also {
		for _, name := range []string{fixture.Helper(w.From, k), fixture.Helper(w.To, k)} {
			delete(changed, name)
		}
	}
}

// names says whether an entry of the table names a file: the file, its folder, or the beginning of its name.
func names(entry, file string) bool {
	return entry == file || !strings.HasSuffix(entry, ".yaml") && strings.HasPrefix(file, entry)
}

// verifyPolicies demands the ports that the link opens in the policies of both ends: every component of this world has a namespace of its own.
func (w walk) verifyPolicies(t *testing.T, with map[string]string, plan *ir.Plan) {
	t.Helper()
	for _, e := range plan.Graph.Edges {
		if e.Source.Component().Name != w.From || e.Target.Component().Name != w.To || w.From == w.To {
			continue
		}
		for _, port := range opened(plan, e) {
			// pods of somebody else are not ours to hold back
			if e.Source.Component().Description.External == nil && !admits(with[policies(w.From)], "egress", w.To, port) {
				t.Errorf("%s opens port %d, but the source has no egress to it", w, port)
			}
			if !w.changes.Foreign && !admits(with[policies(w.To)], "ingress", w.From, port) {
				t.Errorf("%s opens port %d, but the target has no ingress from the source", w, port)
			}
		}
	}
}

func policies(component string) string { return component + "/k8s/deploy/base/networkpolicy.yaml" }

// opened are the ports of an edge.
func opened(plan *ir.Plan, e *ir.Edge) []int {
	var all []int
	for _, a := range plan.Applied[e] {
		for _, p := range a.Result.Open {
			all = append(all, p.Port)
		}
		for _, name := range a.Rule.Ports {
			all = append(all, e.Target.Component().Description.Ports[name].Port)
		}
	}
	return all
}

// admits says whether one rule of a side of some policy names a namespace and a port.
func admits(file, side, namespace string, port int) bool {
	for policy := range strings.SplitSeq(file, "\n---\n") {
		_, rules, _ := strings.Cut(policy, "\n  "+side+":\n")
		rules, _, _ = strings.Cut(rules, map[string]string{"egress": "\n  ingress:", "ingress": "\n  podSelector:"}[side])
		for rule := range strings.SplitSeq(rules, "\n  - ") {
			if strings.Contains(rule+"\n", "kubernetes.io/metadata.name: "+namespace+"\n") && strings.Contains(rule+"\n", fmt.Sprintf("port: %d\n", port)) {
				return true
			}
		}
	}
	return false
}

// TestEveryRuleSaysSomething takes what rules say away, those of components and those of sub-components in turn: their links then change less.
func TestEveryRuleSaysSomething(t *testing.T) {
	if testing.Short() {
		t.Skip(tooLong)
	}
	t.Parallel()
	w := newWorld(t)
	all := walks(t, w)
	w.walk(all, func(int) bool { return true })
	for _, c := range all {
		if strings.Contains(c.Rule.From, "/") && len(c.Rule.Inherit) > 0 {
			c.SourceNode["subdomain"] = c.From
		}
	}
	source := w.text(t)
	full := tree(t, check(t, source))
	for _, subs := range []bool{false, true} {
		muted := func(r *kind.Rule) bool { return strings.Contains(r.Name(), "/") == subs }
		changed := byComponent(differences(full, tree(t, checkWithout(t, source, muted))))
		for _, c := range all {
			if muted(c.Rule) && len(changed[c.From]) == 0 && len(changed[c.To]) == 0 {
				t.Errorf("the rule %s of the link %s says nothing", c.Rule.Name(), c)
			}
		}
	}
}

// checkWithout compiles an architecture with some rules saying nothing.
func checkWithout(t *testing.T, source string, muted func(*kind.Rule) bool) *compiler.Build {
	t.Helper()
	graph, findings := load.Architecture(load.Source{Args: []string{"arch.cue"}, Dir: write(t, source), Env: env()})
	if findings.HasErrors() {
		t.Fatal(findings.Err())
	}
	for name, r := range graph.Library.Rules {
		if muted(r) {
			graph.Library.Rules[name] = &kind.Rule{
				From: r.From, To: r.To, Doc: r.Doc, Attributes: r.Attributes, Identity: r.Identity, Startup: true,
				Apply: func(kind.Input) (kind.Result, error) { return kind.Result{}, nil },
			}
		}
	}
	b := &compiler.Build{Graph: graph, Plan: ir.NewPlan(graph)}
	b.Environments = []*compiler.Environment{{Chosen: true, Graph: graph, Plan: b.Plan}}
	pass.Run(passes.Table(), &pass.Context{Graph: graph, Plan: b.Plan, Findings: &b.Findings}, nil)
	return b
}
