package secrets_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit/secrets"
)

// listed is a line for each credential and place.
func (w *world) listed(inputs ...secrets.Input) string {
	w.t.Helper()
	all, err := secrets.List(inputs, w.options)
	if err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "%s %s differ=%v given=%v\n", c.ID, c.Keeps, c.Differ, c.Given)
		for _, p := range c.Places {
			fmt.Fprintf(&b, "  %s %s %s\n", p.Path, p.Name, p.State)
		}
	}
	return b.String()
}

const listOfTurns = `db/admin password differ=false given=false
  db/k8s/deploy/base/secret/postgresql.env POSTGRES_PASSWORD STATE
  db/k8s/deploy/base/secret/postgresql.env POSTGRES_PREVIOUS_PASSWORD STATE
orders:db/database/orders user differ=false given=false
  db/k8s/deploy/base/secret/postgresql.env ORDERS_ORDERS_2_PASSWORD STATE
  db/k8s/deploy/base/secret/postgresql.env ORDERS_ORDERS_PASSWORD STATE
  orders/k8s/deploy/base/secret/cloud.env POSTGRES_DATABASES STATE
  worker/k8s/deploy/base/secret/orders.env POSTGRES_DATABASES STATE
orders:events user differ=false given=false
  events/k8s/deploy/base/secret/definitions.json users[orders_events].password_hash STATE
  events/k8s/deploy/base/secret/definitions.json users[orders_events_2].password_hash STATE
  orders/k8s/deploy/base/secret/cloud.env RABBITMQ_PASSWORD STATE
`

func TestListShowsEveryCredentialWithItsPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	missing := strings.ReplaceAll(strings.ReplaceAll(listOfTurns, "STATE", "missing"), "[orders_events]", "[0]")
	if got, want := w.listed(turns()...), strings.ReplaceAll(missing, "[orders_events_2]", "[1]"); got != want {
		t.Errorf("before the first build:\n%s", got)
	}
	w.build(turns()...)
	for range 2 {
		if got, want := w.listed(turns()...), strings.ReplaceAll(listOfTurns, "STATE", "read"); got != want {
			t.Errorf("after a build:\n%s", got)
		}
		w.options.Rotate = rotate("orders:events", "orders:db/database/orders", "db/admin")
		w.build(turns()...)
		w.options.Rotate = nil
	}
	w.env = nil
	if got, want := w.listed(turns()...), strings.ReplaceAll(listOfTurns, "STATE", "locked"); got != want {
		t.Errorf("without a key:\n%s", got)
	}
}

func TestListSaysSinceWhenATextIsTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	w.build(turns()...) // 03:01
	w.options.Rotate = rotate("orders:events")
	w.build(turns()...) // 03:02; the file of the database stays
	w.env = nil
	all, err := secrets.List(turns(), w.options)
	if err != nil {
		t.Fatal(err)
	}
	at := func(minute int) time.Time { return time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC) }
	want := map[string]time.Time{"db/admin": at(1), "orders:db/database/orders": at(1), "orders:events": at(2)}
	for _, c := range all {
		if !c.Since.Equal(want[c.ID]) {
			t.Errorf("%s is the same since %s", c.ID, c.Since)
		}
	}
	w.files = map[string][]byte{}
	if all, err = secrets.List(turns(), w.options); err != nil || !all[0].Since.IsZero() {
		t.Errorf("without files: %v %v", all[0].Since, err)
	}
}

func TestListWorksOnATreeThatWasEdited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	w.build(turns()...)
	w.options.Set = map[string]func() string{"orders:events": func() string { return "another" }, "orders:db/database/orders": func() string { return "another" }}
	other := w.copy()
	w.build(turns()...)
	w.options.Set = nil
	w.files[cloudEnv] = []byte(other[cloudEnv]) // of before
	w.files[rabbit] = []byte("not a file of SOPS")
	text := w.listed(turns()...)
	for _, want := range []string{"orders:db/database/orders user differ=true", "password_hash damaged", "db/admin password differ=false"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	line := slices.IndexFunc(strings.Split(string(w.files[dbEnv]), "\n"), func(l string) bool { return strings.HasPrefix(l, "POSTGRES_PASSWORD=") })
	lines := strings.Split(string(w.files[dbEnv]), "\n")
	lines[line] = "POSTGRES_PASSWORD=typed-by-hand"
	w.files[dbEnv] = []byte(strings.Join(lines, "\n"))
	if text := w.listed(turns()...); !strings.Contains(text, "postgresql.env POSTGRES_PASSWORD read") || strings.Contains(text, "typed-by-hand") {
		t.Error(text)
	}
}

func TestListSaysWhatTheUserGave(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	w.options.Given = map[string]func() string{"registry/password": func() string { return "hunter2" }}
	in := secrets.Input{Path: registry, Component: "orders", JSON: map[string]any{"auths": map[string]any{"registry.example": map[string]any{
		"auth": value.Base64{Of: concat(lit("robot:"), secret("registry/password"))},
	}}}}
	w.build(in)
	if text := w.listed(in); text != "registry/password none differ=false given=true\n  "+registry+" auths.registry.example.auth read\n" {
		t.Error(text)
	}
}
