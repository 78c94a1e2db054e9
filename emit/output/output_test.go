package output

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit"
)

// The trees of most tests: from old to new a file comes, changes, goes, turns into a folder and the reverse; components come and go.
var (
	oldTree = tree{
		"README.md": "old\n", "kustomization.yaml": "same\n", "scripts/deploy.sh!": "#!/bin/sh\n",
		"orders/Dockerfile": "FROM a\n", "orders/src/main.py": "same\n", "orders/src/gone_module/client.py": "x\n", "orders/src/gone_module/routes.py": "y\n",
		"orders/k8s/secret/cloud.env": "A=1\n", "orders/k8s/secret/gone.env": "B=1\n", "orders/swap": "a file\n", "orders/turn/a.txt": "in a folder\n", "orders/turn/b/c.txt": "deeper\n",
		"away/k8s/fastapi.yaml": "kind: Deployment\n", "away/k8s/secret/cloud.env": "C=1\n", "orders/run!": "#!/bin/sh\n",
	}
	newTree = tree{
		"README.md": "new\n", "kustomization.yaml": "same\n", "scripts/deploy.sh!": "#!/bin/sh\nset -eu\n", "scripts/verify.sh!": "#!/bin/sh\n",
		"orders/Dockerfile": "FROM b\n", "orders/src/main.py": "same\n", "orders/src/new_module/client.py": "x\n", "orders/src/late.py": "z\n",
		"orders/k8s/secret/cloud.env": "A=2\n", "orders/k8s/secret/more.env": "D=1\n", "orders/swap/in/a.txt": "a folder\n", "orders/turn": "a file\n",
		"come/k8s/fastapi.yaml": "kind: Deployment\n", "come/k8s/secret/cloud.env": "E=1\n", "orders/run": "#!/bin/sh\n",
	}
)

func TestBuild(t *testing.T) {
	t.Parallel()
	out := filepath.Join(tempDir(t), "a", "out")
	c := plan(t, out, oldTree, Options{})
	if len(c.Added) != len(oldTree) || len(c.Changed)+len(c.Removed)+len(c.Kept) != 0 || !c.Record || !c.Differs() {
		t.Errorf("%+v", c)
	}
	if _, err := os.Lstat(filepath.Dir(out)); err == nil {
		t.Fatal("Plan wrote")
	}
	must(t, Write(t.Context(), c))
	same(t, look(t, out, false), oldTree.expect("1.0.0"))

	c = build(t, out, newTree)
	same(t, look(t, out, false), newTree.expect("1.0.0"))
	names := func(entries []Entry) (all []string) {
		for _, e := range entries {
			all = append(all, e.Path)
		}
		return all
	}
	for _, test := range []struct {
		name      string
		got, want []string
	}{
		{"added", names(c.Added), []string{"come/k8s/fastapi.yaml", "come/k8s/secret/cloud.env", "orders/k8s/secret/more.env", "orders/src/late.py", "orders/src/new_module/client.py", "orders/swap/in/a.txt", "orders/turn", "scripts/verify.sh"}},
		{"changed", names(c.Changed), []string{"README.md", "orders/Dockerfile", "orders/k8s/secret/cloud.env", "orders/run", "scripts/deploy.sh"}},
		{"removed", names(c.Removed), []string{"away/k8s/fastapi.yaml", "away/k8s/secret/cloud.env", "orders/k8s/secret/gone.env", "orders/src/gone_module/client.py", "orders/src/gone_module/routes.py", "orders/swap", "orders/turn/a.txt", "orders/turn/b/c.txt"}},
		{"kept", names(c.Kept), []string{"kustomization.yaml", "orders/src/main.py"}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: %v", test.name, test.got)
		}
	}
	if e := c.Changed[0]; string(e.Old) != "old\n" || string(e.New) != "new\n" || e.Mode != 0o644 || e.Ownership != emit.Generated {
		t.Errorf("%+v", e)
	}
	if e := c.Removed[1]; string(e.Old) != "C=1\n" || e.New != nil || e.Component != "away" || e.Ownership != emit.State {
		t.Errorf("%+v", e)
	}
}

func TestModesIgnoreTheUmask(t *testing.T) { //nolint:paralleltest // the umask is one for the process
	for _, mask := range []int{0o077, 0o002, 0, 0o022} {
		old := syscall.Umask(mask)
		t.Cleanup(func() { syscall.Umask(old) })
		out := filepath.Join(tempDir(t), "out")
		build(t, out, oldTree)
		build(t, out, newTree)
		got := look(t, out, false)
		syscall.Umask(old)
		same(t, got, newTree.expect("1.0.0"))
	}
}

