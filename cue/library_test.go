package library_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/kind"
	library "platc.dev/platc/cue"
)

func kinds(t *testing.T) *kind.Library {
	t.Helper()
	l, findings := compiler.Library("")
	if findings.HasErrors() {
		t.Fatal(findings.Err())
	}
	return l
}

// sentence is a text that people read on its own.
var sentence = regexp.MustCompile(`^[A-Z][^\n]*\.$`)

func TestEverythingIsDocumented(t *testing.T) {
	t.Parallel()
	l := kinds(t)
	for name, k := range l.Kinds {
		if !sentence.MatchString(k.Doc) {
			t.Errorf("the doc of %s is no sentence: %q", name, k.Doc)
		}
		if k.Parent == "" && k.Title == "" || k.Names.Pattern != nil && k.Names.Help == "" {
			t.Errorf("%s has no title, or a rule for names without words for it", name)
		}
		attributes(t, name, k.Attributes)
	}
	for name, r := range l.Rules {
		if !sentence.MatchString(r.Doc) && !strings.Contains(r.Doc, "<TARGET>") {
			t.Errorf("the doc of %s is no sentence: %q", name, r.Doc)
		}
		attributes(t, name, r.Attributes)
	}
}

// attributes demands a doc comment of each attribute, and of those inside it.
func attributes(t *testing.T, of string, typ *kind.Type) {
	t.Helper()
	for typ != nil && typ.Elem != nil {
		typ = typ.Elem
	}
	if typ == nil {
		return
	}
	for _, f := range typ.Fields {
		if !strings.HasSuffix(strings.TrimSpace(f.Type.Doc), ".") {
			t.Errorf("%s of %s has no doc comment that ends with a full stop: %q", f.Name, of, f.Type.Doc)
		}
		attributes(t, of+"."+f.Name, f.Type)
	}
}

// named are the files and modules that the CUE of a kind names.
type named struct {
	files   []string // of copy and template, below the kind's folder
	modules []string // "kind/name"
}

func namesIn(t *testing.T, dir string) named {
	t.Helper()
	var all named
	sources, err := fs.Glob(library.FS, path.Join(dir, "*.cue"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		data, err := fs.ReadFile(library.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(name, data)
		if err != nil {
			t.Fatal(err)
		}
		ast.Walk(f, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok {
				return true
			}
			switch label, _, _ := ast.LabelName(field.Label); label {
			case "copy", "template":
				all.files = append(all.files, literals(field.Value)...)
			case "modules":
				all.modules = append(all.modules, literals(field.Value)...)
			}
			return true
		}, nil)
	}
	return all
}

// literals are the strings of a literal or of a list of literals.
func literals(e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil {
			return []string{s}
		}
	case *ast.ListLit:
		var all []string
		for _, item := range e.Elts {
			all = append(all, literals(item)...)
		}
		return all
	}
	return nil
}

