package passes_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// asks makes a kind answer with these rows for each of its components.
func asks(rows func(self object) []kind.Row) func(*kind.Kind) {
	return func(k *kind.Kind) {
		k.Manifests = func(self, _ object) ([]kind.Row, error) { return rows(self), nil }
	}
}

// called is an object of a kind and a name.
func called(kindName, name string) object {
	return object{"apiVersion": "v1", "kind": kindName, "metadata": object{"name": name}}
}

// row is the row of a path in a component's plan.
func (b *built) row(component, path string) kind.Row {
	b.t.Helper()
	rows := b.of(component).Rows
	i := slices.IndexFunc(rows, func(r kind.Row) bool { return r.Path == path })
	if i < 0 {
		b.t.Fatalf("%s has no file %s", component, path)
	}
	return rows[i]
}

// listed are the resources of a kustomization in a plan.
func listed(t *testing.T, row kind.Row) string {
	t.Helper()
	k, ok := row.Content.(kind.Kustomization)
	if !ok {
		t.Fatalf("%s is %T", row.Path, row.Content)
	}
	var names []string
	all, _ := k.Object["resources"].([]any)
	for _, r := range all {
		names = append(names, r.(string))
	}
	return strings.Join(names, " ")
}

func TestKustomizationsListWhatIsBelowThem(t *testing.T) {
	t.Parallel()
	own := object{"resources": []any{"../other", "z.yaml"}, "patches": []any{object{"path": "patch.yaml"}, object{"patch": "x"}}, "configurations": []any{"names.yaml"}}
	w := newWorld(t)
	w.kind("app", asks(func(self object) []kind.Row {
		one := kind.Objects{called("Service", "x")}
		return []kind.Row{
			{Path: "a/kustomization.yaml", Role: kind.Deploy, Content: kind.Kustomization{Object: own, Stray: []string{"stray.yaml"}}},
			{Path: "a/b.yaml", Content: one},
			{Path: "a/c/d.yaml", Content: one},
			{Path: "a/c/{name}.yaml", Content: kind.Each{"e": {Content: one}}},
			{Path: "a/patch.yaml", Content: one},
			{Path: "a/names.yaml", Content: one},
			{Path: "a/stray.yaml", Content: one},
			{Path: "a/none.yaml", When: &kind.When{Part: "x"}, Content: one},
			{Path: "a/empty.yaml", Content: kind.Objects{}},
			{Path: "a/text.yaml", Content: kind.Verbatim("x")},
			{Path: "a/z.yaml", Content: one},
			{Path: "a/sub/kustomization.yaml", Role: kind.Overlay, Content: kind.Kustomization{}},
			{Path: "a/sub/f.yaml", Content: one},
			{Path: "ab/g.yaml", Content: one},
			{Path: "h.yaml", Content: one},
		}
	}))
	w.add("app", "shop")
	b := w.run("keep-files").clean()
	if got := listed(t, b.row("shop", "a/kustomization.yaml")); got != "../other b.yaml c/d.yaml c/e.yaml z.yaml" {
		t.Errorf("it lists %s", got)
	}
	if got := listed(t, b.row("shop", "a/sub/kustomization.yaml")); got != "f.yaml" {
		t.Errorf("the one below lists %s", got)
	}
	if d := b.of("shop").Files["a/empty.yaml"]; d.Value() || d.By()[0].Reason != "there is nothing to put into it" {
		t.Errorf("%+v", d)
	}
	if !reflect.DeepEqual(own["resources"], []any{"../other", "z.yaml"}) {
		t.Error("what the kind said was changed")
	}
}

// A resource that a pass lists comes from the decision about its file, one of the kind's own from where the kind says it.
func TestResourcesHaveSources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	said := func(path ...any) kind.Source {
		return kind.Source{Read: kind.Refs(kind.Ref{"kind"}), Exists: kind.Refs(texts(path))}
	}
	w.kind("app", asks(func(object) []kind.Row {
		return []kind.Row{
			{Path: "k/kustomization.yaml", Trace: said, Content: kind.Kustomization{Object: object{"resources": []any{"../z"}, "namespace": "x"}}},
			{Path: "k/a.yaml", Content: kind.Objects{called("Service", "x")}},
			{Path: "k/z.yaml", Content: kind.Objects{called("Service", "y")}},
			{Path: "{name}.txt", Trace: said, Content: kind.Each{"one": {Content: kind.Text{Text: "x"}}}},
		}
	}))
	w.add("app", "shop")
	b := w.run("keep-files").clean()
	trace := b.row("shop", "k/kustomization.yaml").Trace
	for i, want := range []string{"kustomization resources 0", "files k/a.yaml", "files k/z.yaml"} {
		if got := strings.Join(trace("kustomization", "resources", i).Exists[0].Ref, " "); got != want {
			t.Errorf("resource %d comes from %s, want %s", i, got, want)
		}
	}
	if got := trace("kustomization", "namespace").Exists[0].Ref; strings.Join(got, " ") != "kustomization namespace" {
		t.Errorf("%v", got)
	}
	if got := b.row("shop", "one.txt").Trace("text").Exists[0].Ref; strings.Join(got, " ") != "each one text" {
		t.Errorf("%v", got)
	}
}