func TestSecondBuildChangesNothing(t *testing.T) {
	t.Parallel()
	out := tempDir(t)
	build(t, out, newTree)
	put(t, filepath.Join(out, "orders/mine.txt"), "mine")
	before := look(t, out, true)
	for range 2 {
		must(t, Recover(out))
		if c := build(t, out, newTree); c.Differs() || len(c.Kept) != len(newTree) {
			t.Fatalf("%+v", c)
		}
		same(t, look(t, out, true), before)
	}
	// One file changes: all others keep their time.
	changed := maps.Clone(newTree)
	changed["README.md"] = "newer\n"
	build(t, out, changed)
	after := look(t, out, true)
	for _, name := range []string{".", own, "README.md", recordPath} {
		if after[name] == before[name] {
			t.Errorf("%s did not change", name)
		}
		delete(after, name)
		delete(before, name)
	}
	same(t, after, before)
}

func TestVersionStandsInTheRecordOnly(t *testing.T) {
	t.Parallel()
	out := tempDir(t)
	build(t, out, oldTree)
	c := plan(t, out, oldTree, Options{Version: "2.0.0"})
	if !c.Record || !c.Differs() || len(c.Kept) != len(oldTree) {
		t.Fatalf("%+v", c)
	}
	must(t, Write(t.Context(), c))
	want := oldTree.expect("2.0.0")
	want["."] = state{mode: look(t, out, false)["."].mode}
	same(t, look(t, out, false), want)
}

// stands is what a tree stands for, with every part.
func stands() owners.Tree {
	return owners.Tree{
		Architecture: "shop", Tags: []string{"prod", "eu"},
		Data: []owners.Data{
			{Node: "a", Kind: "postgresql", What: "volume claim", Namespace: "data", Object: "data-a-0", Format: "18"},
			{Node: "b/queue/\"x\"", Kind: "rabbitmq/queue", What: "queue", Namespace: "mq", Object: "\"x\" <&> ä"},
		},
		Keeps:     []owners.Kept{{Source: "a", Target: "b", What: "keys", Object: "a:*"}},
		Variables: []owners.Variables{{Source: "a", Prefix: "REDIS", Target: "b", Names: []string{"REDIS_HOST", "REDIS_PORT"}}},
	}
}

func TestRecordFormat(t *testing.T) {
	t.Parallel()
	out := tempDir(t)
	c := plan(t, out, tree{"a/secret/x.env": "A=1\n", "b!": "#!/bin/sh\n", "Größe \"1\"": "x\n"}, Options{Tree: stands()})
	must(t, Write(t.Context(), c))
	got, err := os.ReadFile(filepath.Join(out, recordPath))
	must(t, err)
	want := `{
  "version": "1.0.0",
  "architecture": "shop",
  "tags": ["prod", "eu"],
  "data": [
    {"node": "a", "kind": "postgresql", "what": "volume claim", "namespace": "data", "object": "data-a-0", "format": "18"},
    {"node": "b/queue/\"x\"", "kind": "rabbitmq/queue", "what": "queue", "namespace": "mq", "object": "\"x\" \u003c\u0026\u003e ä", "format": ""}
  ],
  "keeps": [
    {"source": "a", "target": "b", "what": "keys", "object": "a:*"}
  ],
  "variables": [
    {"source": "a", "prefix": "REDIS", "target": "b", "names": ["REDIS_HOST", "REDIS_PORT"]}
  ],
  "files": [
    {"path": "Größe \"1\"", "sha256": "73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac", "mode": "0644", "component": "", "ownership": "generated"},
    {"path": "a/secret/x.env", "sha256": "2ef0eb2acf6d8bb27ca22ddcbe6034ac6f3ea96e6c04b1c6d17acf1ba13edd63", "mode": "0644", "component": "a", "ownership": "state"},
    {"path": "b", "sha256": "b92bc02eab22ab1fc14e07ae5d8ef33cc63f3cb46d3d84cd53cb0ad83ae4bfa0", "mode": "0755", "component": "", "ownership": "generated"}
  ]
}
`
	if hashless(string(got)) != hashless(want) {
		t.Errorf("got %s", got)
	}
	if read, found, err := Recorded(out); err != nil || !found || !reflect.DeepEqual(read, stands()) {
		t.Errorf("read back: %+v, %v, %v", read, found, err)
	}
	if again := plan(t, out, tree{"a/secret/x.env": "A=1\n", "b!": "#!/bin/sh\n", "Größe \"1\"": "x\n"}, Options{Tree: stands()}); again.Differs() {
		t.Error("a second build differs")
	}
}

