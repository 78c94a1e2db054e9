package eval

import (
	"fmt"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
	"github.com/cockroachdb/apd/v3"
)

// scope is what names mean below a literal, or below a clause of a comprehension.
type scope struct {
	up     *scope
	fields map[string]role
	lets   map[string]*letDecl
	val    string // of a step
	key    string
}

// watch gathers the names of a literal that an expression reads; "let x" is the let x.
type watch struct {
	of    *scope
	names map[string]bool
}

// compiler makes nodes of the syntax of one unit.
type compiler struct {
	pkg     *pkg
	file    *file
	scope   *scope
	watches []watch
}

func refuse(at token.Pos, format string, args ...any) node {
	return &refusal{place{at}, fmt.Sprintf(format, args...)}
}

func (k *compiler) expr(x ast.Expr) node {
	at := place{x.Pos()}
	switch x := x.(type) {
	case *ast.BasicLit:
		return k.basic(x)
	case *ast.Ident:
		return k.ident(x)
	case *ast.ParenExpr:
		return k.expr(x.X)
	case *ast.StructLit:
		return k.structLit(x)
	case *ast.ListLit:
		return k.listLit(x)
	case *ast.SelectorExpr:
		return k.selector(x)
	case *ast.IndexExpr:
		return k.index(x)
	case *ast.UnaryExpr:
		return k.unary(x)
	case *ast.BinaryExpr:
		return k.binary(x)
	case *ast.Interpolation:
		return k.interpolation(x)
	case *ast.CallExpr:
		return k.call(x)
	case *ast.BottomLit:
		return refuse(at.at, "_|_ stands outside of a comparison")
	case *ast.SliceExpr:
		return refuse(at.at, "a slice of a list is taken; list.Slice does the same")
	case *ast.Alias:
		return refuse(at.at, "an alias is used")
	}
	return refuse(at.at, "an expression of this form is used")
}

func (k *compiler) basic(x *ast.BasicLit) node {
	at := place{x.ValuePos}
	switch x.Kind {
	case token.STRING:
		if strings.HasPrefix(strings.TrimLeft(x.Value, "#"), "'") {
			return refuse(at.at, "bytes are used")
		}
		s, err := literal.Unquote(x.Value)
		if err != nil {
			return refuse(at.at, "a text is not valid")
		}
		return wholeText(at, s, x.Value)
	case token.INT, token.FLOAT:
		return number(x)
	case token.TRUE, token.FALSE:
		return &scalarNode{at, boolOf(x.Kind == token.TRUE), oneLine}
	case token.NULL:
		return &scalarNode{at, value{class: null}, oneLine}
	}
	return refuse(at.at, "a literal of this form is used")
}

func number(x *ast.BasicLit) node {
	var n literal.NumInfo
	if err := literal.ParseNum(x.Value, &n); err != nil {
		return refuse(x.ValuePos, "a number is not valid")
	}
	d, _, err := apd.NewFromString(n.String())
	if err != nil {
		return refuse(x.ValuePos, "a number is not valid")
	}
	k := decimal
	if n.IsInt() {
		k = integer
	}
	v := numberOf(d, k)
	if v.class == bottom {
		return refuse(x.ValuePos, "%s is used", v.s)
	}
	return &scalarNode{place{x.ValuePos}, v, oneLine}
}

// ident is what a name means where it stands.
func (k *compiler) ident(x *ast.Ident) node {
	at, name, up := place{x.NamePos}, x.Name, 0
	if name == "_" {
		return &typeNode{at, anything}
	}
	for s := k.scope; s != nil; s, up = s.up, up+1 {
		if l := s.lets[name]; l != nil {
			k.saw(s, "let "+name)
			return &letRef{at, up, l.slot, l}
		}
		if r, ok := s.fields[name]; ok {
			l := k.label(name, r, x.NamePos)
			k.saw(s, l.name)
			return &fieldRef{at, up, l}
		}
		if s.val == name {
			return &stepRef{at, up, false}
		}
		if s.key == name {
			return &stepRef{at, up, true}
		}
	}
	if u := k.file.lets[name]; u != nil {
		return &unitRef{at, u}
	}
	if u := k.pkg.units[name]; u != nil {
		return &unitRef{at, u}
	}
	return predeclared(x)
}

