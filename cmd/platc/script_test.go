package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/explain"
)

const scripts = "../../testdata/scripts"

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // for commands in this process; the program itself collects late as well
	testscript.Main(inOneFolder{m}, map[string]func(){"platc": main})
}

var workFolder string // of all scripts

// inOneFolder removes the folders of scripts when all have run. A file system such as ext4 looks at every file that was removed within the last minute
// before it makes one, which was a sixth of the time of all scripts.
type inOneFolder struct{ *testing.M }

func (m inOneFolder) Run() int {
	var err error
	if workFolder, err = os.MkdirTemp("", "platc-scripts-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(workFolder) }()
	return m.M.Run()
}

func TestScripts(t *testing.T) {
	t.Parallel()
	p := scriptParams(t)
	p.Dir = scripts
	testscript.Run(t, p)
}

// TestKindScripts runs the script that stands in the folder of each kind.
func TestKindScripts(t *testing.T) {
	t.Parallel()
	for _, name := range kindScripts(t) {
		t.Run(filepath.Base(filepath.Dir(name)), func(t *testing.T) {
			t.Parallel()
			p := scriptParams(t)
			p.Files = []string{name}
			testscript.Run(t, p)
		})
	}
}

func kindScripts(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("../../cue/kinds/*/test.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func scriptParams(t *testing.T) testscript.Params {
	t.Helper()
	work, err := os.MkdirTemp(workFolder, "") //nolint:usetesting // it is removed with all others
	if err != nil {
		t.Fatal(err)
	}
	return testscript.Params{
		WorkdirRoot: work,
		Setup: func(env *testscript.Env) error {
			root, err := filepath.Abs("../..")
			env.Setenv("REPOSITORY", root)
			return err
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("PLATC_UPDATE") != "",
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"code": code, "tree": tree, "append": appendLine, "programs": programs, "page": runPage, "stand-ins": standIns, "steps": steps},
	}
}

// code runs a program and demands its exit code: code 2 platc build --bogus.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		ended, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = ended.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

// tree writes the files below a directory to a file, one a line: tree out/db files.
func tree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tree directory file")
	}
	root := ts.MkAbs(args[0])
	var b strings.Builder
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(root, path)
			b.WriteString(filepath.ToSlash(rel) + "\n")
		}
		return err
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o644))
}

// appendLine adds a line to a file: append out/orders/Dockerfile '# mine'.
func appendLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: append file line")
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = f.WriteString(args[1] + "\n")
	ts.Check(errors.Join(err, f.Close()))
}

// steps writes the commands of a job of a pipeline to a file, as its system runs them: steps .github/workflows/platc.yml check check.sh.
func steps(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: steps pipeline job file")
	}
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	type job struct {
		Steps []struct {
			Run string
			Dir string `yaml:"working-directory"`
		}
		Before []string `yaml:"before_script"`
		Script []string
	}
	var pipeline struct {
		Jobs     map[string]job
		Defaults struct {
			Run struct {
				Dir string `yaml:"working-directory"`
			}
		}
		Default job
	}
	ts.Check(yaml.Unmarshal(data, &pipeline))
	var gitlab map[string]yaml.Node
	ts.Check(yaml.Unmarshal(data, &gitlab))
	script := []string{"set -eu"}
	if j, ok := pipeline.Jobs[args[1]]; ok {
		for _, step := range j.Steps {
			if strings.Contains(step.Run, "${{") {
				ts.Fatalf("an expression in a script is text of whoever opens a pull request: %s", step.Run)
			}
			if step.Run != "" {
				script = append(script, "(cd "+pipeline.Defaults.Run.Dir, step.Run, ")")
			}
		}
	} else {
		var j job
		node, ok := gitlab[args[1]]
		if !ok {
			ts.Fatalf("%s has no job %s", args[0], args[1])
		}
		ts.Check(node.Decode(&j))
		script = slices.Concat(script, pipeline.Default.Before, j.Script)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.Join(script, "\n")+"\n"), 0o644))
}

// programs puts stand-ins of programs that the emitted scripts call, from testdata/programs, before those of PATH: programs kubectl sops.
func programs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: programs name...")
	}
	bin := ts.MkAbs("bin")
	ts.Check(os.MkdirAll(bin, 0o755))
	for _, name := range args {
		data, err := os.ReadFile(filepath.Join("../../testdata/programs", name))
		ts.Check(err)
		ts.Check(os.WriteFile(filepath.Join(bin, name), data, 0o755))
	}
	ts.Setenv("PATH", bin+string(os.PathListSeparator)+ts.Getenv("PATH"))
}

func TestEveryCodeKindAndCommandHasAScript(t *testing.T) {
	t.Parallel()
	want := map[string]bool{}
	for _, c := range diag.Codes() {
		want["diag_"+c.ID] = true
	}
	l, findings := compiler.Library("")
	if findings.HasErrors() {
		t.Fatal(findings.Err())
	}
	for _, k := range explain.Kinds(l) {
		want["kind_"+k.Name] = true
	}
	have := map[string]bool{}
	for _, name := range kindScripts(t) {
		have["kind_"+filepath.Base(filepath.Dir(name))] = true
	}
	names, err := filepath.Glob(filepath.Join(scripts, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		base := strings.TrimSuffix(filepath.Base(name), ".txtar")
		have[base] = true
		command, _, _ := strings.Cut(base, "_")
		have["command "+command] = true
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^# \S`).Match(data) {
			t.Errorf("%s: the first line says the behaviour", base)
		}
	}
	for _, cmd := range newRoot(system()).Commands() {
		want["command "+cmd.Name()] = true
	}
	for name := range want {
		if !have[name] {
			t.Errorf("no script %s", name)
		}
	}
}