// A record that is older than owners of data is read, and says nothing of them; the next build completes it.
func TestOlderRecordHasNoOwners(t *testing.T) {
	t.Parallel()
	out := tempDir(t)
	build(t, out, tree{"a": "1\n"})
	name := filepath.Join(out, recordPath)
	data, err := os.ReadFile(name)
	must(t, err)
	version, rest, _ := strings.Cut(string(data), `  "architecture"`)
	_, files, _ := strings.Cut(rest, `  "files"`)
	must(t, os.WriteFile(name, []byte(version+`  "files"`+files), 0o644))
	if read, found, err := Recorded(out); err != nil || !found || read.Architecture != "" {
		t.Errorf("read: %+v, %v, %v", read, found, err)
	}
	c := plan(t, out, tree{"a": "1\n"}, Options{Tree: stands()})
	if !c.Record || len(c.Kept) != 1 {
		t.Fatalf("%+v", c)
	}
	must(t, Write(t.Context(), c))
	if read, _, err := Recorded(out); err != nil || !reflect.DeepEqual(read, stands()) {
		t.Errorf("read back: %+v, %v", read, err)
	}
}

func TestRecordedWithoutOne(t *testing.T) {
	t.Parallel()
	out := tempDir(t)
	for _, dir := range []string{out, filepath.Join(out, "none")} {
		if _, found, err := Recorded(dir); found || err != nil {
			t.Errorf("%s: %v, %v", dir, found, err)
		}
	}
	must(t, os.MkdirAll(filepath.Join(out, own), 0o755))
	for _, text := range []string{"", "[]", "{", `{"data": 1, "files": []}`, `{"tags": [1], "files": []}`} {
		must(t, os.WriteFile(filepath.Join(out, recordPath), []byte(text), 0o644))
		if _, _, err := Recorded(out); err == nil || !strings.Contains(err.Error(), recordPath) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What was compared is what is replaced.
func TestPlanRefusesARecordThatWasNotCompared(t *testing.T) {
	t.Parallel()
	out := tempDir(t)
	old, _, err := Recorded(out)
	must(t, err)
	if _, err := Plan(out, nil, Options{Old: &old}); err != nil {
		t.Error(err)
	}
	must(t, Write(t.Context(), plan(t, out, tree{"a": "1\n"}, Options{Tree: stands()})))
	if _, err := Plan(out, nil, Options{Old: &old}); err == nil || !strings.Contains(err.Error(), "in the meantime") {
		t.Error(err)
	}
	old, _, err = Recorded(out)
	must(t, err)
	if _, err := Plan(out, nil, Options{Old: &old}); err != nil {
		t.Error(err)
	}
}

// A build of some components leaves what others own as it was.
func TestOnlyKeepsOwnersOfOthers(t *testing.T) {
	t.Parallel()
	out := tempDir(t)
	must(t, Write(t.Context(), plan(t, out, tree{"a/x": "1\n", "b/x": "1\n"}, Options{Tree: stands()})))
	after := stands()
	after.Data = []owners.Data{{Node: "a/database/new", Kind: "postgresql/database", What: "database", Namespace: "data", Object: "new"}}
	after.Keeps, after.Variables = nil, nil
	must(t, Write(t.Context(), plan(t, out, tree{"a/x": "2\n"}, Options{Tree: after, Only: []string{"a"}})))
	read, _, err := Recorded(out)
	must(t, err)
	if len(read.Data) != 2 || read.Data[0] != after.Data[0] || read.Data[1] != stands().Data[1] || len(read.Keeps)+len(read.Variables) != 0 {
		t.Errorf("read: %+v", read)
	}
}

// hashless leaves out what only a machine can compute.
func hashless(s string) string {
	parts := strings.Split(s, `"sha256": "`)
	for i := range parts[1:] {
		parts[i+1] = parts[i+1][64:]
	}
	return strings.Join(parts, "")
}

// Random trees follow each other: the disk holds exactly the last one, and what the user put there.
func TestAnyTreeFollowsAnyOther(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	mine := map[string]string{"mine.txt": "1", "a/mine.txt": "2", "c/d/mine.txt": "3"}
	for range 30 {
		out := tempDir(t)
		for name, text := range mine {
			put(t, filepath.Join(out, name), text)
		}
		for range 8 {
			tr := randomTree(r)
			c := build(t, out, tr)
			want := tr.expect("1.0.0")
			for name, text := range mine {
				want[name] = state{mode: 0o644, content: text}
				for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
					want[dir] = state{mode: fs.ModeDir | 0o755}
				}
			}
			want["."] = state{mode: fs.ModeDir | 0o755}
			same(t, look(t, out, false), want)
			if len(c.Added)+len(c.Changed)+len(c.Kept) != len(tr) {
				t.Fatalf("%+v of %v", c, tr)
			}
		}
	}
}

// randomTree has names that are files in one tree and folders in another, but for those of the user's files.
func randomTree(r *rand.Rand) tree {
	tr := tree{}
	names := []string{"e", "f", "g"}
	for range r.IntN(12) {
		elements := []string{[]string{"a", "b", "c", "e"}[r.IntN(4)]}
		for range r.IntN(3) {
			elements = append(elements, names[r.IntN(3)])
		}
		name := strings.Join(elements, "/")
		if name == "a" || name == "c" {
			continue
		}
		free := true
		for other := range tr {
			other = strings.TrimSuffix(other, "!")
			free = free && other != name && !strings.HasPrefix(other, name+"/") && !strings.HasPrefix(name, other+"/")
		}
		if free {
			tr[name+[]string{"", "!"}[r.IntN(2)]] = []string{"1\n", "2\n", "3\n"}[r.IntN(3)]
		}
	}
	return tr
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		touch func(t *testing.T, out string)
		want  []string // code and message without the directory
		force bool     // goes with --force
	}{
		{"edited", func(t *testing.T, out string) { put(t, out+"/README.md", "mine\n") }, []string{"E0501 /README.md has been edited since platc wrote it"}, true},
		{"edited, and no longer emitted", func(t *testing.T, out string) { put(t, out+"/away/k8s/fastapi.yaml", "mine\n") }, []string{"E0501 /away/k8s/fastapi.yaml has been edited since platc wrote it"}, true},
		{"state edited, and no longer emitted", func(t *testing.T, out string) { put(t, out+"/away/k8s/secret/cloud.env", "mine\n") }, []string{"E0501 /away/k8s/secret/cloud.env has been edited since platc wrote it"}, true},
		{"state edited, and written again", func(t *testing.T, out string) { put(t, out+"/orders/k8s/secret/cloud.env", "mine\n") }, nil, true},
		{"edited to what comes now", func(t *testing.T, out string) { put(t, out+"/README.md", "new\n") }, nil, true},
		{"edited in its way to a folder", func(t *testing.T, out string) { put(t, out+"/orders/swap", "mine\n") }, []string{"E0501 /orders/swap has been edited since platc wrote it"}, true},
		{"edited below a folder that becomes a file", func(t *testing.T, out string) { put(t, out+"/orders/turn/b/c.txt", "mine\n") }, []string{"E0501 /orders/turn/b/c.txt has been edited since platc wrote it"}, true},
		{"several", func(t *testing.T, out string) {
			put(t, out+"/orders/Dockerfile", "mine\n")
			put(t, out+"/README.md", "mine\n")
			put(t, out+"/orders/src/late.py", "mine\n")
			put(t, out+"/come", "mine\n")
		}, []string{"E0501 /README.md, /orders/Dockerfile have been edited since platc wrote them", "E0502 /come (a file), /orders/src/late.py are in the way, and platc did not write them"}, false},
		{"not ours", func(t *testing.T, out string) { put(t, out+"/orders/src/late.py", "mine\n") }, []string{"E0502 /orders/src/late.py is in the way, and platc did not write it"}, false},
		{"not ours, but equal", func(t *testing.T, out string) { put(t, out+"/orders/src/late.py", "z\n") }, nil, true},
		{"a folder in the way", func(t *testing.T, out string) { put(t, out+"/orders/src/late.py/mine", "mine\n") }, []string{"E0502 /orders/src/late.py (a directory) is in the way, and platc did not write it"}, false},
		{"an empty folder in the way", func(t *testing.T, out string) { must(t, os.Mkdir(out+"/orders/src/late.py", 0o755)) }, []string{"E0502 /orders/src/late.py (a directory) is in the way, and platc did not write it"}, false},
		{"the user's file in a folder that becomes a file", func(t *testing.T, out string) { put(t, out+"/orders/turn/mine.txt", "mine\n") }, []string{"E0502 /orders/turn (a directory) is in the way, and platc did not write it"}, false},
		{"the user's folder in a folder that becomes a file", func(t *testing.T, out string) { must(t, os.Mkdir(out+"/orders/turn/mine", 0o755)) }, []string{"E0502 /orders/turn (a directory) is in the way, and platc did not write it"}, false},
		{"a file where a folder comes", func(t *testing.T, out string) { put(t, out+"/come", "mine\n") }, []string{"E0502 /come (a file) is in the way, and platc did not write it"}, false},
		{"a link in place of a file", func(t *testing.T, out string) { relink(t, out+"/README.md") }, []string{"E0501 /README.md has been edited since platc wrote it"}, true},
		{"a link where a file comes", func(t *testing.T, out string) { relink(t, out+"/orders/src/late.py") }, []string{"E0502 /orders/src/late.py (a symbolic link) is in the way, and platc did not write it"}, false},
		{"a link that leaves, in place of a folder", func(t *testing.T, out string) { relink(t, out+"/orders/src") }, []string{"E0502 /orders/src (a symbolic link) is in the way, and platc did not write it"}, false},
		{"a link that stays, in place of a folder", func(t *testing.T, out string) {
			must(t, os.Rename(out+"/orders/src", out+"/moved"))
			must(t, os.Symlink("../moved", out+"/orders/src"))
		}, []string{"E0502 /orders/src (a symbolic link) is in the way, and platc did not write it"}, false},
		{"a link in place of a folder that goes", func(t *testing.T, out string) { relink(t, out+"/away") }, nil, true},
		{"a pipe", func(t *testing.T, out string) { must(t, syscall.Mkfifo(out+"/orders/src/late.py", 0o644)) }, []string{"E0502 /orders/src/late.py (a special file) is in the way, and platc did not write it"}, false},
		{"deleted files", func(t *testing.T, out string) {
			must(t, os.RemoveAll(out+"/away"))
			must(t, os.Remove(out+"/README.md"))
		}, nil, true},
		{"a folder in place of a file that goes", func(t *testing.T, out string) {
			must(t, os.Remove(out+"/away/k8s/fastapi.yaml"))
			put(t, out+"/away/k8s/fastapi.yaml/mine", "mine\n")
		}, nil, true},
		{
			"the record is gone", func(t *testing.T, out string) { must(t, os.Remove(out+"/"+recordPath)) },
			[]string{"E0502 /README.md, /orders/Dockerfile, /orders/k8s/secret/cloud.env, /orders/swap (a file), /orders/turn (a directory), /scripts/deploy.sh are in the way, and platc did not write them"},
			false,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(tempDir(t), "out")
			build(t, out, oldTree)
			test.touch(t, out)
			before := look(t, out, true)
			c := plan(t, out, newTree, Options{})
			var got []string
			for _, d := range c.Conflicts.Sorted() {
				got = append(got, d.Code+" "+strings.ReplaceAll(d.Message, out, ""))
			}
			if !slices.Equal(got, test.want) {
				t.Fatalf("got %q", got)
			}
			if len(test.want) > 0 {
				if err := Write(t.Context(), c); err == nil {
					t.Fatal("written in spite of conflicts")
				}
				same(t, look(t, out, true), before)
			}
			c = plan(t, out, newTree, Options{Force: true})
			if c.Conflicts.HasErrors() == test.force {
				t.Fatalf("forced: %v", c.Conflicts.Err())
			}
			if !test.force {
				return
			}
			must(t, Write(t.Context(), c))
			got2 := look(t, out, false)
			for name, want := range newTree.expect("1.0.0") {
				if got2[name] != want {
					t.Errorf("%s: %+v, want %+v", name, got2[name], want)
				}
			}
			if data, err := os.ReadFile(filepath.Join(filepath.Dir(out), "elsewhere")); err == nil && string(data) != "elsewhere" {
				t.Errorf("written through a link: %s", data)
			}
		})
	}
}

