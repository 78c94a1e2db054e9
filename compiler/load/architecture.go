package load

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// Source is where an architecture is read from.
type Source struct {
	Args []string // files of one package, a directory or a package path; empty: Dir; Stdin: what that function gives
	Dir  string   // the working directory
	Tags []string // key=value
	Env  func(string) (string, bool)

	Stdin func() ([]byte, error) // gives the same with each call; nil: there is none

	Hidden   *diag.Hidden // takes in what no output may show; nil: nobody asks
	Restrict *Restriction // of what {env} and {file} may read; nil: none
	Kinds    *Kinds       // built-in kinds that were read before, or are read for the next; nil: they are read for this one

	environment  string        // that is evaluated; "": the architecture has none
	environments []string      // all of them
	schema       string        // the package that users may import
	limit        time.Duration // of the evaluation; 0: maxTime
}

// maxSize bounds a file: ten thousand components are about 10 MB.
const maxSize = 32 << 20

// placeholderModule is the module of files that are in none.
const placeholderModule = "architecture.local"

// dir is the folder that an architecture lies in: where kinds/, .sops.yaml and .platc are looked for.
func (s Source) dir() string {
	arg := "."
	if len(s.Args) > 0 {
		arg = s.Args[0]
	}
	if arg == Stdin {
		return s.Dir
	}
	arg = s.path(arg)
	if info, err := os.Stat(arg); err == nil && !info.IsDir() {
		return filepath.Dir(arg)
	}
	return arg
}

// path is the file or folder that an argument names.
func (s Source) path(arg string) string {
	abs := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(s.Dir, name)
	}
	if arg == Stdin {
		return arg
	}
	if _, err := os.Stat(abs(arg)); err == nil {
		return abs(arg)
	}
	name := unqualified(arg)
	if importPath(name) {
		if folder := packageDir(s.Dir, name); folder != "" {
			return folder
		}
	}
	if info, err := os.Stat(abs(name)); err == nil && info.IsDir() {
		return abs(name)
	}
	return abs(arg)
}

// unqualified is a package path or a folder without the name of a package behind it, as in ./deploy:shop.
func unqualified(arg string) string {
	if at := strings.LastIndexByte(arg, ':'); at > strings.LastIndexByte(arg, '/') {
		return arg[:at]
	}
	return arg
}

// packageDir is the folder of a package of the module that dir is in, "" for a package of another one.
func packageDir(dir, name string) string {
	root := ModuleRoot(dir)
	if root == "" {
		return ""
	}
	data, err := os.ReadFile(filepath.Join(root, "cue.mod", "module.cue"))
	if err != nil {
		return ""
	}
	path, err := cuecontext.New().CompileBytes(data).LookupPath(cue.ParsePath("module")).String()
	if err != nil {
		return ""
	}
	path, _, _ = strings.Cut(path, "@")
	rest, ok := strings.CutPrefix(name+"/", path+"/")
	if !ok {
		return ""
	}
	folder := filepath.Join(root, filepath.FromSlash(rest))
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return ""
	}
	return folder
}

// Architecture reads, checks and completes an architecture, of several environments the first. The graph is nil when there is nothing to go on with.
func Architecture(s Source) (*ir.Graph, *diag.List) {
	all, _ := Environments(s, Choice{})
	return all[0].Graph, all[0].Findings
}

// library is the kinds that an architecture may use; nil when it cannot be read.
func (s Source) library(list *diag.List) *kind.Library {
	if !s.special(list) || !s.readable(list) {
		return nil
	}
	dir := s.dir()
	var users fs.FS
	name := relative(diag.Pos{File: filepath.Join(dir, "kinds")}, s.Dir).File
	if info, err := os.Stat(filepath.Join(dir, "kinds")); err == nil && info.IsDir() {
		if users, err = Folder(filepath.Join(dir, "kinds")); err != nil {
			list.Add(diag.Diagnostic{Code: "E0101", Message: name + " cannot be read", Help: err.Error(), Pos: diag.Pos{File: name}})
			return nil
		}
	}
	if users == nil && s.Kinds != nil {
		return s.Kinds.builtIn()
	}
	library, findings := Library(users, name)
	list.AddAll(findings)
	return library
}

