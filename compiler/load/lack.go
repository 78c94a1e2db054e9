package load

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// lack is why a value is not concrete: the first thing that it depends on and that has none. nil: the value is a type itself, or nothing is known.
func (r *reader) lack(v cue.Value) *kind.Lack {
	if r.inst == nil {
		return nil
	}
	if l := r.circle(v); l != nil {
		return l
	}
	var at []token.Pos
	if found := errors.Errors(v.Validate(cue.Concrete(true))); len(found) > 0 {
		if format, args := found[0].Msg(); strings.HasPrefix(format, "undefined field") && len(args) > 0 {
			return r.undefined(found[0], fmt.Sprint(args[0]))
		}
		at = errors.Positions(found[0])
	}
	own := r.expression(v)
	// what CUE names last is what the rest depends on
	for _, p := range slices.Backward(at) {
		if f := r.fieldOf(p); f != nil && f.Value != own {
			return r.lacking(f)
		}
	}
	return r.lackIn(own, map[ast.Node]bool{})
}

// expression is what is written for a value, nil where that is not known.
func (r *reader) expression(v cue.Value) ast.Expr {
	switch n := v.Source().(type) {
	case *ast.Field:
		return n.Value
	case ast.Expr:
		return n
	}
	return nil
}

// lackIn is the first field that an expression refers to and that is written without a value.
func (r *reader) lackIn(expr ast.Expr, seen map[ast.Node]bool) *kind.Lack {
	if expr == nil || seen[expr] {
		return nil
	}
	seen[expr] = true
	var found *kind.Lack
	ast.Walk(expr, func(n ast.Node) bool {
		if found != nil {
			return false
		}
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		for _, f := range r.named(id) {
			if l := r.lackIn(f.Value, seen); l != nil {
				found = l
			} else if open(f.Value) || tagged(f) != nil {
				found = r.lacking(f)
			}
		}
		return false
	}, nil)
	return found
}

// named are the fields that a name refers to.
func (r *reader) named(id *ast.Ident) []*ast.Field {
	if f, ok := id.Node.(*ast.Field); ok {
		return []*ast.Field{f}
	}
	var all []*ast.Field
	for _, f := range filesOf(r.inst) {
		for _, d := range f.Decls {
			if field, ok := d.(*ast.Field); ok {
				if name, _, err := ast.LabelName(field.Label); err == nil && name == id.Name {
					all = append(all, field)
				}
			}
		}
	}
	return all
}

// open says whether an expression is a type, or a choice without a default.
func open(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return slices.Contains(append(kind.Basics(), "bytes", "uint", "int32", "int64"), e.Name)
	case *ast.UnaryExpr:
		return e.Op != token.SUB && e.Op != token.ADD && e.Op != token.MUL && e.Op != token.NOT
	case *ast.ParenExpr:
		return open(e.X)
	case *ast.BinaryExpr:
		return e.Op == token.AND && open(e.X) && open(e.Y) || e.Op == token.OR && !defaulted(e)
	}
	return false
}

// defaulted says whether a choice has a default.
func defaulted(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return defaulted(e.X) || defaulted(e.Y)
	case *ast.UnaryExpr:
		return e.Op == token.MUL
	}
	return false
}

// lacking is what a field that has no value says of itself.
func (r *reader) lacking(f *ast.Field) *kind.Lack {
	name, _, _ := ast.LabelName(f.Label)
	l := &kind.Lack{Name: name, Pos: relative(position(f.Label.Pos()), r.dir), Tags: tagged(f)}
	if _, ok := f.Value.(*ast.StructLit); !ok {
		l.Text = source(f.Value)
	}
	return l
}

// tagged are the tags that set a field, as they are given behind -t.
func tagged(f *ast.Field) []string {
	var all []string
	for _, a := range f.Attrs {
		key, body := a.Split()
		if key != "tag" {
			continue
		}
		name, rest, _ := strings.Cut(body, ",")
		all = append(all, strings.TrimSpace(name)+"="+example(f.Value, rest))
		for part := range strings.SplitSeq(rest, ",") {
			if short, ok := strings.CutPrefix(strings.TrimSpace(part), "short="); ok {
				for s := range strings.SplitSeq(short, "|") {
					all = append(all, s)
				}
			}
		}
	}
	return all
}

// example is a value that a tag may have: of a choice the first, of a truth true.
func example(e ast.Expr, options string) string {
	if strings.Contains(options, "type=bool") {
		return "true"
	}
	for {
		b, ok := e.(*ast.BinaryExpr)
		if !ok {
			break
		}
		e = b.X
	}
	if lit, ok := e.(*ast.BasicLit); ok && !strings.ContainsAny(lit.Value, " \\") {
		return strings.Trim(lit.Value, `"`)
	}
	return "…"
}

