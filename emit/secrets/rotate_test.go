package secrets_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit/secrets"
)

func turn(id string, of ...value.Value) value.Value {
	return value.Turn{ID: id, Of: [2]value.Value{of[0], of[1]}}
}

func userTurn(id, user string) value.Value { return turn(id, lit(user), lit(user+"_2")) }

func passwordTurn(id string) value.Value { return turn(id, secret(id), secret(id+"#2")) }

// turns is an application with a database and a broker whose users take turns, a worker that is linked to the same database, and a server whose
// administrator has a password of before.
func turns() []secrets.Input {
	const db, events = "orders:db/database/orders", "orders:events"
	postgres := group("db", map[string]value.Value{
		"POSTGRES_HOST":      lit("db.data.svc.cluster.local"),
		"POSTGRES_DATABASES": concat(lit("orders:"), userTurn(db, "orders_orders"), lit(":"), passwordTurn(db), lit(":orders")),
	})
	previous := value.Secret{ID: "db/admin#previous", Follows: "db/admin"}
	return []secrets.Input{
		env(dbEnv, "db", group("server", map[string]value.Value{
			"POSTGRES_PASSWORD": secret("db/admin"), "POSTGRES_PREVIOUS_PASSWORD": previous,
			"ORDERS_ORDERS_PASSWORD": secret(db), "ORDERS_ORDERS_2_PASSWORD": secret(db + "#2"),
		})),
		{Path: rabbit, Component: "events", JSON: map[string]any{
			"users": []any{rabbitUser("orders_events", events), rabbitUser("orders_events_2", events+"#2")},
		}},
		env(cloudEnv, "orders", postgres, group("events", map[string]value.Value{
			"RABBITMQ_USER": userTurn(events, "orders_events"), "RABBITMQ_PASSWORD": passwordTurn(events),
		})),
		env(workerEnv, "worker", postgres),
	}
}

// login is the user and the password of the record of a database.
func login(plain string) (user, password string) {
	fields := strings.Split(variables(plain)["POSTGRES_DATABASES"], ":")
	return fields[1], fields[2]
}

func rotate(ids ...string) func(id string) bool {
	return func(id string) bool { return slices.Contains(ids, id) }
}

func TestUsersTakeTurns(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(turns()...)
	const id = "orders:db/database/orders"
	passwords := [2]string{}
	for n := range 4 {
		plain := w.opened(key)
		server := variables(plain[dbEnv])
		now := [2]string{server["ORDERS_ORDERS_PASSWORD"], server["ORDERS_ORDERS_2_PASSWORD"]}
		user, password := login(plain[cloudEnv])
		if want := [2]string{"orders_orders", "orders_orders_2"}[n%2]; user != want || password != now[n%2] {
			t.Fatalf("rotation %d: the application is %s, with the right password: %v", n, user, password == now[n%2])
		}
		if workerUser, workerPassword := login(plain[workerEnv]); workerUser != user || workerPassword != password {
			t.Fatalf("rotation %d: the worker is another user", n)
		}
		if n > 0 && (now[n%2] == passwords[n%2] || now[1-n%2] != passwords[1-n%2]) {
			t.Fatalf("rotation %d: the user in use has another password, or the other one has not", n)
		}
		passwords = now
		w.build(turns()...) // a build in between changes nothing
		if !maps.Equal(plain, w.opened(key)) {
			t.Fatalf("rotation %d: a build changed a text", n)
		}
		w.options.Rotate = rotate(id)
		w.build(turns()...)
		w.options.Rotate = nil
	}
}

func TestAHashOfTheUserBeforeIsKept(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(turns()...)
	before := w.opened(key)
	w.options.Rotate = rotate("orders:events")
	w.build(turns()...)
	after := w.opened(key)
	client := variables(after[cloudEnv])
	if client["RABBITMQ_USER"] != "orders_events_2" || !hashFits(t, after[rabbit], "orders_events_2", client["RABBITMQ_PASSWORD"]) {
		t.Errorf("the server does not know the new user %s", client["RABBITMQ_USER"])
	}
	if hashOf(t, before[rabbit], "orders_events") != hashOf(t, after[rabbit], "orders_events") {
		t.Error("the user in use has another hash")
	}
	if !hashFits(t, after[rabbit], "orders_events", variables(before[cloudEnv])["RABBITMQ_PASSWORD"]) {
		t.Error("the old password does not work any more")
	}
	w.build(turns()...)
	w.options.Rotate = nil
	if user := variables(w.opened(key)[cloudEnv])["RABBITMQ_USER"]; user != "orders_events" {
		t.Errorf("after the second rotation the user is %s", user)
	}
}