// texts are the keys and indexes of a path.
func texts(path []any) kind.Ref {
	var all kind.Ref
	for _, p := range path {
		switch p := p.(type) {
		case string:
			all = append(all, p)
		case int:
			all = append(all, string(rune('0'+p)))
		}
	}
	return all
}

func TestContentsAreFilledFromThePlan(t *testing.T) {
	t.Parallel()
	extra := []kind.Group{{Comment: "own", Vars: vars("KEY=x")}}
	w := newWorld(t)
	w.kind("store")
	w.kind("app", asks(func(self object) []kind.Row {
		return []kind.Row{
			{Path: "secret/cloud.env", Secret: true, Content: kind.Environment{Of: "shop", Without: []string{"STORE_PORT"}, Extra: extra}},
			{Path: "secret/nobody.env", Secret: true, Content: kind.Environment{Of: "nobody"}},
			{Path: "requirements.txt", Content: kind.Requirements{Main: true}},
			{Path: "test.txt", Content: kind.Requirements{Pins: []string{"z==1", "a==1", "z==1"}}},
			{Path: "none.txt", Content: kind.Requirements{}},
			{Path: "x.ini", Content: kind.Template{Name: "x.tmpl"}},
		}
	}))
	w.rule("app -> store", func(r *kind.Rule) { r.Requirements = []string{"zeta==2", "driver==1"} }, says(out(kind.Effects{Prefix: "STORE", Env: vars("HOST=h", "PORT=1")})))
	w.add("app", "shop plain")
	w.add("store", "db")
	w.link("shop -> db")
	b := w.run("keep-files").clean()
	for _, name := range []string{"shop", "plain"} { // plain shows what shop is linked to
		e := b.row(name, "secret/cloud.env").Content.(kind.Environment)
		want := []kind.Group{{Comment: b.of("shop").EnvGroup["STORE_HOST"], Vars: map[string]value.Value{"STORE_HOST": value.Literal("h")}}}
		if !reflect.DeepEqual(e.Links, want) || !reflect.DeepEqual(e.Groups(), append(want, extra...)) {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if e := b.row("shop", "secret/nobody.env").Content.(kind.Environment); len(e.Groups()) != 0 {
		t.Errorf("%+v", e)
	}
	for file, want := range map[string]string{"requirements.txt": "driver==1 zeta==2", "test.txt": "a==1 z==1"} {
		if r := b.row("shop", file).Content.(kind.Requirements); strings.Join(r.Pins, " ") != want {
			t.Errorf("%s: %q", file, r.Pins)
		}
	}
	if b.of("shop").Files["none.txt"].Value() {
		t.Error("a list without a pin is no file")
	}
	tmpl := b.row("shop", "x.ini").Content.(kind.Template)
	if tmpl.Data["name"] != "shop" || tmpl.Data["arch"] == nil || !tmpl.Bounded {
		t.Errorf("%+v", tmpl)
	}
	if b.of("shop").View["arch"] != nil {
		t.Error("the view of the manifests was changed")
	}
}

func TestOneComponentBringsTheNamespace(t *testing.T) {
	t.Parallel()
	const overlay = "deploy/overlays/shared/kustomization.yaml"
	w := newWorld(t)
	withNamespace := asks(func(self object) []kind.Row {
		return []kind.Row{
			{Path: "deploy/base/kustomization.yaml", Role: kind.Deploy, Content: kind.Kustomization{}},
			{Path: "deploy/base/namespace.yaml", Content: kind.Objects{called("Namespace", self["namespace"].(string))}},
			{Path: "build/kustomization.yaml", Role: kind.Build, Content: kind.Kustomization{}},
			{Path: "build/namespace.yaml", Content: kind.Objects{called("Namespace", "build")}},
		}
	})
	w.kind("app", withNamespace)
	w.kind("mesh", asks(func(object) []kind.Row {
		return []kind.Row{{Path: "deploy/base/kustomization.yaml", Role: kind.Deploy, Content: kind.Kustomization{}}}
	}))
	w.kind("outside")
	w.add("mesh", "a", object{"namespace": "one"})
	w.add("outside", "b", object{"namespace": "one"})
	w.add("app", "c d e", object{"namespace": "one"})
	w.add("app", "f", object{"namespace": "two"})
	b := w.run("").clean()
	for name, want := range map[string]string{"a": "a/deploy/base", "c": "c/deploy/base", "d": "d/deploy/overlays/shared", "e": "e/deploy/overlays/shared", "f": "f/deploy/base"} {
		d := b.Plan.Tree.Entries[name]
		if d.Value() != want || len(d.By()) == 0 {
			t.Errorf("%s: %+v", name, d)
		}
		if shared := b.of(name).Files[overlay]; shared.Value() != strings.HasSuffix(want, "shared") {
			t.Errorf("%s: %+v", name, shared)
		}
	}
	if _, ok := b.Plan.Tree.Entries["b"]; ok {
		t.Error("what has no kustomization is not deployed")
	}
	d := b.of("d").Files[overlay]
	if len(d.By()) != 1 || d.By()[0].Reason != "c brings the Namespace one already" || d.By()[0].Pos != b.Graph.Node("d").AttrPos("namespace") {
		t.Errorf("%+v", d)
	}
	if row := b.row("d", overlay); row.Role != kind.Overlay || listed(t, row) != "../../base" {
		t.Errorf("%+v", row)
	}
	patch := b.row("d", overlay).Content.(kind.Kustomization).Object["patches"].([]any)[0].(object)
	if !strings.Contains(patch["patch"].(string), "$patch: delete") || !reflect.DeepEqual(patch["target"], object{"kind": "Namespace", "name": "one"}) {
		t.Errorf("%v", patch)
	}
	if row := b.Plan.Tree.Rows[slices.IndexFunc(b.Plan.Tree.Rows, func(r kind.Row) bool { return r.Path == "kustomization.yaml" })]; listed(t, row) != "a/deploy/base c/deploy/base d/deploy/overlays/shared e/deploy/overlays/shared f/deploy/base" {
		t.Errorf("%+v", row)
	}
}

// What a Secret is made of is secret, also while no password is in it.
func TestWhatASecretIsMadeOfIsSecret(t *testing.T) {
	t.Parallel()
	plain := kind.Dotenv{{Comment: "c", Vars: vars("A=1")}}
	kustomization := kind.Kustomization{Object: object{
		"secretGenerator": []any{
			object{"name": "a", "envs": []any{"secret/a.env"}},
			object{"name": "b", "files": []any{".dockerconfigjson=secret/b.json", "script.sh"}},
		},
		"configMapGenerator": []any{object{"name": "c", "envs": []any{"c.env"}}},
	}}
	rows := []kind.Row{
		{Path: "k/kustomization.yaml", Content: kustomization},
		{Path: "k/secret/a.env", Content: plain},
		{Path: "k/secret/b.json", Content: kind.JSON{Data: object{}}},
		{Path: "k/secret/d.env", Content: plain},
		{Path: "k/secret/e.env", Secret: true, Content: plain},
		{Path: "k/c.env", Content: plain},
		{Path: "k/script.sh", Content: kind.Verbatim("x")},
		{Path: "secret/a.env", Content: plain},
	}
	w := newWorld(t)
	w.kind("app", asks(func(object) []kind.Row { return slices.Clone(rows) }))
	w.add("app", "shop")
	b := w.run("keep-files").clean()
	for _, row := range rows {
		want := slices.Contains([]string{"k/secret/a.env", "k/secret/b.json", "k/secret/e.env"}, row.Path)
		if got := b.row("shop", row.Path).Secret; got != want {
			t.Errorf("%s is secret: %v", row.Path, got)
		}
	}
}

func TestWhatCannotBeEncryptedIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app", asks(func(object) []kind.Row {
		return []kind.Row{
			{Path: "kustomization.yaml", Content: kind.Kustomization{Object: object{"secretGenerator": []any{object{"envs": []any{"a.env"}}}}}},
			{Path: "a.env", Content: kind.Dotenv{}},
		}
	}))
	w.add("app", "shop")
	w.run("").at("E0101", "shop", `the file "a.env" of app becomes a Secret, but is not below secret/`, "beside the kustomization")
}
