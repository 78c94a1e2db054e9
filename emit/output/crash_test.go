package output

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// scenarios are builds that are interrupted. mine is what the user has in the tree besides.
var scenarios = map[string]struct {
	from, to tree // from nil: there is no output directory
	mine     bool
}{
	"cold":         {nil, newTree, false},
	"over another": {oldTree, newTree, true},
	"back":         {newTree, oldTree, true},
	"to nothing":   {oldTree, tree{}, false},
	"from nothing": {tree{}, newTree, true},
}

func prepare(t *testing.T, from tree, mine bool) string {
	t.Helper()
	out := filepath.Join(tempDir(t), "parent", "out")
	if from == nil {
		return out
	}
	build(t, out, from)
	if mine {
		put(t, out+"/mine.txt", "mine")
		put(t, out+"/orders/src/gone_module/mine.txt", "mine")
	}
	return out
}

// An error at any step leaves the tree as it was, and nothing of the work.
func TestErrorAtEachStep(t *testing.T) {
	t.Parallel()
	for name, sc := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				out := prepare(t, sc.from, sc.mine)
				base := filepath.Dir(filepath.Dir(out))
				before := look(t, base, false)
				f := &failing{at: n}
				err := plan(t, out, sc.to, Options{Workers: 1}).write(t.Context(), f.before)
				if f.now < n {
					must(t, err)
					if n < 10 {
						t.Fatalf("only %d steps", n)
					}
					return
				}
				if err == nil { // what is removed after the commit may stay for the next build
					must(t, Recover(out))
					checkTree(t, out, sc.to, sc.mine, f)
					continue
				}
				if !errors.Is(err, errInjected) {
					t.Fatalf("step %d: %v", n, err)
				}
				after := look(t, base, false)
				if strings.Contains(err.Error(), "besides") { // the cleaning failed: that is for Recover
					must(t, Recover(out))
					after = look(t, base, false)
					if sc.from == nil {
						delete(after, "parent")
						delete(after, "parent/out")
					}
				}
				if text := differences(after, before); text != "" {
					t.Fatalf("step %d, %s: %v\n%s", n, f.steps[n-1], err, text)
				}
			}
		})
	}
}

// After a crash at any step, and crashes at any step of the recovery, the tree is the old or the new one.
func TestCrashAtEachStep(t *testing.T) {
	t.Parallel()
	for name, sc := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			olds, news := 0, 0
			for n := 1; ; n++ {
				out := prepare(t, sc.from, sc.mine)
				before := look(t, out, false)
				f := &failing{at: n, forever: true}
				err := plan(t, out, sc.to, Options{Workers: 1}).write(t.Context(), f.before)
				if f.now < n {
					must(t, err)
					break
				}
				for k := 1; ; k++ {
					again := &failing{at: k, forever: true}
					err := recoverTree(out, false, again.before)
					if again.now < k {
						must(t, err)
						break
					}
				}
				if err == nil {
					news++
					checkTree(t, out, sc.to, sc.mine, f)
				} else {
					olds++
					after := look(t, out, false)
					if sc.from == nil {
						delete(after, ".")
					}
					if text := differences(after, before); text != "" {
						t.Fatalf("step %d, %s\n%s", n, f.steps[n-1], text)
					}
				}
				build(t, out, sc.to)
				checkTree(t, out, sc.to, sc.mine, f)
			}
			if olds == 0 || news == 0 {
				t.Errorf("%d old trees, %d new ones", olds, news)
			}
		})
	}
}

func checkTree(t *testing.T, out string, tr tree, mine bool, f *failing) {
	t.Helper()
	got := look(t, out, false)
	want := tr.expect("1.0.0")
	if mine {
		for _, name := range []string{"mine.txt", "orders/src/gone_module/mine.txt"} {
			if got[name].content != "mine" {
				t.Errorf("%s: %+v", name, got[name])
			}
			for ; name != "."; name = filepath.Dir(name) {
				want[name] = got[name]
			}
		}
	}
	if text := differences(got, want); text != "" {
		t.Fatalf("%s\n%s", strings.Join(f.steps, "\n"), text)
	}
}

