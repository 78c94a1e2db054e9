package load

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/eval"
	"platc.dev/platc/compiler/kind"
	library "platc.dev/platc/cue"
)

// module is the path of the library as a CUE module.
const module = "platc.dev/platc"

// root is a place where kinds come from: the embedded library, or the folder kinds/ beside arch.cue.
type root struct {
	fs   fs.FS
	dir  string // of the kinds, inside fs
	name string // of fs, in front of positions; "" for the library
}

// lib makes kind.Library of CUE. The evaluator reads it and answers; what it leaves to CUE is answered by the engine.
type lib struct {
	engine    *engine
	program   *eval.Program
	schema    *pkg
	shared    func() map[string]*ast.Field // the schema's definitions
	types     map[*ast.Field]*kind.Type
	bringer   map[*kind.Rule]string // kind that brings a rule
	questions []*question           // all that kinds answer, in order of reading
	form      *form                 // that users' kinds are held to; nil without any
	archSums  sync.Map              // address of a map -> archSum
	pool      *pool                 // of what files are made of
	memos     *memos                // what kinds answered so far
	places    *sync.Pool
	list      *diag.List
	out       *kind.Library
}

// Library reads the built-in kinds, and those of the folder kinds/ in dir where there is one (dir "" : none).
// Mistakes in a user's own kind are findings at its file and line; the kind is then left out.
func Library(users fs.FS, name string) (*kind.Library, *diag.List) {
	roots := []root{{fs: library.FS, dir: "kinds"}}
	if users != nil {
		roots = append(roots, root{fs: users, dir: ".", name: name})
	}
	l := read(roots)
	return l.out, l.list
}

// Versions is the table of versions, and the pins, that everything emitted has. It stands in a file of its own: the rest of the library is not read.
func Versions() kind.Object {
	p := packageOf(root{fs: library.FS}, "schema", module+"/schema", "schema/versions.cue")
	program := compiled([]*pkg{p})
	table := kind.Object{}
	for _, name := range []string{"versions", "pins"} {
		data, err := constantOf(program, p.path, name)
		if err != nil {
			panic(fmt.Sprintf("the library's %s: %s", name, err))
		}
		table[name] = data
	}
	return table
}

// words are the words of other trades, by what they are for: kinds or fields.
func words() func(which, word string) []string {
	table := sync.OnceValue(func() kind.Object {
		p := packageOf(root{fs: library.FS}, "schema", module+"/schema", "schema/synonyms.cue")
		data, err := constantOf(compiled([]*pkg{p}), p.path, "synonyms")
		if err != nil {
			panic(fmt.Sprintf("the library's synonyms: %s", err))
		}
		return object(data)
	})
	return func(which, word string) []string {
		all := object(table()[which])
		if means, ok := all[word]; ok {
			return strs(means)
		}
		return strs(all[strings.ToLower(word)])
	}
}

// constantOf is the data of a top-level field that depends on nothing that is asked about.
func constantOf(program *eval.Program, path, name string) (any, error) {
	q, refused := program.Question(path, name)
	if refused != nil {
		return nil, refusal{*refused}
	}
	a, err := q.Ask(nil)
	if err != nil {
		return nil, err
	}
	return ownAnswer{a}.decode()
}

func read(roots []root) *lib {
	l := &lib{
		engine:  newEngine(),
		types:   map[*ast.Field]*kind.Type{},
		bringer: map[*kind.Rule]string{},
		pool:    newPool(),
		memos:   newMemos(),
		places:  places(),
		list:    &diag.List{},
		out:     &kind.Library{Kinds: map[string]*kind.Kind{}, Rules: map[string]*kind.Rule{}, Failed: map[string]bool{}, Lacking: map[string]bool{}, GitOps: map[string]kind.Tool{}},
	}
	kinds, tools := l.packages(roots), l.tools()
	all := slices.Concat(kinds, tools, []*pkg{l.schema})
	if slices.ContainsFunc(all, func(p *pkg) bool { return p.root.own() }) {
		l.program = compiled(all)
	} else {
		l.program = builtIn(all)
	}
	var err error
	l.out.Forget = func() {
		l.pool, l.memos = newPool(), newMemos()
		l.archSums.Clear()
	}
	l.out.Words = words()
	l.out.Images = func() kind.Object { return object(object(Versions()["versions"])["images"]) }
	if l.out.Tree, err = fs.Sub(library.FS, "tree"); err != nil {
		panic(err)
	}
	for _, p := range tools {
		l.addTool(p)
	}
	known := l.stored()
	if l.out.Config == nil {
		d := l.definitions()
		l.out.Config, l.out.Retired, l.out.Environments = d.Config, d.Retired, d.Environments
	}
	for _, p := range kinds {
		if !l.addKind(p, p.storedIn(known)) {
			l.out.Failed[path.Base(p.dir)] = true
		}
	}
	l.checkKinds()
	l.checkRules()
	l.misspelt()
	l.unused()
	l.out.Costs = l.costs
	return l
}