// TestNamedFilesExist: what kinds name is there, and all that is there is named.
func TestNamedFilesExist(t *testing.T) {
	t.Parallel()
	dirs, err := fs.Glob(library.FS, "kinds/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("kinds: %v %v", dirs, err)
	}
	used := map[string]bool{}
	use := func(by, name string) {
		found := false
		err := fs.WalkDir(library.FS, name, func(file string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				used[file], found = true, true
			}
			return err
		})
		if err != nil || !found {
			t.Errorf("%s names %s, which does not exist", by, name)
		}
	}
	for _, dir := range dirs {
		all := namesIn(t, dir)
		for _, file := range all.files {
			use(dir, path.Join(dir, file))
		}
		for _, module := range all.modules {
			owner, name, _ := strings.Cut(module, "/")
			file := path.Join("kinds", owner, "python", name)
			if !strings.HasSuffix(name, "_module") {
				file = strings.TrimSuffix(file, ".py") + ".py"
			}
			use(dir, file)
		}
	}
	err = fs.WalkDir(library.FS, "kinds", func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Ext(file) != ".cue" && !used[file] {
			t.Errorf("no kind names %s", file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEverySlotIsBrought: manifests read no part that no rule brings.
func TestEverySlotIsBrought(t *testing.T) {
	t.Parallel()
	l := kinds(t)
	brought := map[string]bool{}
	bring := func(end string, slots []string) {
		component, _, _ := strings.Cut(end, "/")
		for _, slot := range slots {
			brought[component+" "+slot] = true
		}
	}
	for _, r := range l.Rules {
		bring(r.From, r.Brings.Out.Parts)
		bring(r.To, r.Brings.In.Parts)
	}
	for name, k := range l.Kinds {
		for _, slot := range k.Slots {
			capability := slices.ContainsFunc(k.Provides, func(c string) bool { return brought["@"+c+" "+slot] })
			if !brought[name+" "+slot] && !capability {
				t.Errorf("no rule brings %s to %s", slot, name)
			}
		}
	}
}

// settings reads the classes of config.py that hold a provider's variables: kind -> key -> whether the application starts without it, and kind -> class.
func settings(t *testing.T) (map[string]map[string]bool, map[string]string) {
	t.Helper()
	data, err := fs.ReadFile(library.FS, "kinds/fastapi/python/src/config.py")
	if err != nil {
		t.Fatal(err)
	}
	classes := map[string]map[string]bool{}
	for _, body := range regexp.MustCompile(`(?m)^class `).Split(string(data), -1)[1:] {
		name, rest, _ := strings.Cut(body, "(ProviderSettings):\n")
		classes[name] = map[string]bool{}
		for _, field := range regexp.MustCompile(`(?m)^    ([a-z_]+): ([^=\n]+|Annotated\[.*\])( = .*)?$`).FindAllStringSubmatch(rest, -1) {
			classes[name][strings.ToUpper(field[1])] = field[3] != ""
		}
	}
	all, of := map[string]map[string]bool{}, map[string]string{}
	for _, entry := range regexp.MustCompile(`(?m)^    "([a-z]+)": (\w+Settings),$`).FindAllStringSubmatch(string(data), -1) {
		all[entry[1]], of[entry[1]] = classes[entry[2]], entry[2]
	}
	return all, of
}

// encrypted is an application in Python whose servers are there already, encrypted and with an authority of their own: what links then provide beside
// what they provide otherwise.
const encrypted = `package encrypted

name: "encrypted"
#Server: external: {
	host: "servers.example.com"
	cidr: ["10.20.0.0/16"]
	ca: file: "ca.crt"
	...
}
#Login: credentials: {user: "app", password: env: "PASSWORD"}
components: {
	app: {
		kind:      "fastapi"
		namespace: "apps"
		port:      8080
		links: {
			"sql/orders": #Login
			"documents/catalog": #Login
			"events/queue/placed": #Login
			"log/orders": #Login
			"files/invoices": #Login
			cache: #Login
			worker: {}
		}
	}
	sql: {kind: "postgresql", #Server, database: orders: {}}
	documents: {kind: "mongodb", #Server, mongo_db: catalog: {}}
	events: {kind: "rabbitmq", #Server, queue: placed: {}}
	log: {kind: "kafka", #Server, topic: {orders: dead_letter: "failed", failed: {}}}
	files: {kind: "minio", #Server, external: region: "eu-central-1", bucket: invoices: {}}
	cache: {kind: "redis", #Server}
	worker: {kind: "celery", namespace: "apps", links: events: #Login}
}
`

// TestApplicationsReadWhatRulesProvide compares the variables of an application that is linked to everything with what its code reads,
// and what may be left out with what has a default there.
func TestApplicationsReadWhatRulesProvide(t *testing.T) {
	t.Parallel()
	read, class := settings(t)
	everything, err := filepath.Abs("../examples/everything")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"arch.cue": encrypted, "ca.crt": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	library := kinds(t)
	seen, provided := map[string]bool{}, map[string]bool{} // kinds, and "class KEY"
	for _, dir := range []string{everything, dir} {
		b := compiler.Check(compiler.Input{Dir: dir, Env: func(string) (string, bool) { return "known", true }})
		if b.Findings.HasErrors() {
			t.Fatal(b.Findings.Err())
		}
		for _, n := range b.Graph.Components() {
			for _, d := range b.Plan.Of[n].Instances {
				i := d.Value()
				k := i.Component.Kind.Name
				seen[k] = true
				for key := range i.Variables {
					provided[class[k]+" "+key] = true
					if _, ok := read[k][key]; !ok {
						t.Errorf("%s is provided with %s, which nobody reads", k, key)
					}
				}
				for key := range read[k] {
					if _, ok := i.Variables[key]; !ok && !slices.Contains(optional(library, k), key) {
						t.Errorf("%s of %s is read, and no rule provides it", key, k)
					}
				}
			}
		}
	}
	for k, keys := range read {
		if !seen[k] {
			t.Errorf("neither architecture links to %s", k)
		}
		for key, byItself := range keys {
			if mayLack := slices.Contains(optional(library, k), key); mayLack != byItself {
				t.Errorf("%s of %s: the rule may leave it out: %v; the application starts without it: %v", key, k, mayLack, byItself)
			}
			if !provided[class[k]+" "+key] {
				t.Errorf("%s of %s is read, and in neither architecture provided", key, k)
			}
		}
	}
}

// optional are the variables that rules from applications in Python to a kind may leave out.
func optional(l *kind.Library, name string) []string {
	var all []string
	for _, r := range l.Rules {
		if component, _, _ := strings.Cut(r.To, "/"); l.Kinds[name].Is(component) && l.Kinds["fastapi"].Is(r.From) {
			all = append(all, r.Optional...)
		}
	}
	return all
}
