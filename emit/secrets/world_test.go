package secrets_test

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/secrets"
)

// world is an output tree, and what a user has around it.
type world struct {
	t       *testing.T
	files   map[string][]byte
	options secrets.Options
	env     map[string]string
	minutes int // of the clock, which goes on with every build
}

func newWorld(t *testing.T, keys ...*age.X25519Identity) *world {
	t.Helper()
	w := &world{t: t, files: map[string][]byte{}, env: map[string]string{}}
	w.options = secrets.Options{
		Old: func(name string) ([]byte, error) {
			if data, ok := w.files[name]; ok {
				return data, nil
			}
			return nil, fs.ErrNotExist
		},
		ArchDir: t.TempDir(),
		Env:     func(name string) (string, bool) { text, ok := w.env[name]; return text, ok },
		Now:     func() time.Time { return time.Date(2026, 1, 2, 3, w.minutes, 0, 0, time.UTC) },
	}
	var texts []string
	for _, key := range keys {
		texts = append(texts, key.String())
		w.options.Recipients = append(w.options.Recipients, key.Recipient().String())
	}
	w.env["SOPS_AGE_KEY"] = strings.Join(texts, " ")
	return w
}

func newKey(t testing.TB) *age.X25519Identity {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// run is one call, without writing.
func (w *world) run(inputs ...secrets.Input) ([]emit.File, []byte, []diag.Diagnostic) {
	w.t.Helper()
	w.minutes++
	findings := &diag.List{}
	files, devKey, err := secrets.Encrypt(inputs, w.options, findings)
	if err != nil {
		w.t.Fatal(err)
	}
	return files, devKey, findings.Sorted()
}

// build writes the files, and demands that there is no finding.
func (w *world) build(inputs ...secrets.Input) {
	w.t.Helper()
	files, _, findings := w.run(inputs...)
	if len(findings) > 0 {
		w.t.Fatalf("findings: %+v", findings)
	}
	w.write(files)
}

func (w *world) write(files []emit.File) {
	clear(w.files)
	for _, f := range files {
		w.files[f.Path] = f.Data
	}
}

// fails demands findings of one code, and returns their text.
func (w *world) fails(code string, inputs ...secrets.Input) string {
	w.t.Helper()
	files, devKey, findings := w.run(inputs...)
	if files != nil || devKey != nil {
		w.t.Error("files in spite of an error")
	}
	if len(findings) == 0 {
		w.t.Fatal("no finding")
	}
	var text strings.Builder
	for _, f := range findings {
		if f.Code != code {
			w.t.Errorf("code %s: %s", f.Code, f.Message)
		}
		fmt.Fprintf(&text, "%s\n%s\n", f.Message, f.Help)
	}
	return text.String()
}

func (w *world) copy() map[string]string {
	c := map[string]string{}
	for name, data := range w.files {
		c[name] = string(data)
	}
	return c
}

// opened is every file in plaintext.
func (w *world) opened(key *age.X25519Identity) map[string]string {
	w.t.Helper()
	plain := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(w.files)) {
		if name != ".sops.yaml" {
			text, err := secrets.Open(name, w.files[name], key.String())
			if err != nil {
				w.t.Fatalf("%s: %v\n%s", name, err, w.files[name])
			}
			plain[name] = text
		}
	}
	return plain
}

// variables is the lines of a dotenv plaintext.
func variables(plain string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(plain) {
		if name, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok && !strings.HasPrefix(line, "#") {
			all[name] = text
		}
	}
	return all
}

// The shop: an application with two databases and a broker, its worker, and the servers.

const (
	cloudEnv  = "orders/k8s/deploy/base/secret/cloud.env"
	workerEnv = "worker/k8s/deploy/base/secret/orders.env"
	dbEnv     = "db/k8s/deploy/base/secret/postgresql.env"
	rabbitEnv = "events/k8s/deploy/base/secret/rabbitmq.env"
	rabbit    = "events/k8s/deploy/base/secret/definitions.json"
	registry  = "orders/k8s/deploy/base/secret/registry.json"
)

func lit(text string) value.Value { return value.Literal(text) }

func secret(id string) value.Value { return value.Secret{ID: id} }

func concat(parts ...value.Value) value.Value { return value.Concat(parts) }

// databases is the variable of a list: name:user:password:database;…
func databases(application string, names ...string) value.Value {
	var c value.Concat
	for i, name := range names {
		if i > 0 {
			c = append(c, lit(";"))
		}
		c = append(c, lit(name), lit(":"), lit(application+"_"+name), lit(":"), secret(application+"/db/database/"+name), lit(":"), lit(name))
	}
	return c
}

func env(name, component string, groups ...kind.Group) secrets.Input {
	return secrets.Input{Path: name, Component: component, Groups: groups}
}

func group(comment string, vars map[string]value.Value) kind.Group {
	return kind.Group{Comment: comment, Vars: vars}
}

func rabbitUser(name, id string) map[string]any {
	return map[string]any{
		"name":              name,
		"hashing_algorithm": "rabbit_password_hashing_sha256",
		"password_hash":     value.Hash{ID: id + "/hash", Algorithm: "salted-sha256", Of: secret(id)},
		"tags":              []any{},
	}
}

// shop is the inputs for an application with these databases.
func shop(names ...string) []secrets.Input {
	roles := map[string]value.Value{"POSTGRES_PASSWORD": secret("db/admin")}
	for _, name := range names {
		roles[strings.ToUpper("orders_"+name)+"_PASSWORD"] = secret("orders/db/database/" + name)
	}
	postgres := group("db", map[string]value.Value{
		"POSTGRES_HOST": lit("db.data.svc.cluster.local"), "POSTGRES_PORT": lit("5432"), "POSTGRES_SSLMODE": lit("prefer"),
		"POSTGRES_DATABASES": databases("orders", names...),
	})
	events := group("events", map[string]value.Value{
		"RABBITMQ_HOST": lit("events.messaging.svc.cluster.local"), "RABBITMQ_USER": lit("orders_events"),
		"RABBITMQ_PASSWORD": secret("orders/events"), "RABBITMQ_EXCHANGES": lit(""),
	})
	broker := group("broker", map[string]value.Value{
		"CELERY_BROKER_URL": concat(lit("redis://worker:"), secret("worker/broker"), lit("@broker.cache.svc.cluster.local:6379/0")),
	})
	return []secrets.Input{
		env(dbEnv, "db", group("server", roles)),
		env(rabbitEnv, "events", group("server", map[string]value.Value{"ADMIN_USER": lit("admin"), "ADMIN_PASSWORD": secret("events/admin")})),
		{Path: rabbit, Component: "events", JSON: map[string]any{
			"users":       []any{rabbitUser("admin", "events/admin"), rabbitUser("orders_events", "orders/events")},
			"vhosts":      []any{map[string]any{"name": "/", "default_queue_type": "quorum"}},
			"permissions": []any{map[string]any{"user": "orders_events", "vhost": "/", "configure": "^$", "write": "^$", "read": "^(placed)$"}},
		}},
		env(cloudEnv, "orders", group("orders", map[string]value.Value{"API_KEY": value.Secret{ID: "orders/api-key", Length: 40}}), postgres, events, broker),
		{Path: registry, Component: "orders", JSON: map[string]any{"auths": map[string]any{}}},
		env(workerEnv, "worker", postgres, events, broker),
	}
}