// packages reads the files of the schema and of all kinds. A kind with mistakes that show without asking it is left out.
func (l *lib) packages(roots []root) []*pkg {
	l.schema = packageOf(root{fs: library.FS}, "schema", module+"/schema", sources(library.FS, "schema")...)
	l.shared = sync.OnceValue(func() map[string]*ast.Field { return topLevel(l.schema.files()) })
	var kinds []*pkg
	for _, r := range roots {
		for _, dir := range r.folders() {
			kinds = append(kinds, packageOf(r, dir, module+"/kinds/"+path.Base(dir), sources(r.fs, dir)...))
		}
	}
	return slices.DeleteFunc(kinds, func(p *pkg) bool {
		if !p.root.own() || l.open(p) {
			return false
		}
		l.out.Failed[path.Base(p.dir)] = true
		return true
	})
}

// tools are the packages of what GitOps engines read.
func (l *lib) tools() []*pkg {
	r := root{fs: library.FS, dir: "gitops"}
	var all []*pkg
	for _, dir := range r.folders() {
		all = append(all, packageOf(r, dir, module+"/"+dir, sources(r.fs, dir)...))
	}
	return all
}

// addTool takes in what a GitOps engine reads: a table of files, as a kind has one.
func (l *lib) addTool(p *pkg) {
	name := path.Base(p.dir)
	q := l.question(p, asked{Sort: "manifests", Of: p.dir, Path: []string{"manifests"}})
	l.questions = append(l.questions, q)
	l.out.GitOps[name] = l.manifests(&kind.Kind{Name: p.dir}, q, false)
}

// folders are the folders of kinds.
func (r root) folders() []string {
	entries, err := fs.ReadDir(r.fs, r.dir)
	if err != nil {
		return nil
	}
	var all []string
	for _, e := range entries {
		dir := path.Join(r.dir, e.Name())
		if e.IsDir() && e.Name() != "cue.mod" && len(sources(r.fs, dir)) > 0 {
			all = append(all, dir)
		}
	}
	return all
}

// open reads a user's kind with CUE, which says what is wrong with it. It says whether the kind is sound.
func (l *lib) open(p *pkg) bool {
	if l.form == nil {
		l.form = newForm()
	}
	at := diag.Pos{File: path.Join(p.root.name, p.dir)}
	err := contained(p.root, p.dir)
	if err == nil {
		inst := l.engine.instance(p.root, p.dir, p.path)
		if err = inst.Err; err == nil {
			p.files = func() []*ast.File { return inst.Files }
			err = l.sound(l.engine.value(p), at)
		}
	}
	if err != nil {
		l.fail(p.root, at, err)
		return false
	}
	return true
}

func (l *lib) definitions() definitions {
	return definitions{Config: l.definition("#Config"), Retired: l.definition("#Retired"), Environments: l.definition("#Environments")}
}

// definition is the type of a definition of the schema.
func (l *lib) definition(name string) *kind.Type {
	t, err := scope{own: l.shared(), types: l.types}.fieldType(l.shared()[name], 0)
	if err != nil {
		panic(fmt.Sprintf("the library's %s: %s", name, err))
	}
	return t
}

// declarations are what the files of a kind declare, before anyone asks it.
type declarations struct {
	Kind   *kind.Kind
	Rules  []*kind.Rule
	Asked  []asked
	failed []error // of rules, which are left out then
}

