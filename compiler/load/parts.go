package load

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	library "platc.dev/platc/cue"
)

// Parts are the building blocks of the schema that have parameters, by name. They are read off the syntax: nothing is evaluated.
func Parts() []kind.Part {
	names, err := fs.Glob(library.FS, "schema/*.cue")
	if err != nil {
		panic(err)
	}
	var files []*ast.File
	for _, name := range names {
		data, err := fs.ReadFile(library.FS, name)
		if err != nil {
			panic(err)
		}
		f, err := parser.ParseFile(name, data, parser.ParseComments)
		if err != nil {
			panic(err)
		}
		files = append(files, f)
	}
	own := topLevel(files)
	var all []kind.Part
	for _, name := range sorted(own) {
		if !strings.HasPrefix(name, "#") {
			continue
		}
		set := parametersOf(own[name].Value, own, nil)
		if len(set) == 0 {
			continue
		}
		part := kind.Part{Name: name[1:], Doc: oneLine(docText(own[name]))}
		for _, p := range sorted(set) {
			if f := set[p]; f != nil {
				part.Parameters = append(part.Parameters, parameter(p, f))
			}
		}
		if len(part.Parameters) > 0 {
			all = append(all, part)
		}
	}
	return all
}

// parametersOf are the parameters of a definition, with those of the definitions that it embeds or is made of; one that it sets itself is nil.
func parametersOf(e ast.Expr, own map[string]*ast.Field, schema map[string]*ast.Field) map[string]*ast.Field {
	all := map[string]*ast.Field{}
	collectParameters(e, own, schema, all, 0)
	return all
}

// maxParts bounds how deep definitions are made of each other.
const maxParts = 16

func collectParameters(e ast.Expr, own, schema, all map[string]*ast.Field, depth int) {
	if depth > maxParts {
		return
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		collectParameters(e.X, own, schema, all, depth)
	case *ast.BinaryExpr:
		if e.Op == token.AND {
			collectParameters(e.X, own, schema, all, depth)
			collectParameters(e.Y, own, schema, all, depth)
		}
	case *ast.Ident:
		if f := own[e.Name]; f != nil {
			collectParameters(f.Value, own, schema, all, depth+1)
		}
	case *ast.SelectorExpr:
		if f := schema[selected(e)]; f != nil {
			collectParameters(f.Value, schema, nil, all, depth+1)
		}
	case *ast.StructLit:
		for _, d := range e.Elts {
			switch d := d.(type) {
			case *ast.EmbedDecl:
				collectParameters(d.Expr, own, schema, all, depth)
			case *ast.Field:
				enterParameter(d, all)
			}
		}
	}
}

// enterParameter adds a field that is a parameter; one that is set to a value is none any more.
func enterParameter(f *ast.Field, all map[string]*ast.Field) {
	name := labelText(f)
	old, met := all[name]
	switch {
	case !strings.HasPrefix(name, "#"):
	case isAny(f.Value):
		// a name for the lines below it
		if !met {
			all[name] = f
		}
	case met && (old == nil || !isAny(old.Value)):
		all[name] = nil
	default:
		all[name] = f
	}
}

func isAny(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}

func parameter(name string, f *ast.Field) kind.Parameter {
	p := kind.Parameter{Name: name, Doc: oneLine(docText(f)), Required: f.Constraint == token.ILLEGAL}
	var types []string
	for _, alternative := range alternativesOf(f.Value) {
		if u, ok := alternative.(*ast.UnaryExpr); ok && u.Op == token.MUL {
			p.Default, p.Required = inSource(u.X), false
			continue
		}
		types = append(types, inSource(alternative))
	}
	p.Type = strings.Join(types, " | ")
	return p
}

// alternativesOf are those of a disjunction.
func alternativesOf(e ast.Expr) []ast.Expr {
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.OR {
		return append(alternativesOf(b.X), alternativesOf(b.Y)...)
	}
	return []ast.Expr{e}
}

// inSource is an expression as it is written, on one line.
func inSource(e ast.Expr) string { return oneLine(source(e)) }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// misspelt reports parameters of users' kinds that a definition does not have (E0102). CUE takes any: definitions are open to more of them.
func (l *lib) misspelt() {
	for _, k := range l.ownKinds() {
		files := sourcesOf(k)
		own := topLevel(files)
		for _, f := range files {
			ast.Walk(f, func(n ast.Node) bool {
				if b, ok := n.(*ast.BinaryExpr); ok && b.Op == token.AND {
					l.misspeltIn(b, own)
				}
				return true
			}, nil)
		}
	}
}

// misspeltIn compares what is set beside a definition with the parameters of that definition.
func (l *lib) misspeltIn(e *ast.BinaryExpr, own map[string]*ast.Field) {
	var of []string
	known := map[string]*ast.Field{}
	var set []*ast.Field
	for _, operand := range conjuncts(e) {
		switch operand := operand.(type) {
		case *ast.Ident, *ast.SelectorExpr:
			if name := inSource(operand); strings.HasPrefix(name, "#") || strings.Contains(name, ".#") {
				of = append(of, name)
				collectParameters(operand, own, l.shared(), known, 0)
			}
		case *ast.StructLit:
			for _, d := range operand.Elts {
				if f, ok := d.(*ast.Field); ok && strings.HasPrefix(labelText(f), "#") && !isAny(f.Value) {
					set = append(set, f)
				}
			}
		}
	}
	if len(of) == 0 || len(known) == 0 {
		return
	}
	for _, f := range set {
		name := labelText(f)
		if _, ok := known[name]; ok || slices.Contains(inputs(), name[1:]) {
			continue
		}
		help := "its parameters are " + strings.Join(sorted(known), ", ")
		if near := diag.Nearest(name, sorted(known)); near != "" {
			help = fmt.Sprintf("did you mean %s? `platc explain part %s` lists them", near, of[0][strings.Index(of[0], "#")+1:])
		}
		l.list.Add(diag.Diagnostic{Code: "E0102", Message: fmt.Sprintf("%s has no parameter %s", strings.Join(of, " & "), name), Help: help, Pos: position(f.Label.Pos())})
	}
}

// conjuncts are the operands of &.
func conjuncts(e ast.Expr) []ast.Expr {
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.AND {
		return append(conjuncts(b.X), conjuncts(b.Y)...)
	}
	return []ast.Expr{e}
}
