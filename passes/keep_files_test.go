package passes_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

// filed is an application with a row of every form; see is called with what its manifests see.
func filed(t *testing.T, see func(self, arch object)) *world {
	t.Helper()
	w := newWorld(t)
	file := &fstest.MapFile{Data: []byte("x")}
	w.kind("app", func(k *kind.Kind) {
		k.Slots = []string{"routes", "monitors"}
		k.Assets = fstest.MapFS{"files/scripts/a.sh": file, "files/scripts/lib/b.sh": file, "files/one.txt": file, "python/own.py": file}
		k.Manifests = func(self, arch object) ([]kind.Row, error) {
			see(self, arch)
			return []kind.Row{
				{Path: "z.yaml", Content: kind.Objects{{"kind": "Service", "metadata": object{"name": self["name"]}}}},
				{Path: "route.yaml", When: &kind.When{Part: "routes"}, Content: kind.Verbatim("routes")},
				{Path: "monitor.yaml", When: &kind.When{Any: []kind.When{{Part: "monitors"}, {Part: "routes"}}}, Content: kind.Verbatim("monitors")},
				{Path: "volume.yaml", When: &kind.When{Attribute: "volume"}, Content: kind.Verbatim("volume")},
				{Path: "tables.sql", When: &kind.When{Sub: "page"}, Content: kind.Text{}},
				{Path: "pages/{name}.yaml", Content: kind.Each{"b": {Content: kind.Text{Text: "b"}}, "a": {Content: kind.Text{Text: "a"}}}},
				{Path: "scripts/", Content: kind.Copy{Name: "files/scripts"}, Mode: "0755"},
				{Path: "one.txt", Content: kind.Copy{Name: "files/one.txt"}},
				{Path: "src/", Content: kind.Modules{}},
			}, nil
		}
	}, described(func(self object, d *kind.Description) { d.Settings = vars("NAME=" + self["name"].(string)) }))
	w.kind("app/page")
	w.kind("store", func(k *kind.Kind) {
		k.Assets = fstest.MapFS{"python/store_module/__init__.py": file, "python/store_module/sub/x.py": file, "python/client.py": file}
	})
	w.kind("gate")
	w.rule("app -> store", ports("main"), func(r *kind.Rule) {
		r.Modules, r.Requirements = []string{"store/store_module", "store/client", "app/own.py"}, []string{"driver==1"}
	}, says(out(kind.Effects{Prefix: "STORE", Env: vars("HOST=h"), Resources: []kind.Resource{{Name: "x", Kind: "table", Access: "read"}}})))
	w.rule("gate -> app", ports("main"), saysOf(func(in kind.Input) kind.Result {
		return kind.Result{In: kind.Effects{Parts: map[string][]object{"routes": {{"shared": true}, {"of": in.From["name"]}}}, Namespace: &kind.Namespace{Labels: map[string]string{"public": "yes"}}}}
	}))
	w.add("app", "shop plain")
	w.add("store", "db")
	w.add("gate", "edge border")
	for _, l := range []string{"shop -> db", "edge -> shop", "border -> shop"} {
		w.link(l)
	}
	w.index["shop"].Attrs["volume"] = true
	w.index["shop"].Given = given("", w.pos(), object{"volume": true})
	return w
}

func nothing(object, object) {}

