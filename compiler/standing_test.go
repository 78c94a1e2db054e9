package compiler_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/output"
)

// built is one build of a folder, with what the last one left in a cache.
func built(t *testing.T, dir, cache string) []emit.File {
	t.Helper()
	in := compiler.Input{Args: []string{"arch.cue"}, Dir: dir, Env: env()}
	out := filepath.Join(dir, "out")
	o := compiler.RenderOptions{Out: out, Written: output.Written(out), Env: env(), Random: rand.Reader, Now: time.Now}
	receipt := compiler.OpenReceipt(in, "1.0.0", out, cache, o)
	receipt.Same(time.Now())
	in.Answers, o.Known, o.Keys = receipt.Answers(), receipt.Known(), receipt.Keys()
	b := compiler.Check(in)
	found := b.Findings.Sorted()
	rendered, err := compiler.Render(b, o)
	if err != nil {
		t.Fatal(err, b.Findings.Err())
	}
	change, err := output.Plan(out, rendered.Files, output.Options{Version: "1.0.0", Tree: owners.Of(b.Plan), Known: o.Known})
	if err != nil {
		t.Fatal(err)
	}
	if rendered.DevKey != nil {
		if err := output.WriteDevKey(dir, rendered.DevKey); err != nil {
			t.Fatal(err)
		}
	}
	if err := output.Write(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	receipt.Keep(b, found, rendered, change, time.Now())
	return rendered.Files
}

// TestWhatStandsIsNotMade: after a change of one component, the files of the others are neither written anew nor even made, secrets among them; and one
// that is no longer as it was left is made again.
func TestWhatStandsIsNotMade(t *testing.T) {
	t.Parallel()
	const source = `package shop

name: "shop"
components: {
	db: {kind: "postgresql", namespace: "data", database: one: {}}
	one: {kind: "fastapi", namespace: "apps", port: 8080, replicas: 1, links: "db/one": {}}
	two: {kind: "fastapi", namespace: "apps", port: 8080, replicas: 1, links: "db/one": {}}
}
`
	dir, cache := write(t, source), filepath.Join(t.TempDir(), "cache")
	for _, f := range built(t, dir, cache) {
		if f.Stands {
			t.Fatalf("%s stands in an empty directory", f.Path)
		}
	}
	edit := func(name, from, to string) {
		t.Helper()
		name = filepath.Join(dir, name)
		data, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(data), from) {
			t.Fatalf("%s has no %q: %v", name, from, err)
		}
		if err := os.WriteFile(name, []byte(strings.Replace(string(data), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit("arch.cue", "replicas: 1", "replicas: 2")
	made := map[string]int{}
	for _, f := range built(t, dir, cache) {
		if !f.Stands {
			made[f.Component]++
		}
		if secret := f.Ownership == emit.State; secret && !f.Stands {
			t.Errorf("%s was encrypted again", f.Path)
		}
	}
	if made["two"] > 8 || made["db"] > 8 || made["one"] < 10 { // a kustomization lists what the plan says
		t.Errorf("these numbers of files were made: %v", made)
	}
	edit("arch.cue", "replicas: 2", "replicas: 3")
	if err := os.Remove(filepath.Join(dir, "out/two/Dockerfile")); err != nil {
		t.Fatal(err)
	}
	for _, f := range built(t, dir, cache) {
		if f.Path == "two/Dockerfile" && f.Stands {
			t.Errorf("%s is gone, and was not made", f.Path)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "out/two/Dockerfile")); err != nil {
		t.Error(err)
	}
}