func (k *compiler) saw(s *scope, name string) {
	for _, w := range k.watches {
		if w.of == s {
			w.names[name] = true
		}
	}
}

// label is the name of a field. Hidden ones of two packages are two.
func (k *compiler) label(name string, r role, at token.Pos) *label {
	if r == hidden {
		name = k.pkg.path + "\x00" + name
	}
	return &label{name: name, role: r, at: at}
}

func roleOf(name string) role {
	switch {
	case strings.HasPrefix(name, "#"):
		return definition
	case strings.HasPrefix(name, "_"):
		return hidden
	}
	return regular
}

func predeclared(x *ast.Ident) node {
	at := place{x.NamePos}
	between := func(low, high string) node {
		bounds := &unify{at, []node{&typeNode{at, 1 << integer}, &bound{at, token.GEQ, intLiteral(at, low)}}}
		if high != "" {
			bounds.all = append(bounds.all, &bound{at, token.LEQ, intLiteral(at, high)})
		}
		return bounds
	}
	switch x.Name {
	case "string":
		return &typeNode{at, 1 << text}
	case "int":
		return &typeNode{at, 1 << integer}
	case "float":
		return &typeNode{at, 1 << decimal}
	case "number":
		return &typeNode{at, 1<<integer | 1<<decimal}
	case "bool":
		return &typeNode{at, 1 << boolean}
	case "bytes":
		return &typeNode{at, 1 << binaryText}
	case "uint":
		return between("0", "")
	case "uint8":
		return between("0", "255")
	case "uint16":
		return between("0", "65535")
	case "uint32":
		return between("0", "4294967295")
	case "int8":
		return between("-128", "127")
	case "int16":
		return between("-32768", "32767")
	case "int32":
		return between("-2147483648", "2147483647")
	}
	return refuse(x.NamePos, "the name %s is not known", x.Name)
}

func intLiteral(at place, s string) node {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return refuse(at.at, "a number is not valid")
	}
	return &scalarNode{at, intOf(n), oneLine}
}

func (k *compiler) listLit(x *ast.ListLit) node {
	n := &listLit{place: place{x.Lbrack}, constant: true, flat: true}
	for _, el := range x.Elts {
		switch el := el.(type) {
		case *ast.Ellipsis:
			n.open, n.constant = true, false
			if el.Type != nil {
				n.rest = k.expr(el.Type)
			}
		case *ast.Comprehension:
			n.constant = false
			n.all = append(n.all, k.comprehension(el))
		default:
			item := k.expr(el)
			n.constant = n.constant && constant(item)
			n.flat = n.flat && flat(item)
			n.all = append(n.all, item)
		}
	}
	k.share(n.constant, n, &n.shared)
	return n
}

// share evaluates a constant once for all of its uses.
func (k *compiler) share(is bool, n node, into **vertex) {
	if !is {
		return
	}
	c := k.pkg.program.constants
	v := c.vertex(conj{n: n})
	c.mistake(v, 0)
	*into = v
}

func flat(n node) bool {
	switch n := n.(type) {
	case *scalarNode:
		return true
	case *listLit:
		return n.flat
	}
	return false
}

func constant(n node) bool {
	switch n := n.(type) {
	case *scalarNode:
		return true
	case *structLit:
		return n.constant
	case *listLit:
		return n.constant
	}
	return false
}

func (k *compiler) selector(x *ast.SelectorExpr) node {
	name, r, ok := selected(x.Sel)
	if !ok {
		return refuse(x.Sel.Pos(), "a selector of this form is used")
	}
	if id, ok := x.X.(*ast.Ident); ok && k.imported(id) {
		return k.foreign(id, name, x)
	}
	return &selector{place{x.Sel.Pos()}, k.expr(x.X), k.label(name, r, x.Sel.Pos())}
}

