package compiler

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

const judgedArch = `package shop

name: "shop"
config: {registry: host: "registry.example.com", git: url: "https://git.example.com/shop.git"}
components: {
	app: {kind: "fastapi", namespace: "apps", port: 8080, app: "code/shop", links: "db/one": {}}
	db: {kind: "postgresql", namespace: "data", tls: true, database: one: {}}
}
`

// judged is a folder with an architecture that is checked again and again.
type judged struct {
	*testing.T
	dir, cache string
}

func (j judged) put(name, text string) {
	j.Helper()
	file := filepath.Join(j.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		j.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		j.Fatal(err)
	}
}

// check says whether the last verdict holds. Where it does not there is a new one, if there may be one.
func (j judged) check(tags ...string) (same bool) {
	j.Helper()
	if data, _ := os.ReadFile(filepath.Join(j.dir, "more.cue")); bytes.Contains(data, []byte("@tag(password)")) {
		tags = append(tags, "password=hunter2")
	}
	in := Input{Dir: j.dir, Tags: tags, Env: func(name string) (string, bool) { return "given", name == "TOKEN" }}
	v := OpenVerdict(in, "1", j.cache)
	findings, summary, same := v.Same()
	b := Check(in)
	if all := append(b.Findings.Sorted(), b.Findings.Accepted()...); same && (!reflect.DeepEqual(findings, all) || summary[0] != "all of it") {
		j.Errorf("remembered is %v, %q, found is %v", findings, summary, all)
	}
	if !same {
		v.Keep(b, []string{"all of it"}, time.Now())
	}
	return same
}

// TestAVerdictIsOfItsInput: what was found is found again as long as nothing that a check reads is another, and is remembered only where that can be said.
func TestAVerdictIsOfItsInput(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	j := judged{t, filepath.Join(base, "above", "shop"), filepath.Join(base, "cache", "platc", "checks")}
	j.put("arch.cue", judgedArch)
	j.put("code/shop/__init__.py", "")
	j.put("code/shop/main.py", "a = 1\n")
	if err := os.MkdirAll(filepath.Join(base, "cache"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		what, file, text string
		remembered       bool
	}{
		{"it is the first", "arch.cue", judgedArch, true},
		{"a comment", "arch.cue", "// A shop.\n" + judgedArch, true},
		{"own code", "code/shop/main.py", "a = 2\n", true},
		{"a file of own code", "code/shop/more.py", "", true},
		{"a second file", "more.cue", "package shop\n\ncomponents: app: replicas: 2\n", true},
		{"a file above", "../above.cue", "package shop\n", true},
		{"kinds", "kinds/README.md", "Ours.\n", true},
		{"images", "images.json", "{}\n", true},
		{"an imported package", "more.cue", "package shop\n\nimport \"example.com/shop/sizes\"\n\ncomponents: app: replicas: sizes.one\n", false},
		{"its module", "cue.mod/module.cue", "module: \"example.com/shop\"\nlanguage: version: \"v0.15.0\"\n", false},
		{"the package itself", "sizes/sizes.cue", "package sizes\n\none: 1\n", true},
		{"another value there", "sizes/sizes.cue", "package sizes\n\none: 2\n", true},
		{"an error", "more.cue", "package shop\n\ncomponents: app: repliacs: 2\n", false},
		{"a variable", "more.cue", "package shop\n\ncomponents: app: secrets: TOKEN: {env: \"TOKEN\"}\n", true},
		{"a file", "more.cue", "package shop\n\ncomponents: app: secrets: TOKEN: {file: \"token\"}\n", false},
		{"a secret in plain text", "more.cue", "package shop\n\nconfig: registry: {username: \"robot\", password: \"hunter2\"}\n", false},
		{"a secret in a tag", "more.cue", "package shop\n\n_password: string @tag(password)\nconfig: registry: {username: \"robot\", password: _password}\n", false},
		{"the time", "more.cue", "package shop\n\n_now: string @tag(now,var=now)\n", false},
		{"nothing of it", "more.cue", "package shop\n", true},
	} {
		j.put(step.file, step.text)
		if j.check() {
			t.Errorf("%s: the last verdict holds", step.what)
		}
		if again := j.check(); again != step.remembered {
			t.Errorf("%s: checked again, the verdict holds: %v", step.what, again)
		}
	}
	if j.check("a=b") {
		t.Error("the verdict holds for another tag")
	}
	files, err := filepath.Glob(filepath.Join(j.cache, "*"+verdictSuffix))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if err := os.Truncate(file, 100); err != nil {
			t.Fatal(err)
		}
	}
	if j.check() {
		t.Error("a damaged verdict holds")
	}
	if v := OpenVerdict(Input{Dir: j.dir, Env: os.LookupEnv}, "2", j.cache); v == nil {
		t.Error("no verdict")
	} else if _, _, same := v.Same(); same {
		t.Error("the verdict of another version holds")
	}
}
