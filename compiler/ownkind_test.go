package compiler_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
)

// writeFiles makes a folder with these files.
func writeFiles(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	writeInto(t, dir, files)
	return dir
}

// writeInto writes files, by their paths, below a folder.
func writeInto(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMistakesInKindsAreNeverPanics breaks a kind of a user's own in many ways: there is an error with a place, or there are files.
func TestMistakesInKindsAreNeverPanics(t *testing.T) {
	t.Parallel()
	files := readTree(t, "../examples/own-kind")
	maps.DeleteFunc(files, func(name, _ string) bool { return strings.HasPrefix(name, "want/") })
	kinds := slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(name string) bool { return !strings.HasPrefix(name, "kinds/") })
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 11))
		broken := maps.Clone(files)
		name := kinds[r.IntN(len(kinds))]
		text, how := breakText(r, files[name])
		broken[name] = text
		t.Run(fmt.Sprintf("%d", seed), func(t *testing.T) {
			t.Parallel()
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("%s, %s: %v", name, how, p)
				}
			}()
			b := compiler.Check(compiler.Input{Dir: writeFiles(t, broken), Env: env("REGISTRY_PASSWORD=known")})
			for _, d := range errorsOf(b) {
				if d.Pos.File == "" {
					t.Errorf("%s, %s: no place: %s %s", name, how, d.Code, d.Message)
				}
			}
			if !b.Findings.HasErrors() {
				tree(t, b)
			}
		})
	}
}

// breakText removes a line, or puts another word in the place of one.
func breakText(r *rand.Rand, text string) (broken, how string) {
	lines := strings.Split(text, "\n")
	n := r.IntN(len(lines))
	words := regexp.MustCompile(`"[^"]*"|#?[A-Za-z_]+|[0-9]+`)
	found := words.FindAllStringIndex(lines[n], -1)
	if len(found) == 0 || r.IntN(3) == 0 {
		return strings.Join(slices.Delete(lines, n, n+1), "\n"), fmt.Sprintf("without line %d", n+1)
	}
	at := found[r.IntN(len(found))]
	other := []string{`""`, "7", "true", "[]", "{}", "null", `"x"`, "other", "#to", "#self", "string", "_|_"}[r.IntN(12)]
	how = fmt.Sprintf("line %d with %s for %s", n+1, other, lines[n][at[0]:at[1]])
	lines[n] = lines[n][:at[0]] + other + lines[n][at[1]:]
	return strings.Join(lines, "\n"), how
}
