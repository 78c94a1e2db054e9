package load

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// scope is the definitions that an expression may refer to: those of its package, and of the packages that its file imports.
type scope struct {
	own     map[string]*ast.Field            // top-level fields and definitions of the package
	imports map[string]map[string]*ast.Field // import name -> top-level fields
	types   map[*ast.Field]*kind.Type        // of definitions, which many attributes refer to; nil: not kept
}

// topLevel lists the top-level fields of a package by name; one that is declared several times is all of it.
func topLevel(files []*ast.File) map[string]*ast.Field {
	all := map[string]*ast.Field{}
	for _, f := range files {
		for _, d := range f.Decls {
			field, ok := d.(*ast.Field)
			if !ok {
				continue
			}
			name, _, err := ast.LabelName(field.Label)
			if err != nil {
				continue
			}
			if first := all[name]; first != nil {
				both := *first
				both.Value = &ast.BinaryExpr{X: first.Value, OpPos: field.Value.Pos(), Op: token.AND, Y: field.Value}
				field = &both
			}
			all[name] = field
		}
	}
	return all
}

// written is a field as it is written, with what its value may refer to.
type written struct {
	field *ast.Field
	in    scope
}

// find are the declarations of the field at a path of the package.
func (s scope) find(path ...string) []written {
	top := s.own[path[0]]
	if top == nil {
		return nil
	}
	return s.within(top.Value, path[1:]...)
}

// within are the declarations of the field at a path below an expression, through references, & and embeddings.
func (s scope) within(e ast.Expr, path ...string) []written {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return s.within(e.X, path...)
	case *ast.Ident, *ast.SelectorExpr:
		if f, in, ok := s.resolve(e); ok {
			return in.within(f.Value, path...)
		}
	case *ast.BinaryExpr:
		if e.Op == token.AND {
			return append(s.within(e.X, path...), s.within(e.Y, path...)...)
		}
	case *ast.StructLit:
		var all []written
		for _, d := range e.Elts {
			switch d := d.(type) {
			case *ast.Field:
				name, _, err := ast.LabelName(d.Label)
				switch {
				case err != nil || name != path[0]:
				case len(path) == 1:
					all = append(all, written{d, s})
				default:
					all = append(all, s.within(d.Value, path[1:]...)...)
				}
			case *ast.EmbedDecl:
				all = append(all, s.within(d.Expr, path...)...)
			}
		}
		return all
	}
	return nil
}

// plainType turns the syntax of a type into a kind.Type: basic types, literals, bounds, patterns, | & *, structs, maps, lists, and references to definitions.
// Anything else is a mistake of the kind that says how to write it.
func (s scope) plainType(e ast.Expr, depth int) (*kind.Type, error) {
	if depth > 20 {
		return nil, unreadable(e, "the type refers to itself, or goes through too many definitions", "write it as a type that does not refer to itself")
	}
	t := &kind.Type{}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return s.plainType(e.X, depth+1)
	case *ast.SelectorExpr, *ast.Ident:
		if field, scope, ok := s.resolve(e); ok {
			return scope.definedType(field, depth+1)
		}
	case *ast.StructLit:
		return t, s.plainStruct(t, e, depth)
	case *ast.ListLit:
		return t, s.plainList(t, e, depth)
	case *ast.BinaryExpr:
		switch e.Op {
		case token.OR:
			return t, s.plainChoice(t, e, depth)
		case token.AND:
			return t, s.plainBoth(t, e, depth)
		}
	}
	check, data, concrete, err := s.plainCheck(e)
	if err != nil {
		return nil, err
	}
	t.Check = check
	if concrete {
		t.Default = data
	}
	return t, nil
}

// definedType is the type of a definition, read once.
func (s scope) definedType(f *ast.Field, depth int) (*kind.Type, error) {
	if t := s.types[f]; t != nil {
		return t, nil
	}
	t, err := s.fieldType(f, depth)
	if err == nil && s.types != nil {
		s.types[f] = t
	}
	return t, err
}

// wholeType is a type that stands by itself: a list of literals is one only as the default of another list.
func (s scope) wholeType(e ast.Expr, depth int) (*kind.Type, error) {
	t, err := s.plainType(e, depth)
	if err != nil {
		return nil, err
	}
	if t.IsList && t.Elem == nil {
		return nil, fixedList(e)
	}
	whole := *t
	whole.Text = s.expanded(e, 0)
	return &whole, nil
}