// circle is why references have no value that lead back to each other.
func (r *reader) circle(v cue.Value) *kind.Lack {
	var names []string
	var places []diag.Pos
	for len(names) < maxCircle {
		root, path := v.ReferencePath()
		if len(path.Selectors()) == 0 {
			return nil
		}
		name := path.String()
		if i := slices.Index(names, name); i >= 0 {
			names = names[i:]
			slices.Sort(names)
			return &kind.Lack{Turn: strings.Join(names, " and "), Help: "give one of them a value", Pos: slices.MinFunc(places[i:], diag.Pos.Compare)}
		}
		_, at := r.places(v)
		names, places = append(names, name), append(places, at)
		if v = root.LookupPath(path); !v.Exists() {
			return nil
		}
	}
	return nil
}

const maxCircle = 50

// undefined is a reference to a field that does not exist.
// It names what is written as a reference alone: a text in brackets may be a secret.
func (r *reader) undefined(e errors.Error, name string) *kind.Lack {
	l := &kind.Lack{Why: "a field that does not exist", Help: "declare it, or refer to another field"}
	for _, p := range errors.Positions(e) {
		l.Pos = relative(position(p), r.dir)
		sel := r.selectorAt(p)
		if sel == nil || !namesAlone(sel) {
			continue
		}
		outer := source(sel.X)
		l.Why = fmt.Sprintf("%s.%s, which does not exist", outer, name)
		it, err := r.root.LookupPath(cue.ParsePath(outer)).Fields(cue.All())
		if err != nil {
			break
		}
		var names []string
		for it.Next() {
			names = append(names, it.Selector().String())
		}
		if near := diag.Near(name, names); len(near) > 0 {
			l.Help = diag.DidYouMean(near)
		} else if len(names) > 0 && len(names) <= 12 {
			l.Help = outer + " has " + strings.Join(names, ", ")
		}
		break
	}
	return l
}

// namesAlone says whether an expression is names alone: a.b.c.
func namesAlone(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return true
	case *ast.SelectorExpr:
		_, plain := e.Sel.(*ast.Ident)
		return plain && namesAlone(e.X)
	}
	return false
}

// from finds where the value that a reference stands for is written; nil where it is written at its place.
func (r *reader) from(v cue.Value) func() diag.Pos {
	if r.inst == nil {
		return nil
	}
	switch r.expression(v).(type) {
	case *ast.SelectorExpr, *ast.Ident:
		return func() diag.Pos { return r.origin(v) }
	}
	return nil
}

func (r *reader) origin(v cue.Value) diag.Pos {
	for range maxCircle {
		root, path := v.ReferencePath()
		if len(path.Selectors()) == 0 {
			break
		}
		next := root.LookupPath(path)
		if !next.Exists() {
			break
		}
		v = next
	}
	if f, ok := v.Source().(*ast.Field); ok {
		return relative(position(f.Value.Pos()), r.dir)
	}
	return relative(position(v.Pos()), r.dir)
}

// fieldOf is the field whose value stands at a place, nil without.
func (r *reader) fieldOf(p token.Pos) *ast.Field {
	var found *ast.Field
	r.walk(p, func(n ast.Node) {
		if f, ok := n.(*ast.Field); ok && f.Value != nil && f.Value.Pos() == p {
			found = f
		}
	})
	return found
}

// selectorAt is the reference whose last name stands at a place, nil without.
func (r *reader) selectorAt(p token.Pos) *ast.SelectorExpr {
	var found *ast.SelectorExpr
	r.walk(p, func(n ast.Node) {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Pos() == p {
			found = s
		}
	})
	return found
}

// walk visits the file that a place is in.
func (r *reader) walk(p token.Pos, visit func(ast.Node)) {
	for _, f := range filesOf(r.inst) {
		if f.Filename == p.Filename() {
			ast.Walk(f, func(n ast.Node) bool { visit(n); return true }, nil)
		}
	}
}

// filesOf are those of an instance, and of what it imports.
func filesOf(inst *build.Instance) []*ast.File {
	var all []*ast.File
	seen := map[*build.Instance]bool{}
	var add func(inst *build.Instance)
	add = func(inst *build.Instance) {
		if inst == nil || seen[inst] {
			return
		}
		seen[inst] = true
		all = append(all, inst.Files...)
		for _, imported := range inst.Imports {
			add(imported)
		}
	}
	add(inst)
	return all
}