func selected(l ast.Label) (name string, r role, ok bool) {
	switch l := l.(type) {
	case *ast.Ident:
		return l.Name, roleOf(l.Name), true
	case *ast.BasicLit:
		if l.Kind == token.STRING {
			s, err := literal.Unquote(l.Value)
			return s, regular, err == nil
		}
	}
	return "", regular, false
}

// imported says whether a name is that of an import: nothing nearer has it.
func (k *compiler) imported(id *ast.Ident) bool {
	for s := k.scope; s != nil; s = s.up {
		if _, ok := s.fields[id.Name]; ok || s.lets[id.Name] != nil || s.val == id.Name || s.key == id.Name {
			return false
		}
	}
	return k.file.imports[id.Name] != ""
}

// foreign is a name of another package.
func (k *compiler) foreign(id *ast.Ident, name string, x *ast.SelectorExpr) node {
	path := k.file.imports[id.Name]
	if k.pkg.program.pkgs[path] != nil {
		if u := k.pkg.program.unit(path, name); u != nil && roleOf(name) != hidden {
			return &unitRef{place{x.Pos()}, u}
		}
		return refuse(x.Pos(), "the package %s has no %s", path, name)
	}
	if f := k.pkg.program.builtins[path+"."+name]; f != nil {
		return refuse(x.Pos(), "%s.%s is used as a value", path, name)
	}
	return refuse(x.Pos(), "%s.%s is used", path, name)
}

func (k *compiler) index(x *ast.IndexExpr) node {
	at := place{x.X.Pos()}
	i := k.expr(x.Index)
	base := k.expr(x.X)
	fixed, ok := i.(*scalarNode)
	l, isList := base.(*listLit)
	if ok && isList && !l.constant && !l.open && fixed.val.class == integer && fixed.val.n >= 0 {
		return &choice{at, l, int(fixed.val.n)}
	}
	return &index{at, base, i}
}

func (k *compiler) unary(x *ast.UnaryExpr) node {
	at := place{x.OpPos}
	switch x.Op {
	case token.MUL:
		return refuse(x.OpPos, "a default stands outside of a disjunction")
	case token.LSS, token.LEQ, token.GTR, token.GEQ, token.NEQ, token.MAT, token.NMAT:
		if _, ok := x.X.(*ast.BottomLit); ok {
			return refuse(x.OpPos, "_|_ is a bound")
		}
		return &bound{at, x.Op, k.expr(x.X)}
	case token.ADD, token.SUB, token.NOT:
		v := k.expr(x.X)
		if l, ok := v.(*scalarNode); ok && x.Op == token.SUB && l.val.isNumber() {
			return &scalarNode{at, negative(l.val), oneLine}
		}
		return &unary{at, x.Op, v}
	}
	return refuse(x.OpPos, "the operator %s is used", x.Op)
}

func (k *compiler) binary(x *ast.BinaryExpr) node {
	at := place{x.X.Pos()}
	switch x.Op {
	case token.AND:
		n := &unify{at, k.operands(token.AND, x)}
		if k.contradicts(n) {
			return refuse(at.at, "a value contradicts itself")
		}
		return n
	case token.OR:
		return k.disjunction(x)
	case token.EQL, token.NEQ:
		if _, ok := x.Y.(*ast.BottomLit); ok {
			return &absent{at, k.expr(x.X), x.Op == token.NEQ}
		}
		if _, ok := x.X.(*ast.BottomLit); ok {
			return &absent{at, k.expr(x.Y), x.Op == token.NEQ}
		}
	}
	return &binary{at, x.Op, k.expr(x.X), k.expr(x.Y)}
}

// contradicts says whether a unification fails whatever the inputs are: CUE reports that also where nobody asks for it.
func (k *compiler) contradicts(n *unify) bool {
	for _, x := range n.all {
		switch x.(type) {
		case *scalarNode, *typeNode:
		default:
			return false
		}
	}
	return n.eval(k.pkg.program.constants, nil).class == bottom
}

func (k *compiler) operands(op token.Token, x ast.Expr) []node {
	if b, ok := x.(*ast.BinaryExpr); ok && b.Op == op {
		return append(k.operands(op, b.X), k.operands(op, b.Y)...)
	}
	return []node{k.expr(x)}
}

