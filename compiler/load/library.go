package load

import (
	stderrors "errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
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
	list    *diag.List
	out     *kind.Library
}

// Library reads the built-in kinds, and those of the folder kinds/ in dir where there is one (dir "" : none).
// Mistakes in a user's own kind are findings at its file and line; the kind is then left out.
func Library(users fs.FS, name string) (*kind.Library, *diag.List) {
	ctx := cuecontext.New()
	l := &lib{
		typer:   typer{mu: &sync.Mutex{}, ctx: ctx},
		modules: map[string]*build.Instance{},
		list:    &diag.List{},
		out:     &kind.Library{Kinds: map[string]*kind.Kind{}, Rules: map[string]*kind.Rule{}},
	}
	l.build = build.NewContext(build.Loader(l.importInstance))
	schema := l.instance(root{fs: library.FS}, "schema", module+"/schema")
	l.shared = topLevel(schema.Files)
	l.schema = ctx.BuildInstance(schema)
	if err := l.schema.Err(); err != nil {
		panic(fmt.Sprintf("the library's schema: %s", errors.Details(err, nil)))
	}
	versions, err := decode(lookup(l.schema, "versions"))
	if err != nil {
		panic(fmt.Sprintf("the library's versions: %s", err))
	}
	pins, err := decode(lookup(l.schema, "pins"))
	if err != nil {
		panic(fmt.Sprintf("the library's pins: %s", err))
	}
	l.out.Versions = kind.Object{"versions": versions, "pins": pins}
	if l.out.Config, err = l.fieldType(scope{own: l.shared}, l.shared["#Config"], l.schema.LookupPath(cue.MakePath(cue.Def("#Config")))); err != nil {
		panic(fmt.Sprintf("the library's #Config: %s", err))
	}
	if l.out.Tree, err = fs.Sub(library.FS, "tree"); err != nil {
		panic(err)
	}
	roots := []root{{fs: library.FS, dir: "kinds"}}
	if users != nil {
		roots = append(roots, root{fs: users, dir: ".", name: name})
	}
	for _, r := range roots {
		entries, err := fs.ReadDir(r.fs, r.dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if e.IsDir() && hasCUE(r.fs, path.Join(r.dir, e.Name())) {
				l.addKind(r, path.Join(r.dir, e.Name()))
			}
		}
	}
	l.checkRules()
	return l.out, l.list
}

func hasCUE(fsys fs.FS, dir string) bool {
	_, err := fs.Stat(fsys, path.Join(dir, "kind.cue"))
	return err == nil
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
	names, err := fs.Glob(r.fs, path.Join(dir, "*.cue"))
	if err != nil {
		inst.Err = errors.Promote(err, dir)
		return inst
	}
	for _, name := range names {
		data, err := fs.ReadFile(r.fs, name)
		if err != nil {
			inst.Err = errors.Append(inst.Err, errors.Promote(err, name))
			continue
		}
		file, err := parser.ParseFile(path.Join(r.name, name), data, parser.ParseComments)
		if err != nil {
			inst.Err = errors.Append(inst.Err, errors.Promote(err, name))
			continue
		}
		if err := inst.AddSyntax(file); err != nil {
			inst.Err = errors.Append(inst.Err, err)
		}
		inst.PkgName = packageName(file, inst.PkgName)
	}
	if err := inst.Complete(); err != nil && inst.Err == nil {
		inst.Err = errors.Promote(err, dir)
	}
	return inst
}

func packageName(f *ast.File, otherwise string) string {
	if name := f.PackageName(); name != "" {
		return name
	}
	return otherwise
}

// fail reports a mistake in a kind: the built-in ones have none, so there it is a broken invariant.
func (l *lib) fail(r root, err error) {
	if r.name == "" {
		panic("the library: " + errors.Details(err, nil))
	}
	for _, e := range errors.Errors(err) {
		l.list.Add(diag.Diagnostic{Code: "E0101", Message: message(e), Pos: positionOf(e, ""), Help: "see docs/reference/KINDS.md for the form of a kind"})
	}
}