// Kinds are the built-in kinds, which one architecture hands to the next: they are read once. Two at the same time need two.
type Kinds struct{ library *kind.Library }

func (k *Kinds) builtIn() *kind.Library {
	if k.library == nil {
		k.library, _ = Library(nil, "")
	}
	return k.library
}

// graph makes the graph of an evaluated architecture with the kinds of a library.
func (s Source) graph(library *kind.Library, c *concealer, e *evaluated, list *diag.List) *ir.Graph {
	l := &lowering{reader: reader{dir: s.Dir, list: list}, concealer: c, library: library, source: s, graph: &ir.Graph{
		Library: library, Dir: s.dir(), Tags: e.tags, Environment: s.environment, Environments: s.environments,
		Given: map[string]ir.Given{}, GivenTo: map[string]string{}, GivenBy: map[string]ir.GivenBy{}, Failed: map[string]bool{},
	}}
	if list.HasErrors() && len(e.top.Fields) == 0 {
		return nil
	}
	l.lower(e.top)
	return l.graph
}

// readable reports files that are missing, too large, or that CUE would not read as they are.
func (s Source) readable(list *diag.List) bool {
	ok, total := true, int64(0)
	for _, arg := range s.files() {
		if arg == Stdin {
			size, ok2 := s.readableStdin(list, total)
			total, ok = total+size, ok && ok2
			continue
		}
		name := relative(diag.Pos{File: arg}, s.Dir).File
		info, err := os.Stat(arg)
		switch {
		case err != nil && strings.HasSuffix(arg, "..."):
			list.Add(diag.Diagnostic{Code: "E0101", Message: name + " stands for many packages, but an architecture is a single package", Help: "name one directory, and call platc once for each architecture"})
		case err != nil:
			list.Add(diag.Diagnostic{Code: "E0101", Message: fmt.Sprintf("%s cannot be read: %s", name, cause(err)), Help: "name a CUE file, several files of one package, a directory or a package"})
		case info.Size() > maxSize:
			list.Add(diag.Diagnostic{Code: "E0101", Message: fmt.Sprintf("%s is %d MiB, more than the limit of %d MiB for an architecture", name, info.Size()>>20, maxSize>>20), Help: "move out what does not belong to the architecture"})
		case total+info.Size() > maxSize:
			list.Add(diag.Diagnostic{Code: "E0101", Message: fmt.Sprintf("%s and the files before it exceed the limit of %d MiB for an architecture", name, maxSize>>20), Help: "move out what does not belong to the architecture"})
		case info.Mode().IsRegular():
			total += info.Size()
			data, err := os.ReadFile(arg)
			if err != nil {
				list.Add(diag.Diagnostic{Code: "E0101", Message: fmt.Sprintf("%s cannot be read: %s", name, cause(err))})
			} else if d, bad := illegible(name, name, data); bad {
				list.Add(d)
			} else {
				continue
			}
		default:
			continue
		}
		ok = false
	}
	return ok
}

func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// importPath says whether an argument reads as the path of a CUE package in a module: its first element is a domain.
func importPath(arg string) bool {
	first, _, _ := strings.Cut(arg, "/")
	if first == arg && !strings.ContainsAny(arg, ":@") {
		return false // a file that is not there, such as shop.yaml
	}
	return !filepath.IsAbs(arg) && strings.Contains(strings.Trim(first, "."), ".")
}