func TestASecretThatFollowsTakesOverTheTextOfBefore(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(turns()...)
	first := variables(w.opened(key)[dbEnv])
	if first["POSTGRES_PREVIOUS_PASSWORD"] == first["POSTGRES_PASSWORD"] {
		t.Error("before a rotation nobody has the previous password")
	}
	w.options.Rotate = rotate("db/admin")
	w.build(turns()...)
	second := variables(w.opened(key)[dbEnv])
	if second["POSTGRES_PREVIOUS_PASSWORD"] != first["POSTGRES_PASSWORD"] || second["POSTGRES_PASSWORD"] == first["POSTGRES_PASSWORD"] {
		t.Error("the previous password is not that of before, or the new one is not new")
	}
	w.options.Rotate, w.options.Set = nil, map[string]func() string{"db/admin": func() string { return "by-hand" }}
	w.build(turns()...)
	third := variables(w.opened(key)[dbEnv])
	if third["POSTGRES_PREVIOUS_PASSWORD"] != second["POSTGRES_PASSWORD"] || third["POSTGRES_PASSWORD"] != "by-hand" {
		t.Error("a text that was given does not move the one of before")
	}
	w.options.Set = nil
	w.build(turns()...)
	if !maps.Equal(third, variables(w.opened(key)[dbEnv])) {
		t.Error("a build changed the text that was given")
	}
}

func TestSetGivesTheOtherUserTheText(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(turns()...)
	_, before := login(w.opened(key)[cloudEnv])
	w.options.Set = map[string]func() string{"orders:db/database/orders": func() string { return "by-hand" }}
	w.build(turns()...)
	plain := w.opened(key)
	server := variables(plain[dbEnv])
	if user, password := login(plain[cloudEnv]); user != "orders_orders_2" || password != "by-hand" {
		t.Errorf("the application is %s", user)
	}
	if server["ORDERS_ORDERS_2_PASSWORD"] != "by-hand" || server["ORDERS_ORDERS_PASSWORD"] != before {
		t.Error("the server has other passwords")
	}
}

func TestSetToTheTextOfTodayChangesNothing(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(turns()...)
	w.options.Rotate = rotate("orders:db/database/orders", "orders:events")
	w.build(turns()...)
	w.options.Rotate = nil
	plain := w.opened(key)
	before := w.copy()
	_, db := login(plain[cloudEnv])
	w.options.Set = map[string]func() string{
		"orders:db/database/orders": func() string { return db },
		"orders:events":             func() string { return variables(plain[cloudEnv])["RABBITMQ_PASSWORD"] },
		"db/admin":                  func() string { return variables(plain[dbEnv])["POSTGRES_PASSWORD"] },
	}
	w.build(turns()...)
	if !maps.Equal(before, w.copy()) {
		t.Error("files changed")
	}
}

func TestATurnIsKeptWithoutAKey(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(turns()...)
	w.options.Rotate = rotate("orders:events", "orders:db/database/orders")
	w.build(turns()...)
	w.options.Rotate = nil
	before := w.copy()
	w.env = nil
	w.build(turns()...)
	if !maps.Equal(before, w.copy()) {
		t.Error("files changed")
	}
	w.options.Rotate = rotate("orders:db/database/orders")
	if text := w.fails("E0402", turns()...); !strings.Contains(text, "must get a new value") {
		t.Error(text)
	}
}

func TestANewReaderGetsTheUserWhoseTurnItIs(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	inputs := turns()
	w.build(inputs[:3]...)
	w.options.Rotate = rotate("orders:db/database/orders")
	w.build(inputs[:3]...)
	w.options.Rotate = nil
	w.build(inputs...)
	plain := w.opened(key)
	user, password := login(plain[cloudEnv])
	if other, its := login(plain[workerEnv]); other != user || its != password || user != "orders_orders_2" {
		t.Errorf("%s and %s", user, other)
	}
}

// A file that does not say whose turn it is any more leaves both users as they are: the server knows both.
func TestALostTurnBeginsAnew(t *testing.T) {
	t.Parallel()
	key, other := newKey(t), newKey(t)
	w := newWorld(t, key)
	w.build(turns()...)
	w.options.Rotate = rotate("orders:db/database/orders")
	w.build(turns()...)
	w.options.Rotate = nil
	server := variables(w.opened(key)[dbEnv])
	delete(w.files, cloudEnv)
	delete(w.files, workerEnv)
	w.build(turns()...)
	if user, password := login(w.opened(key)[cloudEnv]); user != "orders_orders" || password != server["ORDERS_ORDERS_PASSWORD"] {
		t.Errorf("the application is %s", user)
	}
	lockedTo(t, w, other, cloudEnv)
	w.options.Rotate = rotate("orders:db/database/orders")
	w.fails("E0402", turns()...)
}

// lockedTo makes a file one that only another key opens.
func lockedTo(t *testing.T, w *world, key *age.X25519Identity, name string) {
	t.Helper()
	foreign := newWorld(t, key)
	for _, in := range turns() {
		if in.Path == name {
			foreign.build(in)
		}
	}
	w.files[name] = foreign.files[name]
}
