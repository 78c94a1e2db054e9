package passes_test

import (
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
)

// pinned is two applications; the pins of "shop" are given by a space, those of its modules and links too.
func pinned(t *testing.T, own, module, rule, outbound, inbound string) *built {
	t.Helper()
	w := newWorld(t)
	w.kind("app", described(func(self object, d *kind.Description) {
		if self["name"] == "shop" {
			d.Requirements = strings.Fields(own)
		}
	}))
	w.kind("app/module", described(func(_ object, d *kind.Description) { d.Requirements = strings.Fields(module) }))
	w.kind("store")
	w.kind("scraper")
	w.rule("app -> store", func(r *kind.Rule) { r.Requirements = strings.Fields(rule) }, says(out(kind.Effects{Requirements: strings.Fields(outbound)})))
	w.rule("scraper -> app", says(in(kind.Effects{Requirements: strings.Fields(inbound)})))
	w.add("app", "shop other")
	w.add("app/module", "shop/module/m")
	w.add("store", "db")
	w.add("scraper", "prom")
	w.link("shop -> db")
	w.link("prom -> shop")
	return w.run("collect-requirements")
}

func TestRequirementsAreUnited(t *testing.T) {
	t.Parallel()
	b := pinned(t, "web==1.0", "rich==13.0 web==1.0", "driver==2.0", "Driver==2.0 extra.x==1", "metrics==3.0").clean()
	got := b.of("shop").Requirements
	for distribution, want := range map[string]string{"web": "web==1.0", "rich": "rich==13.0", "driver": "driver==2.0", "extra-x": "extra.x==1", "metrics": "metrics==3.0"} {
		if got[distribution].Value() != want {
			t.Errorf("%s is %q", distribution, got[distribution].Value())
		}
	}
	if len(got) != 5 || len(b.of("other").Requirements) != 0 || len(b.of("db").Requirements) != 0 {
		t.Errorf("%v", got)
	}
	b.by("driver", got["driver"].By(), "collect-requirements", "shop -> db")
	b.by("metrics", got["metrics"].By(), "collect-requirements", "prom -> shop")
	if by := got["web"].By(); len(by) != 2 || by[0].Reason != "shop" || by[1].Reason != "shop/module/m" || by[1].Pos != b.posOf("shop/module/m") {
		t.Errorf("%+v", by)
	}
}

func TestExtrasAreUnited(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ own, module, want string }{
		{"web[b,a]==1", "web==1", "web[a,b]==1"},
		{"web==1", "web[b,a]==1", "web[a,b]==1"},
		{"web[b]==1", "WEB[a,b]==1", "web[a,b]==1"},
	} {
		if got := pinned(t, c.own, c.module, "", "", "").clean().of("shop").Requirements["web"].Value(); got != c.want {
			t.Errorf("%s and %s are %s", c.own, c.module, got)
		}
	}
}

func TestVersionsThatAreEqualAreOne(t *testing.T) {
	t.Parallel()
	b := pinned(t, "web==1.0", "rich==13.0.0 tall==2", "", "rich==13 tall==2.0.0", "").clean()
	for distribution, want := range map[string]string{"rich": "rich==13", "tall": "tall==2"} {
		if got := b.of("shop").Requirements[distribution].Value(); got != want {
			t.Errorf("%s is %q", distribution, got)
		}
	}
}

func TestTwoVersionsConflict(t *testing.T) {
	t.Parallel()
	b := pinned(t, "", "Rich_x==13.0", "rich-x==14.0", "", "")
	b.at("E0302", "shop -> db", "shop would have two versions of rich-x, 13.0 and 14.0", "shop/module/m and the link shop -> db")
	if d := b.one("E0302"); len(d.Related) != 1 || d.Related[0].Pos != b.posOf("shop/module/m") || d.Path != `components.shop.links["db"]` {
		t.Errorf("%+v", d)
	}
	b = pinned(t, "web==1", "web==2", "", "", "web==3")
	if strings.Count(b.codes(), "E0302") != 2 || b.of("shop").Requirements["web"].Value() != "web==1" {
		t.Errorf("%v", b.Findings.Sorted())
	}
}