// files are the files that will be read, as far as that is known before CUE is asked.
func (s Source) files() []string {
	args := s.Args
	if len(args) == 0 {
		args = []string{"."}
	}
	var all []string
	for _, arg := range args {
		abs := s.path(arg)
		info, err := os.Stat(abs)
		switch {
		case abs == Stdin:
			all = append(all, abs)
		case err == nil && info.IsDir():
			names, _ := filepath.Glob(filepath.Join(abs, "*.cue"))
			all = append(all, names...)
		case err == nil || strings.HasSuffix(arg, ".cue") || !importPath(arg):
			all = append(all, abs)
		}
	}
	return all
}

// instance is the files of the user with some tags; nil when there are none.
func (s Source) instance(list *diag.List, tags []string) *build.Instance {
	args := s.Args
	if len(args) == 0 {
		args = []string{"."}
	}
	named := strings.Join(args, " ")
	for i, arg := range args {
		// without ./ CUE takes a directory for an import path
		if !filepath.IsAbs(arg) && !strings.HasPrefix(arg, ".") {
			folder := s.path(arg)
			_, err := os.Stat(folder)
			if err == nil && (folder == filepath.Join(s.Dir, arg) || folder == filepath.Join(s.Dir, unqualified(arg))) {
				args = slices.Clone(args)
				args[i] = "./" + arg
			}
		}
	}
	dir := s.Dir
	if info, err := os.Stat(s.path(args[0])); len(args) == 1 && err == nil && info.IsDir() && !importPath(args[0]) && filepath.Ext(args[0]) != ".cue" {
		// CUE takes no absolute directory, and none above with a name like an import path
		dir, args = s.dir(), []string{"." + args[0][len(unqualified(args[0])):]}
		if files := s.files(); len(files) > 0 && !slices.ContainsFunc(files, s.hasPackage) {
			// a directory is a package to CUE; files that name none are one architecture all the same
			args = files
		}
	}
	cfg := &load.Config{Dir: dir, Tags: tags, Overlay: s.overlay(), Env: s.variables()}
	if slices.Contains(args, Stdin) {
		data, err := s.stdin()
		if err != nil {
			return nil // readable has reported it
		}
		cfg.Stdin = bytes.NewReader(data)
	}
	if slices.ContainsFunc(args, func(arg string) bool { return strings.HasSuffix(arg, ".cue") }) {
		// CUE looks for the module of files above the working directory
		cfg.ModuleRoot = ModuleRoot(s.dir())
	}
	insts := load.Instances(args, cfg)
	if len(insts) == 1 && nothing(insts[0].Err) {
		list.Add(diag.Diagnostic{Code: "E0101", Message: fmt.Sprintf("there is no architecture in %s", where(named)), Help: "name the folder or the files of one, or write one with `platc init`"})
		return nil
	}
	if len(insts) != 1 {
		list.Add(diag.Diagnostic{Code: "E0101", Message: fmt.Sprintf("%s are %d packages, but an architecture is a single package", named, len(insts)), Help: "name one package"})
		return nil
	}
	inst := insts[0]
	if inst.Err == nil && len(inst.Files) == 0 {
		list.Add(diag.Diagnostic{Code: "E0101", Message: fmt.Sprintf("%s contains no CUE package", named), Help: noPackage(args)})
		return nil
	}
	if inst.Module == "" {
		// CUE embeds files in modules only, and takes files that are named for none
		inst.Module = placeholderModule
	}
	return inst
}

// nothing says whether CUE found no file to read.
func nothing(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "matched no packages") || strings.Contains(err.Error(), "no CUE files in"))
}

// where is what was named, in words.
func where(named string) string {
	if named == "." {
		return "this folder"
	}
	return named
}