// addKind takes a kind in, with its rules: as it is known already, or read from its files. It says whether there is one now.
func (l *lib) addKind(p *pkg, d *declarations) bool {
	var err error
	if d == nil {
		d, err = l.declaredIn(p)
	}
	if err == nil {
		d.Kind.Assets, err = fs.Sub(p.root.fs, p.dir)
	}
	if err != nil {
		l.fail(p.root, diag.Pos{File: path.Join(p.root.name, p.dir)}, err)
		return false
	}
	k := d.Kind
	if old := l.out.Kinds[k.Name]; old != nil {
		l.twice(fmt.Sprintf("kind %q", k.Name), "choose another name for the kind", k.Pos, old.Pos, old.Own)
		return false
	}
	l.out.Kinds[k.Name] = k
	for _, sub := range k.Subs {
		l.out.Kinds[sub.Name] = sub
	}
	l.answer(p, d)
	for _, err := range d.failed {
		l.out.Lacking[k.Name] = true
		l.fail(p.root, k.Pos, err)
	}
	for _, rule := range d.Rules {
		if old := l.out.Rules[rule.Name()]; old != nil {
			l.out.Lacking[k.Name] = true
			l.twice(fmt.Sprintf("the rule %q", rule.Name()), "one rule per pair of kinds", rule.Pos, old.Pos, old.Own)
			continue
		}
		l.out.Rules[rule.Name()], l.bringer[rule] = rule, k.Name
	}
	return true
}

// answer has the questions that are asked of a kind and its rules answered.
func (l *lib) answer(p *pkg, d *declarations) {
	kinds := map[string]*kind.Kind{d.Kind.Name: d.Kind}
	for _, sub := range d.Kind.Subs {
		kinds[sub.Name] = sub
	}
	for _, k := range kinds {
		k.Describe = func(kind.Object, kind.Object, kind.Object) (kind.Description, error) { return kind.Description{}, nil }
	}
	rules := map[string]*kind.Rule{}
	for _, r := range d.Rules {
		rules[r.Name()] = r
	}
	for _, a := range d.Asked {
		q := l.question(p, a)
		l.questions = append(l.questions, q)
		switch a.Sort {
		case "describe":
			kinds[a.Of].Describe = l.describe(q)
		case "manifests":
			k := kinds[a.Of]
			k.Manifests = l.manifests(k, q, false)
			if slices.ContainsFunc(k.Rows, func(r kind.Row) bool { return r.Context }) {
				k.Context = l.manifests(k, q, true)
			}
		case "rule":
			rule := rules[a.Of]
			rule.Apply = l.apply(rule, q)
			if a.Marks {
				rule.Marks = l.marks(rule, q)
			}
		}
	}
}

// declaredIn reads what a kind declares: of a built-in kind off the syntax, or by the evaluator where something is computed. A user's own is read by CUE,
// which has built it already.
func (l *lib) declaredIn(p *pkg) (*declarations, error) {
	if !p.root.own() {
		for _, by := range []func(*pkg) facts{l.syntaxFacts, l.ownFacts} {
			f := by(p)
			if d, err := l.declared(p, f); err == nil && *f.failed == nil && len(d.failed) == 0 {
				return d, nil
			}
		}
	}
	return l.declared(p, l.cueFacts(p))
}

func (l *lib) declared(p *pkg, f facts) (*declarations, error) {
	d := &declarations{}
	top, ok := f.at("kind")
	if !ok {
		return nil, failure(f, "%s declares no kind", p.dir)
	}
	syntax := p.scope(l.shared(), l.types)
	var err error
	if d.Kind, err = l.kindOf(p, top, syntax, d); err != nil {
		return nil, err
	}
	if manifests, ok := f.at("manifests"); ok {
		if err := l.table(p, d, manifests); err != nil {
			return nil, l.placed(p.root, d.Kind.Pos, err)
		}
	}
	links, err := f.each("links")
	if err != nil {
		d.failed = append(d.failed, err)
	}
	for _, link := range links {
		rule, err := l.ruleOf(p, link.name, facts{link.answer, f.failed}, syntax, d)
		if err != nil {
			d.failed = append(d.failed, err)
			continue
		}
		d.Rules = append(d.Rules, rule)
	}
	return d, nil
}