// What the user does between a crash and the next build is not lost.
func TestEditsAfterACrashStay(t *testing.T) {
	t.Parallel()
	out := prepare(t, oldTree, false)
	c := plan(t, out, newTree, Options{Workers: 1})
	f := &failing{at: -1}
	must(t, c.write(t.Context(), f.before))
	last := len(f.steps)
	for i, name := range f.steps {
		if name == "remove "+journalPath {
			last = i + 1
		}
	}
	out = prepare(t, oldTree, false)
	f = &failing{at: last, forever: true}
	if err := plan(t, out, newTree, Options{Workers: 1}).write(t.Context(), f.before); err == nil {
		t.Fatal("no crash")
	}
	put(t, out+"/README.md", "mine")                 // changed by the build
	put(t, out+"/come/k8s/fastapi.yaml", "mine")     // added
	put(t, out+"/come/mine.txt", "mine")             // in an added folder
	put(t, out+"/away/k8s/secret/cloud.env", "mine") // removed
	must(t, Recover(out))
	for _, name := range []string{"README.md", "come/k8s/fastapi.yaml", "come/mine.txt", "away/k8s/secret/cloud.env"} {
		if data, err := os.ReadFile(filepath.Join(out, name)); string(data) != "mine" {
			t.Errorf("%s: %s %v", name, data, err)
		}
	}
	if data, _ := os.ReadFile(out + "/orders/Dockerfile"); string(data) != oldTree["orders/Dockerfile"] {
		t.Errorf("%s", data)
	}
	c = plan(t, out, newTree, Options{})
	if got := c.Conflicts.Err(); got == nil || !strings.Contains(got.Error(), "README.md") || !strings.Contains(got.Error(), "come/k8s/fastapi.yaml") {
		t.Errorf("got %v", got)
	}
}

func TestJournalOfAnotherVersion(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"format": 2, "steps": []}`, `{"format": 1, "steps": [{"do": "remove", "path": "../x"}]}`, `{`, `{"steps": 1}`, `{"format": 1, "other": 1}`} {
		out := prepare(t, oldTree, false)
		put(t, out+"/"+journalPath, text)
		before := look(t, out, true)
		if err := Recover(out); err == nil || !strings.Contains(err.Error(), "journal") {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := Plan(out, nil, Options{}); err == nil || !strings.Contains(err.Error(), "interrupted") {
			t.Errorf("%s: %v", text, err)
		}
		same(t, look(t, out, true), before)
	}
}

func TestRecoverWithoutRemains(t *testing.T) {
	t.Parallel()
	base := tempDir(t)
	must(t, Recover(base+"/none"))
	must(t, Recover(base))
	put(t, base+"/file", "x")
	if err := Recover(base + "/file"); err == nil {
		t.Error("a file")
	}
	must(t, os.Symlink("file", base+"/"+own))
	must(t, Recover(base))
}

// A build in a process of its own is killed in the middle.
func TestKilled(t *testing.T) {
	t.Parallel()
	if out := os.Getenv("PLATC_TEST_KILLED"); out != "" {
		at, _ := strconv.Atoi(os.Getenv("PLATC_TEST_STEP"))
		f := &failing{at: at}
		err := plan(t, out, newTree, Options{}).write(t.Context(), func(action, name string) error {
			if f.before(action, name) != nil {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return nil
		})
		must(t, err)
		return
	}
	for _, at := range []int{3, 15, 40, 55, 65, 75, 1000} {
		out := prepare(t, oldTree, true)
		before := look(t, out, false)
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
		command.Env = append(os.Environ(), "PLATC_TEST_KILLED="+out, "PLATC_TEST_STEP="+strconv.Itoa(at))
		err := command.Run()
		if killed := err != nil; killed != (at < 1000) {
			t.Fatalf("step %d: %v", at, err)
		}
		must(t, Recover(out))
		if text := differences(look(t, out, false), before); text != "" {
			checkTree(t, out, newTree, true, &failing{})
		}
		build(t, out, newTree)
		checkTree(t, out, newTree, true, &failing{})
	}
}
