package passes_test

import (
	"errors"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func TestFindingsOfKindsStandAtTheirAttribute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app", described(func(self object, d *kind.Description) {
		d.Findings = []kind.Finding{{Code: "E0208", Message: "shop has too much", Help: "less", Attribute: "size"}, {Code: "W0115", Message: "shop is old"}}
	}))
	w.add("app", "shop", object{"size": int64(1)})
	w.index["shop"].Given.Field("size").Pos = diag.Pos{File: "arch.cue", Line: 70, Column: 7}
	b := w.run("describe-nodes")
	if d := b.one("E0208"); d.Pos.Line != 70 || d.Path != "components.shop.size" || d.Help != "less" {
		t.Errorf("%+v", d)
	}
	b.at("W0115", "shop")
	if d := b.Graph.Node("shop").Description; d.Host != "shop.svc" || d.Ports["main"].Port != 80 {
		t.Errorf("%+v", d)
	}
}

func TestSubComponentsSeeTheirComponent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("store")
	w.kind("store/table", func(k *kind.Kind) {
		k.Describe = func(self, parent, arch object) (kind.Description, error) {
			return kind.Description{Derived: object{"full": parent["namespace"].(string) + "." + self["name"].(string) + "@" + arch["name"].(string)}}, nil
		}
	})
	w.add("store", "db", object{"namespace": "data"})
	w.add("store/table", "db/table/orders")
	b := w.run("describe-nodes").clean()
	if got := b.Graph.Node("db/table/orders").Description.Derived["full"]; got != "data.orders@test" {
		t.Error(got)
	}
}

func TestFailedDescriptionNeedsAnEarlierFinding(t *testing.T) {
	t.Parallel()
	broken := func(k *kind.Kind) {
		k.Describe = func(object, object, object) (kind.Description, error) {
			return kind.Description{}, errors.New("no port")
		}
	}
	w := newWorld(t)
	w.kind("app", broken)
	w.kind("other")
	w.rule("other -> app")
	w.add("app", "shop")
	w.add("other", "cart")
	w.link("cart -> shop")
	w.link("cart -> nowhere")
	b := w.run("")
	if b.codes() != "E0201" || b.Graph.Node("cart").Description.Host != "cart.svc" {
		t.Errorf("the mistake is reported once, and others go on: %v", b.Findings.Sorted())
	}

	defer func() {
		if p, ok := recover().(pass.Panic); !ok || p.Pass != "describe-nodes" || p.Error() != "internal error in pass describe-nodes: the description of shop: no port" {
			t.Errorf("%v", p)
		}
	}()
	w = newWorld(t)
	w.kind("app", broken)
	w.add("app", "shop")
	w.run("describe-nodes")
}
