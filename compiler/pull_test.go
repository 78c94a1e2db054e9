package compiler_test

import (
	"path"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
)

// TestACredentialForPullingKeepsTheOneForPushingInTheBuild looks at every registry.json of an architecture with all kinds that pull.
func TestACredentialForPullingKeepsTheOneForPushingInTheBuild(t *testing.T) {
	t.Parallel()
	for pull, want := range map[string]string{"": "config/registry/password", `, pull: {username: "puller", password: "pull-word"}`: "config/registry/pull/password"} {
		b := checked(t, `
name: "shop"
config: {
	registry: {host: "r.example.com", project: "shop", username: "pusher", password: "push-word"`+pull+`}
	git: url: "https://git.example.com/shop.git"
}
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: {worker: {}, cache: {}}}
	worker: {kind: "celery", namespace: "orders", links: cache: {}}
	cache: {kind: "redis", namespace: "data"}
	db: {kind: "postgresql", namespace: "data", database: orders: {}}
	events: {kind: "kafka", namespace: "data", topic: placed: links: "db/orders": query: "INSERT INTO app.items (name) VALUES (:#name)", connect_image: "r.example.com/connect:1.0.0"}
}
`)
		texts, err := compiler.Secrets(b)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for name, data := range texts {
			if path.Base(name) != "registry.json" {
				continue
			}
			found++
			id := want
			if strings.Contains(name, "/k8s/build/") {
				id = "config/registry/password"
			}
			if !strings.Contains(string(data), "[secret "+id+"]") {
				t.Errorf("%s: %s, not %s", name, data, id)
			}
		}
		if found < 4 {
			t.Errorf("%d files", found)
		}
	}
}
