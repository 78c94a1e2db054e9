package compiler_test

import (
	"os"
	"path/filepath"
	"testing"

	"platc.dev/platc/compiler"
)

// TestExamples builds every example and compares the whole tree with examples/<name>/want, all but .sops.yaml and what is encrypted:
// want/secrets.txt shows the plaintext with the name of each secret. PLATC_UPDATE=1 rewrites it.
func TestExamples(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("../examples/*")
	if err != nil || len(dirs) < 3 {
		t.Fatalf("examples: %v %v", dirs, err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			abs, err := filepath.Abs(dir)
			if err != nil {
				t.Fatal(err)
			}
			b := compiler.Check(compiler.Input{Dir: abs, Env: env("REGISTRY_PASSWORD=known", "DB_ADMIN_PASSWORD=known")})
			text, files := secretsText(tree(t, b))
			files["secrets.txt"] = text
			want := filepath.Join(abs, "want")
			if os.Getenv("PLATC_UPDATE") != "" {
				writeTree(t, want, files)
			}
			same(t, "want and what is built", readTree(t, want), files)
		})
	}
}
