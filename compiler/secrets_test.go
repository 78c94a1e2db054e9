package compiler_test

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"platc.dev/platc/compiler"
)

const credentialsOf = `package shop

name: "shop"
config: {
	secrets: recipients: ["` + recipient + `"]
	git: url: "https://git.example.com/shop.git"
	registry: {host: "registry.example.com", username: "robot", password: env: "REGISTRY_PASSWORD"}
}
components: {
	orders: {kind: "fastapi", namespace: "apps", port: 8080, auth: "api_key", links: {"db/orders": {}, "db/audit": {}, "files/invoices": {}, "bus/files": {}}}
	db: {kind: "postgresql", namespace: "data", database: {orders: {}, audit: {}}}
	files: {kind: "minio", namespace: "data", bucket: {invoices: {}, events: {}}}
	bus: {kind: "kafka", namespace: "data", connect_image: "registry.example.com/shop/connect:1.0.0", topic: {files: {links: "files/events": {}}, other: {}}}
}
`

func credentials(t *testing.T) (*compiler.Build, []compiler.Credential) {
	t.Helper()
	b := compiler.Check(compiler.Input{Args: []string{"arch.cue"}, Dir: write(t, credentialsOf), Env: env("REGISTRY_PASSWORD=hunter2")})
	if b.Findings.HasErrors() {
		t.Fatal(b.Findings.Err())
	}
	all, err := compiler.Credentials(b, compiler.RenderOptions{Env: env()})
	if err != nil {
		t.Fatal(err)
	}
	return b, all
}

func namesOf(all []compiler.Credential) string {
	var list []string
	for _, c := range all {
		list = append(list, c.Name)
	}
	return strings.Join(list, " ")
}

func TestCredentialsHaveOneNameEach(t *testing.T) {
	t.Parallel()
	_, all := credentials(t)
	list := strings.Fields(namesOf(all))
	if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
		t.Errorf("%v", list)
	}
	for _, c := range all {
		for _, name := range []string{c.Name, c.ID} {
			found, err := compiler.FindCredential(all, name)
			if c.Given {
				var unknown *compiler.Unknown
				if !errors.As(err, &unknown) || !strings.HasPrefix(unknown.Message, c.Name+" is given by ") {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			if err != nil || found.ID != c.ID {
				t.Errorf("%s is %s: %v", name, found.ID, err)
			}
		}
	}
}

func TestCredentialsAreSelected(t *testing.T) {
	t.Parallel()
	b, all := credentials(t)
	for _, c := range []struct{ what, want string }{
		{"db", "db/admin orders/db/database/audit orders/db/database/orders"},
		{"orders", "orders/api_key orders/bus orders/db/database/audit orders/db/database/orders orders/files/bucket/invoices"},
		{"orders/db", "orders/db/database/audit orders/db/database/orders"},
		{"orders/db/audit", "orders/db/database/audit"},
		{"orders/db/database/audit", "orders/db/database/audit"},
		{"orders:db/database/audit", "orders/db/database/audit"},
		{"db/audit", "orders/db/database/audit"},
		{"db/database/audit", "orders/db/database/audit"},
		{"db/admin", "db/admin"},
		{"files/events", "bus/files/bucket/events"},
		{"bus/topic/files", "orders/bus"},
		{"bus/files/bucket/events", "bus/files/bucket/events"},
		{"orders/bus", "orders/bus"},
	} {
		got, err := compiler.SelectCredentials(b, all, c.what)
		if err != nil || namesOf(got) != c.want {
			t.Errorf("%s is %s (%v), not %s", c.what, namesOf(got), err, c.want)
		}
	}
	every, err := compiler.SelectCredentials(b, all, "")
	if err != nil || len(every) != len(all)-2 || strings.Contains(namesOf(every), "config/") {
		t.Errorf("all are %s: %v", namesOf(every), err)
	}
	for _, c := range []struct{ what, message, help string }{
		{"bus/files", "bus/files is ambiguous", "use one of bus/topic/files, bus/files/bucket/events"},
		{"orders/dc", `shop has no component, resource or secret "orders/dc" with credentials`, `did you mean "orders"?`},
		{"bd", `shop has no component, resource or secret "bd" with credentials`, `did you mean "db"?`},
		{"files/invoises", `shop has no component, resource or secret "files/invoises" with credentials`, ""},
		{"bus/other", `shop has no component, resource or secret "bus/other" with credentials`, ""},
		{"config/registry/password", "config/registry/password is given by the environment variable REGISTRY_PASSWORD, so platc cannot change it", "change it there, and where it is used, then run `platc build`"},
		{"config/registry/username", "config/registry/username is given by arch.cue, so platc cannot change it", "change it there, and where it is used, then run `platc build`"},
	} {
		_, err := compiler.SelectCredentials(b, all, c.what)
		var unknown *compiler.Unknown
		if !errors.As(err, &unknown) || unknown.Message != c.message || c.help != "" && unknown.Help != c.help {
			t.Errorf("%s: %#v", c.what, err)
		}
	}
}

func TestChangeSecretsNeedsATreeThatIsUpToDate(t *testing.T) {
	t.Parallel()
	b, _ := credentials(t)
	o := compiler.RenderOptions{Out: t.TempDir(), Env: env(), Random: rand.Reader, Now: time.Now}
	_, err := compiler.ChangeSecrets(b, o, compiler.SecretChange{Rekey: true}, "v1")
	var stale *compiler.Stale
	if !errors.As(err, &stale) || !stale.Empty {
		t.Errorf("%v", err)
	}
}
