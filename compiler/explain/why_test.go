package explain_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/explain"
)

const shop = `package shop

name: "shop"
config: registry: {username: "robot", password: "example-clear-text"}
components: {
	orders: {
		kind:      "fastapi"
		namespace: "orders"
		port:      8765
		env: GREETING: "hello"
		links: {"db/orders": {}, events: {}, "events/queue/placed": {}}
	}
	db: {kind: "postgresql", namespace: "data", database: orders: {}}
	events: {kind: "rabbitmq", namespace: "messaging", queue: placed: {}}
	prom: {kind: "prometheus", namespace: "monitoring", links: orders: {}}
}
`

func checked(t *testing.T, arch string) *compiler.Build {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "arch.cue"), []byte(arch), 0o644); err != nil {
		t.Fatal(err)
	}
	b := compiler.Check(compiler.Input{Dir: dir, Env: func(string) (string, bool) { return "", false }})
	if err := b.Findings.Err(); err != nil {
		t.Fatal(err)
	}
	return b
}

// explained is why each line of a file is there, from the first to the last.
func explained(t *testing.T, b *compiler.Build, component, file string) []explain.Answer {
	t.Helper()
	var all []explain.Answer
	for n := 1; ; n++ {
		a, err := explain.Why(b.Plan, component, fmt.Sprintf("%s:%d", file, n))
		if _, ok := errors.AsType[*explain.Unknown](err); ok || n > 2000 {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if !a.Present || len(a.Because) == 0 || a.Because[0].Reason == "" || a.Because[0].Line == 0 {
			t.Errorf("%s:%d: %+v", file, n, a)
		}
		all = append(all, a)
	}
}

func TestWhyExplainsTheLinesOfAPolicy(t *testing.T) {
	t.Parallel()
	b := checked(t, shop)
	lines := explained(t, b, "orders", "k8s/deploy/base/networkpolicy.yaml")
	edges := func(text string) []string {
		var edges []string
		for _, a := range lines {
			if strings.HasSuffix(a.Value, text) {
				for _, b := range a.Because {
					edges = append(edges, b.Edge)
				}
			}
		}
		slices.Sort(edges)
		return edges
	}
	for text, want := range map[string][]string{
		"port: 5432":                        {"orders -> db/orders"},
		"kubernetes.io/metadata.name: data": {"", "orders -> db/orders"}, // and the namespace of db
		"port: 5672":                        {"orders -> events", "orders -> events/queue/placed"},
		"port: 53":                          {"", ""},
		"kind: NetworkPolicy":               {""},
		"port: 8765":                        {"", "", "prom -> orders"}, // its attribute port, for prom and for its own test
	} {
		if got := edges(text); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestWhyExplainsEveryLineOfAManifest(t *testing.T) {
	t.Parallel()
	b := checked(t, shop)
	for _, n := range b.Graph.Components() {
		asked := 0
		for file, d := range b.Plan.Of[n].Files {
			if !d.Value() || filepath.Dir(file) != "k8s/deploy/base" {
				continue
			}
			if asked++; asked > 3 && testing.Short() {
				break
			}
			if len(explained(t, b, n.Name, file)) == 0 {
				t.Errorf("%s of %s has no line", file, n.Name)
			}
		}
	}
}

func TestWhyShowsSecretsByNameOnly(t *testing.T) {
	t.Parallel()
	b := checked(t, shop)
	dump, err := b.Plan.Dump()
	if err != nil {
		t.Fatal(err)
	}
	var texts strings.Builder
	texts.Write(dump)
	for name := range b.Plan.Of[b.Graph.Node("orders")].Env {
		a, err := explain.Why(b.Plan, "orders", name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&texts, "%+v", a)
		if strings.HasSuffix(name, "PASSWORD") && !strings.Contains(a.Value, "[secret ") {
			t.Errorf("%s: %q", name, a.Value)
		}
	}
	if strings.Contains(texts.String(), "example-clear-text") {
		t.Error("a given password is in a dump or an answer")
	}
}
