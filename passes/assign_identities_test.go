package passes_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// servers is applications that get credentials: of tables one each, of brokers one together.
func servers(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.kind("app")
	w.kind("store")
	w.kind("store/table")
	w.kind("store/view")
	w.kind("broker")
	w.kind("broker/queue")
	access := func(r *kind.Rule) {
		r.Attributes = &kind.Type{IsStruct: true, Fields: []kind.Field{{Name: "access", Type: &kind.Type{Optional: true, Check: &kind.Check{Basic: "_"}}}}}
	}
	perTable := func(r *kind.Rule) { r.Identity = &kind.Identity{Style: "_", Rotate: kind.RotateUsers} }
	together := func(r *kind.Rule) { r.Identity = &kind.Identity{Style: "-", PerComponent: true} }
	w.rule("app -> store")
	w.rule("app -> store/table", perTable, access)
	w.rule("app -> store/view", perTable, access)
	w.rule("app -> broker", together)
	w.rule("app -> broker/queue", access)
	return w
}

func (b *built) identity(edge string) ir.Identity {
	b.t.Helper()
	d, ok := b.Plan.Identities[b.edge(edge)]
	if !ok {
		b.t.Fatalf("%s has no identity", edge)
	}
	return d.Value()
}

func TestEveryTableHasItsOwnUser(t *testing.T) {
	t.Parallel()
	w := servers(t)
	w.add("app", "web-shop cart")
	w.add("store", "db other")
	w.add("store/table", "db/table/orders db/table/items other/table/orders")
	for _, l := range []string{"web-shop -> db/orders", "web-shop -> db/items", "cart -> db/orders", "web-shop -> other/orders", "web-shop -> other"} {
		w.link(l)
	}
	b := w.run("assign-identities").clean()
	passwords := map[string]bool{}
	for edge, user := range map[string]string{
		"web-shop -> db/orders": "web_shop_orders", "web-shop -> db/items": "web_shop_items", "cart -> db/orders": "cart_orders",
		"web-shop -> other/orders": "web_shop_orders", // another server
	} {
		id := b.identity(edge)
		if id.User != user || id.Access != "" || passwords[id.Password.ID] {
			t.Errorf("%s: %+v", edge, id)
		}
		passwords[id.Password.ID] = true
	}
	if _, ok := b.Plan.Identities[b.edge("web-shop -> other")]; ok {
		t.Error("a rule without an identity gives none")
	}
}

func TestEdgesOfOneBrokerShareAUserWithTheUnionOfTheirAccess(t *testing.T) {
	t.Parallel()
	w := servers(t)
	w.add("app", "shop.v2 reader writer")
	w.add("broker", "bus")
	w.add("broker/queue", "bus/queue/a bus/queue/b bus/queue/c")
	w.link("shop.v2 -> bus/a", object{"access": "read"})
	w.link("shop.v2 -> bus/b", object{"access": "write"})
	w.link("shop.v2 -> bus")
	w.link("reader -> bus/a", object{"access": "read"})
	w.link("reader -> bus/b", object{"access": "read"})
	w.link("writer -> bus/c", object{"access": "readwrite"})
	w.link("writer -> bus/b", object{"access": "write"})
	b := w.run("assign-identities").clean()
	for _, c := range []struct{ edge, user, access string }{
		{"shop.v2 -> bus/a", "shop-v2-bus", "readwrite"},
		{"shop.v2 -> bus/b", "shop-v2-bus", "readwrite"},
		{"shop.v2 -> bus", "shop-v2-bus", "readwrite"},
		{"reader -> bus/a", "reader-bus", "read"},
		{"writer -> bus/b", "writer-bus", "readwrite"},
	} {
		if id := b.identity(c.edge); id.User != c.user || id.Access != c.access {
			t.Errorf("%s: %+v", c.edge, id)
		}
	}
	b.by("the credential of shop.v2", b.Plan.Identities[b.edge("shop.v2 -> bus")].By(), "assign-identities", "shop.v2 -> bus", "shop.v2 -> bus/a", "shop.v2 -> bus/b")
	if b.identity("shop.v2 -> bus/a").Password != b.identity("shop.v2 -> bus").Password {
		t.Error("they have one password")
	}
}

func TestEqualNamesGetAHashOnBoth(t *testing.T) {
	t.Parallel()
	w := servers(t)
	w.add("app", "a-b a c")
	w.add("store", "db")
	w.add("store/table", "db/table/c db/table/b_c db/table/x")
	w.add("store/view", "db/view/x")
	for _, l := range []string{"a-b -> db/c", "a -> db/b_c", "c -> db/c", "c -> db/table/x", "c -> db/view/x"} {
		w.link(l)
	}
	b := w.run("assign-identities").clean()
	hashed := regexp.MustCompile(`^a_b_c_[0-9a-f]{8}$`)
	one, other := b.identity("a-b -> db/c").User, b.identity("a -> db/b_c").User
	if one == other || !hashed.MatchString(one) || !hashed.MatchString(other) {
		t.Errorf("%s and %s", one, other)
	}
	b.by("the user of a-b", b.Plan.Identities[b.edge("a-b -> db/c")].By(), "assign-identities", "a-b -> db/c", "a -> db/b_c")
	b.by("the user of c", b.Plan.Identities[b.edge("c -> db/c")].By(), "assign-identities", "c -> db/c")
	if got := b.identity("c -> db/c").User; got != "c_c" {
		t.Errorf("%s needs no hash", got)
	}
	if one, other = b.identity("c -> db/table/x").User, b.identity("c -> db/view/x").User; one == other {
		t.Errorf("a table and a view of one name have the user %s", one)
	}
}

