package passes_test

import (
	"maps"
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
)

// builtBy is a kind with a kustomization of every role, wherever it likes; again is a row more.
func builtBy(again ...kind.Row) func(*kind.Kind) {
	job := func(name string, meta object) object {
		o := called("Job", name)
		maps.Copy(o["metadata"].(object), meta)
		return o
	}
	return asks(func(object) []kind.Row {
		return append([]kind.Row{
			{Path: "run/kustomization.yaml", Role: kind.Deploy, Content: kind.Kustomization{}},
			{Path: "run/prepare.yaml", Content: kind.Objects{called("Service", "x"), job("prepare", nil), job("other", object{"namespace": "there"})}},
			{Path: "image/kustomization.yaml", Role: kind.Build, Content: kind.Kustomization{Object: object{"namespace": "builds"}}},
			{Path: "image/maker.yaml", Content: kind.Objects{job("make", object{"namespace": "overruled"})}},
			{Path: "probe/kustomization.yaml", Role: kind.Day2, Content: kind.Kustomization{Stray: []string{"stray.yaml"}}},
			{Path: "probe/test.yaml", Content: kind.Objects{job("probe", nil)}},
			{Path: "probe/stray.yaml", Content: kind.Objects{job("stray", nil)}},
			{Path: "mine/kustomization.yaml", Role: kind.Overlay, Content: kind.Kustomization{}},
			{Path: "mine/job.yaml", Content: kind.Objects{job("mine", nil)}},
			{Path: "k8s/build/base/job.yaml", Content: kind.Objects{job("by-path", nil)}},
		}, again...)
	})
}

func TestJobsHaveTheRoleOfTheirKustomization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app", builtBy())
	w.add("app", "shop")
	b := w.run("").clean()
	p := b.of("shop")
	var got []string
	for _, d := range p.Jobs {
		j := d.Value()
		got = append(got, strings.Join([]string{string(j.Role), j.Namespace, j.Name, j.File}, " "))
		b.by(j.Name, d.By(), "keep-files")
	}
	want := []string{"build builds make image/maker.yaml", "day2 shop probe probe/test.yaml", "deploy shop prepare run/prepare.yaml", "deploy there other run/prepare.yaml"}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("the Jobs are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for role, folder := range map[kind.Role]string{kind.Deploy: "run", kind.Build: "image", kind.Day2: "probe"} {
		d := p.Folders[role]
		if d.Value() != folder || len(d.By()) != 1 || d.By()[0].Pass != "assign-roles" || d.By()[0].Reason != folder+"/kustomization.yaml is for "+string(role) {
			t.Errorf("%s: %+v", role, d)
		}
	}
	if _, ok := p.Folders[kind.Overlay]; ok {
		t.Error("nothing applies an overlay")
	}
}

func TestTwoKustomizationsOfOneRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app", builtBy(
		kind.Row{Path: "second/kustomization.yaml", Role: kind.Deploy, Content: kind.Kustomization{}},
		kind.Row{Path: "third/kustomization.yaml", Role: kind.Overlay, Content: kind.Kustomization{}},
	))
	w.add("app", "shop")
	w.run("").at("E0205", "shop", "shop has two kustomizations of the role deploy, in run and in second", "overlay")
}

// The scripts name these folders: what a shell would take for something else is refused.
func TestFoldersOfRolesArePlain(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"a b", "a\nTABLE\nid", "a'b", "$(id)"} {
		w := newWorld(t)
		w.kind("app", asks(func(object) []kind.Row {
			return []kind.Row{{Path: folder + "/kustomization.yaml", Role: kind.Deploy, Content: kind.Kustomization{}}}
		}))
		w.add("app", "shop")
		w.run("").at("E0101", "shop", "characters that no script can take", "letters, digits")
	}
}
