package passes_test

import (
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// client is an application with links to stores: HOST and PORT of the store, OPTION only where the link asks for it, TABLES of its tables.
func client(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.kind("app", func(k *kind.Kind) { k.Starts = true }, described(func(self object, d *kind.Description) {
		if settings, ok := self["attrs"].(object)["env"].(object); ok {
			d.Settings = map[string]value.Value{}
			for k, v := range settings {
				d.Settings[k] = value.Literal(v.(string))
			}
		}
	}))
	w.kind("store")
	w.kind("store/table")
	anything := &kind.Type{Optional: true, Check: &kind.Check{Basic: "_"}}
	w.rule("app -> store", func(r *kind.Rule) {
		r.Optional = []string{"OPTION"}
		r.Attributes = &kind.Type{IsStruct: true, Fields: []kind.Field{{Name: "option", Type: anything}, {Name: "records", Type: anything}}}
	}, saysOf(func(in kind.Input) kind.Result {
		e := kind.Effects{Prefix: "STORE", Env: vars("HOST="+in.To["host"].(string), "PORT=5432"), Lists: map[string][][]value.Value{"TABLES": {}}}
		if option, ok := in.Link["option"].(string); ok {
			e.Env["OPTION"] = value.Literal(option)
		}
		return out(e)
	}))
	w.rule("app -> store/table", func(r *kind.Rule) { r.Identity = &kind.Identity{Style: "_"} }, saysOf(func(in kind.Input) kind.Result {
		name := value.Literal(in.To["name"].(string))
		record := []value.Value{name, value.Literal(in.Identity["user"].(string)), value.Secret{ID: in.Identity["password"].(object)["secret"].(string)}}
		records := [][]value.Value{record, record}
		if first, ok := in.Link["records"].(string); ok {
			records = append(records, []value.Value{value.Literal(first)})
		}
		return out(kind.Effects{
			Prefix: "STORE", Lists: map[string][][]value.Value{"TABLES": records}, Names: map[string][]string{"NAMES": {"z-" + string(name), string(name), string(name)}},
			Resources: []kind.Resource{{Name: string(name), Kind: "table", Access: "read"}, {Name: string(name), Kind: "table", Access: "write"}},
		})
	}))
	w.add("app", "shop")
	w.add("store", "db")
	w.add("store/table", "db/table/b db/table/a")
	return w
}

func TestOneInstanceHasThePlainNames(t *testing.T) {
	t.Parallel()
	w := client(t)
	w.link("shop -> db/b")
	w.link("shop -> db/a", object{"records": "aa"})
	b := w.run("bind-env").clean()
	b.env("shop",
		"STORE_HOST=db.svc", "STORE_PORT=5432",
		"STORE_TABLES=a:shop_a:[secret shop:db/table/a];aa;b:shop_b:[secret shop:db/table/b]",
		"STORE_NAMES=a,b,z-a,z-b")
	b.by("STORE_HOST", b.of("shop").Env["STORE_HOST"].By(), "bind-env", "shop -> db/a", "shop -> db/b")
	if first := b.of("shop").Env["STORE_HOST"].By()[0]; first.Rule.Name() != "app -> store" || first.Reason != "Rule app -> store." {
		t.Errorf("%+v", first)
	}
	if group := b.of("shop").EnvGroup["STORE_TABLES"]; group != "db" {
		t.Errorf("it stands under %q", group)
	}
	instances := b.of("shop").Instances
	if len(instances) != 1 {
		t.Fatalf("%+v", instances)
	}
	i := instances[0].Value()
	if i.Prefix != "STORE" || i.Component.Name != "db" || i.Variables["HOST"].Value() != "STORE_HOST" {
		t.Errorf("%+v", i)
	}
	if want := []any{kind.Resource{Name: "a", Kind: "table", Access: "readwrite"}, kind.Resource{Name: "b", Kind: "table", Access: "readwrite"}}; !slices.Equal(values(i.Resources), want) {
		t.Errorf("%+v", i.Resources)
	}
	b.by("the table a", i.Resources[0].By(), "bind-env", "shop -> db/a")
	b.by("the table b", i.Resources[1].By(), "bind-env", "shop -> db/b")
}

func TestListWithoutRecordsIsEmpty(t *testing.T) {
	t.Parallel()
	w := client(t)
	w.link("shop -> db")
	b := w.run("bind-env").clean()
	b.env("shop", "STORE_HOST=db.svc", "STORE_PORT=5432", "STORE_TABLES=")
	b.by("STORE_TABLES", b.of("shop").Env["STORE_TABLES"].By(), "bind-env", "shop -> db")
}

func TestListsAreLiteralsUnlessTheyHoldASecret(t *testing.T) {
	t.Parallel()
	w := client(t)
	w.link("shop -> db/a")
	env := w.run("bind-env").clean().of("shop").Env
	if _, ok := env["STORE_NAMES"].Value().(value.Literal); !ok || !value.IsSecret(env["STORE_TABLES"].Value()) {
		t.Errorf("%#v, %#v", env["STORE_NAMES"].Value(), env["STORE_TABLES"].Value())
	}
}

func TestSecondInstanceTakesThePlainNamesAway(t *testing.T) {
	t.Parallel()
	w := client(t)
	w.add("store", "old-db")
	w.link("shop -> db")
	w.link("shop -> old-db")
	b := w.run("bind-env").clean()
	b.env("shop", "STORE_INSTANCES=DB,OLD_DB", "STORE_DB_HOST=db.svc", "STORE_DB_PORT=5432", "STORE_DB_TABLES=", "STORE_OLD_DB_HOST=old-db.svc", "STORE_OLD_DB_PORT=5432", "STORE_OLD_DB_TABLES=")
	for variable, group := range map[string]string{"STORE_INSTANCES": "instances of STORE", "STORE_OLD_DB_HOST": "old-db"} {
		if got := b.of("shop").EnvGroup[variable]; got != group {
			t.Errorf("%s stands under %q", variable, got)
		}
	}
	if v := b.of("shop").Instances[1].Value().Variables["PORT"].Value(); v != "STORE_OLD_DB_PORT" {
		t.Error(v)
	}
}

func TestPrimaryInstanceKeepsThePlainNames(t *testing.T) {
	t.Parallel()
	w := client(t)
	w.add("store", "old-db")
	w.link("shop -> db")
	w.link("shop -> db/a", object{"primary": true}) // on any link of the instance
	w.link("shop -> old-db")
	b := w.run("bind-env").clean()
	env := b.of("shop").Env
	for name, want := range map[string]string{"STORE_HOST": "db.svc", "STORE_DB_HOST": "db.svc", "STORE_OLD_DB_HOST": "old-db.svc"} {
		if got := value.Display(env[name].Value()); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if !value.Equal(env["STORE_TABLES"].Value(), env["STORE_DB_TABLES"].Value()) || len(env) != 12 {
		t.Errorf("%v", env)
	}
}

func TestTwoPrimariesConflict(t *testing.T) {
	t.Parallel()
	w := client(t)
	w.add("store", "old-db")
	w.link("shop -> db", object{"primary": true})
	w.link("shop -> db/a", object{"primary": true})
	w.link("shop -> old-db", object{"primary": true})
	b := w.run("bind-env")
	b.at("E0301", "shop -> old-db", "shop has two primary instances of STORE", "the link shop -> db and the link shop -> old-db")
}

func TestAnInstanceIsRequiredUnlessALinkSaysOtherwise(t *testing.T) {
	t.Parallel()
	for _, of := range []struct {
		first, second object
		optional      bool
	}{
		{object{}, object{}, false},
		{object{"required": true}, object{}, false},
		{object{}, object{"required": false}, true},
		{object{"required": false}, object{"required": false}, true},
	} {
		w := client(t)
		w.link("shop -> db", of.first)
		w.link("shop -> db/a", of.second)
		d := w.run("bind-env").clean().of("shop").Instances[0].Value().Optional
		if d.Value() != of.optional || len(d.By()) == 0 {
			t.Errorf("%v and %v: optional is %v, by %v", of.first, of.second, d.Value(), d.By())
		}
	}
	w := client(t)
	w.link("shop -> db", object{"required": true})
	w.link("shop -> db/a", object{"required": false})
	w.run("bind-env").at("E0301", "shop -> db/a", "shop would have db both required and not", "the link shop -> db and the link shop -> db/a")
}

func TestRenamesBelongToTheInstance(t *testing.T) {
	t.Parallel()
	w := client(t)
	w.add("store", "old-db")
	w.link("shop -> db", object{"primary": true, "option": "x"})
	w.link("shop -> db/a", object{"env": object{"STORE_HOST": "DATABASE", "STORE_OPTION": nil}})
	w.link("shop -> old-db", object{"env": object{"STORE_PORT": "OLD_PORT"}})
	b := w.run("bind-env").clean()
	env := b.of("shop").Env
	for name, want := range map[string]string{"DATABASE": "db.svc", "STORE_PORT": "5432", "STORE_DB_PORT": "5432", "OLD_PORT": "5432", "STORE_OLD_DB_HOST": "old-db.svc"} {
		if got := value.Display(env[name].Value()); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	for _, name := range []string{"STORE_HOST", "STORE_DB_HOST", "STORE_OLD_DB_PORT", "STORE_OPTION", "STORE_DB_OPTION"} {
		if d, ok := env[name]; ok {
			t.Errorf("%s is %v", name, d.Value())
		}
	}
	variables := b.of("shop").Instances[0].Value().Variables
	if _, ok := variables["OPTION"]; ok || variables["HOST"].Value() != "DATABASE" {
		t.Errorf("%v", variables)
	}
}

func TestRenamesThatDoNotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what        string
		first, then object // attributes of two links to the store
		code, where string
		texts       []string
	}{
		{"what an application cannot do without", object{"env": object{"STORE_HOST": nil}}, nil, "E0208", "shop -> db", []string{"the link shop -> db leaves out STORE_HOST, without which shop does not start"}},
		{"a name that the link does not set", nil, object{"env": object{"STORE_HOTS": "X"}}, "E0104", "shop -> db/a", []string{"the link shop -> db/a renames STORE_HOTS, which it does not set", "it sets STORE_HOST, STORE_NAMES, STORE_PORT, STORE_TABLES"}},
		{"the name of an instance", object{"env": object{"STORE_DB_HOST": "X"}}, nil, "E0104", "shop -> db", nil},
		{"two names for one variable", object{"env": object{"STORE_HOST": "X"}}, object{"env": object{"STORE_HOST": "Y"}}, "E0301", "shop -> db/a", []string{"shop would have two names for STORE_HOST"}},
		{"a name and none", object{"option": "x", "env": object{"STORE_OPTION": "X"}}, object{"env": object{"STORE_OPTION": nil}}, "E0301", "shop -> db/a", nil},
		{"one name for two variables", object{"env": object{"STORE_HOST": "X", "STORE_PORT": "X"}}, nil, "E0301", "shop -> db", []string{"shop would have two values for the variable X: STORE_HOST and STORE_PORT of db"}},
		{"the name of another variable", object{"env": object{"STORE_HOST": "STORE_PORT"}}, nil, "E0301", "shop -> db", nil},
		{"two values of one variable", object{"option": "x"}, object{"option": "y"}, "E0301", "shop -> db/a", []string{"the variable STORE_OPTION: the link shop -> db and the link shop -> db/a"}},
	} {
		w := client(t)
		w.link("shop -> db", c.first)
		w.link("shop -> db/a", c.then)
		b := w.run("bind-env")
		if b.codes() != c.code {
			t.Errorf("%s: %v", c.what, b.Findings.Sorted())
			continue
		}
		b.at(c.code, c.where, c.texts...)
	}
	w := client(t)
	w.link("shop -> db", object{"env": object{"STORE_HOST": "X"}})
	w.link("shop -> db/a", object{"env": object{"STORE_HOST": "X"}})
	if b := w.run("bind-env").clean(); b.of("shop").Env["X"].Value() == nil {
		t.Error("one name may be said twice")
	}
}

func TestEnvOfALinkWithoutVariablesIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app")
	w.rule("app -> app")
	w.add("app", "a b c")
	w.link("a -> b", object{"env": object{"X": "Y"}})
	w.link("b -> c", object{"primary": true})
	b := w.run("bind-env")
	if b.codes() != "E0104 E0104" {
		t.Errorf("%v", b.Findings.Sorted())
	}
}

