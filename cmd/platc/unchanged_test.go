package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
)

// repeater is a folder that is built again and again, with what earlier builds left in a cache.
type repeater struct {
	*testing.T
	dir, cache string
	env        []string
	random     *rand.Rand
}

const repeatedArch = `package shop

name: "shop"
config: secrets: recipients: ["RECIPIENT"]
components: {
	db: {kind: "postgresql", namespace: "data", database: one: {}}
	app: {kind: "fastapi", namespace: "apps", port: 8080, replicas: 1, auth: "api_key", app: "code/shop", links: "db/one": {}}
}
`

const embeddedArch = `@extern(embed)

package shop

_note:  string @embed(file=note.txt,type=text)
_notes: _ @embed(glob="notes/*.txt", type=text)
components: app: env: {NOTE: _note, NOTES: "\(len(_notes))"}
`

const secretOut = "out/db/k8s/deploy/base/secret/postgresql.env"

// edits are what people and other programs do to an input and to a tree between two builds.
func edits() map[string]func(r *repeater) {
	arch := func(from, to string) func(r *repeater) {
		return func(r *repeater) {
			r.edit("arch.cue", func(text string) string { return strings.Replace(text, from, to, 1) })
		}
	}
	// beside an attribute, so that there is something to do, and what is not edited may be taken over
	besides := func(does func(r *repeater)) func(r *repeater) {
		return func(r *repeater) {
			does(r)
			r.edit("arch.cue", otherReplicas)
		}
	}
	out := func(does func(r *repeater, name string)) func(r *repeater) {
		return besides(func(r *repeater) {
			if all := r.emitted(); len(all) > 0 {
				does(r, all[r.random.IntN(len(all))])
			}
		})
	}
	linkFolder := func(r *repeater, folder string) {
		r.remove("elsewhere")
		r.check(os.Rename(filepath.Join(r.dir, folder), filepath.Join(r.dir, "elsewhere")))
		r.link(folder)
	}
	return map[string]func(r *repeater){
		"nothing":          func(*repeater) {},
		"attribute":        arch("replicas: 1", "replicas: 2"),
		"attribute back":   arch("replicas: 2", "replicas: 1"),
		"component":        arch("components: {\n", "components: {\n\tcache: {kind: \"redis\", namespace: \"data\"}\n"),
		"component gone":   arch("\tcache: {kind: \"redis\", namespace: \"data\"}\n", ""),
		"mistake":          arch("port: 8080", "prot: 8080"),
		"mistake mended":   arch("prot: 8080", "port: 8080"),
		"comment":          arch("package shop", "// A shop.\npackage shop"),
		"second file":      func(r *repeater) { r.put("more.cue", "package shop\n\ncomponents: app: cpu_limit: \"700m\"\n") },
		"second file gone": func(r *repeater) { r.remove("more.cue") },
		"embedded": func(r *repeater) {
			r.put("note.txt", "one")
			r.put("notes/a.txt", "a")
			r.put("embedded.cue", embeddedArch)
		},
		"embedded edited":   func(r *repeater) { r.put("note.txt", fmt.Sprint(r.random.IntN(1000))) },
		"embedded more":     func(r *repeater) { r.put("notes/b.txt", "b") },
		"embedded less":     func(r *repeater) { r.remove("notes/b.txt") },
		"embedded gone":     func(r *repeater) { r.remove("embedded.cue") },
		"uncertain":         func(r *repeater) { r.put("now.cue", "package shop\n\n_now: string @tag(now,var=now)\n") },
		"uncertain no more": func(r *repeater) { r.remove("now.cue") },
		"file above":        func(r *repeater) { r.put("../above.cue", "package shop\n") },
		"own code":          func(r *repeater) { r.edit("code/shop/main.py", func(text string) string { return text + "b = 2\n" }) },
		"own code in place": func(r *repeater) {
			r.edit("code/shop/main.py", func(text string) string { return strings.Replace(text, "a", "A", 1) })
		},
		"own file more":       func(r *repeater) { r.put("code/shop/more.py", "") },
		"own file less":       func(r *repeater) { r.remove("code/shop/more.py") },
		"own file executable": func(r *repeater) { r.check(os.Chmod(filepath.Join(r.dir, "code/shop/main.py"), 0o755)) },
		"own bytecode":        func(r *repeater) { r.put("code/shop/__pycache__/main.pyc", "x") },
		"kinds":               func(r *repeater) { r.put("kinds/README.md", "Ours.\n") },
		"kinds gone":          func(r *repeater) { r.remove("kinds") },
		"sops rules":          func(r *repeater) { r.put(".sops.yaml", "creation_rules: [{age: \""+r.newRecipient()+"\"}]\n") },
		"sops rules gone":     func(r *repeater) { r.remove(".sops.yaml") },
		"recipient":           func(r *repeater) { r.edit("arch.cue", r.otherRecipient) },
		"identity elsewhere":  func(r *repeater) { r.put("home/.config/sops/age/keys.txt", "# none\n") },
		"touched":             out(func(r *repeater, name string) { r.edit(name, func(text string) string { return text }) }),
		"edited":              out(func(r *repeater, name string) { r.edit(name, func(text string) string { return text + "# mine\n" }) }),
		"edited in place": out(func(r *repeater, name string) {
			r.edit(name, func(text string) string { return strings.Replace(text, "e", "E", 1) })
		}),
		"secret edited": besides(func(r *repeater) {
			r.edit(secretOut, func(text string) string { return strings.Replace(text, "ENC[", "ENC[A", 1) })
		}),
		"secret touched": besides(func(r *repeater) { r.edit(secretOut, func(text string) string { return text }) }),
		"secret deleted": besides(func(r *repeater) { r.remove(secretOut) }),
		"another's secret": besides(func(r *repeater) {
			data, err := os.ReadFile(filepath.Join(r.dir, "out/app/k8s/deploy/base/secret/cloud.env"))
			r.check(err)
			r.put(secretOut, string(data))
		}),
		"a mark edited": besides(func(r *repeater) {
			r.edit("out/.platc/manifest.json", func(text string) string { return strings.Replace(text, `"marks": {"": "`, `"marks": {"": "0`, 1) })
		}),
		"deleted":    out(func(r *repeater, name string) { r.remove(name) }),
		"executable": out(func(r *repeater, name string) { r.check(os.Chmod(filepath.Join(r.dir, name), 0o755)) }),
		"private":    out(func(r *repeater, name string) { r.check(os.Chmod(filepath.Join(r.dir, name), 0o600)) }),
		"a link": out(func(r *repeater, name string) {
			r.remove("elsewhere")
			r.check(os.Rename(filepath.Join(r.dir, name), filepath.Join(r.dir, "elsewhere")))
			r.link(name)
		}),
		"a linked folder":            out(func(r *repeater, name string) { linkFolder(r, filepath.Dir(name)) }),
		"a linked folder of secrets": besides(func(r *repeater) { linkFolder(r, filepath.Dir(secretOut)) }),
		"record gone":                func(r *repeater) { r.remove("out/.platc/manifest.json") },
		"record edited":              func(r *repeater) { r.edit("out/.platc/manifest.json", func(text string) string { return text + "\n" }) },
		"tree gone":                  func(r *repeater) { r.remove("out") },
		"given": func(r *repeater) {
			r.put("given.cue", "package shop\n\ncomponents: app: secrets: TOKEN: {env: \"TOKEN\"}\n")
		},
		"given gone":  func(r *repeater) { r.remove("given.cue") },
		"given other": func(r *repeater) { r.env[1] = fmt.Sprintf("TOKEN=canary-%d", r.random.IntN(1000)) },
		"imported": func(r *repeater) {
			r.put("cue.mod/module.cue", "module: \"example.com/shop\"\nlanguage: version: \"v0.15.0\"\n")
			r.put("sizes/sizes.cue", "package sizes\n\ncpu: \"800m\"\n")
			r.put("imported.cue", "package shop\n\nimport \"example.com/shop/sizes\"\n\ncomponents: app: cpu_limit: sizes.cpu\n")
		},
		"imported edited": func(r *repeater) {
			r.edit("sizes/sizes.cue", func(text string) string { return strings.Replace(text, "00m", "10m", 1) })
		},
		"imported gone": func(r *repeater) {
			r.remove("imported.cue")
			r.remove("cue.mod")
		},
		"answers gone":    func(r *repeater) { r.cached(".answers", os.Remove) },
		"answers damaged": func(r *repeater) { r.cached(".answers", func(name string) error { return os.Truncate(name, 1000) }) },
		"receipt gone":    func(r *repeater) { r.cached(".receipt", os.Remove) },
		"own file":        out(func(r *repeater, name string) { r.put(filepath.Dir(name)+"/mine.txt", "Mine.\n") }),
	}
}

