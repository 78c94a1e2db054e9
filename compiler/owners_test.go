package compiler_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/fixture"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/owners"
)

// everyKind is a component of each kind, called like its kind, with one of each of its sub-kinds.
func everyKind(t *testing.T) world {
	t.Helper()
	w := newWorld(t)
	for _, k := range fixture.Components(w.Library) {
		addWhole(w, k, fixture.Short(k))
	}
	return w
}

// addWhole adds a component with one of each sub-kind.
func addWhole(w world, k *kind.Kind, name string) object {
	component := object{}
	for _, short := range slices.Sorted(maps.Keys(k.Subs)) {
		with, _ := w.Add(k.Subs[short], name)
		component[short] = with[short]
	}
	whole, _ := w.Add(k, name)
	maps.Copy(whole, component)
	return whole
}

// ownersOf are the rows of data of a component and what is below it.
func ownersOf(all owners.Tree, name string) []owners.Data {
	return slices.DeleteFunc(slices.Clone(all.Data), func(d owners.Data) bool {
		return d.Node != name && !strings.HasPrefix(d.Node, name+"/")
	})
}

// sound is the plan of a world without errors.
func (w world) sound(t *testing.T) *compiler.Build {
	t.Helper()
	b := w.check(t)
	if b.Findings.HasErrors() {
		t.Fatal(b.Findings.Err())
	}
	return b
}

