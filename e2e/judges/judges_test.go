package judges_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
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
		var line string
		for i, cell := range row {
			width := 0
			for _, other := range rows {
				width = max(width, len(other[i]))
			}
			line += fmt.Sprintf("%-*s  ", width, cell)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	fmt.Fprintf(&b, "%d judges looked at %d trees: %d findings\n", len(judges.All()), len(c.of), total)
	return b.String()
}

// only is a part of the names of trees, to look at fewer.
var only = flag.String("tree", "", "look at trees whose name contains this")

func TestJudges(t *testing.T) {
	ctx := t.Context()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	platc := filepath.Join(work, "platc")
	run(ctx, t, root, "go", "build", "-o", platc, "./cmd/platc")
	run(ctx, t, filepath.Join(root, "e2e"), "go", "run", "./graphs", filepath.Join(work, "graphs"))
	tools, err := judges.Find(ctx, platc)
	if err != nil {
		t.Fatal(err)
	}
	// what an example reads when its graph is read
	t.Setenv("REGISTRY_PASSWORD", "registry-password-of-the-suite")
	all, err := tree.Architectures(root, filepath.Join(work, "graphs"))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 24 {
		t.Fatalf("there are only %d architectures", len(all))
	}
	c := &counts{of: map[string]map[string]int{}}
	t.Cleanup(func() { fmt.Print(c.table()) })
	for _, a := range all {
		if !strings.Contains(a.Name, *only) {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			built, err := tree.Build(t.Context(), platc, a, filepath.Join(work, "trees"))
			if err != nil {
				t.Fatal(err)
			}
			one, err := judges.NewCase(built, tools)
			if err != nil {
				t.Fatal(err)
			}
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

func run(ctx context.Context, t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
}
