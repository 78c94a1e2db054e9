package compiler_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/kind"
)

// memory is the answers of kinds and the sums of files, kept from check to check. Answers are counted.
type memory struct {
	mu     sync.Mutex
	stored map[[32]byte][]byte
	found  int
	kept   int
}

func isSum(answer []byte) bool { return len(answer) == sha256.Size }

func (m *memory) Find(sum [32]byte) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	answer, ok := m.stored[sum]
	if ok && !isSum(answer) {
		m.found++
	}
	return answer, ok
}

func (m *memory) Keep(sum [32]byte, answer []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !isSum(answer) {
		m.kept++
	}
	m.stored[sum] = answer
}

// edited is a source with one line out, or with another number in it.
func edited(source string, random *rand.Rand) string {
	lines := strings.Split(source, "\n")
	attribute := regexp.MustCompile(`^(\t+"?[a-z_]+"?:\s+)(\d+|true|false|"\w+")$`)
	at := slices.Collect(func(yield func(int) bool) {
		for i, line := range lines {
			if attribute.MatchString(line) && !yield(i) {
				return
			}
		}
	})
	i := at[random.IntN(len(at))]
	parts := attribute.FindStringSubmatch(lines[i])
	if n, err := strconv.Atoi(parts[2]); err == nil && random.IntN(3) > 0 {
		lines[i] = parts[1] + strconv.Itoa(n+1)
	} else {
		lines = slices.Delete(lines, i, i+1)
	}
	return strings.Join(lines, "\n")
}

// TestRememberedAnswersAreAnswers: whatever is edited between two builds, one that knows the answers of those before finds and makes what one that
// knows nothing does. In `make test-long` there are a few edits; with PLATC_EVALUATOR=all, more.
func TestRememberedAnswersAreAnswers(t *testing.T) {
	t.Parallel()
	source := example(t, "everything")
	known := &memory{stored: map[[32]byte][]byte{}}
	random := rand.New(rand.NewPCG(3, 4))
	compile := func(source string, m *memory) (string, map[string]string) {
		in := compiler.Input{Args: []string{"arch.cue"}, Dir: write(t, source), Env: env()}
		if m != nil {
			in.Answers = m
		}
		b := compiler.Check(in)
		said := strings.ReplaceAll(fmt.Sprint(b.Findings.Sorted()), in.Dir, "")
		if b.Findings.HasErrors() {
			return said, nil
		}
		return said, tree(t, b)
	}
	compile(source, known)
	rounds := 12
	if testing.Short() {
		rounds = 8
	}
	if os.Getenv("PLATC_EVALUATOR") == "all" {
		rounds = 40
	}
	complete := 0
	for round := range rounds {
		next := edited(source, random)
		said, files := compile(next, known)
		wantSaid, want := compile(next, nil)
		if said != wantSaid {
			t.Fatalf("round %d: it says\n%s\nand without answers\n%s", round, said, wantSaid)
		}
		if all := differences(files, want); len(all) > 0 {
			t.Fatalf("round %d: these differ from those of a full build: %v", round, all)
		}
		if files != nil {
			source = next
			complete++
		}
	}
	if complete == 0 || known.found == 0 {
		t.Errorf("%d of %d edits were complete, and %d answers were found", complete, rounds, known.found)
	}
}

// TestOneChangeAsksOneComponent: what does not depend on an edit is not asked again.
func TestOneChangeAsksOneComponent(t *testing.T) {
	t.Parallel()
	var apps strings.Builder
	for i := range 10 {
		fmt.Fprintf(&apps, "\tapp%d: {kind: \"fastapi\", namespace: \"apps\", port: 8080, replicas: 1}\n", i)
	}
	source := "package shop\n\nname: \"shop\"\ncomponents: {\n" + apps.String() + "}\n"
	known := &memory{stored: map[[32]byte][]byte{}}
	dir := write(t, source)
	in := compiler.Input{Args: []string{"arch.cue"}, Dir: dir, Env: env(), Answers: known}
	if b := compiler.Check(in); b.Findings.HasErrors() {
		t.Fatal(b.Findings.Err())
	}
	if err := os.WriteFile(filepath.Join(dir, "arch.cue"), []byte(strings.Replace(source, "replicas: 1", "replicas: 2", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	known.kept = 0
	b := compiler.Check(in)
	if known.kept != 2 || known.found != 18 { // for the build context, and for all else
		t.Errorf("%d questions were asked and %d were not", known.kept, known.found)
	}
	for _, n := range b.Graph.Components() { // where a file is from is known as well
		for _, row := range b.Plan.Of[n].Rows {
			if o, ok := row.Content.(kind.Objects); ok && row.Trace("objects", 0, "kind").Pos.Line == 0 && len(o) > 0 {
				t.Errorf("nobody knows where %s of %s is from", row.Path, n.Name)
			}
		}
	}
}
