package load

import (
	"errors"
	"slices"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// errNotConstant says that something is not written out: it has to be evaluated.
var errNotConstant = errors.New("not a constant")

// syntaxAnswer is an answer off the syntax: what a kind says of itself is hardly ever computed, and reading it costs a tenth of compiling it.
// It is never asked about a component or an edge.
type syntaxAnswer struct {
	values []scoped // that are unified
	at     token.Pos
}

// scoped is an expression, with what it may refer to.
type scoped struct {
	ast.Expr

	in scope
}

// syntaxFacts are the facts of a package, as far as they are written out; the others fail.
func (l *lib) syntaxFacts(p *pkg) facts {
	top := &ast.StructLit{}
	for _, f := range p.files() {
		for _, d := range f.Decls {
			if field, ok := d.(*ast.Field); ok {
				top.Elts = append(top.Elts, field)
			}
		}
	}
	return facts{syntaxAnswer{values: []scoped{{top, p.scope(l.shared(), l.types)}}}, new(error)}
}

// parts are the declarations of the fields of a struct, in order, through references, & and embeddings. ok is false where some may be missing.
func (s scope) parts(e ast.Expr, depth int) (all []written, ok bool) {
	if depth > 20 {
		return nil, false
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return s.parts(e.X, depth+1)
	case *ast.Ident, *ast.SelectorExpr:
		if f, in, ok := s.resolve(e); ok {
			return in.parts(f.Value, depth+1)
		}
	case *ast.BinaryExpr:
		if e.Op == token.AND {
			x, okX := s.parts(e.X, depth+1)
			y, okY := s.parts(e.Y, depth+1)
			return append(x, y...), okX && okY
		}
	case *ast.StructLit:
		ok = true
		for _, d := range e.Elts {
			switch d := d.(type) {
			case *ast.Field:
				if _, _, err := ast.LabelName(d.Label); err != nil {
					ok = false
					continue
				}
				all = append(all, written{d, s})
			case *ast.EmbedDecl:
				more, okMore := s.parts(d.Expr, depth+1)
				all, ok = append(all, more...), ok && okMore
			case *ast.Comprehension:
				ok = false
			}
		}
		return all, ok
	}
	return nil, false
}

func (a syntaxAnswer) err() error { return nil }

// field is what is declared under a name.
func (a syntaxAnswer) field(name string) (answer, bool) {
	found := syntaxAnswer{}
	for _, e := range a.values {
		all, _ := e.in.parts(e.Expr, 0)
		for _, w := range all {
			if label, _, _ := ast.LabelName(w.field.Label); label != name || w.field.Constraint == token.OPTION {
				continue
			}
			if len(found.values) == 0 {
				found.at = w.field.Label.Pos()
			}
			found.values = append(found.values, scoped{w.field.Value, w.in})
		}
	}
	return found, len(found.values) > 0
}

func (a syntaxAnswer) fields() ([]part, error) {
	var all []part
	seen := map[string]bool{}
	for _, e := range a.values {
		parts, ok := e.in.parts(e.Expr, 0)
		if !ok {
			return nil, errNotConstant
		}
		for _, w := range parts {
			name, _, err := ast.LabelName(w.field.Label)
			if err != nil || seen[name] || w.field.Constraint == token.OPTION || isHidden(w.field.Label, name) {
				continue
			}
			seen[name] = true
			f, _ := a.field(name)
			all = append(all, part{name, f})
		}
	}
	if len(a.values) == 0 {
		return nil, errNotConstant
	}
	return all, nil
}

// isHidden says whether a label is that of a definition or of a hidden field.
func isHidden(label ast.Label, name string) bool {
	_, quoted := label.(*ast.BasicLit)
	return !quoted && name != "" && (name[0] == '#' || name[0] == '_')
}

// value is the one that says what the unified values are; what is only a type says nothing of it.
func (a syntaxAnswer) value() scoped {
	said := slices.DeleteFunc(slices.Clone(a.values), onlyType)
	if len(said) != 1 {
		return scoped{}
	}
	return said[0]
}

// onlyType says whether an expression is a basic type or [...T].
func onlyType(s scoped) bool {
	switch e := s.Expr.(type) {
	case *ast.Ident:
		return isBasic(e.Name)
	case *ast.ListLit:
		if len(e.Elts) != 1 {
			return false
		}
		_, open := e.Elts[0].(*ast.Ellipsis)
		return open
	}
	return false
}

func (a syntaxAnswer) items() ([]answer, error) {
	value := a.value()
	list, ok := value.Expr.(*ast.ListLit)
	if !ok {
		return nil, errNotConstant
	}
	var all []answer
	for _, item := range list.Elts {
		switch item.(type) {
		case *ast.Ellipsis, *ast.Comprehension:
			return nil, errNotConstant
		}
		all = append(all, syntaxAnswer{values: []scoped{{item, value.in}}, at: item.Pos()})
	}
	return all, nil
}

func (a syntaxAnswer) decode() (any, error) {
	if value := a.value(); value.Expr != nil {
		if data, ok := value.in.constant(value.Expr, 0); ok {
			return data, nil
		}
	}
	return nil, errNotConstant
}

func (a syntaxAnswer) pos() token.Pos { return a.at }

func (a syntaxAnswer) place(root) diag.Pos { return position(a.at) }

func (a syntaxAnswer) check(*kind.Type, string) error { return nil }

// constant is the value of an expression that is written out.
func (s scope) constant(e ast.Expr, depth int) (any, bool) {
	if data, ok := literalData(e); ok {
		return data, true
	}
	if depth > 20 {
		return nil, false
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return s.constant(e.X, depth+1)
	case *ast.Ident, *ast.SelectorExpr:
		if f, in, ok := s.resolve(e); ok {
			return in.constant(f.Value, depth+1)
		}
	case *ast.ListLit:
		items := []any{}
		for _, item := range e.Elts {
			data, ok := s.constant(item, depth+1)
			if !ok {
				return nil, false
			}
			items = append(items, data)
		}
		return items, true
	case *ast.StructLit:
		return s.constantStruct(e, depth)
	}
	return nil, false
}

func (s scope) constantStruct(e *ast.StructLit, depth int) (any, bool) {
	o := kind.Object{}
	for _, d := range e.Elts {
		f, ok := d.(*ast.Field)
		if !ok || f.Constraint == token.OPTION {
			return nil, false
		}
		name, _, err := ast.LabelName(f.Label)
		if _, twice := o[name]; err != nil || twice || isHidden(f.Label, name) {
			return nil, false
		}
		if o[name], ok = s.constant(f.Value, depth+1); !ok {
			return nil, false
		}
	}
	return o, true
}