// relink puts a link out of the tree in place of something.
func relink(t *testing.T, name string) {
	t.Helper()
	must(t, os.RemoveAll(name))
	elsewhere, _, _ := strings.Cut(name, "/out/")
	put(t, elsewhere+"/elsewhere", "elsewhere")
	must(t, os.Symlink(elsewhere+"/elsewhere", name))
}

func TestOutputDirectoryRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		touch func(t *testing.T, out string)
		want  string
	}{
		{"a file", func(t *testing.T, out string) { put(t, out, "x") }, "is a file, not a directory"},
		{"a link", func(t *testing.T, out string) {
			must(t, os.Mkdir(out+".real", 0o755))
			must(t, os.Symlink(out+".real", out))
		}, "is a symbolic link to"},
		{"a dangling link", func(t *testing.T, out string) { must(t, os.Symlink("nowhere", out)) }, "is a symbolic link to nowhere"},
		{"below a file", func(t *testing.T, out string) { put(t, filepath.Dir(out), "x") }, "not a directory"},
		{".platc is a file", func(t *testing.T, out string) { put(t, out+"/.platc", "x") }, ".platc is a file, and platc did not write it"},
		{".platc is a link", func(t *testing.T, out string) {
			must(t, os.MkdirAll(out+"/x", 0o755))
			must(t, os.Symlink("x", out+"/.platc"))
		}, ".platc is a symbolic link"},
		{"the record is a link", func(t *testing.T, out string) {
			put(t, out+"/.platc/x", "{}")
			must(t, os.Symlink("x", out+"/.platc/manifest.json"))
		}, "manifest.json is a symbolic link"},
		{"the record is a folder", func(t *testing.T, out string) { put(t, out+"/.platc/manifest.json/x", "x") }, "manifest.json is a directory"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			base := tempDir(t)
			out := filepath.Join(base, "parent", "out")
			if test.name != "below a file" {
				must(t, os.Mkdir(filepath.Dir(out), 0o755))
			}
			test.touch(t, out)
			before := look(t, base, true)
			for _, name := range []string{out, out + "/"} {
				_, err := Plan(name, newTree.files(), Options{})
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%s: got %v", name, err)
				}
			}
			same(t, look(t, base, true), before)
		})
	}
	if _, err := Plan("", nil, Options{}); err == nil {
		t.Error("an empty name")
	}
}