func (r *repeater) check(err error) {
	r.Helper()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.Fatal(err)
	}
}

func (r *repeater) put(name, text string) {
	r.check(os.MkdirAll(filepath.Dir(filepath.Join(r.dir, name)), 0o755))
	r.check(os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o644))
}

func (r *repeater) remove(name string) { r.check(os.RemoveAll(filepath.Join(r.dir, name))) }

func (r *repeater) edit(name string, edit func(string) string) {
	data, err := os.ReadFile(filepath.Join(r.dir, name))
	if err == nil {
		r.check(os.WriteFile(filepath.Join(r.dir, name), []byte(edit(string(data))), 0o644))
	}
}

// cached does something to the files of the cache with an ending.
func (r *repeater) cached(ending string, does func(name string) error) {
	all, err := filepath.Glob(filepath.Join(r.cache, "platc", "builds", "*"+ending))
	r.check(err)
	for _, name := range all {
		r.check(does(name))
	}
}

// link makes a link to elsewhere in the place of a file or folder.
func (r *repeater) link(name string) {
	to, err := filepath.Rel(filepath.Dir(name), "elsewhere")
	r.check(err)
	r.check(os.Symlink(to, filepath.Join(r.dir, name)))
}

func otherReplicas(text string) string {
	if strings.Contains(text, "replicas: 1") {
		return strings.Replace(text, "replicas: 1", "replicas: 2", 1)
	}
	return strings.Replace(text, "replicas: 2", "replicas: 1", 1)
}