// placed is an error with a place, where it has none of its own.
func (l *lib) placed(r root, at diag.Pos, err error) error {
	if !r.own() {
		return err
	}
	return r.mistakes(at, err)
}

// sound says what is wrong with the value of a user's kind, as far as that shows before anyone asks.
func (l *lib) sound(v cue.Value, at diag.Pos) error {
	if err := v.Err(); err != nil {
		return err
	}
	if err := v.Validate(cue.Concrete(false)); err != nil {
		return err
	}
	k := lookup(v, "kind")
	if !k.Exists() {
		return &kind.Mistakes{Found: []diag.Diagnostic{{Code: "E0103", Message: fmt.Sprintf("%s has no kind, which is required", at.File), Help: kindHelp, Pos: at}}}
	}
	return cueAnswer{k}.check(l.form.kind, "the kind in "+at.File)
}

// twice reports what is declared twice. The first declaration has a place where the user can look it up.
func (l *lib) twice(what, help string, pos, first diag.Pos, own bool) {
	d := diag.Diagnostic{Code: "E0205", Message: what + " is built in", Pos: pos, Help: help}
	if own {
		d.Message, d.Related = what+" is declared twice", []diag.Related{{Message: "declared here first", Pos: first}}
	}
	l.list.Add(d)
}

// keyOf is where the key of a value stands; of a value that is made of several, the first that is written out.
func keyOf(v cue.Value) diag.Pos {
	key, _ := (&reader{}).places(v)
	return key
}

func failure(a answer, format string, args ...any) error {
	return errors.Newf(a.pos(), format, args...)
}

