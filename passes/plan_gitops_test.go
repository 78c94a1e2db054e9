package passes_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// engine has a world delivered by an engine that reads one file for each component, and keeps what it was told.
func (w *world) engine(settings ...object) *object {
	all := object{"tool": "engine", "repo": "https://git.example.com/deploy.git", "branch": "main", "path": "deploy"}
	for _, s := range settings {
		maps.Copy(all, s)
	}
	told := &object{}
	w.graph.Arch["gitops"] = all
	w.graph.ConfigGiven = given("config", w.pos(), object{"gitops": all})
	w.graph.Library.GitOps = map[string]kind.Tool{"engine": func(delivered, _ object) ([]kind.Row, error) {
		*told = delivered
		each := kind.Each{}
		for _, c := range delivered["components"].([]any) {
			each[c.(object)["name"].(string)] = kind.Row{Content: kind.Objects{{"apiVersion": "v1", "kind": "Delivery", "metadata": object{"name": c.(object)["object"]}}}}
		}
		return []kind.Row{{Path: "components/{name}.yaml", Content: each}}, nil
	}}
	return told
}

// deployable is a kind that is deployed, with its Namespace and some more objects.
func deployable(more ...object) func(*kind.Kind) {
	return func(k *kind.Kind) {
		k.Manifests = func(self, _ object) ([]kind.Row, error) {
			return []kind.Row{
				{Path: "k8s/deploy/base/kustomization.yaml", Role: kind.Deploy, Content: kind.Kustomization{Object: object{
					"kind": "Kustomization", "namespace": self["namespace"], "secretGenerator": []any{
						object{"name": "plain", "envs": []any{"secret/plain.env"}},
						object{"name": "login", "type": "example.com/login", "files": []any{"config=secret/login.json", "secret/whole.json"}, "options": object{"disableNameSuffixHash": true}},
					},
				}}},
				{Path: "k8s/deploy/base/namespace.yaml", Content: kind.Objects{{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": self["namespace"]}}}},
				{Path: "k8s/deploy/base/more.yaml", Content: append(kind.Objects{{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"name": self["name"]}, "spec": object{"template": object{}}}}, more...)},
				{Path: "k8s/deploy/base/secret/plain.env", Content: kind.Dotenv{}},
			}, nil
		}
	}
}

func waves(b *built) string {
	var all []string
	for _, n := range b.Graph.Components() {
		if d := b.Plan.GitOps.Of[n]; d != nil {
			all = append(all, n.Name+":"+string(rune('0'+d.Wave))+"@"+strings.TrimPrefix(d.Folder.Value(), n.Name+"/k8s/deploy/"))
		}
	}
	return strings.Join(all, " ")
}

func TestDeliveryFollowsTheStartUpOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app", deployable())
	w.kind("outside") // nothing of it is deployed
	w.kind("store", deployable())
	w.rule("app -> outside", ports("main"))
	w.rule("app -> store", ports("main"))
	w.rule("outside -> store", ports("main"))
	w.add("app", "shop")
	w.add("outside", "elsewhere")
	w.add("store", "db")
	w.link("shop -> elsewhere")
	w.link("elsewhere -> db")
	told := w.engine()
	b := w.run("plan-gitops").clean()
	if got := waves(b); got != "db:0@base shop:1@base" {
		t.Errorf("%s", got)
	}
	shop := b.Plan.GitOps.Of[b.Graph.Node("shop")]
	if len(shop.After) != 1 || shop.After[0].Value().Name != "db" {
		t.Fatalf("%+v", shop.After)
	}
	b.by("what shop waits for", shop.After[0].By(), "order-start", "shop -> elsewhere", "elsewhere -> db")
	view := (*told)["components"].([]any)[1].(object)
	if view["path"] != "deploy/shop/k8s/deploy/base" || view["object"] != "test-shop" || !reflect.DeepEqual(view["after"], []any{"test-db"}) {
		t.Errorf("%v", view)
	}
	if rows := b.Plan.GitOps.Rows; len(rows) != 2 || rows[0].Path != "gitops/components/db.yaml" || !b.Plan.GitOps.Files[rows[0].Path].Value() {
		t.Errorf("%+v", rows)
	}
}

// The first by name may wait for another one: with an engine the first in start-up order brings the Namespace.
func TestTheFirstToStartBringsTheNamespace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app", deployable())
	w.kind("store", deployable())
	w.rule("app -> store", ports("main"))
	w.add("app", "a", object{"namespace": "one"})
	w.add("store", "b c", object{"namespace": "one"})
	w.link("a -> c")
	w.engine()
	b := w.run("plan-gitops").clean()
	if got := waves(b); got != "a:2@overlays/shared b:0@base c:1@overlays/shared" {
		t.Errorf("%s", got)
	}
	for name, want := range map[string]string{"a": "b", "c": "b"} {
		space := b.Plan.GitOps.Of[b.Graph.Node(name)].Space
		if space.Value() == nil || space.Value().Name != want || len(space.By()) == 0 {
			t.Errorf("the Namespace of %s: %+v", name, space)
		}
	}
	if b.Plan.GitOps.Of[b.Graph.Node("b")].Space.Value() != nil {
		t.Error("b waits for its own Namespace")
	}
}

func TestWhatADeliveryIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app", deployable(
		object{"apiVersion": "example.com/v1", "kind": "Policy", "metadata": object{"name": "p"}},
		object{"apiVersion": "example.com/v1", "kind": "Cluster", "metadata": object{"name": "c", "namespace": "elsewhere"}},
		object{"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": object{"name": "h"}, "spec": object{"scaleTargetRef": object{"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}}},
	), described(func(_ object, d *kind.Description) {
		d.Rollout = []any{"deployment/x", object{"resource": "policies.example.com/p", "condition": "jsonpath={.status.phase}=Running"}, object{"resource": "cluster/c", "condition": "Ready"}}
	}))
	w.kind("store", deployable())
	w.rule("app -> store", ports("main"), says(out(kind.Effects{Rollout: []any{object{"job": "migrate"}}})))
	w.add("app", "shop")
	w.add("store", "db")
	w.link("shop -> db")
	w.engine()
	b := w.run("plan-gitops").clean()
	d := b.Plan.GitOps.Of[b.Graph.Node("shop")]
	if len(d.Checks) != 2 || d.Checks[0].Value() != (ir.Check{APIVersion: "example.com/v1", Kind: "Cluster", Condition: "Ready"}) || d.Checks[1].Value() != (ir.Check{APIVersion: "example.com/v1", Kind: "Policy", Path: "status.phase", Value: "Running"}) {
		t.Errorf("%+v", d.Checks)
	}
	workload := ir.Ref{APIVersion: "apps/v1", Kind: "Deployment", Name: "shop"}
	if len(d.Scaled) != 1 || d.Scaled[0].Value() != workload || len(d.Late) != 2 || d.Late[0].Value() != workload || d.Late[1].Value().Kind != "HorizontalPodAutoscaler" {
		t.Errorf("%+v %+v", d.Scaled, d.Late)
	}
	if len(b.Plan.GitOps.Of[b.Graph.Node("db")].Late) != 0 {
		t.Error("nothing of db waits for a Job")
	}
	var secrets []ir.GeneratedSecret
	for _, s := range d.Secrets {
		secrets = append(secrets, s.Value())
	}
	const folder = "shop/k8s/deploy/base/secret/"
	if want := []ir.GeneratedSecret{
		{Name: "plain", Hashed: true, Envs: []ir.SecretFile{{Path: folder + "plain.env"}}},
		{Name: "login", Type: "example.com/login", Files: []ir.SecretFile{{Key: "config", Path: folder + "login.json"}, {Key: "whole.json", Path: folder + "whole.json"}}},
	}; !reflect.DeepEqual(secrets, want) {
		t.Errorf("%+v", secrets)
	}
	var types []string
	for _, d := range b.Plan.GitOps.Types {
		types = append(types, d.Value().APIVersion+"/"+d.Value().Kind)
	}
	var spaces []string
	for _, d := range b.Plan.GitOps.Namespaces {
		spaces = append(spaces, d.Value())
	}
	if !slices.Contains(spaces, "elsewhere") || len(spaces) < 2 {
		t.Errorf("%q", spaces)
	}
	if want := []string{"/Namespace", "/Secret", "apps/Deployment", "autoscaling/HorizontalPodAutoscaler", "example.com/Cluster", "example.com/Policy"}; !slices.Equal(types, want) {
		t.Errorf("%q", types)
	}
}

func TestSettingsOfAnEngine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app", deployable())
	w.graph.Name = strings.Repeat("n", 60)
	w.add("app", "shop")
	w.engine(object{"repo": "http://git.example.com/deploy.git", "secret": "login"})
	b := w.run("plan-gitops")
	if got := b.codes(); got != "E0108 E0208 W0139" {
		t.Errorf("%s", got)
	}
	b.at("E0108", "shop", "has 65 characters")
}