// What the built-in kinds own.
func TestKindsOwnData(t *testing.T) {
	t.Parallel()
	var got []string
	for _, d := range owners.Of(everyKind(t).sound(t).Plan).Data {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s: %s %s %s", d.Kind, d.What, d.Object, d.Format)))
		if d.Namespace != strings.Split(d.Node, "/")[0] && !strings.HasPrefix(d.Node, "celery") {
			t.Errorf("%s has data in namespace %s", d.Node, d.Namespace)
		}
	}
	want := []string{
		"rabbitmq: volume claims persistence-celery-rabbitmq-server-* 4",
		"cnpg: volume claims cnpg-* 18",
		"cnpg/db: database one",
		"kafka: volume claims data-0-kafka-broker-* 4",
		"kafka: volume claims data-0-kafka-controller-* 4",
		"kafka/topic: topic one",
		"minio: volume claims data-minio-* a single drive",
		"minio/bucket: bucket one",
		"mongodb: volume claims data-volume-mongodb-* 8.0",
		"mongodb/mongo_db: collection one.one",
		"mongodb/mongo_db: database one",
		"postgresql: volume claim data-postgresql-0 18",
		"postgresql/database: database one",
		"prometheus: volume claims prometheus-prometheus-db-prometheus-prometheus-*",
		"rabbitmq: volume claims persistence-rabbitmq-server-* 4",
		"rabbitmq/queue: queue one",
		"redis: volume claim data-redis-0 valkey",
	}
	if !slices.Equal(got, want) {
		t.Errorf("they own\n%s\nand not\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A kind that emits a claim, a template of claims, or an object that nobody may prune, says what it owns; also where an attribute that can
// be switched on makes it emit one.
func TestWhatIsEmittedToStayIsOwned(t *testing.T) {
	t.Parallel()
	w := everyKind(t)
	for _, k := range fixture.Components(w.Library) {
		for _, f := range k.Attributes.Fields {
			hint := w.Hint(k.Name, f.Name)
			if f.Type.Default == false && hint.Rule == "" && hint.Code == "" {
				component := addWhole(w, k, fixture.Short(k)+"-"+strings.ToLower(strings.ReplaceAll(f.Name, "_", "-")))
				component[f.Name] = true
				hint.Lay(component)
			}
		}
	}
	b := w.sound(t)
	stands := owners.Of(b.Plan)
	stay := 0
	for _, n := range b.Graph.Components() {
		owned := ownersOf(stands, n.Name)
		for _, row := range b.Plan.Of[n].Rows {
			objects, _ := row.Content.(kind.Objects)
			for _, o := range objects {
				stays, missing := unowned(o, owned)
				for _, what := range missing {
					t.Errorf("%s of %s: describe.data says nothing of %s; it has %+v", row.Path, n.Kind.Name, what, owned)
				}
				if stays {
					stay++
				}
			}
		}
	}
	if stay < 10 {
		t.Errorf("just %d objects stay", stay)
	}
}

// unowned is what of an object stays and has no row of data.
func unowned(o kind.Object, owned []owners.Data) (stays bool, missing []string) {
	has := func(objects ...string) bool {
		return slices.ContainsFunc(owned, func(d owners.Data) bool { return slices.Contains(objects, d.Object) })
	}
	metadata, _ := o["metadata"].(kind.Object)
	spec, _ := o["spec"].(kind.Object)
	name := fmt.Sprint(metadata["name"])
	annotations, _ := metadata["annotations"].(kind.Object)
	switch {
	case o["kind"] == "Namespace":
		return false, nil
	case o["kind"] == "PersistentVolumeClaim":
		if !has(name) {
			missing = append(missing, "the claim "+name)
		}
	case spec["volumeClaimTemplates"] != nil:
		for _, template := range spec["volumeClaimTemplates"].([]any) {
			of := fmt.Sprint(template.(kind.Object)["metadata"].(kind.Object)["name"])
			if !has(of+"-"+name+"-0", of+"-"+name+"-*") {
				missing = append(missing, "the claims "+of+"-"+name)
			}
		}
	case annotations["kustomize.toolkit.fluxcd.io/prune"] != "disabled" && !storage(spec):
		return false, nil
	case len(owned) == 0:
		missing = append(missing, fmt.Sprint(o["kind"], " ", name))
	}
	return true, missing
}

// storage says whether there are volumes somewhere in the specification of a custom resource.
func storage(v any) bool {
	switch v := v.(type) {
	case kind.Object:
		for key, inner := range v {
			if key == "volumeClaimTemplate" || key == "volumeClaimTemplates" || key == "persistence" || storage(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, storage)
	}
	return false
}

func TestTreeOfAnArchitectureLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"shop", "everything"} {
		b := check(t, example(t, name))
		if found := owners.Compare(owners.Of(b.Plan), b.Plan, owners.Options{}).Sorted(); len(found) > 0 {
			t.Errorf("%s: %+v", name, found)
		}
		if found := owners.Compare(owners.Tree{}, b.Plan, owners.Options{}).Sorted(); len(found) > 0 {
			t.Errorf("%s and a record that is older: %+v", name, found)
		}
	}
}

// Whatever kind has data: a component of it that has another name, another namespace or another format is one mistake, which names all that
// stays behind, and none with a reason.
func TestEveryOwnerIsMissed(t *testing.T) {
	t.Parallel()
	w := everyKind(t)
	old := owners.Of(w.sound(t).Plan)
	moved, renamed := newWorld(t), newWorld(t)
	for name, c := range w.Components {
		component := maps.Clone(c.(object))
		renamed.Components["new-"+name] = component
		if links, ok := component["links"].(object); ok {
			component["links"] = object{}
			for target, link := range links {
				component["links"].(object)["new-"+target] = link
			}
		}
		elsewhere := maps.Clone(c.(object))
		elsewhere["namespace"] = "elsewhere"
		moved.Components[name] = elsewhere
	}
	missed(t, "moved", old, moved, "E0504")
	missed(t, "renamed", old, renamed, "E0504")
	other := old
	other.Data = slices.DeleteFunc(slices.Clone(old.Data), func(d owners.Data) bool { return d.Format == "" })
	for i := range other.Data {
		other.Data[i].Format = "0"
	}
	missed(t, "of another format", other, w, "E0505")
}

// missed demands one finding per component that has data, which names all its rows; and none for those that are retired.
func missed(t *testing.T, what string, old owners.Tree, w world, code string) {
	t.Helper()
	b := w.sound(t)
	found := owners.Compare(old, b.Plan, owners.Options{}).Sorted()
	retired := map[string]string{}
	for _, d := range old.Data {
		name, _, _ := strings.Cut(d.Node, "/")
		if retired[name] != "" {
			continue
		}
		retired[name] = "it may go"
		i := slices.IndexFunc(found, func(f diag.Diagnostic) bool { return strings.HasPrefix(f.Message, name+" ") })
		if i < 0 || found[i].Code != code || !found[i].Pos.IsValid() {
			t.Errorf("%s: nothing is said of %s", what, name)
			continue
		}
		for _, row := range ownersOf(old, name) {
			if said := fmt.Sprint(found[i].Message, found[i].Related); !strings.Contains(said, row.What+" "+row.Object+" in namespace "+row.Namespace) {
				t.Errorf("%s: %+v is not in %s", what, row, said)
			}
		}
		if code == "E0505" && len(found[i].Help) < 100 {
			t.Errorf("%s: no steps for %s: %s", what, name, found[i].Help)
		}
	}
	if len(found) != len(retired) || len(found) < 8 {
		t.Errorf("%s: %d findings for %d components", what, len(found), len(retired))
	}
	b.Graph.Retired = retired
	if found := owners.Compare(old, b.Plan, owners.Options{}).Sorted(); len(found) > 0 {
		t.Errorf("%s and retired: %+v", what, found)
	}
}

// Only tags that @if reads are tags of a tree.
func TestTagsOfATree(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{
		"arch.cue": "package shop\n\nname: \"shop\"\n_a: *\"x\" | string @tag(a,short=b|c)\ncomponents: db: {kind: \"redis\", namespace: \"data\"}\n",
		"on.cue":   "// a comment first\n\n@if(prod || (eu && !test))\n\npackage shop\n",
		"off.cue":  "@if(!prod)\npackage shop\n",
	})
	for _, c := range []struct{ given, want []string }{
		{nil, nil},
		{[]string{"a=prod"}, nil},
		{[]string{"b"}, nil},
		{[]string{"prod", "b", "eu", "prod"}, []string{"eu", "prod"}},
		{[]string{"test"}, []string{"test"}},
	} {
		b := compiler.Check(compiler.Input{Dir: dir, Tags: c.given, Env: env()})
		if b.Findings.HasErrors() || !slices.Equal(b.Graph.Tags, c.want) {
			t.Errorf("%v: %v, %v", c.given, b.Graph.Tags, b.Findings.Err())
		}
	}
}