func (k *compiler) disjunction(x *ast.BinaryExpr) node {
	n := &disjunction{place: place{x.Pos()}}
	var last []node
	for _, alt := range alternatives(x) {
		if u, ok := alt.(*ast.UnaryExpr); ok && u.Op == token.MUL {
			last = append(last, k.expr(u.X))
			continue
		}
		v := k.expr(alt)
		if d, ok := v.(*disjunction); ok && len(d.fallback) > 0 {
			return refuse(alt.Pos(), "a disjunction with a default stands in another one")
		}
		n.all = append(n.all, v)
	}
	if len(last) > 1 {
		return refuse(x.Pos(), "a disjunction has several defaults")
	}
	n.all, n.fallback = append(n.all, last...), last
	return n
}

func alternatives(x ast.Expr) []ast.Expr {
	if b, ok := x.(*ast.BinaryExpr); ok && b.Op == token.OR {
		return append(alternatives(b.X), alternatives(b.Y)...)
	}
	return []ast.Expr{x}
}

func (k *compiler) interpolation(x *ast.Interpolation) node {
	if len(x.Elts) == 1 {
		return k.expr(x.Elts[0])
	}
	first, last := x.Quotes()
	info, prefix, _, err := literal.ParseQuotes(first.Value, last.Value)
	if err != nil || !info.IsDouble() {
		return refuse(x.Pos(), "a text of this form is used")
	}
	n := &interpolation{place: place{x.Pos()}}
	for i, el := range x.Elts {
		if i%2 == 1 {
			n.all = append(n.all, k.expr(el))
			continue
		}
		l, ok := el.(*ast.BasicLit)
		if !ok || len(l.Value) < prefix {
			return refuse(x.Pos(), "a text of this form is used")
		}
		s, err := info.Unquote(l.Value[prefix:])
		if err != nil {
			return refuse(l.Pos(), "a text is not valid")
		}
		if s != "" {
			n.all = append(n.all, &scalarNode{place{l.Pos()}, textOf(s), linesOf(s, l.Value, i == 0)})
		}
		prefix = 1
	}
	return n
}

// wholeText is a text without expressions. Of several lines, each knows where it is written.
func wholeText(at place, s, source string) node {
	v := textOf(s)
	if l := linesOf(s, source, true); l != oneLine {
		v.deps = &deps{put: &pieces{all: []part{{end: len(s), n: len(s), at: at.at, lines: l}}}}
	}
	return &scalarNode{at, v, oneLine}
}

// linesOf says where the lines of a text are, or of a part of one. Escapes that stand for a line break are not told apart.
func linesOf(s, source string, first bool) lines {
	breaks := strings.Count(source, "\n")
	switch n := strings.Count(s, "\n"); {
	case breaks == 0 || n == 0:
		if first && breaks > 0 {
			return below
		}
		return oneLine
	case first && (breaks == n+1 || breaks == n+2):
		return below
	case !first && (breaks == n || breaks == n+1):
		return along
	}
	return oneLine
}

func (k *compiler) call(x *ast.CallExpr) node {
	name := ""
	switch f := x.Fun.(type) {
	case *ast.Ident:
		if _, ok := k.ident(f).(*refusal); ok {
			name = "." + f.Name
		}
	case *ast.SelectorExpr:
		if id, ok := f.X.(*ast.Ident); ok && k.imported(id) {
			if sel, _, ok := selected(f.Sel); ok {
				name = k.file.imports[id.Name] + "." + sel
			}
		}
	}
	f := k.pkg.program.builtins[name]
	if f == nil {
		return refuse(x.Pos(), "the function %s is called", strings.TrimPrefix(name, "."))
	}
	if len(x.Args) != f.arity {
		return refuse(x.Pos(), "%s is called with %d arguments, and takes %d", strings.TrimPrefix(name, "."), len(x.Args), f.arity)
	}
	n := &call{place: place{x.Pos()}, f: f}
	for _, a := range x.Args {
		n.args = append(n.args, k.expr(a))
	}
	return n
}
