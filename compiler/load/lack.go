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
		for e := found[0]; e != nil; {
			if format, args := e.Msg(); strings.HasPrefix(format, "undefined field") && len(args) > 0 {
				return r.undefined(e, fmt.Sprint(args[0]))
			}
			inner := errors.Error(nil) // of an interpolation
			errors.As(errors.Unwrap(e), &inner)
			e = inner
		}
		at = errors.Positions(found[0])
	}
	own := r.expression(v)
	// what CUE names last is what the rest depends on
	for _, p := range slices.Backward(at) {
		f := r.fieldOf(p)
		if f == nil || f.Value == own {
			continue
		}
		if _, ok := f.Value.(*ast.StructLit); !ok {
			return r.lacking(f)
		}
		if l := r.lackIn(f.Value, map[ast.Node]bool{}); l != nil {
			return l // the name of one of its fields
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
// It names what is written as a reference alone: a text in brackets that is no field may be a secret.
func (r *reader) undefined(e errors.Error, name string) *kind.Lack {
	l := &kind.Lack{Why: "a field that does not exist", Help: "declare it, or refer to another field"}
	for _, p := range errors.Positions(e) {
		l.Pos = relative(position(p), r.dir)
		outer, plain := r.referenceAt(p)
		if outer == nil {
			continue
		}
		names, known := r.fieldsOf(outer)
		if !known && !namesAlone(outer) {
			continue
		}
		if r.imported(outer) != "" {
			l.Help = "refer to another field of the package"
		}
		l.Why = fmt.Sprintf("%s.%s, which does not exist", source(outer), name)
		if !plain {
			l.Why = fmt.Sprintf("a field of %s that does not exist", source(outer))
		}
		if near := diag.Near(name, names); len(near) > 0 {
			l.Help = diag.DidYouMean(near)
		} else if len(names) > 0 && len(names) <= 12 {
			l.Help = source(outer) + " has " + strings.Join(names, ", ")
		}
		break
	}
	return l
}

// fieldsOf are the fields of what a reference stands for: of a package that is imported, or of a value. ok is false where that is not known.
func (r *reader) fieldsOf(e ast.Expr) (all []string, ok bool) {
	if path := r.imported(e); path != "" {
		return r.exported(path), true
	}
	v, ok := r.valueOf(e)
	if !ok {
		return nil, false
	}
	it, err := v.Fields(cue.All())
	if err != nil {
		return nil, false
	}
	for it.Next() {
		all = append(all, it.Selector().String())
	}
	return all, true
}

// imported is the path of the package that an expression names, "" of another one.
func (r *reader) imported(e ast.Expr) string {
	if id, ok := e.(*ast.Ident); ok {
		if spec, ok := id.Node.(*ast.ImportSpec); ok {
			return strings.Trim(spec.Path.Value, `"`)
		}
	}
	return ""
}

// exported are the fields of a package that is imported, but for hidden ones.
func (r *reader) exported(path string) []string {
	var all []string
	for _, imported := range r.inst.Imports {
		if bare, _, _ := strings.Cut(path, ":"); imported.ImportPath != path && imported.ImportPath != bare {
			continue
		}
		for _, f := range imported.Files {
			for _, d := range f.Decls {
				for _, name := range names(d) {
					if !strings.HasPrefix(name, "_") && !slices.Contains(all, name) {
						all = append(all, name)
					}
				}
			}
		}
	}
	return all
}

// valueOf is what a reference to a field of the whole stands for; ok is false for another one.
func (r *reader) valueOf(e ast.Expr) (v cue.Value, ok bool) {
	switch e := e.(type) {
	case *ast.Ident:
		if f, is := e.Node.(*ast.Field); is && !slices.ContainsFunc(filesOf(r.inst), func(file *ast.File) bool { return slices.Contains(file.Decls, ast.Decl(f)) }) {
			return v, false // of a struct around it
		}
		return fieldNamed(r.root, e.Name)
	case *ast.SelectorExpr:
		name, _, err := ast.LabelName(e.Sel)
		if v, ok = r.valueOf(e.X); !ok || err != nil {
			return v, false
		}
		return fieldNamed(v, name)
	case *ast.IndexExpr:
		if v, ok = r.valueOf(e.X); !ok {
			return v, false
		}
		data, literal := literalData(e.Index)
		switch index := data.(type) {
		case string:
			return fieldNamed(v, index)
		case int64:
			v = v.LookupPath(cue.MakePath(cue.Index(index)))
			return v, literal && v.Exists()
		}
	}
	return v, false
}

// fieldNamed is the field of a value by its name, hidden ones and definitions too.
func fieldNamed(v cue.Value, name string) (field cue.Value, ok bool) {
	it, err := v.Fields(cue.All())
	if err != nil {
		return v, false
	}
	for it.Next() {
		if sel := it.Selector(); sel.String() == name || sel.LabelType() == cue.StringLabel && sel.Unquoted() == name {
			return it.Value(), true
		}
	}
	return v, false
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

// literalAt is what is written out at a place: a text, a number or a struct. nil without.
func (r *reader) literalAt(p token.Pos) ast.Expr {
	var found ast.Expr
	r.walk(p, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.BasicLit, *ast.StructLit, *ast.ListLit:
			if n.Pos() == p {
				found = n.(ast.Expr)
			}
		}
	})
	return found
}

// referenceAt is what a reference is to a field of whose last name stands at a place, nil without; plain says that it is a name, and not in brackets.
func (r *reader) referenceAt(p token.Pos) (outer ast.Expr, plain bool) {
	r.walk(p, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel.Pos() == p {
				_, plain = n.Sel.(*ast.Ident)
				outer = n.X
			}
		case *ast.IndexExpr:
			if n.Index.Pos() == p || n.Lbrack == p {
				outer, plain = n.X, false
			}
		}
	})
	return outer, plain
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
