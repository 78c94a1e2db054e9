package compiler_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"platc.dev/platc/bench"
	"platc.dev/platc/compiler"
)

// inEnvironments compiles an architecture with some environments, or without any.
func inEnvironments(t *testing.T, source, list string, choice compiler.Choice) *compiler.Build {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "arch.cue"), []byte(source+list), 0o600); err != nil {
		t.Fatal(err)
	}
	return compiler.Check(compiler.Input{Dir: dir, Env: env(), Environments: choice})
}

const severalTimes = `package shop

name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: {"db/orders": {}, cache: {}, "files/docs": {}}}
	db: {kind: "postgresql", namespace: "data", database: orders: {}}
	cache: {kind: "redis", namespace: "data"}
	files: {kind: "minio", namespace: "data", bucket: docs: {}}
	prom: {kind: "prometheus", namespace: "monitoring", links: {orders: {}, db: {}}}
}
`

// TestEnvironmentsThatDifferInNameAlone are the tree without environments, but for the name: what goes into an image is the same bytes, once, and each environment has
// the files that would be at the root.
func TestEnvironmentsThatDifferInNameAlone(t *testing.T) {
	t.Parallel()
	alone := tree(t, inEnvironments(t, severalTimes, "", compiler.Choice{}))
	several := tree(t, inEnvironments(t, severalTimes, `environments: ["dev", "prod"]`, compiler.Choice{}))
	named := func(text, environment string) string { // folders are as far away from the root, of which local/compose.yaml builds
		return strings.NewReplacer("shop-"+environment, "shop", "shop_"+environment, "shop", "../../../env/"+environment+"/", "../", "../../../", "../", "}/env/"+environment+"/", "}/").Replace(text)
	}
	for name, text := range alone {
		component, rest, _ := strings.Cut(name, "/")
		switch shared, isShared := several[name]; {
		case rest == "" || component == "scripts" || component == ".platc":
		case isShared:
			if named(shared, "dev") != text {
				t.Errorf("%s is another file with environments", name)
			}
		default:
			for _, e := range []string{"dev", "prod"} {
				if got, ok := several["env/"+e+"/"+name]; !ok || named(got, e) != text {
					t.Errorf("env/%s/%s is another file than without environments, or missing: %v", e, name, ok)
				}
			}
		}
	}
	for name := range several {
		if rest, ok := strings.CutPrefix(name, "env/prod/"); ok {
			if _, ok := several["env/dev/"+rest]; !ok {
				t.Errorf("%s is in prod alone", name)
			}
		}
	}
}

// TestEnvironmentsAreBuiltOneByOne: all at once are the files of each.
func TestEnvironmentsAreBuiltOneByOne(t *testing.T) {
	t.Parallel()
	const list = `environments: ["dev", "prod"]`
	all := tree(t, inEnvironments(t, severalTimes, list, compiler.Choice{}))
	found := map[string]bool{}
	for _, name := range []string{"dev", "prod"} {
		for file, text := range tree(t, inEnvironments(t, severalTimes, list, compiler.Choice{Names: []string{name}})) {
			if file != ".sops.yaml" && all[file] != text {
				t.Errorf("with -e %s, %s is another file", name, file)
			}
			found[file] = true
		}
	}
	for file := range all {
		if !found[file] {
			t.Errorf("%s is of no environment", file)
		}
	}
}

// TestEnvironmentsAreWhatTheyAreAlone: what an environment takes over from those before it changes none of the files of its components. They differ in names, labels, sizes,
// conditions of files, links, and in what there is at all.
func TestEnvironmentsAreWhatTheyAreAlone(t *testing.T) {
	t.Parallel()
	const differing = `
environments: ["dev", "staging", "prod"]
config: labels: team: _env
_env: *"none" | string @tag(env)
components: {
	orders: replicas: [if _env == "prod" {3}, 1][0]
	orders: {if _env == "prod" {rbac: true}}
	db: {if _env == "prod" {max_connections: 300}}
	if _env != "dev" {queue: {kind: "rabbitmq", namespace: "data"}}
	if _env == "prod" {prom: links: queue: {}}
}
`
	sources := map[string]string{"by hand": severalTimes + differing}
	for seed := range uint64(2) {
		if testing.Short() {
			break
		}
		sources[fmt.Sprintf("generated %d", seed)] = bench.Generate(12, seed) + `environments: ["dev", "staging", "prod"]` + "\n"
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := tree(t, inEnvironments(t, source, "", compiler.Choice{}))
			for _, environment := range []string{"dev", "staging", "prod"} {
				alone := tree(t, inEnvironments(t, source, "", compiler.Choice{Names: []string{environment}, Alone: true}))
				folder := "env/" + environment + "/"
				ofComponent := func(file string) bool { // the script and README.md say which images another environment builds
					return strings.HasPrefix(file, folder) && file != folder+"README.md" && !strings.HasPrefix(file, folder+"scripts/")
				}
				n := 0
				for file, text := range alone {
					if ofComponent(file) {
						n++
						if all[file] != text {
							t.Errorf("%s is another file beside other environments", file)
						}
					}
				}
				for file := range all {
					if ofComponent(file) {
						n--
					}
				}
				if n != 0 {
					t.Errorf("%s has %d files more alone", environment, n)
				}
			}
		})
	}
}
