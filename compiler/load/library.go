package load

import (
	"bytes"
	stderrors "errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"strings"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
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

// lib makes kind.Library of CUE. All of it shares one context, and one lock while CUE is asked.
type lib struct {
	typer
	build   *build.Context
	schema  cue.Value
	shared  map[string]*ast.Field // the schema's definitions
	common  map[string]bool       // names that the schema refers to
	modules map[string]*build.Instance
	bringer map[*kind.Rule]string // kind that brings a rule
	form    *form                 // that users' kinds are held to; nil without any
	list    *diag.List
	out     *kind.Library
}

// Library reads the built-in kinds, and those of the folder kinds/ in dir where there is one (dir "" : none).
// Mistakes in a user's own kind are findings at its file and line; the kind is then left out.
func Library(users fs.FS, name string) (*kind.Library, *diag.List) {
	roots := []root{{fs: library.FS, dir: "kinds"}}
	if users != nil {
		roots = append(roots, root{fs: users, dir: ".", name: name})
	}
	return read(roots)
}

// Versions is the table of versions, and the pins, that everything emitted has. It stands in a file of its own: the rest of the library is not read.
func Versions() kind.Object {
	data, err := fs.ReadFile(library.FS, "schema/versions.cue")
	if err != nil {
		panic(err)
	}
	file := cuecontext.New().CompileBytes(data)
	table := kind.Object{}
	for _, name := range []string{"versions", "pins"} {
		if table[name], err = decode(lookup(file, name)); err != nil {
			panic(fmt.Sprintf("the library's %s: %s", name, err))
		}
	}
	return table
}

func read(roots []root) (*kind.Library, *diag.List) {
	ctx := cuecontext.New()
	l := &lib{
		typer:   typer{mu: &sync.Mutex{}, ctx: ctx},
		modules: map[string]*build.Instance{},
		bringer: map[*kind.Rule]string{},
		list:    &diag.List{},
		out:     &kind.Library{Kinds: map[string]*kind.Kind{}, Rules: map[string]*kind.Rule{}, Failed: map[string]bool{}, Lacking: map[string]bool{}},
	}
	l.build = build.NewContext(build.Loader(l.importInstance))
	schema := l.instance(root{fs: library.FS}, "schema", module+"/schema")
	l.shared = topLevel(schema.Files)
	l.schema = ctx.BuildInstance(schema)
	if err := l.schema.Err(); err != nil {
		panic(fmt.Sprintf("the library's schema: %s", errors.Details(err, nil)))
	}
	var err error
	if l.out.Config, err = l.fieldType(scope{own: l.shared}, l.shared["#Config"], l.schema.LookupPath(cue.MakePath(cue.Def("#Config")))); err != nil {
		panic(fmt.Sprintf("the library's #Config: %s", err))
	}
	if l.out.Retired, err = l.fieldType(scope{own: l.shared}, l.shared["#Retired"], l.schema.LookupPath(cue.MakePath(cue.Def("#Retired")))); err != nil {
		panic(fmt.Sprintf("the library's #Retired: %s", err))
	}
	if l.out.Tree, err = fs.Sub(library.FS, "tree"); err != nil {
		panic(err)
	}
	for _, r := range roots {
		if r.own() && l.form == nil {
			l.form = newForm()
		}
		entries, err := fs.ReadDir(r.fs, r.dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			dir := path.Join(r.dir, e.Name())
			if !e.IsDir() || e.Name() == "cue.mod" || len(sources(r.fs, dir)) == 0 {
				continue
			}
			if !l.addKind(r, dir) {
				l.out.Failed[e.Name()] = true
			}
		}
	}
	l.checkKinds()
	l.checkRules()
	l.misspelt()
	l.unused()
	return l.out, l.list
}

// sources are the CUE files of a folder.
func sources(fsys fs.FS, dir string) []string {
	names, err := fs.Glob(fsys, path.Join(dir, "*.cue"))
	if err != nil {
		return nil
	}
	return names
}

// importInstance resolves imports of the library's own packages; CUE's packages need none.
func (l *lib) importInstance(_ token.Pos, importPath string) *build.Instance {
	rest, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return nil
	}
	rest, _, _ = strings.Cut(rest, ":")
	return l.instance(root{fs: library.FS}, rest, importPath)
}

// instance is the CUE package in a folder.
func (l *lib) instance(r root, dir, importPath string) *build.Instance {
	key := r.name + "|" + dir
	if inst := l.modules[key]; inst != nil {
		return inst
	}
	inst := l.build.NewInstance(dir, nil)
	l.modules[key] = inst
	inst.ImportPath = importPath
	folder, err := fs.Sub(r.fs, dir)
	if err != nil {
		inst.Err = errors.Promote(err, dir)
		return inst
	}
	for _, name := range sources(folder, ".") {
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			inst.Err = errors.Append(inst.Err, errors.Promote(err, name))
			continue
		}
		l.addFile(inst, path.Join(r.name, dir, name), data)
	}
	if err := inst.Complete(); err != nil && inst.Err == nil {
		inst.Err = errors.Promote(err, dir)
	}
	return inst
}