func TestRecordRefused(t *testing.T) {
	t.Parallel()
	good := string(record{Version: "1", Files: []entry{{Path: "a", SHA256: strings.Repeat("ab", 32), Mode: "0644", Ownership: emit.Generated}}}.encode())
	if _, err := decodeRecord([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"", "{", "[]", "null", "{}", `{"version": "1"}`, `{"files": [{"path": "a"}]}`, `{"manifest": {}}`, good + "{}",
		strings.Replace(good, `"a"`, `"../a"`, 1), strings.Replace(good, `"a"`, `"/etc/passwd"`, 1), strings.Replace(good, `"a"`, `".platc/manifest.json"`, 1), strings.Replace(good, `"a"`, `""`, 1),
		strings.Replace(good, "0644", "0777", 1), strings.Replace(good, "generated", "other", 1), strings.Replace(good, "ab", "", 1), strings.Replace(good, "ab", "xy", 1),
		strings.Replace(good, "\"files\": [", `"files": [{"path": "a", "sha256": "`+strings.Repeat("ab", 32)+`", "mode": "0644", "component": "", "ownership": "generated"},`, 1),
	} {
		out := tempDir(t)
		put(t, out+"/"+recordPath, text)
		before := look(t, out, true)
		if _, err := Plan(out, newTree.files(), Options{}); err == nil || !strings.Contains(err.Error(), recordPath) {
			t.Errorf("%q: %v", text, err)
		}
		same(t, look(t, out, true), before)
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	out := tempDir(t)
	build(t, out, oldTree)
	c := plan(t, out, newTree, Options{Only: []string{"orders", "come"}, Version: "1.0.0"})
	must(t, Write(t.Context(), c))
	want := tree{}
	for name, text := range oldTree {
		if !strings.HasPrefix(name, "orders/") {
			want[name] = text
		}
	}
	for name, text := range newTree {
		if strings.HasPrefix(name, "orders/") || strings.HasPrefix(name, "come/") {
			want[name] = text
		}
	}
	same(t, look(t, out, false), want.expect("1.0.0"))
	if c := plan(t, out, newTree, Options{Only: []string{"orders"}}); c.Differs() {
		t.Errorf("%+v", c)
	}
	// The whole build then brings the rest.
	build(t, out, newTree)
	same(t, look(t, out, false), newTree.expect("1.0.0"))
}

func TestChangedMeanwhile(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		touch func(t *testing.T, out string)
		want  string
	}{
		{"a file that changes", func(t *testing.T, out string) { put(t, out+"/README.md", "mine, and longer\n") }, "README.md changed while"},
		{"a file that goes", func(t *testing.T, out string) { put(t, out+"/away/k8s/fastapi.yaml", "mine\n") }, "away/k8s/fastapi.yaml changed while"},
		{"a file that comes", func(t *testing.T, out string) { put(t, out+"/orders/src/late.py", "mine\n") }, "orders/src/late.py changed while"},
		{"a folder that comes", func(t *testing.T, out string) { put(t, out+"/come/mine", "mine\n") }, "come changed while"},
		{"the record", func(t *testing.T, out string) { put(t, out+"/"+recordPath, "{}") }, "another build wrote to"},
		{"the record is gone", func(t *testing.T, out string) { must(t, os.Remove(out+"/"+recordPath)) }, "another build wrote to"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			out := tempDir(t)
			build(t, out, oldTree)
			c := plan(t, out, newTree, Options{})
			test.touch(t, out)
			before := look(t, out, false)
			if err := Write(t.Context(), c); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
			same(t, look(t, out, false), before)
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	base := tempDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Write(ctx, plan(t, base+"/a/out", oldTree, Options{})); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if entries, _ := os.ReadDir(base); len(entries) > 0 {
		t.Errorf("left %v", entries)
	}
}

func TestTwoBuildsAtOnce(t *testing.T) {
	t.Parallel()
	out := tempDir(t)
	build(t, out, oldTree)
	first, second := plan(t, out, newTree, Options{}), plan(t, out, newTree, Options{})
	entered, leave, done := make(chan struct{}), make(chan struct{}), make(chan error)
	once := false
	go func() {
		done <- first.write(t.Context(), func(action, name string) error {
			if action == "flush" && !once {
				once = true
				close(entered)
				<-leave
			}
			return nil
		})
	}()
	<-entered
	for what, err := range map[string]error{"Write": Write(t.Context(), second), "Recover": Recover(out)} {
		if err == nil || !strings.Contains(err.Error(), "another platc is writing to "+out) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	close(leave)
	must(t, <-done)
	if err := Write(t.Context(), second); err == nil || !strings.Contains(err.Error(), "another build wrote") {
		t.Errorf("got %v", err)
	}
	same(t, look(t, out, false), newTree.expect("1.0.0"))
}

func TestUnreadableIsAnError(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		asNobody(t)
		return
	}
	out := tempDir(t)
	build(t, out, oldTree)
	must(t, os.Chmod(out+"/orders/src", 0))
	t.Cleanup(func() { _ = os.Chmod(out+"/orders/src", 0o755) })
	if _, err := Plan(out, newTree.files(), Options{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
}

// asNobody runs the calling test once more, as a user who may not read everything.
func asNobody(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	must(t, os.Chmod(dir, 0o777))
	self, err := os.Executable()
	must(t, err)
	data, err := os.ReadFile(self)
	must(t, err)
	must(t, os.WriteFile(dir+"/test", data, 0o755))
	cmd := exec.Command(dir+"/test", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir, cmd.Env = dir, []string{"TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestEmittedPathsRefused(t *testing.T) {
	t.Parallel()
	file := func(name string) emit.File {
		return emit.File{Path: name, Mode: 0o644, Ownership: emit.Generated}
	}
	tests := map[string][]emit.File{
		"clean relative path":   {file("../x")},
		"below the output":      {file("/etc/passwd")},
		"not a clean":           {file("a/../../x")},
		`"a//b"`:                {file("a//b")},
		`"."`:                   {file(".")},
		`""`:                    {file("")},
		`"a/"`:                  {file("a/")},
		"belongs to platc":      {file(".platc/manifest.json")},
		`".PLATC/x"`:            {file(".PLATC/x")},
		"backslash":             {file(`a\b`)},
		"colon":                 {file("c:/x")},
		"control":               {file("a\x00b")},
		"two files":             {file("a"), file("a")},
		"only in case":          {file("a/B"), file("a/b")},
		`differs from "A"`:      {file("A/x"), file("a/y")},
		"a file and a folder":   {file("a/b"), file("a")},
		"neither 0644 nor 0755": {{Path: "a", Mode: 0o600, Ownership: emit.Generated}},
		"unknown ownership":     {{Path: "a", Mode: 0o644}},
	}
	for want, files := range tests {
		out := filepath.Join(tempDir(t), "out")
		if _, err := Plan(out, files, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

// FuzzOutputPath: whatever an emitter calls its files, nothing outside the directory is touched.
func FuzzOutputPath(f *testing.F) {
	for _, name := range []string{"a", "a/b", "../x", "/etc/x", "a/../../x", ".platc/x", "a\\b", "link/x", "link", "dir/link/x", "a//b", "./a", "a\x00", "..", "."} {
		f.Add(name, "a/b")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		base := tempDir(t)
		out := filepath.Join(base, "out")
		put(t, base+"/outside/x", "outside")
		must(t, os.MkdirAll(out+"/dir", 0o755))
		must(t, os.Symlink("../outside", out+"/link"))
		must(t, os.Symlink("../../outside", out+"/dir/link"))
		var files []emit.File
		for _, name := range []string{one, two} {
			files = append(files, emit.File{Path: name, Data: []byte("x\n"), Mode: 0o644, Ownership: emit.Generated})
		}
		if c, err := Plan(out, files, Options{Force: true, Version: "1"}); err == nil {
			if err := Write(t.Context(), c); err == nil {
				for _, file := range files {
					if data, err := os.ReadFile(filepath.Join(out, file.Path)); err != nil || string(data) != "x\n" {
						t.Errorf("%q: %q %v", file.Path, data, err)
					}
				}
			}
		}
		entries, err := os.ReadDir(base)
		must(t, err)
		if len(entries) != 2 {
			t.Fatalf("%q, %q: %v", one, two, entries)
		}
		if got := look(t, base+"/outside", false); len(got) != 2 || got["x"].content != "outside" {
			t.Fatalf("%q, %q: %v", one, two, got)
		}
	})
}

func TestTimesOfUnchangedFilesAreOld(t *testing.T) {
	t.Parallel()
	out := tempDir(t)
	build(t, out, oldTree)
	past := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	must(t, os.Chtimes(out+"/kustomization.yaml", past, past))
	build(t, out, newTree)
	info, err := os.Stat(out + "/kustomization.yaml")
	must(t, err)
	if !info.ModTime().Equal(past) {
		t.Error(info.ModTime())
	}
}

// Version control keeps the right to execute and nothing else of a mode.
func TestModes(t *testing.T) {
	t.Parallel()
	out := tempDir(t)
	build(t, out, oldTree)
	must(t, os.Chmod(out+"/README.md", 0o664))
	must(t, os.Chmod(out+"/scripts/deploy.sh", 0o775))
	if c := plan(t, out, oldTree, Options{}); c.Differs() {
		t.Errorf("%+v", c)
	}
	must(t, os.Chmod(out+"/scripts/deploy.sh", 0o644))
	c := build(t, out, oldTree)
	if len(c.Changed) != 1 || c.Changed[0].Path != "scripts/deploy.sh" || c.Record {
		t.Errorf("%+v", c)
	}
	info, err := os.Stat(out + "/scripts/deploy.sh")
	must(t, err)
	if info.Mode() != 0o755 {
		t.Error(info.Mode())
	}
}

// benchmarkTree is what 100 applications may have.
func benchmarkTree() []emit.File {
	folders := []string{"src", "src/postgresql_module", "k8s/deploy/base", "k8s/deploy/base/secret", "k8s/build/base", "day2"}
	var files []emit.File
	for c := range 100 {
		for f := range 30 {
			component := "component-" + strconv.Itoa(c)
			files = append(files, emit.File{
				Path: component + "/" + folders[f%len(folders)] + "/f" + strconv.Itoa(f), Component: component, Mode: 0o644, Ownership: emit.Generated,
				Data: []byte(strings.Repeat("line of "+strconv.Itoa(c+f)+"\n", 150)),
			})
		}
	}
	return files
}

func BenchmarkBuild(b *testing.B) {
	files := benchmarkTree()
	base := tempDir(b)
	for i := 0; b.Loop(); i++ {
		c, err := Plan(base+"/"+strconv.Itoa(i), files, Options{Version: "1.0.0"})
		must(b, err)
		must(b, Write(b.Context(), c))
	}
}

func BenchmarkBuildWithoutChange(b *testing.B) {
	files := benchmarkTree()
	out := tempDir(b)
	c, err := Plan(out, files, Options{Version: "1.0.0"})
	must(b, err)
	must(b, Write(b.Context(), c))
	for b.Loop() {
		c, err := Plan(out, files, Options{Version: "1.0.0"})
		must(b, err)
		must(b, Write(b.Context(), c))
	}
}

func TestABuildInBetweenIsNoticed(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "out")
	files := func(text string) []emit.File {
		return []emit.File{{Path: "a/secret/cloud.env", Component: "a", Data: []byte(text), Mode: 0o644, Ownership: emit.State}}
	}
	planned := func(text string) *Change {
		c, err := Plan(out, files(text), Options{Version: "v1"})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	write := func(c *Change) {
		if err := Write(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	first := planned("one")
	write(first)
	second := planned("one")
	if second.SameRecord(first) || !second.SameRecord(planned("two")) {
		t.Error("the first build is a difference, and no build is none")
	}
	write(planned("other"))
	if planned("two").SameRecord(second) {
		t.Error("a build in between went unnoticed")
	}
}