// fieldType is the type of a field with its attributes and its doc comment.
func (s scope) fieldType(f *ast.Field, depth int) (*kind.Type, error) {
	t, err := s.wholeType(f.Value, depth)
	if err != nil {
		return nil, err
	}
	if doc := docText(f); doc != "" {
		t.Doc = doc
	}
	for _, a := range f.Attrs {
		name, body := a.Split()
		switch name {
		case "help":
			t.Help = unquote(body)
		case "quantity":
			t.Quantity, t.Usual = true, body
		case "secret":
			t.Secret = true
		case "given":
			t.Given, t.GivenAs = body == "", body
		case "folder", "file", "files":
			if t.Mark, err = markOf(name, body, t); err != nil {
				return nil, unreadable(f, err.Error(), "write it as string @folder(), string @folder(python), string @file(), string @file(text) or [...string] @files()")
			}
		case "code":
			t.Code = body
		case "keys":
			if t.Keys, err = pattern(f, unquote(body)); err != nil {
				return nil, err
			}
		case "reserved":
			if t.Reserved, err = pattern(f, unquote(body)); err != nil {
				return nil, err
			}
		default:
			// others, such as @tag, are none of ours
			if near := diag.Misspelt(name, refining()); near != "" && !slices.Contains(refining(), name) {
				return nil, unreadable(a, "the attribute @"+name+" behind a field does not exist", "did you mean @"+near+"?")
			}
		}
	}
	return t, nil
}

// refining are the attributes of CUE that refine a type.
func refining() []string {
	return []string{"help", "quantity", "secret", "given", "folder", "file", "files", "code", "keys", "reserved", "unless"}
}

// markOf is the mark of an attribute whose texts are paths.
func markOf(name, body string, t *kind.Type) (*kind.Mark, error) {
	m := &kind.Mark{Many: name == "files", File: name == "file", Python: body == "python", Text: body == "text"}
	known := body == "" || name == "folder" && m.Python || m.File && m.Text
	switch {
	case !known:
		return nil, fmt.Errorf("@%s does not know %q", name, body)
	case m.Many != t.IsList, !m.Many && t.Check == nil:
		return nil, fmt.Errorf("@%s is on a type that does not hold the paths", name)
	}
	return m, nil
}

func (s scope) resolve(e ast.Expr) (*ast.Field, scope, bool) {
	switch e := e.(type) {
	case *ast.Ident:
		f, ok := s.own[e.Name]
		return f, s, ok && strings.HasPrefix(e.Name, "#")
	case *ast.SelectorExpr:
		name, _, err := ast.LabelName(e.Sel)
		if err != nil {
			return nil, s, false
		}
		if pkg, ok := e.X.(*ast.Ident); ok && s.imports[pkg.Name] != nil {
			f, ok := s.imports[pkg.Name][name]
			return f, scope{own: s.imports[pkg.Name], types: s.types}, ok
		}
		if outer, in, ok := s.resolve(e.X); ok {
			if found := in.within(outer.Value, name); len(found) == 1 {
				return found[0].field, found[0].in, true
			}
		}
	}
	return nil, s, false
}

func (s scope) plainStruct(t *kind.Type, e *ast.StructLit, depth int) error {
	for _, d := range e.Elts {
		switch d := d.(type) {
		case *ast.EmbedDecl:
			embedded, err := s.plainType(d.Expr, depth+1)
			if err != nil {
				return err
			}
			if !embedded.IsStruct {
				return unreadable(d.Expr, "what is embedded in a struct of attributes is not one", "write it as a definition whose fields are attributes")
			}
			if err := join(t, embedded, d.Expr); err != nil {
				return err
			}
		case *ast.Field:
			if _, ok := d.Label.(*ast.ListLit); ok {
				return s.plainMap(t, d, len(e.Elts), depth)
			}
			name, _, err := ast.LabelName(d.Label)
			if err != nil || strings.HasPrefix(name, "#") || strings.HasPrefix(name, "_") {
				return unreadable(d, "the field is not an attribute", "write it as name: type, and definitions outside of the attributes")
			}
			field, err := s.fieldType(d, depth+1)
			if err != nil {
				return err
			}
			if t.Field(name) != nil {
				return twiceWritten(d, name)
			}
			field.Optional = d.Constraint == token.OPTION
			t.IsStruct = true
			t.Fields = append(t.Fields, kind.Field{Name: name, Required: d.Constraint == token.NOT, Unless: marked(d, "unless"), Type: field})
		case *ast.Attribute, *ast.CommentGroup:
		default:
			return unreadable(d, "a struct of attributes has fields and embeddings alone", "write it as fields: name: type")
		}
	}
	t.IsStruct = true
	return nil
}

// marked is what stands in an attribute of a field, "" without it.
func marked(f *ast.Field, attribute string) string {
	for _, a := range f.Attrs {
		if name, body := a.Split(); name == attribute {
			return body
		}
	}
	return ""
}