func (l *lib) addFile(inst *build.Instance, name string, data []byte) {
	if line := tooDeep(data); line > 0 {
		f := token.NewFile(name, -1, len(data))
		f.SetLinesForContent(data)
		start := len(bytes.Join(bytes.SplitAfter(data, []byte("\n"))[:line-1], nil))
		inst.Err = errors.Append(inst.Err, errors.Newf(f.Pos(start, token.NoRelPos), "the file nests more than %d levels deep", maxDepth))
		return
	}
	file, err := parser.ParseFile(name, data, parser.ParseComments)
	if err != nil {
		inst.Err = errors.Append(inst.Err, errors.Promote(err, name))
		return
	}
	switch declared := file.PackageName(); {
	case inst.PkgName == "":
		inst.PkgName = declared
	case declared != inst.PkgName:
		inst.Err = errors.Append(inst.Err, errors.Newf(file.Pos(), "the file is of package %q, but others of the kind are of package %q", declared, inst.PkgName))
		return
	}
	if err := inst.AddSyntax(file); err != nil {
		inst.Err = errors.Append(inst.Err, err)
	}
}

// addKind reads the kind in a folder, with its rules. It says whether there is one now.
func (l *lib) addKind(r root, dir string) bool {
	at := diag.Pos{File: path.Join(r.name, dir)}
	if r.own() {
		if err := contained(r, dir); err != nil {
			l.fail(r, at, err)
			return false
		}
	}
	inst := l.instance(r, dir, module+"/kinds/"+path.Base(dir))
	if inst.Err != nil {
		l.fail(r, at, inst.Err)
		return false
	}
	v := l.ctx.BuildInstance(inst)
	if err := l.sound(r, v, at); err != nil {
		l.fail(r, at, err)
		return false
	}
	syntax := scope{own: topLevel(inst.Files), imports: map[string]map[string]*ast.Field{"schema": l.shared}}
	names := l.mentions(inst.Files)
	k, err := l.kindOf(r, lookup(v, "kind"), dir, syntax, names)
	if err != nil {
		l.fail(r, at, err)
		return false
	}
	if old := l.out.Kinds[k.Name]; old != nil {
		l.twice(fmt.Sprintf("kind %q", k.Name), "choose another name for the kind", k.Pos, old.Pos, old.Own)
		return false
	}
	if m := lookup(v, "manifests"); m.Exists() {
		if err := l.manifests(r, k, m, names); err != nil {
			l.fail(r, k.Pos, err)
			return false
		}
	}
	l.out.Kinds[k.Name] = k
	for _, sub := range k.Subs {
		l.out.Kinds[sub.Name] = sub
	}
	l.addRules(r, lookup(v, "links"), k, syntax, names)
	return true
}

// sound says what is wrong with the value of a kind's files, as far as that shows before anyone asks.
func (l *lib) sound(r root, v cue.Value, at diag.Pos) error {
	if err := v.Err(); err != nil || !r.own() {
		return err
	}
	if err := v.Validate(cue.Concrete(false)); err != nil {
		return err
	}
	k := lookup(v, "kind")
	if !k.Exists() {
		return &kind.Mistakes{Found: []diag.Diagnostic{{Code: "E0103", Message: fmt.Sprintf("%s has no kind, which is required", at.File), Help: kindHelp, Pos: at}}}
	}
	return check(l.form.kind, k, "the kind in "+at.File)
}