func TestLongNamesAreCutWithAHash(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 40)
	w := servers(t)
	w.add("app", long)
	w.add("store", "db")
	w.add("store/table", "db/table/"+long+"a db/table/"+long+"b db/table/"+strings.Repeat("y", 22)+" db/table/"+strings.Repeat("y", 23))
	for _, table := range []string{long + "a", long + "b", strings.Repeat("y", 22), strings.Repeat("y", 23)} {
		w.link(long + " -> db/" + table)
	}
	b := w.run("assign-identities").clean()
	cut := regexp.MustCompile(`^x{40}_x{13}_[0-9a-f]{8}$`)
	one, other := b.identity(long+" -> db/"+long+"a").User, b.identity(long+" -> db/"+long+"b").User
	if len(one) != 63 || one == other || !cut.MatchString(one) || !cut.MatchString(other) {
		t.Errorf("%s and %s", one, other)
	}
	if got := b.identity(long + " -> db/" + strings.Repeat("y", 22)).User; got != long+"_"+strings.Repeat("y", 22) {
		t.Errorf("%s fits as it is", got)
	}
	if got := b.identity(long + " -> db/" + strings.Repeat("y", 23)).User; len(got) != 63 || !strings.HasPrefix(got, long+"_yyyyyyyyyyyyy_") {
		t.Errorf("%s", got)
	}
}

func TestUsersThatTakeTurnsHaveASecondName(t *testing.T) {
	t.Parallel()
	w := servers(t)
	long := strings.Repeat("y", 60)
	w.add("app", "cart a")
	w.add("store", "db")
	w.add("store/table", "db/table/orders db/table/"+long+" db/table/b db/table/b_2")
	w.add("broker", "bus")
	for _, l := range []string{"cart -> db/orders", "a -> db/" + long, "a -> db/b", "a -> db/b_2", "cart -> bus"} {
		w.link(l)
	}
	b := w.run("assign-identities").clean()
	id := b.identity("cart -> db/orders")
	if id.Other != (ir.Login{User: "cart_orders_2", Password: value.Secret{ID: "cart:db/table/orders#2"}}) {
		t.Errorf("%+v", id)
	}
	want := value.Turn{ID: "cart:db/table/orders", Of: [2]value.Value{id.Password, id.Other.Password}}
	if !value.Equal(id.ActivePassword(), want) || value.Display(id.Active()) != "cart_orders" {
		t.Errorf("%s with %s", value.Display(id.Active()), value.Display(id.ActivePassword()))
	}
	if id = b.identity("a -> db/" + long); id.User != "a_"+long || len(id.Other.User) > 63 || !regexp.MustCompile(`^a_y{50}_[0-9a-f]{8}_2$`).MatchString(id.Other.User) {
		t.Errorf("the second user of %s is %s", id.User, id.Other.User)
	}
	if one, other := b.identity("a -> db/b"), b.identity("a -> db/b_2"); one.Other.User != "a_b_2" || other.User == "a_b_2" {
		t.Errorf("%s and %s are users of two credentials", one.Other.User, other.User)
	}
	if id = b.identity("cart -> bus"); id.Other != (ir.Login{}) || id.Active() != value.Literal("cart-bus") || id.ActivePassword() != id.Password {
		t.Errorf("%+v", id)
	}
}

func TestOneUserMayHaveThePasswordOfBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("app")
	w.kind("cache")
	w.rule("app -> cache", func(r *kind.Rule) {
		r.Identity = &kind.Identity{Style: "_", PerComponent: true, Rotate: kind.RotatePasswords}
	})
	w.add("app", "cart")
	w.add("cache", "store")
	w.link("cart -> store")
	id := w.run("assign-identities").clean().identity("cart -> store")
	if id.Other != (ir.Login{User: "cart_store", Password: value.Secret{ID: "cart:store#previous", Follows: "cart:store"}}) {
		t.Errorf("%+v", id)
	}
	if id.Active() != value.Literal("cart_store") || id.ActivePassword() != id.Password {
		t.Errorf("%s", id.Active())
	}
}

func TestIdentitiesDoNotDependOnOtherEdges(t *testing.T) {
	t.Parallel()
	user := func(more ...string) ir.Identity {
		w := servers(t)
		w.add("app", "shop cart")
		w.add("store", "db")
		w.add("store/table", "db/table/a db/table/b")
		for _, l := range append(more, "shop -> db/a") {
			w.link(l)
		}
		return w.run("assign-identities").clean().identity("shop -> db/a")
	}
	if alone, beside := user(), user("cart -> db/a", "shop -> db/b"); !reflect.DeepEqual(alone, beside) {
		t.Errorf("%+v and %+v", alone, beside)
	}
}