// join adds the fields of a struct to those of another one.
func join(t, part *kind.Type, at ast.Node) error {
	for _, f := range part.Fields {
		if t.Field(f.Name) != nil {
			return twiceWritten(at, f.Name)
		}
	}
	t.IsStruct = true
	t.Fields = append(t.Fields, part.Fields...)
	return nil
}

// plainMap is {[string]: T}.
func (s scope) plainMap(t *kind.Type, d *ast.Field, fields, depth int) error {
	label := d.Label.(*ast.ListLit)
	if fields != 1 || len(label.Elts) != 1 {
		return notMap(d)
	}
	if id, ok := label.Elts[0].(*ast.Ident); !ok || id.Name != "string" {
		return notMap(d)
	}
	var err error
	t.IsMap = true
	if t.Elem, err = s.fieldType(d, depth+1); err == nil && misplacedKeys(t.Elem) {
		return unreadable(d, "@keys belongs after the values of a map", "write it as {[string]: …} @keys(…)")
	}
	return err
}

// misplacedKeys says whether @keys stands behind the values of a map, as in `labels: [string]: string @keys(…)`.
func misplacedKeys(elem *kind.Type) bool {
	return (elem.Keys != nil || elem.Reserved != nil) && !elem.IsMap
}

// plainList is [...T], or a concrete list.
func (s scope) plainList(t *kind.Type, e *ast.ListLit, depth int) error {
	t.IsList = true
	if len(e.Elts) == 1 {
		if rest, ok := e.Elts[0].(*ast.Ellipsis); ok {
			items := rest.Type
			if items == nil {
				items = ast.NewIdent("_")
			}
			var err error
			t.Elem, err = s.wholeType(items, depth+1)
			return err
		}
	}
	items := []any{}
	for _, item := range e.Elts {
		data, ok := literalData(item)
		if !ok {
			return fixedList(e)
		}
		items = append(items, data)
	}
	t.Default = items
	return nil
}

// plainChoice is a | b, one of which may be the default.
func (s scope) plainChoice(t *kind.Type, e *ast.BinaryExpr, depth int) error {
	var checks []*kind.Check
	mixed := s.mixes(e, depth)
	for _, alternative := range operands(e, token.OR) {
		star, isDefault := alternative.(*ast.UnaryExpr)
		isDefault = isDefault && star.Op == token.MUL
		if isDefault {
			alternative = star.X
		}
		a, err := s.plainType(alternative, depth+1)
		if err != nil {
			return err
		}
		if isDefault {
			if a.Default == nil {
				return unreadable(alternative, "the default is not a literal", "write it as *literal | type, or as an optional field without a default: name?: type")
			}
			t.Default = a.Default
		}
		// a list or a struct with a default has the shape of the alternative that is a type
		if mixed {
			if a.IsList && a.Elem == nil {
				return fixedList(alternative)
			}
			inherit(t, a)
			checks = append(checks, &kind.Check{Fits: a})
			continue
		}
		if a.IsStruct || a.IsMap || a.IsList {
			if isDefault {
				continue
			}
			if t.IsStruct || t.IsMap || t.Elem != nil {
				return unreadable(alternative, "the type is a choice between two structures", "write it as one struct with optional fields, or as two attributes")
			}
			text, def := t.Text, t.Default
			*t = *a
			t.Text = text
			if def != nil {
				t.Default = def
			}
			continue
		}
		inherit(t, a)
		checks = append(checks, a.Check)
	}
	if t.IsStruct || t.IsMap || t.IsList {
		return nil
	}
	t.Check = &kind.Check{Any: checks}
	return nil
}

// mixes says whether a choice is between scalars and structures: then a value is checked as a whole.
func (s scope) mixes(e *ast.BinaryExpr, depth int) bool {
	scalars, structures := 0, 0
	for _, alternative := range operands(e, token.OR) {
		if star, ok := alternative.(*ast.UnaryExpr); ok && star.Op == token.MUL {
			alternative = star.X
		}
		a, err := s.plainType(alternative, depth+1)
		switch {
		case err != nil:
			return false
		case a.IsStruct || a.IsMap || a.IsList:
			structures++
		default:
			scalars++
		}
	}
	return scalars > 0 && structures > 0
}

// plainBoth is a & b: of scalars, or of structs with fields of their own each.
func (s scope) plainBoth(t *kind.Type, e *ast.BinaryExpr, depth int) error {
	var checks []*kind.Check
	for _, operand := range operands(e, token.AND) {
		a, err := s.plainType(operand, depth+1)
		if err != nil {
			return err
		}
		switch {
		case a.IsStruct && len(checks) == 0:
			if err := join(t, a, operand); err != nil {
				return err
			}
			continue
		case a.Check == nil || t.IsStruct:
			return unreadable(operand, "& stands between structures", "write it as one type")
		}
		inherit(t, a)
		checks = append(checks, a.Check)
	}
	if !t.IsStruct {
		t.Check = &kind.Check{All: checks}
	}
	return nil
}

