package load

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler/eval"
	"platc.dev/platc/compiler/kind"
)

// pkg is a package of CUE: the schema, or the files of a kind.
type pkg struct {
	root  root
	dir   string // inside of root.fs
	path  string // import path
	files func() []*ast.File
}

// packageOf is the package of some files in which no mistake is expected. They are parsed when they are first used: of most kinds an architecture
// has no component.
func packageOf(r root, dir, importPath string, names ...string) *pkg {
	return &pkg{root: r, dir: dir, path: importPath, files: sync.OnceValue(func() []*ast.File {
		files := make([]*ast.File, len(names))
		var wg sync.WaitGroup
		for i, name := range names {
			wg.Go(func() { files[i] = r.parse(name) })
		}
		wg.Wait()
		return files
	})}
}

func (r root) parse(name string) *ast.File {
	data, err := fs.ReadFile(r.fs, name)
	if err != nil {
		panic(err)
	}
	f, err := parser.ParseFile(path.Join(r.name, name), data, parser.ParseComments)
	if err != nil {
		panic(fmt.Sprintf("the library: %s", err))
	}
	return f
}

// compiled are packages as the evaluator takes them.
func compiled(packages []*pkg) *eval.Program {
	all := make([]eval.Package, len(packages))
	for i, p := range packages {
		all[i] = eval.Package{Path: p.path, Files: p.files}
	}
	return eval.Compile(all...)
}

var builtInProgram struct { //nolint:gochecknoglobals // what no architecture changes is compiled once for a process
	sync.Once

	program *eval.Program
}

// builtIn is the program of the built-in packages alone, which is one for the process: nothing in it is of an architecture.
func builtIn(packages []*pkg) *eval.Program {
	builtInProgram.Do(func() { builtInProgram.program = compiled(packages) })
	return builtInProgram.program
}

// sources are the CUE files of a folder.
func sources(fsys fs.FS, dir string) []string {
	names, err := fs.Glob(fsys, path.Join(dir, "*.cue"))
	if err != nil {
		return nil
	}
	return names
}

// scope is what expressions in a package may refer to, beside the package itself: the schema, by the name that the files give to it.
func (p *pkg) scope(schema map[string]*ast.Field, types map[*ast.Field]*kind.Type) scope {
	s := scope{own: topLevel(p.files()), imports: map[string]map[string]*ast.Field{}, types: types}
	for _, f := range p.files() {
		for spec := range f.ImportSpecs() {
			if name := schemaName(spec); name != "" {
				s.imports[name] = schema
			}
		}
	}
	return s
}

// schemaName is the name by which a file calls the schema, "" for another package.
func schemaName(spec *ast.ImportSpec) string {
	importPath, err := literal.Unquote(spec.Path.Value)
	switch name, _, _ := strings.Cut(importPath, ":"); {
	case err != nil || name != module+"/schema":
		return ""
	case spec.Name != nil:
		return spec.Name.Name
	}
	return "schema"
}
