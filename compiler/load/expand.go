package load

import (
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// expanded is the text of a type with definitions in place of references to them, so that it stands by itself.
// A choice that a definition adds to another choice takes no parentheses.
func (s scope) expanded(e ast.Expr, depth int) string {
	if depth > 20 {
		return "_"
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return "(" + s.expanded(e.X, depth+1) + ")"
	case *ast.Ident, *ast.SelectorExpr:
		if field, in, ok := s.resolve(e); ok {
			return in.expanded(field.Value, depth+1)
		}
	case *ast.UnaryExpr:
		return e.Op.String() + s.operand(e.X, token.MUL, depth)
	case *ast.BinaryExpr:
		return s.operand(e.X, e.Op, depth) + " " + e.Op.String() + " " + s.operand(e.Y, e.Op, depth)
	case *ast.StructLit:
		return s.expandedStruct(e, depth)
	case *ast.ListLit:
		items := make([]string, len(e.Elts))
		for i, item := range e.Elts {
			rest, ok := item.(*ast.Ellipsis)
			switch {
			case ok && rest.Type == nil:
				items[i] = "..."
			case ok:
				items[i] = "..." + s.expanded(rest.Type, depth+1)
			default:
				items[i] = s.expanded(item, depth+1)
			}
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return source(e)
}

// expandedStruct is a struct on one line, without the comments of its fields.
func (s scope) expandedStruct(e *ast.StructLit, depth int) string {
	fields := make([]string, len(e.Elts))
	for i, d := range e.Elts {
		switch d := d.(type) {
		case *ast.Field:
			mark := map[token.Token]string{token.OPTION: "?", token.NOT: "!"}[d.Constraint]
			label, ok := d.Label.(ast.Expr)
			if !ok {
				return source(e)
			}
			fields[i] = source(label) + mark + ": " + s.expanded(d.Value, depth+1)
		case *ast.EmbedDecl:
			fields[i] = s.expanded(d.Expr, depth+1)
		default:
			return source(e)
		}
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// operand is an operand of an operator, in parentheses where it binds less.
func (s scope) operand(e ast.Expr, op token.Token, depth int) string {
	text := s.expanded(e, depth+1)
	for {
		field, in, ok := s.resolve(e)
		if !ok {
			break
		}
		e, s = field.Value, in
	}
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op != op && (op == token.AND || op == token.MUL) {
		return "(" + text + ")"
	}
	return text
}