// addRules reads the rules that a kind brings.
func (l *lib) addRules(r root, links cue.Value, k *kind.Kind, syntax scope, names map[string]bool) {
	if !links.Exists() {
		return
	}
	it, err := links.Fields()
	if err != nil {
		l.out.Lacking[k.Name] = true
		l.fail(r, k.Pos, err)
		return
	}
	for it.Next() {
		rule, err := l.ruleOf(r, it.Selector().Unquoted(), it.Value(), syntax, names)
		if err != nil {
			l.out.Lacking[k.Name] = true
			l.fail(r, k.Pos, err)
			continue
		}
		if old := l.out.Rules[rule.Name()]; old != nil {
			l.out.Lacking[k.Name] = true
			l.twice(fmt.Sprintf("the rule %q", rule.Name()), "one rule per pair of kinds", rule.Pos, old.Pos, old.Own)
			continue
		}
		l.out.Rules[rule.Name()], l.bringer[rule] = rule, k.Name
	}
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

func failure(v cue.Value, format string, args ...any) error {
	return errors.Newf(v.Pos(), format, args...)
}

// mentions lists the names that the files of a kind, or the schema, refer to.
func (l *lib) mentions(files []*ast.File) map[string]bool {
	if l.common == nil {
		l.common = mentions(nodes(l.modules["|schema"].Files)...)
	}
	all := maps.Clone(l.common)
	maps.Copy(all, mentions(nodes(files)...))
	return all
}

func nodes(files []*ast.File) []ast.Node {
	all := make([]ast.Node, len(files))
	for i, f := range files {
		all[i] = f
	}
	return all
}

// attributesOf is the type of the attributes in a field: read off the syntax where that is plain, else asked of CUE.
func (l *lib) attributesOf(s scope, v cue.Value, path ...string) (*kind.Type, error) {
	var f *ast.Field
	if top := s.own[path[0]]; top != nil {
		f, s = s.find(top.Value, path[1:]...)
	}
	return l.fieldType(s, f, v)
}

// structOf is the type of the attributes of a sub-kind or a rule, which need not have any.
func (l *lib) structOf(s scope, v cue.Value, path ...string) (*kind.Type, error) {
	a := lookup(v, "attributes")
	if !a.Exists() {
		return &kind.Type{IsStruct: true}, nil
	}
	t, err := l.attributesOf(s, a, append(path, "attributes")...)
	if err == nil && !t.IsStruct {
		return nil, failure(a, "attributes are no struct of attributes")
	}
	return t, err
}

func (l *lib) fieldType(s scope, f *ast.Field, v cue.Value) (*kind.Type, error) {
	if f != nil {
		t, err := s.fieldType(f, 0)
		if !stderrors.Is(err, errSyntax) {
			return t, err
		}
	}
	return l.typeOf(v)
}

func (l *lib) kindOf(r root, v cue.Value, dir string, syntax scope, names map[string]bool) (*kind.Kind, error) {
	k := &kind.Kind{Name: text(v, "name"), Title: text(v, "title"), Doc: text(v, "doc"), Provides: texts(v, "provides"), Slots: texts(v, "slots"), Subs: map[string]*kind.Kind{}, Own: r.own(), Pos: keyOf(v)}
	if k.Name == "" || k.Doc == "" {
		return nil, failure(v, "a kind needs a name and a doc")
	}
	if k.Title == "" {
		k.Title = k.Name
	}
	var err error
	if k.Attributes, err = l.attributesOf(syntax, lookup(v, "attributes"), "kind", "attributes"); err != nil {
		return nil, err
	}
	if k.Attributes.Field("namespace") == nil {
		return nil, failure(v, "the kind %s has no attribute namespace, which every component needs", k.Name)
	}
	if k.Assets, err = fs.Sub(r.fs, dir); err != nil {
		return nil, err
	}
	if k.AtMost, err = pairs(lookup(v, "at_most")); err != nil {
		return nil, err
	}
	if i := lookup(v, "implied"); i.Exists() {
		k.Implied = &kind.Implied{Sub: text(i, "sub"), Name: text(i, "name")}
	}
	if k.Counts, err = counts(lookup(v, "counts")); err != nil {
		return nil, err
	}
	k.Describe = l.describe(r, lookup(v, "describe"), names)
	subs := lookup(v, "subs")
	if !subs.Exists() {
		return k, nil
	}
	it, err := subs.Fields()
	if err != nil {
		return nil, err
	}
	for it.Next() {
		name, sv := it.Selector().Unquoted(), it.Value()
		sub := &kind.Kind{Name: k.Name + "/" + name, Title: text(sv, "title"), Doc: text(sv, "doc"), Parent: k.Name, Provides: texts(sv, "provides"), Own: r.own(), Pos: keyOf(sv)}
		if sub.Attributes, err = l.structOf(syntax, sv, "kind", "subs", name); err != nil {
			return nil, err
		}
		sub.Names = kind.NameRule{Not: texts(sv, "names.not"), Help: text(sv, "names.help")}
		if p := text(sv, "names.pattern"); p != "" {
			if sub.Names.Pattern, err = regexp.Compile(p); err != nil {
				return nil, failure(sv, "names.pattern of %s: %s", sub.Name, err)
			}
		}
		if sub.Counts, err = counts(lookup(sv, "counts")); err != nil {
			return nil, err
		}
		sub.Describe = l.describe(r, lookup(sv, "describe"), names)
		k.Subs[name] = sub
	}
	return k, nil
}

func pairs(v cue.Value) ([][2]string, error) {
	if !v.Exists() {
		return nil, nil
	}
	data, err := decode(v)
	if err != nil {
		return nil, err
	}
	var all [][2]string
	for _, item := range list(data) {
		p := list(item)
		if len(p) != 2 {
			return nil, failure(v, "at_most wants pairs of attributes")
		}
		all = append(all, [2]string{str(p[0]), str(p[1])})
	}
	return all, nil
}

func counts(v cue.Value) ([]kind.Count, error) {
	if !v.Exists() {
		return nil, nil
	}
	data, err := decode(v)
	if err != nil {
		return nil, err
	}
	var all []kind.Count
	for _, item := range list(data) {
		o := object(item)
		c := kind.Count{Out: str(o["direction"]) == "out", Min: integer(o["min"]), Max: integer(o["max"]), PerSource: str(o["per"]) == "source", Code: str(o["code"]), Message: str(o["message"]), Help: str(o["help"])}
		c.Other = str(o["from"])
		if c.Out {
			c.Other = str(o["to"])
		}
		all = append(all, c)
	}
	return all, nil
}
