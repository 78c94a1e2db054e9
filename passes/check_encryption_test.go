package passes_test

import (
	"fmt"
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
)

// readable makes the port main of a kind one in clear text, unless both ends have a mark.
func readable(k *kind.Kind) {
	described(func(_ object, d *kind.Description) {
		d.Ports["admin"] = kind.Port{Port: 9000, Pods: "server"}
		d.Cleartext = []kind.Cleartext{{Port: "main", Unless: "mesh"}}
	})(k)
}

func TestWhatIsInClearTextIsSaidOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.graph.Pos = w.pos()
	w.kind("mesh")
	w.kind("app")
	w.kind("store", readable)
	w.kind("sealed")
	w.rule("mesh -> app", marked)
	w.rule("mesh -> store", marked)
	w.rule("app -> store", ports("main"))
	w.rule("app -> sealed", ports("main"))
	w.rule("store -> store", ports("admin"))
	w.add("mesh", "zone")
	w.add("app", "inside outside")
	w.add("store", "both one none backup alone")
	w.add("sealed", "vault")
	for _, l := range []string{"zone -> inside", "zone -> both", "zone -> one", "inside -> both", "outside -> one", "inside -> none", "outside -> none", "outside -> vault", "none -> backup"} {
		w.link(l)
	}
	d := w.run("").one("W0137")
	if d.Pos != w.graph.Pos || d.Message != "connections to none, one are in clear text, and no mesh encrypts them" {
		t.Errorf("%s: %s", d.Pos, d.Message)
	}
	var hops []string
	for _, r := range d.Related {
		hops = append(hops, r.Message)
	}
	if got := strings.Join(hops, "; "); got != "none is reached in clear text by inside, outside; one is reached in clear text by outside" {
		t.Error(got)
	}
}

func TestManyServersInClearTextAreNamedInPart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.graph.Pos = w.pos()
	w.kind("app")
	w.kind("store", readable)
	w.rule("app -> store", ports("main"))
	w.add("app", "shop")
	for i := range 7 {
		w.add("store", fmt.Sprintf("s%d", i))
		w.link(fmt.Sprintf("shop -> s%d", i))
	}
	d := w.run("").one("W0137")
	if len(d.Related) != 7 || d.Message != "connections to s0, s1, s2, s3, s4 and 2 more are in clear text, and no mesh encrypts them" {
		t.Errorf("%d: %s", len(d.Related), d.Message)
	}
}