// attributesOf is the type of the attributes at a path of a kind's files: a struct.
func (s scope) attributesOf(path ...string) (*kind.Type, error) {
	found := s.find(path...)
	if len(found) == 0 {
		return nil, unreadable(nil, "the attributes are not written out", "write it as attributes: {…}, with every attribute in it")
	}
	t := &kind.Type{IsStruct: true}
	for _, f := range found {
		part, err := f.in.fieldType(f.field, 0)
		if err != nil {
			return nil, err
		}
		if !part.IsStruct {
			return nil, unreadable(f.field.Value, "attributes must be a struct", "write it as attributes: {name: type}")
		}
		if err := join(t, part, f.field.Value); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// structOf is the type of the attributes of a sub-kind or a rule, which need not have any.
func (s scope) structOf(f facts, path ...string) (*kind.Type, error) {
	if !f.has("attributes") {
		return &kind.Type{IsStruct: true}, nil
	}
	return s.attributesOf(append(path, "attributes")...)
}

func (l *lib) kindOf(p *pkg, f facts, syntax scope, d *declarations) (*kind.Kind, error) {
	k := &kind.Kind{
		Name: f.text("name"), Title: f.text("title"), Doc: f.text("doc"), Provides: f.texts("provides"), Slots: f.texts("slots"), Subs: map[string]*kind.Kind{},
		Own: p.root.own(), Pos: f.place(p.root),
	}
	if k.Name == "" || k.Doc == "" {
		return nil, failure(f, "a kind needs a name and a doc")
	}
	if folder := path.Base(p.dir); k.Name != folder {
		name, _ := f.at("name")
		return nil, failure(name, "the kind %s is not named like its folder, %s", k.Name, folder)
	}
	if k.Title == "" {
		k.Title = k.Name
	}
	var err error
	if k.Attributes, err = syntax.attributesOf("kind", "attributes"); err != nil {
		return nil, err
	}
	if k.Attributes.Field("namespace") == nil {
		return nil, failure(f, "the kind %s has no attribute namespace, which every component needs", k.Name)
	}
	if k.AtMost, err = pairs(f); err != nil {
		return nil, err
	}
	k.NamedAt = namedAt(p.root, f)
	k.Starts = f.flag(false, "variables", "required")
	if patterns := f.texts("variables", "system"); len(patterns) > 0 {
		if k.System, err = kind.NewPattern(strings.Join(patterns, "|")); err != nil {
			at, _ := f.at("variables", "system")
			return nil, failure(at, "variables.system of %s: %s", k.Name, err)
		}
	}
	for _, group := range list(f.data("one_of")) {
		k.OneOf = append(k.OneOf, strs(group))
	}
	if s, ok := f.at("stands_for"); ok {
		k.StandsFor = &kind.StandsFor{Images: s.texts("images"), Version: s.text("version"), Sub: s.text("sub"), Named: s.text("named"), Address: s.text("address"), Variables: map[string][]string{}, Query: map[string]string{}}
		for field, names := range object(s.data("variables")) {
			k.StandsFor.Variables[field] = strs(names)
		}
		for name, field := range object(s.data("query")) {
			k.StandsFor.Query[name] = str(field)
		}
	}
	if i, ok := f.at("implied"); ok {
		k.Implied = &kind.Implied{Sub: i.text("sub"), Name: i.text("name")}
	}
	k.Counts = counts(f.data("counts"))
	d.describes(p, k, f, "kind")
	subs, err := f.each("subs")
	if err != nil {
		return nil, err
	}
	for _, sub := range subs {
		if k.Subs[sub.name], err = l.subOf(p, k, sub.name, facts{sub.answer, f.failed}, syntax, d); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func (l *lib) subOf(p *pkg, parent *kind.Kind, name string, f facts, syntax scope, d *declarations) (*kind.Kind, error) {
	k := &kind.Kind{
		Name: parent.Name + "/" + name, Title: f.text("title"), Doc: f.text("doc"), Parent: parent.Name, Process: f.flag(false, "process"), Provides: f.texts("provides"),
		Names: kind.NameRule{Not: f.texts("names", "not"), Help: f.text("names", "help")}, Counts: counts(f.data("counts")),
		Own: p.root.own(), Pos: f.place(p.root),
	}
	var err error
	if k.Attributes, err = syntax.structOf(f, "kind", "subs", name); err != nil {
		return nil, err
	}
	if k.AtMost, err = pairs(f); err != nil {
		return nil, err
	}
	k.NamedAt = namedAt(p.root, f)
	if pattern := f.text("names", "pattern"); pattern != "" {
		if k.Names.Pattern, err = kind.NewPattern(pattern); err != nil {
			at, _ := f.at("names", "pattern")
			return nil, failure(at, "names.pattern of %s: %s", k.Name, err)
		}
	}
	d.describes(p, k, f, "kind", "subs", name)
	return k, nil
}

// describes adds the question for the description of a node, if there is one.
func (d *declarations) describes(p *pkg, k *kind.Kind, f facts, path ...string) {
	if describe, ok := f.at("describe"); ok {
		d.Asked = append(d.Asked, asked{Sort: "describe", Of: k.Name, Path: append(path, "describe"), Pos: describe.place(p.root)})
	}
}

// namedAt is where a user's own kind names its attributes.
func namedAt(r root, f facts) map[string]diag.Pos {
	if !r.own() {
		return nil
	}
	at := map[string]diag.Pos{}
	for _, field := range []string{"at_most", "one_of"} {
		part, ok := f.at(field)
		if !ok {
			continue
		}
		groups, _ := part.items()
		for _, group := range groups {
			names, _ := group.items()
			for _, name := range names {
				if text, err := name.decode(); err == nil && at[str(text)] == (diag.Pos{}) {
					at[str(text)] = position(name.pos())
				}
			}
		}
	}
	return at
}

func pairs(f facts) ([][2]string, error) {
	var all [][2]string
	for _, item := range list(f.data("at_most")) {
		p := list(item)
		if len(p) != 2 {
			return nil, failure(f, "at_most takes pairs of attributes")
		}
		all = append(all, [2]string{str(p[0]), str(p[1])})
	}
	return all, nil
}

func counts(data any) []kind.Count {
	var all []kind.Count
	for _, o := range objects(data) {
		c := kind.Count{Out: str(o["direction"]) == "out", Min: integer(o["min"]), Max: integer(o["max"]), PerSource: str(o["per"]) == "source", Code: str(o["code"]), Message: str(o["message"]), Help: str(o["help"])}
		c.Other = str(o["from"])
		if c.Out {
			c.Other = str(o["to"])
		}
		all = append(all, c)
	}
	return all
}