func (r *repeater) newRecipient() string {
	key, err := age.GenerateX25519Identity()
	r.check(err)
	return key.Recipient().String()
}

func (r *repeater) otherRecipient(text string) string {
	before, rest, _ := strings.Cut(text, "recipients: [\"")
	own, after, _ := strings.Cut(rest, "\"]")
	if first, _, ok := strings.Cut(own, "\", \""); ok {
		own = first
	} else {
		own += "\", \"" + r.newRecipient()
	}
	return before + "recipients: [\"" + own + "\"]" + after
}

// emitted are the files of the tree, by path.
func (r *repeater) emitted() []string {
	var all []string
	_ = filepath.WalkDir(filepath.Join(r.dir, "out"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && !strings.Contains(name, ".platc") {
			rel, _ := filepath.Rel(r.dir, name)
			all = append(all, rel)
		}
		return nil
	})
	return all
}

// build is what one says, and its exit code.
func (r *repeater) build(dir, cache string, args ...string) string {
	return r.says(dir, cache, append([]string{"build"}, args...)...)
}

// says is what a command says, and its exit code.
func (r *repeater) says(dir, cache string, args ...string) string {
	self, err := os.Executable()
	r.check(err)
	cmd := exec.CommandContext(r.Context(), self, args...)
	cmd.Args[0] = "platc"
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(r.env, "HOME="+filepath.Join(dir, "home"), "XDG_CACHE_HOME="+cache)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return strings.ReplaceAll(fmt.Sprintf("%s%v", out.Bytes(), err), dir, "DIR")
}