// inherit takes what a definition says of its values over to the type that refers to it.
func inherit(t, from *kind.Type) {
	if t.Help == "" {
		t.Help = from.Help
	}
	if t.Code == "" {
		t.Code = from.Code
	}
	t.Quantity, t.Usual = t.Quantity || from.Quantity, cmp.Or(t.Usual, from.Usual)
	t.Secret = t.Secret || from.Secret
	t.Given = t.Given || from.Given
}

func operands(e ast.Expr, op token.Token) []ast.Expr {
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == op {
		return append(operands(b.X, op), operands(b.Y, op)...)
	}
	return []ast.Expr{e}
}

// plainCheck is a basic type, a literal, a bound or a pattern; data is the value of a literal.
func (s scope) plainCheck(e ast.Expr) (check *kind.Check, data any, concrete bool, err error) {
	if data, ok := literalData(e); ok {
		return &kind.Check{Op: "==", Limit: data}, data, true, nil
	}
	switch e := e.(type) {
	case *ast.Ident:
		if !isBasic(e.Name) || s.own[e.Name] != nil {
			return nil, nil, false, unknownType(e)
		}
		return &kind.Check{Basic: e.Name}, nil, false, nil
	case *ast.UnaryExpr:
		check, err := bound(e)
		return check, nil, false, err
	}
	return nil, nil, false, s.missing(e)
}

// missing is the mistake of a reference to a definition that does not exist, or else of an expression that is no form of a type.
func (s scope) missing(e ast.Expr) error {
	selector, ok := e.(*ast.SelectorExpr)
	if !ok {
		return unknownType(e)
	}
	name, _, err := ast.LabelName(selector.Sel)
	from, isIdent := selector.X.(*ast.Ident)
	if err != nil || !isIdent || s.imports[from.Name] == nil || s.imports[from.Name][name] != nil {
		return unknownType(e)
	}
	var known []string
	for _, name := range sorted(s.imports[from.Name]) {
		known = append(known, from.Name+"."+name)
	}
	return unreadable(e, source(e)+" does not exist", cmp.Or(diag.DidYouMean(diag.Near(source(e), known)), kindHelp))
}

// isBasic says whether a name is that of a basic type.
func isBasic(name string) bool { return slices.Contains(kind.Basics(), name) }

func bound(e *ast.UnaryExpr) (*kind.Check, error) {
	limit, ok := literalData(e.X)
	if !ok {
		return nil, unknownType(e)
	}
	text, isText := limit.(string)
	if isText && (e.Op == token.MAT || e.Op == token.NMAT) {
		p, err := pattern(e, text)
		if err != nil {
			return nil, err
		}
		return &kind.Check{Pattern: p, NotMatch: e.Op == token.NMAT}, nil
	}
	_, isInt := limit.(int64)
	_, isFloat := limit.(float64)
	switch e.Op {
	case token.NEQ:
		ok = isText || isInt || isFloat
	case token.GTR, token.GEQ, token.LSS, token.LEQ:
		ok = isInt || isFloat
	default:
		ok = false
	}
	if !ok {
		return nil, unknownType(e)
	}
	return &kind.Check{Op: e.Op.String(), Limit: limit}, nil
}

// pattern is a regular expression that is written at a place.
func pattern(at ast.Node, text string) (*kind.Pattern, error) {
	p, err := kind.NewPattern(text)
	if err != nil {
		return nil, unreadable(at, err.Error(), "write it as a regular expression of Go")
	}
	return p, nil
}

// literalData is the value of a literal; lists and structs are none.
func literalData(e ast.Expr) (any, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		switch e.Kind {
		case token.STRING:
			s, err := literal.Unquote(e.Value)
			return s, err == nil
		case token.INT:
			i, err := strconv.ParseInt(e.Value, 10, 64)
			return i, err == nil
		case token.FLOAT:
			f, err := strconv.ParseFloat(e.Value, 64)
			return f, err == nil
		case token.TRUE, token.FALSE:
			return e.Kind == token.TRUE, true
		case token.NULL:
			return nil, true
		}
	case *ast.UnaryExpr:
		if e.Op == token.SUB {
			if n, ok := literalData(e.X); ok {
				if i, ok := n.(int64); ok {
					return -i, true
				}
			}
		}
	}
	return nil, false
}

func source(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Value
	case *ast.Ident:
		return e.Name
	}
	text, err := format.Node(e)
	if err != nil {
		return ""
	}
	return string(text)
}

func docText(f *ast.Field) string {
	var b strings.Builder
	for _, group := range ast.Comments(f) {
		if group.Doc {
			b.WriteString(group.Text())
		}
	}
	return strings.TrimSpace(b.String())
}
