package judges_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"platc.dev/platc/e2e/judges"
	"platc.dev/platc/e2e/tree"
)

// counts gathers the findings for the table.
type counts struct {
	lock sync.Mutex
	of   map[string]map[string]int // tree -> judge -> findings; -1 for a judge that could not do its work
}

func (c *counts) set(of, judge string, n int) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.of[of] == nil {
		c.of[of] = map[string]int{}
	}
	c.of[of][judge] = n
}

// table is judges by trees: a dot is a judge without findings.
func (c *counts) table() string {
	rows := [][]string{{"tree"}}
	for _, j := range judges.All() {
		rows[0] = append(rows[0], j.Name)
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(c.of)) {
		row := []string{name}
		for _, j := range judges.All() {
			n := c.of[name][j.Name]
			switch n {
			case 0:
				row = append(row, ".")
			case -1:
				row = append(row, "failed")
			default:
				row = append(row, strconv.Itoa(n))
			}
			total += max(n, -n)
		}
		rows = append(rows, row)
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			width := 0
			for _, other := range rows {
				width = max(width, len(other[i]))
			}
			fmt.Fprintf(&line, "%-*s  ", width, cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	fmt.Fprintf(&b, "%d judges looked at %d trees: %d findings\n", len(judges.All()), len(c.of), total)
	return b.String()
}

// only is a part of the names of trees, to look at fewer.
var only = flag.String("tree", "", "look at trees whose name contains this")

// suite is what every test needs: the program, the architectures and the judges.
type suite struct {
	platc, work string
	all         []tree.Architecture
	tools       *judges.Tools
}

func prepare(t *testing.T) *suite {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{work: t.TempDir()}
	s.platc = filepath.Join(s.work, "platc")
	run(t.Context(), t, root, "go", "build", "-o", s.platc, "./cmd/platc")
	run(t.Context(), t, filepath.Join(root, "e2e"), "go", "run", "./graphs", filepath.Join(s.work, "graphs"))
	if s.tools, err = judges.Find(t.Context(), s.platc); err != nil {
		t.Fatal(err)
	}
	if s.all, err = tree.Architectures(root, filepath.Join(s.work, "graphs")); err != nil {
		t.Fatal(err)
	}
	s.all = append(s.all, tree.Architecture{Name: "judges/git-credentials", Dir: filepath.Join("testdata", "git-credentials")})
	if len(s.all) < 24 {
		t.Fatalf("there are only %d architectures", len(s.all))
	}
	return s
}

func TestJudges(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	t.Run("trees", func(t *testing.T) {
		t.Parallel()
		s.look(t)
	})
	t.Run("broken", func(t *testing.T) {
		t.Parallel()
		s.lookAtBroken(t)
	})
	t.Run("checkov finds something", func(t *testing.T) {
		t.Parallel()
		s.breakForCheckov(t)
	})
}

// look: no judge finds anything in any tree.
func (s *suite) look(t *testing.T) {
	t.Helper()
	c := &counts{of: map[string]map[string]int{}}
	t.Cleanup(func() { fmt.Print(c.table()) })
	var cases []*judges.Case
	t.Run("each", func(t *testing.T) { s.lookAtEach(t, c, &cases) })
	t.Run("checkov", func(t *testing.T) { s.checkov(t, cases) })
}

// checkov looks at all trees together.
func (s *suite) checkov(t *testing.T, cases []*judges.Case) {
	t.Helper()
	if len(cases) == 0 {
		t.Fatal("no tree was built")
	}
	found, err := judges.Checkov(t.Context(), cases, t.TempDir(), *only == "")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range slices.Sorted(maps.Keys(found)) {
		name := "of all trees"
		if i >= 0 {
			name = cases[i].Tree.Name
		}
		for _, f := range found[i] {
			t.Errorf("%s: %s", name, f)
		}
	}
}

// lookAtEach gives each tree to the judges, and keeps those that could be built.
func (s *suite) lookAtEach(t *testing.T, c *counts, cases *[]*judges.Case) {
	t.Helper()
	var lock sync.Mutex
	for _, a := range s.all {
		if !strings.Contains(a.Name, *only) {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			built, err := tree.Build(t.Context(), s.platc, a, filepath.Join(s.work, "trees"))
			if err != nil {
				t.Fatal(err)
			}
			one, err := judges.NewCase(built, s.tools)
			if err != nil {
				t.Fatal(err)
			}
			lock.Lock()
			*cases = append(*cases, one)
			lock.Unlock()
			for _, j := range judges.All() {
				findings, err := j.Find(t.Context(), one)
				c.set(a.Name, j.Name, len(findings))
				if err != nil {
					c.set(a.Name, j.Name, -1)
					t.Errorf("%s: %v", j.Name, err)
				}
				for _, f := range findings {
					t.Errorf("%s: %s", j.Name, f)
				}
			}
		})
	}
}

// lookAtBroken: every judge can find something, in a tree in which one thing is wrong.
func (s *suite) lookAtBroken(t *testing.T) {
	t.Helper()
	for _, c := range []struct{ judge, file, from, to, want string }{
		{"kube-score", "orders/k8s/deploy/base/patch/resource-patch.yaml", "memory:", "example.com/memory:", "container-resources"},
		{"kube-score", "orders/k8s/deploy/base/fastapi.yaml", "  name: orders\nspec:\n  revision", "  annotations:\n    kube-score/ignore: pod-probes\n  name: orders\nspec:\n  revision", "no rule lets it ignore pod-probes"},
		{"kube-score", "orders/k8s/deploy/base/fastapi.yaml", "  name: orders\nspec:\n  revision", "  annotations:\n    kube-score/ignore: deployment-replicas\n  name: orders\nspec:\n  revision", "it ignores deployment-replicas, and would pass"},
		{"rules", "prom/k8s/deploy/base/rule.yaml", "expr: ", "expr: sum(", "parse error"},
		{"compose", "local/compose.yaml", "restart: unless-stopped", "reboot: unless-stopped", "reboot"},
		{"compose", "local/compose.yaml", "source: ../orders/k8s", "source: ../orders/k9s", "which is not in the tree"},
		{"istioctl", "orders/k8s/deploy/base/virtual-service.yaml", "  hosts:", "  gateways:\n  - nobody\n  hosts:", "Referenced gateway not found"},
		{"buildkit", "orders/Dockerfile", "FROM python:", "FROM pypy:", "the base image"},
		{"buildkit", "orders/Dockerfile", "\nWORKDIR /app", "\nMAINTAINER me\nWORKDIR /app", "MaintainerDeprecated"},
		{"hadolint", "orders/Dockerfile", "\nWORKDIR /app", "\nRUN sudo true\nWORKDIR /app", "DL3004"},
		{"sh", "scripts/deploy.sh", "set -eu\n", "set -eu\nif\n", "sh -n deploy.sh"},
		{"sh", "scripts/deploy.sh", "set -eu\n", "set -eu\nrm $1\n", "SC2086"},
		{"sh", "db/k8s/deploy/base/jobs/bootstrap.yaml", "until pg_isready", "rm $HOME\n            until pg_isready", "SC2086"},
		{"yamllint", "orders/k8s/deploy/base/pdb.yaml", "kind: PodDisruptionBudget", "kind: PodDisruptionBudget ", "trailing-spaces"},
		{"sops", "orders/k8s/deploy/base/secret/cloud.env", "_PORT=5432", "_PORT=5433", "sops --decrypt"},
		{"builders", "orders/k8s/build/base/kaniko.yaml", "--context-sub-path=", "--context-sub-path=/", "it builds"},
		{"builders", "orders/k8s/build/base/buildkit.yaml", "name=registry", "name=other.registry", "it pushes"},
		{"builders", "orders/k8s/build/base/buildkit.yaml", "path: config.json", "path: auth.json", "no config.json"},
		{"network", "db/k8s/deploy/base/networkpolicy.yaml", "port: 5432", "port: 5433", "closed, but needed by orders -> db"},
		{"world", "orders/k8s/deploy/base/fastapi.yaml", "serviceAccountName: orders", "serviceAccountName: order", "there is no ServiceAccount"},
	} {
		t.Run(c.judge+" "+c.want, func(t *testing.T) {
			t.Parallel()
			example := "examples/shop"
			if c.judge == "istioctl" {
				example = "examples/everything" // the one with a mesh
			}
			whole := s.all[slices.IndexFunc(s.all, func(a tree.Architecture) bool { return a.Name == example })]
			built, err := tree.Build(t.Context(), s.platc, whole, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(built.Out, c.file)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), c.from) {
				t.Fatalf("%s has no %q", c.file, c.from)
			}
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), c.from, c.to)), 0o755); err != nil {
				t.Fatal(err)
			}
			one, err := judges.NewCase(built, s.tools)
			if err != nil {
				t.Fatal(err)
			}
			j := judges.All()[slices.IndexFunc(judges.All(), func(j judges.Judge) bool { return j.Name == c.judge })]
			findings, err := j.Find(t.Context(), one)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(findings, func(f string) bool { return strings.Contains(f, c.want) }) {
				t.Errorf("no finding %q among %q", c.want, findings)
			}
		})
	}
}

