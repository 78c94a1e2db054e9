package passes_test

import (
	"testing"

	"platc.dev/platc/compiler/kind"
)

// offices are a shop whose mails and reports are processes of their own.
func offices(t *testing.T) *world {
	t.Helper()
	w := client(t)
	w.kind("app/task", func(k *kind.Kind) { k.Process = true })
	w.graph.Library.Rules["app -> store"].Ports = []string{"main"}
	app := w.graph.Library.Kinds["app"]
	described(func(_ object, d *kind.Description) {
		d.Pods["task-mails"] = kind.Pods{Process: "task/mails"}
		d.Pods["task-reports"] = kind.Pods{Process: "task/reports"}
	})(app)
	w.add("app/task", "shop/task/mails shop/task/reports")
	w.add("store", "archive")
	return w
}

// A process has the variables of its component's links beside those of its own; the component has not those of its processes. Their names are the same for all.
func TestProcessHasTheVariablesOfItsOwnLinksToo(t *testing.T) {
	t.Parallel()
	w := offices(t)
	w.link("shop -> db/b")
	w.link("shop/task/mails -> db/a")
	w.link("shop/task/reports -> archive")
	b := w.run("bind-env").clean()
	b.env("shop",
		"STORE_DB_HOST=db.svc", "STORE_DB_PORT=5432", "STORE_INSTANCES=DB",
		"STORE_DB_TABLES=b:shop_b:[secret shop:db/table/b]", "STORE_DB_NAMES=b,z-b")
	b.env("shop/task/mails",
		"STORE_DB_HOST=db.svc", "STORE_DB_PORT=5432", "STORE_INSTANCES=DB",
		"STORE_DB_TABLES=a:shop_a:[secret shop:db/table/a];b:shop_b:[secret shop:db/table/b]", "STORE_DB_NAMES=a,b,z-a,z-b")
	b.env("shop/task/reports",
		"STORE_DB_HOST=db.svc", "STORE_DB_PORT=5432", "STORE_INSTANCES=ARCHIVE,DB",
		"STORE_DB_TABLES=b:shop_b:[secret shop:db/table/b]", "STORE_DB_NAMES=b,z-b",
		"STORE_ARCHIVE_HOST=archive.svc", "STORE_ARCHIVE_PORT=5432", "STORE_ARCHIVE_TABLES=")
	if n := len(b.of("shop").Instances); n != 1 {
		t.Errorf("the component itself has %d instances", n)
	}
	own := b.Plan.VariablesOf(b.Graph.Node("shop/task/reports"))
	if n := len(own.Instances); n != 2 {
		t.Errorf("the process has %d instances", n)
	}
	b.by("its own variable", own.Env["STORE_ARCHIVE_HOST"].By(), "bind-env", "shop/task/reports -> archive", "shop -> db/b", "shop/task/mails -> db/a")
}

// Pods of a process reach what its links and those of the component lead to, and nothing else.
func TestPodsOfAProcessReachWhatItsLinksLeadTo(t *testing.T) {
	t.Parallel()
	w := offices(t)
	w.link("shop -> db/b")
	w.link("shop/task/reports -> archive")
	b := w.run("network-policies").clean()
	b.open(map[string]string{
		"shop":    "server > db/server:80, task-mails > db/server:80, task-reports > archive/server:80, task-reports > db/server:80",
		"db":      "server < shop/server:80, server < shop/task-mails:80, server < shop/task-reports:80",
		"archive": "server < shop/task-reports:80",
	})
}

// A process links to what its component may link to, and nothing links to a process.
func TestProcessHasTheRulesOfItsComponent(t *testing.T) {
	t.Parallel()
	w := offices(t)
	w.link("shop/task/mails -> db/a")
	w.add("app", "cart")
	w.link("cart -> shop/task/mails")
	b := w.run("find-rules")
	b.at("E0203", "cart -> shop/task/mails", "a task of shop", "link to shop")
	if rules := b.edge("shop/task/mails -> db/a").Rules; len(rules) != 2 || rules[1].Name() != "app -> store/table" {
		t.Errorf("%v", rules)
	}
}
