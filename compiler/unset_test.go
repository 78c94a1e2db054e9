package compiler_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// program is the packages of the program, checked from their source without tests.
type program struct {
	t       *testing.T
	files   *token.FileSet
	ours    map[string]*types.Package
	foreign types.Importer
	fields  map[*types.Var]string // of all structs that are declared, as "Options.Rotate of emit/secrets"
	set     map[*types.Var]bool
}

func (p *program) Import(path string) (*types.Package, error) {
	if pkg := p.ours[path]; pkg != nil {
		return pkg, nil
	}
	return p.foreign.Import(path)
}

// check reads a package whose imports are known.
func (p *program) check(path, dir string, names []string) {
	p.t.Helper()
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(p.files, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			p.t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
	pkg, err := (&types.Config{Importer: p}).Check(path, p.files, files, info)
	if err != nil {
		p.t.Fatal(err)
	}
	p.ours[path] = pkg
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			p.declared(strings.TrimPrefix(path, module+"/"), n, info)
			p.writes(n, info)
			return true
		})
	}
}

// declared takes in the fields of a struct that other packages may set. Those with a tag are filled by a decoder.
func (p *program) declared(pkg string, n ast.Node, info *types.Info) {
	spec, ok := n.(*ast.TypeSpec)
	if !ok {
		return
	}
	s, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range s.Fields.List {
		for _, name := range field.Names {
			if v, ok := info.Defs[name].(*types.Var); ok && field.Tag == nil && name.IsExported() {
				p.fields[v] = spec.Name.Name + "." + name.Name + " of " + pkg
			}
		}
	}
}

// writes takes in the fields that a node sets: by a literal, an assignment, an address, or a method that changes them.
func (p *program) writes(n ast.Node, info *types.Info) {
	switch n := n.(type) {
	case *ast.CompositeLit:
		p.literal(n, info)
	case *ast.AssignStmt:
		for _, e := range n.Lhs {
			p.written(e, info)
		}
	case *ast.IncDecStmt:
		p.written(n.X, info)
	case *ast.RangeStmt:
		p.written(n.Key, info)
		p.written(n.Value, info)
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			p.written(n.X, info)
		}
	case *ast.SelectorExpr: // o.list.Add(x) takes the address of o.list
		if s := info.Selections[n]; s != nil && s.Kind() == types.MethodVal {
			if _, ptr := s.Obj().(*types.Func).Signature().Recv().Type().(*types.Pointer); ptr {
				p.written(n.X, info)
			}
		}
	case *ast.CallExpr: // a conversion fills all of a struct
		if t := info.Types[n.Fun]; t.IsType() {
			p.all(t.Type)
		}
	}
}

func (p *program) literal(n *ast.CompositeLit, info *types.Info) {
	for _, e := range n.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok {
			p.all(info.Types[n].Type)
			return
		}
		if key, ok := pair.Key.(*ast.Ident); ok {
			if v, ok := info.Uses[key].(*types.Var); ok {
				p.set[v.Origin()] = true
			}
		}
	}
}

func (p *program) all(t types.Type) {
	if s, ok := t.Underlying().(*types.Struct); ok {
		for f := range s.Fields() {
			p.set[f.Origin()] = true
		}
	}
}

// written takes in the field that an expression denotes, or an element of which it denotes.
func (p *program) written(e ast.Expr, info *types.Info) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		p.written(e.X, info)
	case *ast.IndexExpr:
		p.written(e.X, info)
	case *ast.SelectorExpr:
		if v, ok := info.Uses[e.Sel].(*types.Var); ok {
			p.set[v.Origin()] = true
			p.written(e.X, info)
		}
	}
}

// An option that nobody sets is logic that nobody runs, and its zero value means something in silence.
func TestEveryFieldIsSetSomewhere(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,GoFiles,Export", "./cmd/platc")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	type listed struct {
		ImportPath, Dir, Export string
		GoFiles                 []string
	}
	exports, ours := map[string]string{}, []listed{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[l.ImportPath] = l.Export
		if strings.HasPrefix(l.ImportPath, module+"/") {
			ours = append(ours, l) // those that others import come first
		}
	}
	p := &program{t: t, files: token.NewFileSet(), ours: map[string]*types.Package{}, fields: map[*types.Var]string{}, set: map[*types.Var]bool{}}
	p.foreign = importer.ForCompiler(p.files, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, l := range ours {
		p.check(l.ImportPath, l.Dir, l.GoFiles)
	}
	var unset []string
	for v, name := range p.fields {
		// where the parts of an answer come from is said by whoever evaluates kinds; CUE does not
		traced := regexp.MustCompile(`^(.*[.]Trace|(Source|Span)[.].*) of compiler/kind$`).MatchString(name)
		if !p.set[v] && !traced {
			unset = append(unset, name)
		}
	}
	slices.Sort(unset)
	for _, name := range unset {
		t.Errorf("nothing in the program sets %s", name)
	}
	if len(p.fields) < 300 {
		t.Errorf("only %d fields were found", len(p.fields))
	}
}
