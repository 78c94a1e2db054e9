package compiler_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/fixture"
)

// TestOwnApplicationGetsEveryRule walks over all rules that begin or end at an application, with a kind of a user's own that says no more than that it is one.
func TestOwnApplicationGetsEveryRule(t *testing.T) {
	t.Parallel()
	const folder = "kinds/node/"
	files := map[string]string{}
	for _, name := range []string{"kind.cue", "manifests.cue"} {
		data, err := os.ReadFile("../testdata/" + folder + name)
		if err != nil {
			t.Fatal(err)
		}
		files[folder+name] = string(data)
	}
	known, err := fixture.In(writeFiles(t, files))
	if err != nil {
		t.Fatal(err)
	}
	w := world{World: known, known: &answers{}, files: files}
	// the objects of its routes stand beside the gateway
	for _, gateway := range []string{"apisix", "apisix/gateway", "gatewayapi", "ingress", "ingress/gateway", "kong", "kong/gateway"} {
		w.Known.Rules[gateway+" -> node"] = fixture.Changed{Source: []string{"k8s/deploy/base/route/"}}
	}
	all := slices.DeleteFunc(walks(t, w), func(c walk) bool { return c.Source.Name != "node" && c.Target.Name != "node" })
	providers := map[string]bool{}
	for _, c := range all {
		if c.Source.Name == "node" {
			providers[c.Target.Name] = true
		}
	}
	for _, want := range []string{"postgresql", "postgresql/database", "cnpg/db", "mongodb/mongo_db", "rabbitmq/queue", "rabbitmq/exchange", "kafka/topic", "minio/bucket", "redis", "fastapi", "node"} {
		if !providers[want] {
			t.Errorf("node cannot link to %s: %v", want, providers)
		}
	}
	w.changeBothEnds(t, all)
	w.walk(all, func(int) bool { return true })
	b := w.check(t)
	for _, d := range b.Findings.Sorted() {
		if strings.HasPrefix(d.Pos.File, "kinds/") {
			t.Errorf("%s: %s: %s", d.Pos, d.Code, d.Message)
		}
	}
	with := tree(t, b)
	for _, c := range all {
		if c.Source.Name == "node" && len(variables(with, c.From, c.To)) == 0 {
			t.Errorf("%s brings no variables", c)
		}
	}
}