// evaluate is the user's value, and the tags that decide on its files. Where the architecture has environments, and none is asked for, it is their list.
func (s Source) evaluate(e *evaluated, c *concealer) {
	tags := s.Tags
	if s.environment != "" {
		tags = s.tagsOf(s.environment)
	}
	inst := s.instance(e.list, tags)
	if inst == nil {
		return
	}
	c.reads(inst, tags)
	if s.misplaced(e.list, inst) {
		return
	}
	if inst.Err != nil {
		if e.misuse = s.unknownTag(inst.Err); e.misuse == nil {
			s.report(e.list, inst.Err, inst, c)
		}
		return
	}
	s.unread(e.list, inst)
	read := s.readBy(inst)
	if s.environment == "" && read.environments {
		if e.environments = s.listed(inst, e.list, c); e.environments != nil {
			e.ok = true
			return
		}
	}
	v := cuecontext.New().BuildInstance(inst)
	if err := v.Validate(cue.Concrete(false)); err != nil {
		s.report(e.list, err, inst, c)
		// a whole that is broken at the top has no fields to go on with
		if !lookup(v, "name").Exists() && !lookup(v, "components").Exists() {
			return
		}
	}
	e.top, e.tags, e.ok = (&reader{dir: s.Dir, list: e.list, root: v, inst: inst}).given(v, ""), s.deciding(read.tags), true
}

// noPackage is the help for what is named and holds no CUE: data has a way to become an architecture.
func noPackage(args []string) string {
	for _, arg := range args {
		switch filepath.Ext(arg) {
		case ".json":
			return "JSON is CUE as it stands: give the file a name that ends in .cue"
		case ".yaml", ".yml":
			return fmt.Sprintf("write it in CUE; `platc init --from %s` drafts an architecture of a Compose file", filepath.Clean(arg))
		}
	}
	return "name a CUE file, several files of one package, a directory or a package"
}

// unknownTag is the misuse of a tag without a value that no file knows; nil where an error is another one.
func (s Source) unknownTag(err error) *Misuse {
	for _, e := range errors.Errors(err) {
		format, args := e.Msg()
		if text := fmt.Sprintf(format, args...); strings.HasPrefix(text, `tag "`) && strings.HasSuffix(text, "not used in any file") {
			tag := strings.TrimSuffix(strings.TrimPrefix(text, `tag "`), `" not used in any file`)
			return &Misuse{Message: fmt.Sprintf("-t %s: no file has @if(%s), and no @tag has short=%s", tag, tag, tag), Help: fmt.Sprintf("a tag with a value is given as -t %s=…", tag)}
		}
	}
	return nil
}

// misplaced reports what decides on a file, and has no effect where it stands: CUE says nothing of it.
func (s Source) misplaced(list *diag.List, inst *build.Instance) bool {
	found := false
	for _, f := range filesOf(inst) {
		above := aboveFields(f)
		embeds := slices.ContainsFunc(above, func(a *ast.Attribute) bool {
			key, body := a.Split()
			return key == "extern" && strings.Contains(body, "embed")
		})
		ast.Walk(f, func(n ast.Node) bool {
			a, ok := n.(*ast.Attribute)
			if !ok {
				return true
			}
			if key, _ := a.Split(); (key == "if" || key == "ignore") && !slices.Contains(above, a) {
				found = true
				list.Add(diag.Diagnostic{
					Code: "E0101", Pos: relative(position(a.Pos()), s.Dir), Message: a.Text + " has no effect here",
					Help: fmt.Sprintf("`%s` stands above `package`, and decides on the whole file", a.Text),
				})
			} else if key == "embed" && !embeds {
				found = true
				list.Add(diag.Diagnostic{Code: "E0101", Pos: relative(position(a.Pos()), s.Dir), Message: a.Text + " has no effect here", Help: "write `@extern(embed)` at the top of the file, above `package`"})
			}
			return true
		}, nil)
	}
	return found
}

// aboveFields are the attributes of a file that stand above its package clause, or above all else where it has none.
func aboveFields(f *ast.File) []*ast.Attribute {
	var all []*ast.Attribute
	for _, decl := range f.Decls {
		switch decl := decl.(type) {
		case *ast.Attribute:
			all = append(all, decl)
		case *ast.CommentGroup:
		default:
			return all
		}
	}
	return all
}