func TestLinkWithTwoPrefixesKnowsTheNamesOfBoth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app")
	w.kind("store")
	w.kind("store/table")
	w.rule("app -> store", says(out(kind.Effects{Prefix: "STORE", Env: vars("HOST=h")})))
	w.rule("app -> store/table", says(out(kind.Effects{Prefix: "TABLE", Env: vars("NAME=n")})))
	w.add("app", "shop")
	w.add("store", "db")
	w.add("store/table", "db/table/a")
	w.link("shop -> db/a", object{"env": object{"STORE_HOST": "H", "TABLE_NAME": "N"}})
	w.run("bind-env").clean().env("shop", "H=h", "N=n")
}

func TestDefaultsHoldWhereNoLinkSaysOtherwise(t *testing.T) {
	t.Parallel()
	effects := kind.Effects{Prefix: "STORE", Defaults: vars("GROUP=plain")}
	w := newWorld(t)
	w.kind("app")
	w.kind("store")
	w.kind("store/table")
	w.rule("app -> store", says(out(effects)))
	w.rule("app -> store/table", says(out(kind.Effects{Prefix: "STORE", Env: vars("GROUP=own")})))
	w.add("app", "shop cart")
	w.add("store", "db")
	w.add("store/table", "db/table/a")
	w.link("cart -> db", object{"env": object{"STORE_GROUP": "TEAM"}})
	w.link("shop -> db")
	w.link("shop -> db/a")
	b := w.run("bind-env").clean()
	b.env("cart", "TEAM=plain")
	b.env("shop", "STORE_GROUP=own")
	b.by("STORE_GROUP", b.of("shop").Env["STORE_GROUP"].By(), "bind-env", "shop -> db/a")
}

func TestAmbiguousInstancesAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stores, code, text string
	}{
		{"db old", "", ""},
		{"host db", "E0301", "host has the key HOST, which is also the name of a variable"},
		{"instances db", "E0301", "instances has the key INSTANCES"},
		{"a a-b", "E0301", "shop would have two meanings for the variable STORE_A_B_C"},
	} {
		w := newWorld(t)
		w.kind("app")
		w.kind("store")
		w.rule("app -> store", says(out(kind.Effects{Prefix: "STORE", Env: vars("HOST=h", "C=1", "B_C=2")})))
		w.add("app", "shop")
		w.add("store", c.stores)
		for store := range strings.FieldsSeq(c.stores) {
			w.link("shop -> " + store)
		}
		b := w.run("bind-env")
		if c.code == "" {
			b.clean()
			continue
		}
		if !slices.ContainsFunc(b.Findings.Sorted(), func(d diag.Diagnostic) bool { return d.Code == c.code && strings.Contains(d.Message, c.text) }) {
			t.Errorf("%s: %v", c.stores, b.Findings.Sorted())
		}
	}
}

func TestSettingsAreNoVariablesOfLinks(t *testing.T) {
	t.Parallel()
	w := client(t)
	w.add("app", "cart", object{"env": object{"STORE_PORT": "1", "MINE": "x"}})
	w.index["cart"].Given.Field("env").Pos = diag.Pos{File: "arch.cue", Line: 90, Column: 9}
	w.link("cart -> db")
	b := w.run("bind-env")
	b.at("E0301", "cart -> db", "cart would have two values for the variable STORE_PORT", "the setting STORE_PORT of cart")
	if d := b.one("E0301"); d.Related[0].Pos.Line != 90 {
		t.Errorf("%+v", d)
	}
	if _, ok := b.of("cart").Env["STORE_PORT"]; ok {
		t.Error("a setting that is taken is no variable")
	}
}

func TestVariablesOfAComponentItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app", func(k *kind.Kind) { k.Starts = true }, described(func(self object, d *kind.Description) {
		d.Variables = []kind.Group{{Comment: "the application itself", Vars: map[string]value.Value{"API_KEY": value.Secret{ID: "key"}}}}
	}))
	w.rule("app -> app", says(out(kind.Effects{Prefix: "API", Env: vars("KEY=other")})))
	w.add("app", "a b")
	b := w.run("bind-env").clean()
	b.env("a", "API_KEY=[secret key]")
	if by := b.of("a").Env["API_KEY"].By(); len(by) != 1 || by[0].Pos != b.posOf("a") || b.of("a").EnvGroup["API_KEY"] != "the application itself" {
		t.Errorf("%+v", by)
	}
	w = newWorld(t)
	w.kind("app", func(k *kind.Kind) { k.Starts = true }, described(func(self object, d *kind.Description) {
		d.Variables = []kind.Group{{Comment: "the application itself", Vars: map[string]value.Value{"API_KEY": value.Secret{ID: "key"}}}}
	}))
	w.rule("app -> app", says(out(kind.Effects{Prefix: "API", Env: vars("KEY=other")})))
	w.add("app", "a b")
	w.link("a -> b")
	w.run("bind-env").at("E0301", "a -> b", "a would have two values for the variable API_KEY: a itself and the link a -> b")
}
