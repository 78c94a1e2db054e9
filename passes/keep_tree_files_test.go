package passes_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// told is a kind whose components, and a rule whose links, need things, wait for things and say things.
func told(t *testing.T) *built {
	t.Helper()
	w := newWorld(t)
	w.kind("app", builtBy(), described(func(_ object, d *kind.Description) {
		d.Rollout = []any{"deployment/x", object{"job": "prepare"}}
		d.Prerequisites = []object{{"name": "operator", "version": "1", "what": "Apps", "crds": []any{"b", "a"}}}
		d.Notes = []string{"Of the kind. \t\nTwo lines."}
	}))
	w.kind("store", described(func(_ object, d *kind.Description) { d.Prerequisites = []object{{"name": "other", "version": "2"}} }))
	w.rule("app -> store", ports("main"), says(out(kind.Effects{
		Rollout: []any{object{"resource": "topic/x", "condition": "Ready"}}, Notes: []string{"A note.", "Of the kind."},
		Prerequisites: []object{{"name": "operator", "version": "1", "crds": []any{"c"}, "watch": "NAMESPACES"}, {"name": "operator", "version": "9"}},
	})))
	w.add("app", "shop cart")
	w.add("store", "db")
	w.link("shop -> db")
	return w.run("keep-tree-files").clean()
}

func TestTheDescriptionIsTheOriginOfWhatItAsksOfTheTree(t *testing.T) {
	t.Parallel()
	b := told(t)
	tree := b.Plan.Tree
	for what, want := range map[string]struct {
		by ir.Origin
		at []any
	}{
		"step":         {tree.Steps["cart"][1].By()[0], []any{"rollout", 1}},
		"prerequisite": {tree.Prerequisites[0].By()[0], []any{"prerequisites", 0}},
		"note":         {tree.Notes[2].By()[0], []any{"notes", 0}},
	} {
		if want.by.Node == nil || want.by.Node.Name != "cart" || !slices.Equal(want.by.At, want.at) {
			t.Errorf("%s: %+v", what, want.by)
		}
	}
}

func TestEveryFileOfTheTreeIsDecided(t *testing.T) {
	t.Parallel()
	b := told(t)
	var paths []string
	for _, row := range b.Plan.Tree.Rows {
		paths = append(paths, row.Path)
		d := b.Plan.Tree.Files[row.Path]
		if !d.Value() || len(d.By()) == 0 || d.By()[0].Reason == "" || d.By()[0].Pass != "keep-tree-files" {
			t.Errorf("%s: %+v", row.Path, d)
		}
		yields := slices.Contains([]string{"README.md", "graph.svg", ".gitignore", ".gitattributes"}, row.Path)
		if row.Yields != yields || (row.Mode == "0755") != strings.HasPrefix(row.Path, "scripts/") {
			t.Errorf("%+v", row)
		}
	}
	if got := strings.Join(paths, " "); got != ".gitattributes .gitignore .platc/manifest.json .sops.yaml README.md graph.svg kustomization.yaml local/compose.yaml scripts/deploy.sh scripts/verify.sh" {
		t.Errorf("the files are %s", got)
	}
	if len(b.Plan.Tree.Files) != len(paths) {
		t.Errorf("%d decisions for %d files", len(b.Plan.Tree.Files), len(paths))
	}
}

func TestWhatTheScriptsWaitFor(t *testing.T) {
	t.Parallel()
	b := told(t)
	steps := b.Plan.Tree.Steps["shop"]
	want := []ir.Step{{Resource: "deployment/x"}, {Job: "prepare"}, {Resource: "topic/x", Condition: "Ready"}}
	var got []ir.Step
	for _, d := range steps {
		got = append(got, d.Value())
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%+v", got)
	}
	b.by("the step of the kind", steps[0].By(), "keep-tree-files")
	if steps[2].By()[0].Edge != b.edge("shop -> db") {
		t.Errorf("%+v", steps[2].By())
	}
	if len(b.Plan.Tree.Steps["cart"]) != 2 || len(b.Plan.Tree.Steps["db"]) != 0 {
		t.Errorf("%+v", b.Plan.Tree.Steps)
	}
}

func TestPrerequisitesAreMerged(t *testing.T) {
	t.Parallel()
	b := told(t)
	want := []ir.Prerequisite{
		{Name: "operator", Version: "1", What: "Apps", Watch: "NAMESPACES", CRDs: []string{"a", "b", "c"}, NeededBy: []string{"cart", "shop"}, Namespaces: []string{"cart", "shop"}},
		{Name: "operator", Version: "9", NeededBy: []string{"shop"}, Namespaces: []string{"shop"}},
		{Name: "other", Version: "2", NeededBy: []string{"db"}, Namespaces: []string{"db"}},
	}
	var got []ir.Prerequisite
	for _, d := range b.Plan.Tree.Prerequisites {
		got = append(got, d.Value())
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	by := b.Plan.Tree.Prerequisites[0].By()
	if len(by) != 3 || by[0].Pos != b.posOf("cart") || by[1].Pos != b.posOf("shop") || by[2].Edge != b.edge("shop -> db") {
		t.Errorf("%+v", by)
	}
}

func TestNotesStandOnce(t *testing.T) {
	t.Parallel()
	b := told(t)
	var got []string
	for _, d := range b.Plan.Tree.Notes {
		got = append(got, d.Value())
	}
	if !slices.Equal(got, []string{"A note.", "Of the kind.", "Of the kind.\nTwo lines."}) {
		t.Errorf("%q", got)
	}
	if by := b.Plan.Tree.Notes[2].By(); len(by) != 2 || by[0].Pos != b.posOf("cart") || by[1].Pos != b.posOf("shop") {
		t.Errorf("%+v", by)
	}
}

// The templates see what was decided, and decide nothing.
func TestTemplatesSeeTheTree(t *testing.T) {
	t.Parallel()
	b := told(t)
	i := slices.IndexFunc(b.Plan.Tree.Rows, func(r kind.Row) bool { return r.Path == "scripts/deploy.sh" })
	tmpl := b.Plan.Tree.Rows[i].Content.(kind.Template)
	if tmpl.Name != "deploy.sh.tmpl" || tmpl.Bounded {
		t.Errorf("%+v", tmpl)
	}
	components := tmpl.Data["components"].([]object)
	if len(components) != 3 || components[0]["name"] != "cart" || components[1]["name"] != "db" || components[2]["name"] != "shop" {
		t.Fatalf("in start-up order: %v", components)
	}
	shop := components[2]
	for key, want := range map[string]any{
		"base": "shop/run", "deployed": true, "order": 1, "namespace": "shop", "title": "APP", "waits": []string{"db"},
		"build_folder": "shop/image", "day2_folder": "shop/probe",
		"builds": []object{{"name": "make", "namespace": "builds", "file": "image/maker.yaml", "builder": "maker"}},
		"day2":   []object{{"name": "probe", "namespace": "shop", "file": "probe/test.yaml", "builder": "test"}},
	} {
		if !reflect.DeepEqual(shop[key], want) {
			t.Errorf("%s is %v, want %v", key, shop[key], want)
		}
	}
	if names := tmpl.Data["undeployed"].([]object); len(names) != 1 || names[0]["name"] != "db" || tmpl.Data["has_builds"] != true || tmpl.Data["has_day2"] != true || tmpl.Data["pins"] != false {
		t.Errorf("%v", tmpl.Data)
	}
}