// unread warns of files in the folder of a package that are no part of it, and of those that no environment reads.
func (s Source) unread(list *diag.List, inst *build.Instance) {
	for _, f := range inst.IgnoredFiles {
		if s.environment != "" {
			s.unset(list, f)
		}
		if f.ExcludeReason == nil || !strings.Contains(f.ExcludeReason.Error(), "no package name") {
			continue
		}
		at := relative(diag.Pos{File: f.Filename, Line: 1, Column: 1}, s.Dir)
		list.Add(diag.Diagnostic{Code: "W0134", Pos: at, Message: at.File + " is not read: it does not say that it belongs to the package " + inst.PkgName, Help: "begin it with package " + inst.PkgName + ", or name the files that are meant"})
	}
}

// unset warns of a tag in the @if of a file that is kept out: no environment sets it, and one is called nearly so.
func (s Source) unset(list *diag.List, f *build.File) {
	data, err := s.readFile(f.Filename)
	if err != nil {
		return
	}
	for _, attr := range conditions(f.Filename, data) {
		_, body := attr.Split()
		for _, tag := range slices.Sorted(maps.Keys(tagsIn(body))) {
			if slices.Contains(s.environments, tag) || slices.Contains(s.Tags, tag) {
				continue
			}
			if near := nearEnvironment(tag, s.environments); near != "" {
				at := relative(position(attr.Pos()), s.Dir)
				list.Add(diag.Diagnostic{Code: "W0134", Pos: at, Message: fmt.Sprintf("%s is not read: no environment sets the tag %s", at.File, tag), Help: fmt.Sprintf("did you mean @if(%s)? If not, set it with -t %s", near, tag)})
			}
		}
	}
}

// nearEnvironment is the environment that a tag may mean: one that is spelt nearly like it, or that is short for it, or the other way round. "" without.
func nearEnvironment(tag string, environments []string) string {
	if near := diag.Misspelt(tag, environments); near != "" {
		return near
	}
	whole := []string{"development", "production", "staging", "testing"}
	for _, name := range environments {
		short, long := tag, name
		if len(long) < len(short) {
			short, long = long, short
		}
		if len(short) >= len("dev") && slices.Contains(whole, long) && strings.HasPrefix(long, short[:min(len(short), len("stag"))]) {
			return name
		}
	}
	return ""
}

// mentioned is what files say of the tags that they are read with.
type mentioned struct {
	tags         map[string]bool // that an @if reads
	environments bool            // they speak of environments somewhere
}

// readBy is what the files of an architecture say, those that it imports and those that tags keep out too.
func (s Source) readBy(inst *build.Instance) mentioned {
	m := mentioned{tags: map[string]bool{}}
	seen := map[*build.Instance]bool{}
	var walk func(*build.Instance)
	walk = func(inst *build.Instance) {
		if seen[inst] {
			return
		}
		seen[inst] = true
		for _, f := range slices.Concat(inst.BuildFiles, inst.IgnoredFiles) {
			m.file(f, s.readFile)
		}
		for _, imported := range inst.Imports {
			walk(imported)
		}
	}
	walk(inst)
	return m
}