// tree is every file with what a build decides of it: content, the right to execute, or what it is in place of a file.
func (r *repeater) tree(dir string) map[string]string {
	all := map[string]string{}
	_ = filepath.WalkDir(filepath.Join(dir, "out"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // there may be no tree
		}
		info, err := d.Info()
		r.check(err)
		data, err := os.ReadFile(name)
		if info.Mode().Type() == fs.ModeSymlink {
			var to string
			to, err = os.Readlink(name)
			data = []byte(to)
		}
		r.check(err)
		rel, _ := filepath.Rel(dir, name)
		all[rel] = fmt.Sprint(info.Mode().Type(), info.Mode()&0o100, " ", string(data))
		return nil
	})
	return all
}

// TestRepeatedBuildsAreFullBuilds: whatever is done to input and tree between two builds, one that may know the last build says and leaves what one that
// knows nothing says and leaves.
func TestRepeatedBuildsAreFullBuilds(t *testing.T) {
	t.Parallel()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	base := t.TempDir()
	r := &repeater{T: t, dir: filepath.Join(base, "a", "shop"), cache: filepath.Join(base, "cache"), env: []string{"SOPS_AGE_KEY=" + key.String(), "TOKEN=canary-0"}, random: rand.New(rand.NewPCG(1, 2))}
	r.check(os.MkdirAll(r.cache, 0o755))
	r.put("arch.cue", strings.Replace(repeatedArch, "RECIPIENT", key.Recipient().String(), 1))
	table := edits()
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range table {
			if !yield(name) {
				return
			}
		}
	})
	rounds := len(names)
	if testing.Short() {
		rounds = 4
	}
	r.put("code/shop/__init__.py", "")
	r.put("code/shop/main.py", "a = 1\n")
	order := r.random.Perm(len(names))
	r.build(r.dir, r.cache, "--new-secrets")
	for round := range rounds {
		name := names[order[round]]
		table[name](r)
		args := []string{}
		if r.random.IntN(4) == 0 {
			args = append(args, "--force")
		}
		if round%5 == 4 {
			args = append(args, "--new-secrets", "--force")
		}
		full := filepath.Join(base, fmt.Sprintf("full-%d", round), "shop")
		r.check(os.MkdirAll(filepath.Dir(full), 0o755))
		if out, err := exec.CommandContext(t.Context(), "cp", "-a", r.dir, full).CombinedOutput(); err != nil {
			t.Fatal(err, string(out))
		}
		if above, err := os.ReadFile(filepath.Join(r.dir, "../above.cue")); err == nil {
			r.check(os.WriteFile(filepath.Join(full, "../above.cue"), above, 0o600))
		}
		for _, check := range [][]string{{"check"}, {"check", "--json", "--accepted"}} { // the second repeats the first
			if said, want := r.says(r.dir, r.cache, check...), r.says(full, filepath.Join(base, "none", "none", "none"), check...); said != want {
				t.Fatalf("round %d, after %q: %q says\n%s\nand one that knows nothing\n%s", round, name, check, said, want)
			}
		}
		said, want := r.build(r.dir, r.cache, args...), r.build(full, filepath.Join(base, "none", "none", "none"), args...)
		if said != want {
			t.Fatalf("round %d, after %q with %q: the build says\n%s\na full build says\n%s", round, name, args, said, want)
		}
		r.same(fmt.Sprintf("round %d, after %q with %q", round, name, args), r.tree(r.dir), r.tree(full))
		r.check(os.RemoveAll(filepath.Dir(full)))
		r.cached("", func(name string) error {
			data, err := os.ReadFile(name)
			if bytes.Contains(data, []byte("canary")) {
				t.Errorf("round %d: %s has a secret from outside", round, name)
			}
			return err
		})
		if strings.Contains(said, "error") { // go on from a tree that builds
			r.remove("more.cue")
			r.remove(".sops.yaml")
			r.remove("out")
			r.build(r.dir, r.cache, "--new-secrets", "--force")
		}
	}
}