func TestEveryFileHasAReasonEitherWay(t *testing.T) {
	t.Parallel()
	b := filed(t, nothing).run("keep-files").clean()
	kept := func(name string) string {
		var all []string
		for path, d := range b.of(name).Files {
			if d.Value() {
				all = append(all, path)
			}
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	always := "one.txt pages/a.yaml pages/b.yaml"
	if got := kept("shop"); got != "monitor.yaml "+always+" route.yaml scripts/a.sh scripts/lib/b.sh src/client.py src/own.py src/store_module/__init__.py src/store_module/sub/x.py volume.yaml z.yaml" {
		t.Errorf("shop keeps %s", got)
	}
	if got := kept("plain"); got != always+" scripts/a.sh scripts/lib/b.sh z.yaml" {
		t.Errorf("plain keeps %s", got)
	}
	shop, plain := b.of("shop").Files, b.of("plain").Files
	b.by("route.yaml", shop["route.yaml"].By(), "wire-parts", "border -> shop", "edge -> shop")
	b.by("monitor.yaml", shop["monitor.yaml"].By(), "wire-parts", "border -> shop", "edge -> shop")
	b.by("client.py", shop["src/client.py"].By(), "keep-modules", "shop -> db")
	for _, c := range []struct {
		files        map[string]ir.Decided[bool]
		path, reason string
	}{
		{shop, "z.yaml", "every app has it"},
		{shop, "volume.yaml", "attribute volume"},
		{shop, "tables.sql", "there are no sub-components of kind page"},
		{plain, "route.yaml", "no link brings routes"},
		{plain, "volume.yaml", "the attribute volume is false or not set"},
		{plain, "monitor.yaml", "no link brings monitors and no link brings routes"},
		{plain, "src/store_module/__init__.py", "no link to store"},
		{plain, "src/client.py", "no link to store"},
	} {
		d, ok := c.files[c.path]
		if !ok || len(d.By()) != 1 || d.By()[0].Reason != c.reason || !d.By()[0].Pos.IsValid() {
			t.Errorf("%s: %+v", c.path, d)
		}
	}
	if shop["volume.yaml"].By()[0].Pos != b.Graph.Node("shop").AttrPos("volume") || shop["z.yaml"].By()[0].Pos != b.posOf("shop") {
		t.Errorf("%+v", shop["volume.yaml"].By())
	}
}

func TestRowsAreExpandedAndSorted(t *testing.T) {
	t.Parallel()
	rows := filed(t, nothing).run("keep-files").clean().of("shop").Rows
	byPath := map[string]kind.Row{}
	var paths []string
	for _, r := range rows {
		byPath[r.Path] = r
		paths = append(paths, r.Path)
	}
	if !slices.IsSorted(paths) || len(byPath) != len(paths) {
		t.Errorf("%q", paths)
	}
	if r := byPath["pages/b.yaml"]; r.Content != (kind.Text{Text: "b"}) {
		t.Errorf("%+v", r)
	}
	for file, name := range map[string]string{
		"scripts/lib/b.sh": "files/scripts/lib/b.sh", "src/store_module/sub/x.py": "python/store_module/sub/x.py", "src/client.py": "python/client.py", "src/own.py": "python/own.py",
	} {
		if c, ok := byPath[file].Content.(kind.Copy); !ok || c.Name != name || c.Assets == nil {
			t.Errorf("%+v", byPath[file])
		}
	}
	if byPath["scripts/lib/b.sh"].Mode != "0755" {
		t.Errorf("%+v", byPath["scripts/lib/b.sh"])
	}
}

func TestManifestsSeeWhatWasDecided(t *testing.T) {
	t.Parallel()
	seen, mu := map[string]object{}, sync.Mutex{} // kinds are asked in parallel
	b := filed(t, func(self, arch object) {
		mu.Lock()
		defer mu.Unlock()
		seen[self["name"].(string)] = self
	}).run("keep-files").clean()
	shop, plain := seen["shop"], seen["plain"]
	peer := object{"component": "edge", "component_kind": "gate", "namespace": "edge", "labels": object{"app": "edge"}, "account": "edge"}
	for name, want := range map[string]any{
		"parts":        object{"routes": []any{object{"shared": true}, object{"of": "border"}, object{"of": "edge"}}, "monitors": []any{}},
		"ns":           object{"enforce": "restricted", "labels": object{"public": "yes"}, "injected": true},
		"order":        int64(1),
		"variables":    []any{"STORE_HOST"},
		"requirements": []any{"driver==1"},
		"modules":      []any{"client", "own.py", "store_module"},
		"instances":    []any{object{"family": "STORE", "component": "db", "kind": "store", "provides": []any{}, "variables": object{"HOST": "STORE_HOST"}, "may": object{}, "resources": []any{object{"name": "x", "kind": "table", "access": "read"}}, "optional": false}},
		"settings":     object{"NAME": "shop"},
	} {
		if !reflect.DeepEqual(shop[name], want) {
			t.Errorf("#self.%s is %v, want %v", name, shop[name], want)
		}
	}
	policies := shop["policies"].(object)["server"].(object)
	if ingress := policies["ingress"].([]any); len(ingress) != 2 || !reflect.DeepEqual(ingress[1], object{"from": []any{peer}, "port": int64(80)}) || len(policies["egress"].([]any)) != 1 {
		t.Errorf("%v", policies)
	}
	for name, want := range map[string]any{
		"parts": object{"routes": []any{}, "monitors": []any{}}, "variables": []any{}, "requirements": []any{}, "instances": []any{}, "modules": []any{},
		"policies": object{"server": object{"ingress": []any{}, "egress": []any{}}}, "ns": object{"enforce": "restricted", "labels": object{}, "injected": false},
	} {
		if !reflect.DeepEqual(plain[name], want) {
			t.Errorf("without links #self.%s is %v, want %v", name, plain[name], want)
		}
	}
	if !reflect.DeepEqual(b.of("shop").View, shop) {
		t.Error("the plan keeps what the manifests saw")
	}
}

func TestManifestsThatFailNeedAnEarlierFinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app", func(k *kind.Kind) {
		k.Manifests = func(object, object) ([]kind.Row, error) { return nil, errors.New("no port") }
	})
	w.add("app", "shop")
	defer func() {
		if p, ok := recover().(pass.Panic); !ok || p.Pass != "keep-files" || !strings.Contains(p.Error(), "the files of shop: no port") {
			t.Errorf("%v", p)
		}
	}()
	w.run("")
}