// deciding are the tags given that an @if reads, be it in a file that they keep out. Those of @tag, as key=value or in short, are values.
func (s Source) deciding(read map[string]bool) []string {
	var tags []string
	for _, tag := range s.Tags {
		if read[tag] {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// file enters the names in the @if of a file.
func (m *mentioned) file(f *build.File, read func(string) ([]byte, error)) {
	data, err := read(f.Filename)
	if err != nil {
		return
	}
	m.environments = m.environments || bytes.Contains(data, []byte(fieldEnvironments))
	for _, attr := range conditions(f.Filename, data) {
		_, body := attr.Split()
		maps.Copy(m.tags, tagsIn(body))
	}
}

// conditions are the @if of a file.
func conditions(name string, data []byte) []*ast.Attribute {
	file, err := parser.ParseFile(name, data, parser.PackageClauseOnly)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(aboveFields(file), func(a *ast.Attribute) bool { key, _ := a.Split(); return key != "if" })
}

// tagsIn are the tags that the condition of an @if names.
func tagsIn(condition string) map[string]bool {
	expr, err := parser.ParseExpr("", condition)
	if err != nil {
		return nil
	}
	return mentionedIn(expr)
}

// maxErrors bounds how many findings of CUE are shown: a binary file gives thousands.
const maxErrors = 25

func (s Source) report(list *diag.List, err error, inst *build.Instance, c *concealer) {
	x := s.explainer(inst, c)
	all := x.choices(list, errors.Errors(err))
	if len(all) > maxErrors {
		all = all[:maxErrors]
	}
	found := &diag.List{}
	for _, e := range all {
		report(found, e, s.Dir, c, func(path []string) diag.Pos { return placeOf(inst, path, s.Dir) })
	}
	for _, d := range x.explained(all, found) {
		d.Message = ofWhat(d.Path, d.Message)
		list.Add(d)
	}
}

// placeOf is where the longest written part of a path stands, in the files of an instance.
func placeOf(inst *build.Instance, path []string, dir string) diag.Pos {
	for n := len(path); n > 0; n-- {
		for _, f := range inst.Files {
			all := &ast.StructLit{Elts: f.Decls}
			if found := (scope{}).within(all, path[:n]...); len(found) > 0 {
				return relative(position(found[0].field.Label.Pos()), dir)
			}

		}
	}
	return diag.Pos{}
}

// variables keep CUE off the network unless the user has set a registry: no command needs one.
func (s Source) variables() []string {
	env := os.Environ()
	if _, set := s.Env("CUE_REGISTRY"); !set {
		env = append(env, "CUE_REGISTRY=none")
	}
	return env
}

// overlay makes the import of platc.dev/platc/schema resolve, whether or not there is a cue.mod and whatever it holds.
func (s Source) overlay() map[string]load.Source {
	base := s.dir()
	overlay := map[string]load.Source{}
	// in a module another package of the user's, or a file above, may import it
	rootDir := ModuleRoot(base)
	if rootDir == "" {
		if !slices.ContainsFunc(s.files(), s.importsSchema) {
			return nil
		}
		rootDir = base
		overlay[filepath.Join(base, "cue.mod", "module.cue")] = load.FromString("module: \"" + placeholderModule + "\"\nlanguage: version: \"v0.17.0\"\n")
	}
	dir := filepath.Join(rootDir, "cue.mod", "pkg", "platc.dev", "platc", "schema")
	names, _ := filepath.Glob(filepath.Join(dir, "*.cue"))
	for _, name := range names {
		overlay[name] = load.FromString("package schema\n")
	}
	overlay[filepath.Join(dir, "architecture.cue")] = load.FromString(s.schema)
	return overlay
}

func (s Source) hasPackage(file string) bool {
	data, err := s.readFile(file)
	if err != nil {
		return true
	}
	f, err := parser.ParseFile(file, data, parser.PackageClauseOnly)
	return err != nil || f.PackageName() != ""
}

func (s Source) importsSchema(file string) bool {
	data, err := s.readFile(file)
	if err != nil {
		return false
	}
	f, err := parser.ParseFile(file, data, parser.ImportsOnly)
	if err != nil {
		return false
	}
	for spec := range f.ImportSpecs() {
		if p := strings.Trim(spec.Path.Value, `"`); p == module+"/schema" || strings.HasPrefix(p, module+"/schema:") {
			return true
		}
	}
	return false
}

// ModuleRoot is the nearest folder, a given one or above it, that has a cue.mod, "" without.
func ModuleRoot(dir string) string {
	for {
		if info, err := os.Stat(filepath.Join(dir, "cue.mod")); err == nil && info.IsDir() {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// lowering makes the graph of what the user wrote.
type lowering struct {
	reader

	concealer *concealer
	library   *kind.Library
	source    Source
	graph     *ir.Graph

	components *kind.Given   // all of them
	astray     []*kind.Given // attributes of one that stand among them
}