// same compares trees. Ciphertexts and drawn credentials differ where both were made anew, and so do their sums in the record.
func (r *repeater) same(when string, got, want map[string]string) {
	r.Helper()
	for name, data := range want {
		random := strings.Contains(data, "ENC[") || strings.HasSuffix(name, "manifest.json")
		if other, ok := got[name]; !ok || other != data && (!random || len(other) != len(data)) {
			r.Fatalf("%s: %s is %d bytes, and in a full build %d", when, name, len(other), len(data))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			r.Fatalf("%s: %s is not in the tree of a full build", when, name)
		}
	}
}

// TestAnUnchangedBuildIsProven: the second build of the same does nothing but prove that, also after the times of files changed; and one that changed
// does more.
func TestAnUnchangedBuildIsProven(t *testing.T) {
	t.Parallel()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	base := t.TempDir()
	r := &repeater{T: t, dir: filepath.Join(base, "shop"), cache: filepath.Join(base, "cache"), env: []string{"SOPS_AGE_KEY=" + key.String(), "TOKEN=canary-0"}, random: rand.New(rand.NewPCG(1, 2))}
	r.check(os.MkdirAll(r.cache, 0o755))
	r.put("arch.cue", strings.Replace(repeatedArch, "RECIPIENT", key.Recipient().String(), 1))
	r.put("code/shop/__init__.py", "")
	r.put("code/shop/main.py", "a = 1\n")
	first := r.build(r.dir, r.cache, "--timings", "--new-secrets")
	if !strings.Contains(first, "keep-files") {
		t.Fatalf("the first build says %s", first)
	}
	steps := []struct {
		what   string
		does   func()
		proven bool
	}{
		{"nothing", func() {}, true},
		{"other times", func() { r.edit(secretOut, strings.Clone) }, true},
		{"nothing again", func() {}, true},
		{"an attribute", func() { edits()["attribute"](r) }, false},
		{"nothing after it", func() {}, true},
		{"own code", func() { edits()["own code in place"](r) }, false},
		{"bytecode", func() { edits()["own bytecode"](r) }, true},
		{"a file more", func() { edits()["own file more"](r) }, false},
		{"embedded files", func() { edits()["embedded"](r) }, false},
		{"nothing after them", func() {}, true},
		{"an embedded file", func() { r.put("note.txt", "two") }, false},
		{"one more", func() { edits()["embedded more"](r) }, false},
		{"a secret from outside", func() { edits()["given"](r) }, false},
		{"nothing after it", func() {}, true},
		{"another text of it", func() { edits()["given other"](r) }, false},
		{"a key", func() { edits()["identity elsewhere"](r) }, false},
		{"an edit", func() { edits()["deleted"](r) }, false},
		{"nothing after it", func() {}, true},
		{"a secret of a file", func() {
			r.put("token", "canary")
			r.edit("given.cue", func(text string) string { return strings.Replace(text, `{env: "TOKEN"}`, `{file: "token"}`, 1) })
		}, false},
		{"nothing after it", func() {}, false},
	}
	for _, s := range steps {
		s.does()
		said := r.build(r.dir, r.cache, "--timings")
		if proven := strings.Contains(said, "unchanged  "); proven != s.proven {
			t.Errorf("after %s, proven is %v:\n%s", s.what, proven, said)
		}
		if !strings.Contains(said, "warning[W0119]") {
			t.Errorf("after %s, the warning is missing:\n%s", s.what, said)
		}
	}
}
