package editor

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// repository is the root of the project, from here.
const repository = "../.."

// output is what a program says in a folder; its exit code is no error of the test.
func output(t *testing.T, dir, program string, args ...string) (out string, ok bool) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	said, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(said), err == nil
}

// programs are platc, and cue at the version that platc is built with.
func programs(t *testing.T) (platc, cue string) {
	t.Helper()
	platc = filepath.Join(t.TempDir(), "platc")
	if said, ok := output(t, repository, "go", "build", "-o", platc, "./cmd/platc"); !ok {
		t.Fatal(said)
	}
	ours, _ := output(t, repository, "go", "list", "-m", "cuelang.org/go")
	theirs, _ := output(t, repository, "go", "list", "-modfile=tools.mod", "-m", "cuelang.org/go")
	if ours != theirs || !strings.HasPrefix(ours, "cuelang.org/go v") {
		t.Fatalf("platc is built with %s, and tools.mod has %s", ours, theirs)
	}
	said, ok := output(t, repository, "go", "tool", "-modfile=tools.mod", "-n", "cue")
	if !ok {
		t.Fatal(said)
	}
	return platc, strings.TrimSpace(said)
}

// laidOut is a folder as `platc init` makes it, and its arch.cue.
func laidOut(t *testing.T, platc string) (dir, text string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "shop")
	if said, ok := output(t, t.TempDir(), platc, "init", dir); !ok {
		t.Fatal(said)
	}
	data, err := os.ReadFile(filepath.Join(dir, "arch.cue"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, string(data)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// place is where the first text stands behind another one.
func place(t *testing.T, text, behind, word string) position {
	t.Helper()
	at := strings.Index(text, behind)
	if at < 0 || !strings.Contains(text[at:], word) {
		t.Fatalf("there is no %q behind %q in\n%s", word, behind, text)
	}
	at += strings.Index(text[at:], word)
	return position{Line: strings.Count(text[:at], "\n"), Character: at - strings.LastIndexByte(text[:at], '\n')}
}

func TestLanguageServerKnowsTheSchema(t *testing.T) {
	t.Parallel()
	platc, cue := programs(t)
	dir, text := laidOut(t, platc)
	c := start(t, cue, dir, "arch.cue")
	for _, want := range []struct{ behind, word, offered string }{
		{"package arch", "name:", "components"},
		{"package arch", "config:", "environments"},
		{"app: ", "port:", "replicas"},
		{"app: ", "namespace:", "custom_api"},
		{"db: ", "namespace:", "storage_size"},
		{"package arch", "#Architecture", "#Component"},
	} {
		if got := c.completions(place(t, text, want.behind, want.word)); !slices.Contains(got, want.offered) {
			t.Errorf("at %s behind %q: %s is not offered: %v", want.word, want.behind, want.offered, got)
		}
	}
	if got := c.completions(place(t, text, "db: ", "namespace:")); slices.Contains(got, "custom_api") {
		t.Errorf("a database is offered what an application has: %v", got)
	}
	for word, want := range map[string]string{"port:": "Port", "namespace:": "Kubernetes namespace", "database:": "database"} {
		if got := c.hover(place(t, text, "components", word)); !strings.Contains(got, want) || !strings.Contains(got, "schema.cue") {
			t.Errorf("%s is %q, without %q", word, got, want)
		}
	}
	broken := strings.Replace(text, "port:      8080", "port:      8080,,", 1)
	found := c.save(2, broken)
	if len(found) == 0 || found[0].Range.Start.Line != place(t, broken, "app: ", ",,").Line {
		t.Errorf("a mistake of syntax gives %+v", found)
	}
	if found := c.save(3, text); len(found) > 0 {
		t.Errorf("once mended: %+v", found)
	}
	// docs/reference/LANGUAGE.md says that it evaluates nothing
	c.save(4, broken)
	if found := c.save(5, strings.Replace(text, "port:      8080", "port:      80800", 1)); len(found) > 0 {
		t.Errorf("a value out of bounds gives %+v: say so in docs/reference/LANGUAGE.md", found)
	}
}

// TestProblemMatcherReadsWhatPlatcSays reads findings of platc with the patterns of the task in docs/reference/LANGUAGE.md.
func TestProblemMatcherReadsWhatPlatcSays(t *testing.T) {
	t.Parallel()
	platc, _ := programs(t)
	dir, text := laidOut(t, platc)
	page, err := os.ReadFile(filepath.Join(repository, "docs", "reference", "LANGUAGE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(page), "```json\n{\"version\": \"2.0.0\"")
	block, _, _ = strings.Cut(block, "\n```")
	var file struct {
		Tasks []struct {
			Command        string
			ProblemMatcher struct{ Pattern []struct{ Regexp string } }
		}
	}
	if err := json.Unmarshal([]byte("{\"version\": \"2.0.0\""+block), &file); err != nil || len(file.Tasks) != 1 || len(file.Tasks[0].ProblemMatcher.Pattern) != 2 {
		t.Fatalf("%v in the task\n%s", err, block)
	}
	task := file.Tasks[0]
	write(t, filepath.Join(dir, "arch.cue"), strings.Replace(text, "db/items", "db/itmes", 1))
	said, _ := output(t, dir, platc, strings.Fields(task.Command)[1:]...)
	first, second := regexp.MustCompile(task.ProblemMatcher.Pattern[0].Regexp), regexp.MustCompile(task.ProblemMatcher.Pattern[1].Regexp)
	all := strings.Split(said, "\n")
	var found []string
	for i, line := range all {
		if m := first.FindStringSubmatch(line); m != nil && i+1 < len(all) {
			if at := second.FindStringSubmatch(all[i+1]); at != nil {
				found = append(found, m[1]+" "+m[2]+" "+at[1]+":"+at[2])
			}
		}
	}
	if want := "error E0201 arch.cue:" + strconv.Itoa(place(t, text, "app: ", "links:").Line+1); !slices.Contains(found, want) {
		t.Errorf("%s is not read of\n%s\nbut %v", want, said, found)
	}
}

// TestEditorFindsWhatPlatcFinds compares, for one change of the architecture each, `cue vet`, which editors run on save, with `platc check`: both have an error,
// at the same line, or none has.
func TestEditorFindsWhatPlatcFinds(t *testing.T) {
	t.Parallel()
	platc, cue := programs(t)
	dir, text := laidOut(t, platc)
	for what, change := range map[string][2]string{
		"nothing":                            {"", ""},
		"an attribute":                       {"port:      8080", "port:      8080\n\t\treplicas: 3"},
		"an attribute of a link":             {`links: "db/items": {}`, `links: "db/items": access: "read"`},
		"a template":                         {"app: schema.#fastapi & {", "#App: schema.#fastapi & {auth: \"api_key\"}\n\tapp: #App & {"},
		"a kind by its definition alone":     {"kind:      \"fastapi\"\n", ""},
		"a component without its definition": {"app: schema.#fastapi & {", "app: {"},
		"components by their definition":     {"components: {", "components: [string]: schema.#Component\ncomponents: {"},
		"a comprehension":                    {"components: {", "_ports: {a: 8001, b: 8002}\ncomponents: {for n, p in _ports {(n): {kind: \"fastapi\", namespace: n, port: p, links: \"db/items\": {}}}}\ncomponents: {"},
		"hidden fields and definitions":      {"components: {", "_x: 1\n#Y: {z: 1}\ncomponents: {"},
		"environments":                       {"components: {", "environments: [\"dev\", \"prod\"]\ncomponents: {"},
		"settings":                           {"config: {", "config: {\n\tdomain: \"shop.example.com\""},

		"a misspelt field":                    {"components: {", "componets: {}\ncomponents: {"},
		"a misspelt structure":                {"components: {", "foo: a: b: {}\ncomponents: {"},
		"a misspelt setting":                  {"project:", "projct:"},
		"a misspelt setting of the top":       {"git: {", "gti: {"},
		"a misspelt attribute":                {"port:      8080", "port:      8080\n\t\tprot: 1"},
		"a misspelt attribute, no definition": {"app: schema.#fastapi & {", "app: {\n\t\tprot: 1"},
		"a misspelt attribute of a template":  {"app: schema.#fastapi & {", "#App: schema.#fastapi & {athu: \"api_key\"}\n\tapp: #App & {"},
		"a misspelt attribute of a link":      {`links: "db/items": {}`, `links: "db/items": acess: "read"`},
		"a misspelt sub-kind":                 {"database: items: {}", "database: items: {}\n\t\tdatabse: more: {}"},
		"an attribute of another kind":        {"database: items: {}", "database: items: {}\n\t\tport: 8080"},
		"an unknown kind":                     {"app: schema.#fastapi & {\n\t\tkind:      \"fastapi\"", "app: {\n\t\tkind: \"fastap\""},
		"the kind of another definition":      {"kind:      \"fastapi\"", "kind:      \"postgresql\""},
		"a value out of bounds":               {"port:      8080", "port:      80"},
		"a value of another type":             {"port:      8080", "port:      \"8080\""},
		"a word that is none of several":      {`links: "db/items": {}`, `links: "db/items": access: "reed"`},
		"a bad name of a namespace":           {`namespace: "data"`, `namespace: "Data_1"`},
	} {
		if !strings.Contains(text, change[0]) {
			t.Errorf("%s: %q is not in\n%s", what, change[0], text)
			continue
		}
		write(t, filepath.Join(dir, "arch.cue"), strings.Replace(text, change[0], change[1], 1))
		said, _ := output(t, dir, platc, "check", "--json")
		ours := lines(t, said)
		vetted, fine := output(t, dir, cue, "vet", "-c=false", ".")
		if fine != (len(ours) == 0) {
			t.Errorf("%s: platc has errors in %v, and cue vet says\n%s\n%s", what, ours, vetted, said)
			continue
		}
		for _, line := range ours {
			if !slices.Contains(places(vetted), line) {
				t.Errorf("%s: platc has an error at %s, and cue vet says\n%s", what, line, vetted)
			}
		}
		if len(ours) > 0 && strings.Count(vetted, "\n") > 20 {
			t.Errorf("%s: one mistake is many lines:\n%s", what, vetted)
		}
	}
}

// lines are the places of errors that platc reports: "arch.cue:7".
func lines(t *testing.T, said string) []string {
	t.Helper()
	var report struct {
		Diagnostics []struct {
			Severity, File string
			Line           json.Number
		}
	}
	if err := json.Unmarshal([]byte(said[strings.IndexByte(said, '{'):]), &report); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	var all []string
	for _, d := range report.Diagnostics {
		if d.Severity == "error" {
			all = append(all, d.File+":"+d.Line.String())
		}
	}
	return all
}

// places are those that cue vet names.
func places(said string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^ +\./([^:\n]+:\d+):\d+$`).FindAllStringSubmatch(said, -1) {
		all = append(all, m[1])
	}
	return all
}

// TestExamplesHaveNoErrorInAnEditor adds what `platc init` lays out to the examples, of which platc itself reports no error.
func TestExamplesHaveNoErrorInAnEditor(t *testing.T) {
	t.Parallel()
	platc, cue := programs(t)
	examples, err := filepath.Glob(filepath.Join(repository, "examples", "*", "arch.cue"))
	if err != nil || len(examples) < 5 {
		t.Fatal(examples, err)
	}
	for _, name := range examples {
		dir := filepath.Join(t.TempDir(), "shop")
		if err := errors.Join(os.CopyFS(dir, os.DirFS(filepath.Dir(name))), os.RemoveAll(filepath.Join(dir, "want"))); err != nil {
			t.Fatal(err)
		}
		fresh := filepath.Join(t.TempDir(), "fresh")
		if said, ok := output(t, dir, platc, "init", fresh); !ok { // the kinds of the folder are in the schema
			t.Fatal(said)
		}
		if err := os.Rename(filepath.Join(fresh, "cue.mod"), filepath.Join(dir, "cue.mod")); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		clause := regexp.MustCompile(`(?m)^package \w+$`).FindString(string(data))
		write(t, filepath.Join(dir, "editor.cue"), clause+"\n\nimport \"platc.dev/platc/schema\"\n\nschema.#Architecture\n")
		if said, ok := output(t, dir, cue, "vet", "-c=false", "."); !ok {
			t.Errorf("%s:\n%s", name, said)
		}
	}
}
