package passes_test

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/load"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/passes"
)

func TestTableIsSound(t *testing.T) {
	t.Parallel()
	table := passes.Table()
	if err := pass.Check(table); err != nil {
		t.Fatal(err)
	}
	required := map[string]bool{}
	for _, p := range table {
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)+$|^seal$`).MatchString(p.Name) || !regexp.MustCompile(`^[A-Z].*[.]$`).MatchString(p.Doc) {
			t.Errorf("%s: %q", p.Name, p.Doc)
		}
		if !regexp.MustCompile(`^[A-Z].*[.]$`).MatchString(p.Promise) {
			t.Errorf("%s promises %q", p.Name, p.Promise)
		}
		for _, name := range p.After {
			required[name] = true
		}
		for _, code := range p.Codes {
			if _, ok := diag.Lookup(code); !ok {
				t.Errorf("%s declares %s, which is no code", p.Name, code)
			}
		}
		if sorted := slices.Compact(slices.Sorted(slices.Values(p.Codes))); len(sorted) != len(p.Codes) {
			t.Errorf("%s declares a code twice", p.Name)
		}
	}
	for _, p := range table[:len(table)-1] {
		if !required[p.Name] {
			t.Errorf("no pass needs %s", p.Name)
		}
	}
}

func TestSwappingTwoDependentPassesFails(t *testing.T) {
	t.Parallel()
	table, pairs := passes.Table(), 0
	for i := range table {
		for j := i + 1; j < len(table); j++ {
			if !slices.Contains(table[j].After, table[i].Name) {
				continue
			}
			pairs++
			swapped := slices.Clone(table)
			swapped[i], swapped[j] = swapped[j], swapped[i]
			if pass.Check(swapped) == nil {
				t.Errorf("%s may stand before %s", table[j].Name, table[i].Name)
			}
		}
	}
	if pairs < len(table)-1 {
		t.Errorf("only %d pairs depend on each other", pairs)
	}
}

// another is the table in another order that Check allows.
func another(table []pass.Pass, r *rand.Rand) []pass.Pass {
	left, kept := slices.Clone(table), map[string]bool{}
	var all []pass.Pass
	for len(left) > 0 {
		var ready []int
		for i, p := range left {
			if !slices.ContainsFunc(p.After, func(name string) bool { return !kept[name] }) {
				ready = append(ready, i)
			}
		}
		i := ready[r.IntN(len(ready))]
		kept[left[i].Name] = true
		all = append(all, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return all
}

// What a pass runs after is all that it needs: in any order that this allows the plan is the same.
func TestOrderBeyondReasonsDoesNotMatter(t *testing.T) {
	t.Parallel()
	dump := func(table []pass.Pass) (string, string) {
		b := town(t).runTable(table)
		data, err := b.Plan.Dump()
		if err != nil {
			t.Fatal(err)
		}
		return string(data), b.codes()
	}
	want, codes := dump(passes.Table())
	r := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		table := another(passes.Table(), r)
		var names []string
		for _, p := range table {
			names = append(names, p.Name)
		}
		if got, found := dump(table); got != want || found != codes {
			t.Fatalf("%v: %s", names, firstDifference(want, got))
		}
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return strings.Join(append(x[max(0, i-6):i+2], "and not", y[i]), "\n")
		}
	}
	return "one is longer"
}

// Promises hold for any links between any nodes, whether or not they make sense.
func TestPromisesHoldForRandomLinks(t *testing.T) {
	t.Parallel()
	r, sealed := rand.New(rand.NewPCG(7, 8)), 0
	for range 150 {
		w := townKinds(t)
		w.add("app", "a b c-d")
		w.add("store", "db c")
		w.add("store/table", "db/table/a db/table/b_c c/table/a")
		w.add("worker", "jobs")
		w.add("scraper", "prom")
		w.add("gate", "edge")
		ids := slices.Sorted(maps.Keys(w.index))
		written := map[string]bool{}
		for range r.IntN(8) {
			link := ids[r.IntN(len(ids))] + " -> " + append(ids, "nowhere", "db/a", "c/b")[r.IntN(len(ids)+3)]
			attrs := []object{nil, {"startup": false}, {"primary": true}, {"env": object{"STORE_HOST": "HOST"}}, {"env": object{"STORE_TABLES": nil}}, {"neither": "nor"}}[r.IntN(6)]
			if !written[link] {
				w.link(link, attrs)
			}
			written[link] = true
		}
		b := w.run("")
		if b.Plan.Sealed == b.Findings.HasErrors() {
			t.Fatalf("sealed: %v, %v", b.Plan.Sealed, b.Findings.Sorted())
		}
		if b.Plan.Sealed {
			sealed++
		}
	}
	if sealed < 10 {
		t.Errorf("only %d of the graphs were sound", sealed)
	}
}

// town is a world in which every pass has something to decide.
func town(t testing.TB) *world {
	t.Helper()
	w := townKinds(t)
	w.add("app", "shop cart", object{"namespace": "apps"})
	w.add("app/task", "shop/task/mails")
	w.add("store", "db other")
	w.add("store/table", "db/table/orders")
	w.add("worker", "jobs")
	w.add("scraper", "prom")
	w.add("gate", "edge border")
	for _, l := range []string{"shop -> db/orders", "shop -> other", "shop/task/mails -> db/orders", "cart -> db", "cart -> jobs", "jobs -> db", "prom -> shop", "prom -> cart", "edge -> shop", "border -> cart"} {
		w.link(l)
	}
	w.engine()
	return w
}

// townKinds is the kinds and rules of a town.
func townKinds(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.kind("app", func(k *kind.Kind) {
		k.Provides = []string{"metrics"}
		k.Slots = []string{"routes", "monitors"}
		k.Context = func(self, _ object) ([]kind.Row, error) {
			return []kind.Row{{Path: "src/main.txt", Context: true, Content: kind.Verbatim(self["name"].(string))}}, nil
		}
		k.Manifests = func(self, _ object) ([]kind.Row, error) {
			return []kind.Row{
				{Path: "route.yaml", When: &kind.When{Part: "routes"}, Content: kind.Objects{{"apiVersion": "v1", "kind": "Route", "metadata": object{"name": self["name"]}}}},
				{Path: "settings.env", Content: kind.Text{Text: "x"}},
				{Path: "base/kustomization.yaml", Role: kind.Deploy, Content: kind.Kustomization{Object: object{"kind": "Kustomization"}}},
				{Path: "base/namespace.yaml", Content: kind.Objects{{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": self["namespace"]}}}},
				{Content: kind.Local{Said: object{"services": object{self["name"].(string): object{"image": "app:1"}}}}},
				{Path: "base/job.yaml", Content: kind.Objects{{"apiVersion": "batch/v1", "kind": "Job", "metadata": object{"name": self["name"]}}}},
			}, nil
		}
	}, described(func(_ object, d *kind.Description) {
		d.Requirements, d.Notes = []string{"web==1.0"}, nil
		d.Image = &kind.Image{Name: "registry/app", Version: "1.0"}
		d.Seams = []kind.Seam{{Name: "setup", Of: "code", Finds: "setup"}}
		d.Level = &kind.Level{Enforce: "baseline", Reason: "it asks for it"}
	}))
	w.kind("app/task", func(k *kind.Kind) { k.Process = true })
	w.kind("store", func(k *kind.Kind) { k.Slots, k.Implied = []string{"roles"}, &kind.Implied{Sub: "table", Name: "_"} }, described(func(_ object, d *kind.Description) {
		d.Capacity = map[string]kind.Capacity{"connections": {Limit: 100, What: "connections"}}
	}))
	w.kind("store/table")
	w.kind("worker")
	w.kind("scraper", func(k *kind.Kind) { k.Slots = []string{"targets"} })
	w.kind("gate", func(k *kind.Kind) { k.Slots = []string{"backends"} })
	w.rule("app -> store", func(r *kind.Rule) {
		r.Ports, r.Modules, r.Requirements = []string{"main"}, []string{"store/client"}, []string{"driver==2.0"}
	}, saysOf(func(in kind.Input) kind.Result {
		return out(kind.Effects{Prefix: "STORE", Env: vars("HOST=" + in.To["host"].(string)), Rollout: []any{"job/x"}, Notes: []string{"a note"}})
	}))
	w.rule("app -> store/table", func(r *kind.Rule) { r.Identity = &kind.Identity{Style: "_"} }, saysOf(func(in kind.Input) kind.Result {
		return kind.Result{
			Out: kind.Effects{Prefix: "STORE", Names: map[string][]string{"TABLES": {in.To["name"].(string)}}, Exports: object{"table": in.To["name"]}, Prerequisites: []object{{"name": "operator"}}},
			In:  kind.Effects{Parts: map[string][]object{"roles": {{"user": in.Identity["user"]}}}, Uses: map[string]int{"connections": 7}},
		}
	}))
	w.rule("app -> worker", func(r *kind.Rule) { r.HasActs, r.Through = true, []string{"store"} }, saysOf(func(in kind.Input) kind.Result {
		return kind.Result{Acts: []kind.Acts{{Group: "worker-" + in.From["name"].(string)}}}
	}))
	w.rule("worker -> store", func(r *kind.Rule) { r.Ports = []string{"main"} })
	w.rule("scraper -> @metrics", func(r *kind.Rule) { r.Startup, r.Ports = false, []string{"main"} }, saysOf(func(in kind.Input) kind.Result {
		part := object{"of": in.To["name"], "meshed": in.To["marks"].(object)["meshed"]}
		return kind.Result{Out: kind.Effects{Parts: map[string][]object{"targets": {part}}}, In: kind.Effects{Parts: map[string][]object{"monitors": {part}}, Requirements: []string{"metrics==1.0"}}}
	}))
	w.rule("gate -> app", func(r *kind.Rule) { r.Ports = []string{"main"} }, saysOf(func(in kind.Input) kind.Result {
		return kind.Result{
			Claims: []kind.Claim{{Code: "E0207", Key: "/" + in.To["name"].(string), What: "path"}},
			Out:    kind.Effects{Parts: map[string][]object{"backends": {{"tables": in.To["exports"]}}}, Notes: []string{"a note"}},
			In: kind.Effects{
				Parts: map[string][]object{"routes": {{"from": in.From["name"]}}}, Notes: []string{"a note"},
				Namespace: &kind.Namespace{Labels: map[string]string{"public": "yes"}},
			},
		}
	}), func(r *kind.Rule) {
		r.Marks = func(object, object, object) (object, kind.Trace, error) { return object{"meshed": true}, nil, nil }
	})
	return w
}

// loaded is the graph of an architecture in a folder.
func loaded(t *testing.T, dir string) *pass.Context {
	t.Helper()
	abs, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	env := func(name string) (string, bool) {
		return "known", name == "REGISTRY_PASSWORD" || name == "DB_ADMIN_PASSWORD"
	}
	graph, findings := load.Architecture(load.Source{Dir: abs, Env: env})
	if graph == nil {
		t.Fatal(findings.Err())
	}
	return &pass.Context{Graph: graph, Plan: ir.NewPlan(graph), Findings: findings}
}

func TestPromisesHoldForEveryExample(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("../examples/*/arch.cue")
	if err != nil || len(dirs) < 3 {
		t.Fatalf("%v %v", dirs, err)
	}
	for _, arch := range dirs {
		t.Run(filepath.Base(filepath.Dir(arch)), func(t *testing.T) {
			t.Parallel()
			c := loaded(t, filepath.Dir(arch))
			c.Findings = &diag.List{} // what load found is no pass's
			watch(t, passes.Table(), c)
			if !c.Plan.Sealed {
				t.Errorf("the plan is not sealed: %v", c.Findings.Err())
			}
		})
	}
}

// Kinds report by findings, claims and counts; each is the work of one pass, which declares the code.
func TestCodesOfKindsAreDeclared(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../cue/*/*.cue")
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := filepath.Glob("../cue/kinds/*/*.cue")
	if err != nil || len(kinds) == 0 {
		t.Fatalf("%v %v", kinds, err)
	}
	codes := 0
	for _, file := range slices.Concat(files, kinds) {
		f, err := parser.ParseFile(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		by := map[string][]string{"findings": {"apply-rules"}, "claims": {"check-conflicts"}, "counts": {"check-counts"}}
		switch {
		case !strings.HasPrefix(file, "../cue/kinds/"):
			by["findings"] = []string{"apply-rules", "describe-nodes"} // of the rules or of the descriptions that embed it
		case filepath.Base(file) != "links.cue":
			by["findings"] = []string{"describe-nodes"}
		}
		var section []string
		ast.Walk(f, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok {
				return true
			}
			name, _, _ := ast.LabelName(field.Label)
			if by[name] != nil {
				section = append(section, name)
			}
			if code, ok := field.Value.(*ast.BasicLit); ok && name == "code" && len(section) > 0 {
				codes++
				names := by[section[len(section)-1]]
				id := strings.Trim(code.Value, `"`)
				if !slices.ContainsFunc(names, func(name string) bool { return declares(name, id) }) {
					t.Errorf("%s: %s reports %s, which it does not declare", file, strings.Join(names, " or "), id)
				}
			}
			return true
		}, func(n ast.Node) {
			if field, ok := n.(*ast.Field); ok {
				if name, _, _ := ast.LabelName(field.Label); by[name] != nil {
					section = section[:len(section)-1]
				}
			}
		})
	}
	if codes < 20 {
		t.Errorf("only %d codes were found", codes)
	}
}

func declares(passName, code string) bool {
	return slices.ContainsFunc(passes.Table(), func(p pass.Pass) bool { return p.Name == passName && slices.Contains(p.Codes, code) })
}

// declared says whether a pass may report a code.
func declared(code string) bool {
	return slices.ContainsFunc(passes.Table(), func(p pass.Pass) bool { return slices.Contains(p.Codes, code) })
}

// Each code that stands in the source of the passes is one that a pass declares.
func TestCodesInTheSourceAreDeclared(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"([EW]\d{4})"`).FindAllStringSubmatch(string(data), -1) {
			if !declared(m[1]) {
				t.Errorf("%s reports %s, which no pass declares", file, m[1])
			}
		}
	}
}
