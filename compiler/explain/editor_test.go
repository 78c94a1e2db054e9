package explain_test

import (
	"bytes"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/format"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/explain"
)

func TestEditorSchemaAcceptsAnArchitectureAndRefusesMistakes(t *testing.T) {
	t.Parallel()
	l, findings := compiler.Library("")
	if findings.HasErrors() {
		t.Fatal(findings.Err())
	}
	text := explain.EditorSchema(l)
	formatted, err := format.Source(text)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(formatted, text) {
		t.Errorf("it is not formatted:\n%s", text)
	}
	ctx := cuecontext.New()
	schema := ctx.CompileBytes(text)
	if err := schema.Err(); err != nil {
		t.Fatal(err)
	}
	architecture := schema.LookupPath(cue.MakePath(cue.Def("#Architecture")))
	for _, c := range []struct {
		name, arch string
		fits       bool
	}{
		{"a component", `name: "shop", components: db: {kind: "postgresql", namespace: "data", database: orders: {}}`, true},
		{"a link", `name: "shop", components: orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "db/orders": {access: "read", startup: false}}`, true},
		{"variables of a link", `name: "shop", components: orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "db/orders": {access: "owner", variables: DATABASE_URL: "{url}"}}`, true},
		{"arguments of a task", `name: "shop", components: orders: {kind: "celery", namespace: "orders", beat: clean: {task: "app.clean", schedule: "0 3 * * *", args: [1, "all"]}}`, true},
		{"health as a path", `name: "shop", components: web: {kind: "service", namespace: "web", image: "nginx:1.31.2", ports: http: 8080, health: "/healthz"}`, true},
		{"health as an object", `name: "shop", components: web: {kind: "service", namespace: "web", image: "nginx:1.31.2", ports: http: 8080, health: tcp: true}`, true},
		{"a default that is given", `name: "shop", components: orders: {kind: "fastapi", namespace: "orders", port: 8080, replicas: 3, env: LOG_LEVEL: "debug"}`, true},
		{"config", `name: "shop", config: {domain: "shop.example.com", registry: password: {env: "PASSWORD"}}, components: {}`, true},
		{"a misspelt attribute", `name: "shop", components: db: {kind: "postgresql", namespace: "data", storage_sise: "1Gi"}`, false},
		{"an attribute of another kind", `name: "shop", components: db: {kind: "postgresql", namespace: "data", port: 8080}`, false},
		{"a value out of bounds", `name: "shop", components: orders: {kind: "fastapi", namespace: "orders", port: 80}`, false},
		{"health that is neither", `name: "shop", components: web: {kind: "service", namespace: "web", image: "nginx:1.31.2", ports: http: 8080, health: 5}`, false},
		{"an unknown kind", `name: "shop", components: db: {kind: "postgres", namespace: "data"}`, false},
		{"a misspelt field at the top", `name: "shop", componets: {}`, false},
	} {
		err := architecture.Unify(ctx.CompileString(c.arch)).Validate(cue.Concrete(false))
		if (err == nil) != c.fits {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
