//go:build unix

package output

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// treeOfFew is some files of a small pool of names, so that builds add, change and remove files, and swap files and folders.
func treeOfFew(r *rand.Rand) tree {
	tr := tree{}
	folders := map[string]bool{}
	for _, name := range []string{
		"README.md", "kustomization.yaml", "scripts/deploy.sh!", "a/Dockerfile", "a/src/one/x.py", "a/src/one/y.py", "a/src/two", "a/src/two/z.py",
		"a/k8s/secret/cloud.env", "a/k8s/secret/registry.json", "b/k8s/base.yaml", "b/k8s/secret/server.env", "b/run", "b/run!", "c/secret/users.env", "c/x", "c",
	} {
		path := strings.TrimSuffix(name, "!")
		_, script := tr[path+"!"]
		_, plain := tr[path]
		if script || plain || folders[path] || r.IntN(3) == 0 {
			continue
		}
		clash := false
		for dir := filepath.Dir(path); dir != "."; dir = filepath.Dir(dir) {
			_, file := tr[dir]
			clash = clash || file
		}
		if clash {
			continue
		}
		for dir := filepath.Dir(path); dir != "."; dir = filepath.Dir(dir) {
			folders[dir] = true
		}
		tr[name] = fmt.Sprintf("%s %d\n", path, r.IntN(3))
	}
	return tr
}

// tearUnflushed leaves files that were not flushed as a crash of the machine does: cut off, or empty.
func tearUnflushed(t *testing.T, r *rand.Rand, out string) {
	t.Helper()
	if _, err := os.Lstat(filepath.Join(out, journalPath)); err == nil {
		return // what waits was flushed before the journal came
	}
	_ = filepath.WalkDir(filepath.Join(out, newDir), func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && r.IntN(2) == 0 {
			must(t, os.Truncate(name, int64(r.IntN(3))))
		}
		return nil
	})
}

// Thousands of builds, one after the other, each with a fault at some step: an error of the disk, or a crash, also in the recovery. After
// each of them the tree is the one of before or the new one, whole, with nothing beside it.
func TestThousandsOfFaults(t *testing.T) {
	t.Parallel()
	rounds := 2000
	if testing.Short() {
		rounds = 200
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	faults := []error{syscall.ENOSPC, syscall.EACCES, syscall.EIO, syscall.EROFS, syscall.EDQUOT}
	out := filepath.Join(tempDir(t), "out")
	now := tree{}
	build(t, out, now)
	olds, news, crashes := 0, 0, 0
	for round := range rounds {
		next := treeOfFew(r)
		f := &failing{at: 1 + r.IntN(75), forever: r.IntN(2) == 0} // a build has up to some sixty steps: many of them end with the new tree
		fault := faults[r.IntN(len(faults))]
		hook := func(action, name string) error {
			if f.before(action, name) != nil {
				return fault
			}
			return nil
		}
		err := plan(t, out, next, Options{Workers: 1 + r.IntN(3)}).write(t.Context(), hook)
		if err != nil && !errors.Is(err, fault) {
			t.Fatalf("seed %d, round %d: %v", seed, round, err)
		}
		if f.forever && f.now >= f.at {
			crashes++
			tearUnflushed(t, r, out)
			for r.IntN(2) == 0 {
				again := &failing{at: 1 + r.IntN(20), forever: true}
				_ = recoverTree(out, false, again.before)
			}
		}
		must(t, Recover(out))
		got := look(t, out, false)
		switch {
		case differences(got, now.expect("1.0.0")) == "" && (err != nil || f.now < f.at):
			olds++
		case differences(got, next.expect("1.0.0")) == "":
			news++
			now = next
		default:
			t.Fatalf("seed %d, round %d: neither the old nor the new tree after %v\n%s\nto the new one:\n%s", seed, round, err, strings.Join(f.steps, "\n"), differences(got, next.expect("1.0.0")))
		}
		if err == nil && differences(got, next.expect("1.0.0")) != "" {
			t.Fatalf("seed %d, round %d: a build that succeeded is not there", seed, round)
		}
	}
	if olds < rounds/10 || news < rounds/10 || crashes < rounds/10 {
		t.Errorf("%d old trees, %d new ones, %d crashes", olds, news, crashes)
	}
}

// Two builds at once: each ends with the tree of one of them, and whoever lost says so.
func TestTwoBuildsAgainAndAgain(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(rand.Uint64(), 2))
	out := filepath.Join(tempDir(t), "out")
	build(t, out, tree{})
	for range 100 {
		trees := []tree{treeOfFew(r), treeOfFew(r)}
		errs := make(chan error, len(trees))
		var plans []*Change
		for _, tr := range trees {
			plans = append(plans, plan(t, out, tr, Options{}))
		}
		for _, c := range plans {
			go func() { errs <- Write(t.Context(), c) }()
		}
		won := 0
		for range plans {
			err := <-errs
			switch {
			case err == nil:
				won++
			case !strings.Contains(err.Error(), "another platc is writing") && !strings.Contains(err.Error(), "another build wrote") &&
				!strings.Contains(err.Error(), "changed while platc was building"):
				t.Fatal(err)
			}
		}
		got := look(t, out, false)
		first, second := differences(got, trees[0].expect("1.0.0")), differences(got, trees[1].expect("1.0.0"))
		if first != "" && second != "" || won == 0 {
			t.Fatalf("%d won\n%s\n%s", won, first, second)
		}
	}
}

// The output directory may be on another file system than everything else: nothing is moved into or out of it.
func TestAnotherFileSystem(t *testing.T) {
	t.Parallel()
	here := t.TempDir()
	there := tempDir(t)
	var a, b syscall.Stat_t
	must(t, errors.Join(syscall.Stat(here, &a), syscall.Stat(there, &b)))
	if a.Dev == b.Dev {
		t.Skip("one file system")
	}
	for _, dir := range []string{here, there} {
		out := filepath.Join(dir, "out")
		build(t, out, oldTree)
		build(t, out, newTree)
		same(t, look(t, out, false), newTree.expect("1.0.0"))
	}
}
