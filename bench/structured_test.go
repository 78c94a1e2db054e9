package bench_test

import (
	"os"
	"path/filepath"
	"testing"

	"platc.dev/platc/bench"
	"platc.dev/platc/compiler"
)

// TestStructuredAndQueues: the other forms compile without an error too.
func TestStructuredAndQueues(t *testing.T) {
	t.Parallel()
	forms := map[string]map[string]string{
		"structured 10": bench.Structured(10), "structured 61": bench.Structured(61), "queues": {"arch.cue": bench.Queues(20)}, "one": {"arch.cue": bench.One()},
	}
	for name, files := range forms {
		dir := t.TempDir()
		for file, text := range files {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		in := compiler.Input{Args: []string{"."}, Dir: dir, Env: func(string) (string, bool) { return "", false }}
		if b := checked(t, in); len(rendered(t, b)) == 0 {
			t.Errorf("%s makes no files", name)
		}
	}
}
