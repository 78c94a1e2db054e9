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
	files []*ast.File
}

// parse reads the files of a built-in package, in which no mistake is expected.
func (p *pkg) parse() {
	for _, name := range sources(p.root.fs, p.dir) {
		p.parseFile(name)
	}
}

func (p *pkg) parseFile(name string) {
	data, err := fs.ReadFile(p.root.fs, name)
	if err != nil {
		panic(err)
	}
	f, err := parser.ParseFile(path.Join(p.root.name, name), data, parser.ParseComments)
	if err != nil {
		panic(fmt.Sprintf("the library: %s", err))
	}
	p.files = append(p.files, f)
}

// compiled are packages as the evaluator takes them.
func compiled(packages []*pkg) *eval.Program {
	all := make([]eval.Package, len(packages))
	for i, p := range packages {
		all[i] = eval.Package{Path: p.path, Files: p.files}
	}
	return eval.Compile(all...)
}

// inParallel does something for each of several packages.
func inParallel(packages []*pkg, do func(*pkg)) {
	var wg sync.WaitGroup
	for _, p := range packages {
		wg.Go(func() { do(p) })
	}
	wg.Wait()
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
	s := scope{own: topLevel(p.files), imports: map[string]map[string]*ast.Field{}, types: types}
	for _, f := range p.files {
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
