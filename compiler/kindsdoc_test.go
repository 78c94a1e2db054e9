package compiler_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
)

// TestCodeOfKindsPageBuilds makes a folder of the code of KINDS.md, each block with its file name in the first line, and builds it: whoever follows the page
// to the letter gets a kind that works.
func TestCodeOfKindsPageBuilds(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/reference/KINDS.md")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```cue\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		first, rest, _ := strings.Cut(m[1], "\n")
		name, ok := strings.CutPrefix(first, "// ")
		if !ok || !strings.HasSuffix(name, ".cue") {
			t.Errorf("a block of code begins with %q, not with the name of its file", first)
		}
		files[name] = rest
	}
	if len(files) != 4 {
		t.Fatalf("the page has %d files", len(files))
	}
	b := compiler.Check(compiler.Input{Dir: writeFiles(t, files), Env: env("REGISTRY_PASSWORD=known")})
	for _, d := range b.Findings.Sorted() {
		t.Errorf("%s: %s: %s", d.Pos, d.Code, d.Message)
	}
	if t.Failed() {
		return
	}
	got := tree(t, b)
	for file, want := range map[string]string{
		"board/k8s/deploy/base/config/datasources.yaml": "name: prom",
		"board/k8s/deploy/base/config/folders.txt":      "Orders",
		"board/k8s/deploy/base/networkpolicy.yaml":      "port: 3000",
		"board/k8s/deploy/base/service-monitor.yaml":    "prometheus.platc.dev/prom",
		"orders/k8s/deploy/base/secret/cloud.env":       "GRAFANA_URL",
		"prom/k8s/deploy/base/rule.yaml":                "GrafanaTargetDown",
	} {
		if !strings.Contains(got[file], want) {
			t.Errorf("%s has no %q:\n%s", file, want, got[file])
		}
	}
}
