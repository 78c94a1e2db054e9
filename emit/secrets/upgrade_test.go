package secrets_test

import (
	"testing"

	"platc.dev/platc/compiler/value"
)

// A tree of before there were second logins: the servers and the applications keep the passwords that they have.
func TestCredentialsOfATreeWithoutTurnsAreKept(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	const db, events = "orders:db/database/orders", "orders:events"
	w.build(
		env(dbEnv, "db", group("server", map[string]value.Value{"POSTGRES_PASSWORD": secret("db/admin"), "ORDERS_ORDERS_PASSWORD": secret(db)})),
		env(cloudEnv, "orders",
			group("db", map[string]value.Value{
				"POSTGRES_HOST":      lit("db.data.svc.cluster.local"),
				"POSTGRES_DATABASES": concat(lit("orders:orders_orders:"), secret(db), lit(":orders")),
			}),
			group("events", map[string]value.Value{"RABBITMQ_USER": lit("orders_events"), "RABBITMQ_PASSWORD": secret(events)}),
		),
	)
	before := w.opened(key)
	w.build(turns()...)
	after := w.opened(key)
	for _, path := range []string{dbEnv, cloudEnv} {
		now := variables(after[path])
		for name, text := range variables(before[path]) {
			if now[name] != text {
				t.Errorf("%s: %s has another value", path, name)
			}
		}
	}
	server := variables(after[dbEnv])
	if server["ORDERS_ORDERS_2_PASSWORD"] == "" || server["ORDERS_ORDERS_2_PASSWORD"] == server["ORDERS_ORDERS_PASSWORD"] {
		t.Error("the second user has no password of its own")
	}
	if !hashFits(t, after[rabbit], "orders_events", variables(after[cloudEnv])["RABBITMQ_PASSWORD"]) {
		t.Error("the broker does not know the password that the application has")
	}
}