func (l *lib) addKind(r root, dir string) {
	inst := l.instance(r, dir, module+"/kinds/"+path.Base(dir))
	if inst.Err != nil {
		l.fail(r, inst.Err)
		return
	}
	v := l.ctx.BuildInstance(inst)
	if err := v.Err(); err != nil {
		l.fail(r, err)
		return
	}
	syntax := scope{own: topLevel(inst.Files), imports: map[string]map[string]*ast.Field{"schema": l.shared}}
	names := l.mentions(inst.Files)
	k, err := l.kindOf(r, lookup(v, "kind"), dir, syntax, names)
	if err != nil {
		l.fail(r, err)
		return
	}
	if old := l.out.Kinds[k.Name]; old != nil {
		l.list.Add(diag.Diagnostic{Code: "E0205", Message: fmt.Sprintf("kind %q is declared twice", k.Name), Pos: k.Pos, Help: "choose another name for the kind", Related: []diag.Related{{Message: "declared here first", Pos: old.Pos}}})
		return
	}
	if m := lookup(v, "manifests"); m.Exists() {
		if err := l.manifests(k, m, names); err != nil {
			l.fail(r, err)
			return
		}
	}
	l.out.Kinds[k.Name] = k
	for _, sub := range k.Subs {
		l.out.Kinds[sub.Name] = sub
	}
	links := lookup(v, "links")
	if !links.Exists() {
		return
	}
	it, err := links.Fields()
	if err != nil {
		l.fail(r, err)
		return
	}
	for it.Next() {
		rule, err := l.ruleOf(it.Selector().Unquoted(), it.Value(), syntax, names)
		if err != nil {
			l.fail(r, err)
			continue
		}
		if old := l.out.Rules[rule.Name()]; old != nil {
			l.list.Add(diag.Diagnostic{Code: "E0205", Message: fmt.Sprintf("the rule %q is declared twice", rule.Name()), Pos: rule.Pos, Help: "one rule per pair of kinds", Related: []diag.Related{{Message: "declared here first", Pos: old.Pos}}})
			continue
		}
		l.out.Rules[rule.Name()] = rule
	}
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
	k := &kind.Kind{Name: text(v, "name"), Title: text(v, "title"), Doc: text(v, "doc"), Provides: texts(v, "provides"), Slots: texts(v, "slots"), Subs: map[string]*kind.Kind{}, Pos: position(v.Pos())}
	if k.Name == "" || k.Doc == "" {
		return nil, failure(v, "kind needs a name and a doc")
	}
	if k.Title == "" {
		k.Title = k.Name
	}
	var err error
	if k.Attributes, err = l.attributesOf(syntax, lookup(v, "attributes"), "kind", "attributes"); err != nil {
		return nil, err
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
	k.Describe = l.describe(lookup(v, "describe"), names)
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
		sub := &kind.Kind{Name: k.Name + "/" + name, Title: text(sv, "title"), Doc: text(sv, "doc"), Parent: k.Name, Provides: texts(sv, "provides"), Pos: position(sv.Pos())}
		if sub.Attributes, err = l.attributesOf(syntax, lookup(sv, "attributes"), "kind", "subs", name, "attributes"); err != nil {
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
		sub.Describe = l.describe(lookup(sv, "describe"), names)
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

// checkRules reports rules whose kinds do not exist; only a user's own kind can have one.
func (l *lib) checkRules() {
	known := func(name string) bool {
		if c, ok := strings.CutPrefix(name, "@"); ok {
			for _, k := range l.out.Kinds {
				if slices.Contains(k.Provides, c) {
					return true
				}
			}
			return false
		}
		return l.out.Kinds[name] != nil
	}
	for _, name := range sorted(l.out.Rules) {
		r := l.out.Rules[name]
		for _, end := range []string{r.From, r.To} {
			if !known(end) {
				l.list.Add(diag.Diagnostic{Code: "E0105", Message: fmt.Sprintf("the rule %q names the kind %q, which does not exist", name, end), Pos: r.Pos, Help: "see `platc kinds`"})
			}
		}
	}
}