// breakForCheckov: what nobody accepts is found, in the objects and in a Dockerfile; with all trees there, so is an exception that is not needed.
func (s *suite) breakForCheckov(t *testing.T) {
	t.Helper()
	shop := s.all[slices.IndexFunc(s.all, func(a tree.Architecture) bool { return a.Name == "examples/shop" })]
	built, err := tree.Build(t.Context(), s.platc, shop, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for file, change := range map[string][2]string{
		"orders/Dockerfile":                   {"\nWORKDIR /app", "\nRUN apt-get install -y sudo && sudo true\nWORKDIR /app"},
		"orders/k8s/deploy/base/fastapi.yaml": {"automountServiceAccountToken: false", "hostNetwork: true"},
	} {
		file = filepath.Join(built.Out, file)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), change[0]) {
			t.Fatalf("%s has no %q", file, change[0])
		}
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), change[0], change[1])), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	one, err := judges.NewCase(built, s.tools)
	if err != nil {
		t.Fatal(err)
	}
	found, err := judges.Checkov(t.Context(), []*judges.Case{one}, t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	for place, want := range map[int][]string{0: {"CKV_K8S_19", "CKV2_DOCKER_1"}, -1: {"CKV_K8S_43 of apisix/server is accepted, and nothing fails it"}} {
		for _, w := range want {
			if !slices.ContainsFunc(found[place], func(f string) bool { return strings.Contains(f, w) }) {
				t.Errorf("no finding %q among %q", w, found[place])
			}
		}
	}
}

func run(ctx context.Context, t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
}
