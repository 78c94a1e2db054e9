package passes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// openings are what the policies of a component open: "server > db/server:80" to others, "server < shop/server:80" from them.
func (b *built) openings(name string) string {
	var all []string
	for group, policy := range b.of(name).Policies {
		for _, d := range policy.Egress {
			all = append(all, fmt.Sprintf("%s > %s/%s:%d", group, d.Value().Peer.Node.Name, d.Value().Peer.Group, d.Value().Port))
		}
		for _, d := range policy.Ingress {
			all = append(all, fmt.Sprintf("%s < %s/%s:%d", group, d.Value().Peer.Node.Name, d.Value().Peer.Group, d.Value().Port))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// open fails unless the policies of components are these; all others open nothing.
func (b *built) open(want map[string]string) {
	b.t.Helper()
	for _, n := range b.Graph.Components() {
		if got := b.openings(n.Name); got != want[n.Name] {
			b.t.Errorf("%s opens\n%s, not\n%s", n.Name, got, want[n.Name])
		}
	}
}

func ports(names ...string) func(*kind.Rule) { return func(r *kind.Rule) { r.Ports = names } }

func TestPortsAreOpenedOnBothEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app")
	w.kind("store", described(func(_ object, d *kind.Description) {
		d.Ports["admin"] = kind.Port{Port: 9000, Pods: "keeper"}
		d.Pods["keeper"] = kind.Pods{}
	}))
	w.kind("store/table")
	w.kind("plain")
	w.rule("app -> store", ports("main", "none"))
	w.rule("app -> store/table", ports("admin"), says(kind.Result{Open: []kind.Port{{Port: 9187, Pods: "server"}, {Port: 9000, Pods: "keeper"}, {Port: 1, Pods: "none"}}}))
	w.rule("app -> plain")
	w.add("app", "shop cart")
	w.add("store", "db")
	w.add("store/table", "db/table/a db/table/b")
	w.add("plain", "other")
	for _, l := range []string{"shop -> db/a", "shop -> db/b", "cart -> db", "shop -> other"} {
		w.link(l)
	}
	b := w.run("network-policies").clean()
	b.open(map[string]string{
		"shop": "server > db/keeper:9000, server > db/server:80, server > db/server:9187",
		"cart": "server > db/server:80",
		"db":   "keeper < shop/server:9000, server < cart/server:80, server < shop/server:80, server < shop/server:9187",
	})
	egress := b.of("shop").Policies["server"].Egress
	if egress[0].Value().Port != 80 || egress[1].Value().Port != 9000 || egress[2].Value().Port != 9187 {
		t.Errorf("%v", egress)
	}
	b.by("port 80", egress[0].By(), "network-policies", "shop -> db/a", "shop -> db/b")
	b.by("the other end", b.of("db").Policies["keeper"].Ingress[0].By(), "network-policies", "shop -> db/a", "shop -> db/b")
	if policy := b.of("other").Policies["server"]; policy == nil || len(policy.Ingress)+len(policy.Egress) != 0 {
		t.Error("pods without links have an empty policy")
	}
}

func TestLinkInsideOneComponentOpensNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("broker")
	w.kind("broker/exchange")
	w.kind("broker/queue")
	w.rule("broker/exchange -> broker/queue", ports("main"))
	w.add("broker", "bus")
	w.add("broker/exchange", "bus/exchange/e")
	w.add("broker/queue", "bus/queue/q")
	w.link("bus/exchange/e -> bus/q")
	w.run("network-policies").clean().open(nil)
}

func TestGroupThatConnects(t *testing.T) {
	t.Parallel()
	grouped := func(groups ...string) func(*kind.Kind) {
		return described(func(_ object, d *kind.Description) {
			d.Pods = map[string]kind.Pods{}
			for _, g := range groups {
				d.Pods[g] = kind.Pods{}
			}
			d.Ports = nil
		})
	}
	w := newWorld(t)
	w.kind("app")
	w.kind("broker", grouped("server", "connect"))
	w.kind("operator", grouped("one", "two"))
	w.kind("outside", grouped())
	w.rule("broker -> app", ports("main"), func(r *kind.Rule) { r.FromPods = "connect" })
	w.rule("operator -> app", ports("main"))
	w.rule("outside -> app", ports("main"))
	w.add("app", "shop")
	w.add("broker", "bus")
	w.add("operator", "op")
	w.add("outside", "far")
	for _, l := range []string{"bus -> shop", "op -> shop", "far -> shop"} {
		w.link(l)
	}
	w.run("network-policies").clean().open(map[string]string{
		"bus":  "connect > shop/server:80",
		"op":   "one > shop/server:80, two > shop/server:80",
		"shop": "server < bus/connect:80, server < op/one:80, server < op/two:80",
	})
}

// workers is applications with workers that act for them: jobs -> broker, shop -> jobs, store.
func workers(t *testing.T, through ...string) *world {
	t.Helper()
	w := newWorld(t)
	for _, k := range []string{"app", "worker", "broker", "store"} {
		w.kind(k)
	}
	w.rule("app -> store", ports("main"))
	w.rule("app -> worker", func(r *kind.Rule) { r.Through = through }, saysOf(func(in kind.Input) kind.Result {
		name := in.From["name"].(string)
		return kind.Result{Acts: []kind.Acts{{Group: "worker-" + name, Pods: kind.Pods{Labels: map[string]string{"for": name}}}}}
	}))
	w.rule("worker -> broker", ports("main"))
	w.rule("worker -> store", ports("main"))
	w.add("app", "shop cart")
	w.add("worker", "jobs")
	w.add("broker", "bus")
	w.add("store", "db logs")
	for _, l := range []string{"shop -> jobs", "shop -> db", "cart -> db", "jobs -> bus", "jobs -> logs"} {
		w.link(l)
	}
	return w
}

func TestPodsThatActForASourceGetItsEdges(t *testing.T) {
	t.Parallel()
	w := workers(t)
	w.link("cart -> jobs")
	b := w.run("network-policies").clean()
	b.open(map[string]string{
		"shop": "server > db/server:80",
		"cart": "server > db/server:80",
		"jobs": "server > bus/server:80, server > logs/server:80, worker-cart > db/server:80, worker-shop > db/server:80",
		"bus":  "server < jobs/server:80",
		"db":   "server < cart/server:80, server < jobs/worker-cart:80, server < jobs/worker-shop:80, server < shop/server:80",
		"logs": "server < jobs/server:80",
	})
	if pods := b.of("jobs").Pods["worker-shop"].Value(); pods.Labels["for"] != "shop" {
		t.Errorf("%v", pods)
	}
	b.by("the egress of the worker", b.of("jobs").Policies["worker-shop"].Egress[0].By(), "network-policies", "shop -> db")
}

func TestSourceReachesThroughItsTargetWhatTheRuleNames(t *testing.T) {
	t.Parallel()
	b := workers(t, "broker").run("network-policies").clean()
	b.open(map[string]string{
		"shop": "server > bus/server:80, server > db/server:80",
		"cart": "server > db/server:80",
		"jobs": "server > bus/server:80, server > logs/server:80, worker-shop > db/server:80",
		"bus":  "server < jobs/server:80, server < shop/server:80",
		"db":   "server < cart/server:80, server < jobs/worker-shop:80, server < shop/server:80",
		"logs": "server < jobs/server:80",
	})
	b.by("what shop reaches through jobs", b.of("shop").Policies["server"].Egress[0].By(), "network-policies", "shop -> jobs")
}

func TestPoliciesOfAnyGraphAgree(t *testing.T) {
	t.Parallel()
	b := town(t).run("").clean()
	mirror := map[string]int{}
	for _, n := range b.Graph.Components() {
		for group, policy := range b.Plan.Of[n].Policies {
			own := ir.Peer{Node: n, Group: group}
			for _, d := range policy.Egress {
				mirror[fmt.Sprint(own, d.Value().Peer, d.Value().Port)]++
			}
			for _, d := range policy.Ingress {
				mirror[fmt.Sprint(d.Value().Peer, own, d.Value().Port)]--
			}
		}
	}
	for opening, n := range mirror {
		if n != 0 {
			t.Errorf("%s stands on one end only", opening)
		}
	}
	if len(mirror) == 0 {
		t.Error("nothing is open")
	}
}
