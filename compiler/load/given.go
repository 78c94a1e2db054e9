package load

import (
	"cmp"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// reader takes a user's value out of CUE, with the place of every key and value.
type reader struct {
	dir  string // positions are relative to it
	list *diag.List

	root cue.Value       // the whole, for why something in it has no value
	inst *build.Instance // what it is made of; nil: nobody asks why
}

// given reads a value. Errors inside it were reported when the whole was validated; what is broken is not concrete and has no text.
func (r *reader) given(v cue.Value, key string) *kind.Given {
	g := &kind.Given{Key: key}
	g.KeyPos, g.Pos = r.places(v)
	if d, ok := v.Default(); ok {
		v = d
	}
	switch v.Kind() {
	case cue.StructKind:
		r.fields(g, v)
	case cue.ListKind:
		r.items(g, v)
	case cue.BottomKind:
		r.bottom(g, v)
	default:
		g.Concrete = true
		g.Scalar, g.Text = scalar(v), display(v)
		g.From = r.from(v)
		if v.Kind() == cue.FloatKind {
			g.Digits = r.digits(v)
		}
	}
	return g
}

// digits is a number as it is written: 1.10 is not 1.1 where it was meant as text. "" of what is no plain decimal.
func (r *reader) digits(v cue.Value) string {
	for range maxCircle {
		if e := r.expression(v); e != nil {
			if text := source(e); strings.Trim(strings.TrimPrefix(text, "-"), "0123456789.") == "" {
				return text
			}
		}
		root, path := v.ReferencePath()
		if len(path.Selectors()) == 0 {
			break
		}
		if v = root.LookupPath(path); !v.Exists() {
			break
		}
	}
	return ""
}

// fields reads a struct; ok is false where v is none.
func (r *reader) fields(g *kind.Given, v cue.Value) (ok bool) {
	members, err := membersOf(v)
	if err != nil {
		return false
	}
	g.Struct, g.Concrete = true, true
	for _, m := range members {
		g.Fields = append(g.Fields, r.given(m.value, m.name))
	}
	return true
}

// items reads a list; ok is false where v is none.
func (r *reader) items(g *kind.Given, v cue.Value) (ok bool) {
	it, err := v.List()
	if err != nil {
		return false
	}
	g.List, g.Concrete = true, true
	for it.Next() {
		g.Items = append(g.Items, r.given(it.Value(), ""))
	}
	return true
}

// bottom reads what is no concrete value: a type, or an error. A struct with an error somewhere inside still has its other fields.
func (r *reader) bottom(g *kind.Given, v cue.Value) {
	switch {
	case v.Err() == nil || incomplete(v):
		g.Text = display(v)
		if strings.Contains(g.Text, "_|_") && r.list != nil && r.list.HasErrors() {
			g.Invalid = true // the whole was validated, and this is a part of what was found
			return
		}
		g.Text = shape(g.Text)
		g.Lack = r.lack(v)
	case r.fields(g, v) && len(g.Fields) > 0, r.items(g, v) && len(g.Items) > 0:
	default:
		g.Struct, g.List, g.Concrete = false, false, false
		g.Invalid = true
	}
}

// shape is the text of a type without what stands inside a struct or list: messages name the type, not values.
func shape(text string) string {
	text, _, broken := strings.Cut(text, "_|_")
	if broken {
		return "an error"
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		n := cutAt(text[i:])
		switch {
		case n == 0:
			b.WriteByte(text[i])
			continue
		case text[i] == '{':
			b.WriteString("{…}")
		case text[i] == '[' && n > 2:
			b.WriteString("[…]")
		default:
			b.WriteString(text[i : i+n])
		}
		i += n - 1
	}
	return b.String()
}

// incomplete says whether a value is a type or waits for another one, rather than being an error.
func incomplete(v cue.Value) bool {
	return v.Validate(cue.Concrete(false)) == nil
}

func scalar(v cue.Value) any {
	switch v.Kind() {
	case cue.StringKind:
		s, _ := v.String()
		return s
	case cue.IntKind:
		if i, err := v.Int64(); err == nil {
			return i
		}
		i, _ := v.Int(nil)
		return i
	case cue.FloatKind, cue.NumberKind:
		f, _ := v.Float64()
		return f
	case cue.BoolKind:
		b, _ := v.Bool()
		return b
	case cue.BytesKind:
		b, _ := v.Bytes()
		return b
	}
	return nil
}

// declaration is where one of the declarations of a value stands.
type declaration struct {
	key, val diag.Pos
	rank     int // the lowest is the one that a user would look at
}

// places are where a value's key and the value itself stand. Of several declarations it is a concrete one, else the first; a pattern for many keys is the last.
func (r *reader) places(v cue.Value) (key, val diag.Pos) {
	var all []declaration
	if _, whole := v.Source().(*ast.Field); whole {
		all = append(all, r.declared(v))
	} else if op, args := v.Expr(); op == cue.AndOp {
		for _, a := range args {
			all = append(all, r.declared(a))
		}
	} else {
		all = append(all, r.declared(v))
	}
	all = slices.DeleteFunc(all, func(d declaration) bool { return !d.key.IsValid() })
	if len(all) == 0 {
		return diag.Pos{}, diag.Pos{}
	}
	best := slices.MinFunc(all, func(a, b declaration) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), a.key.Compare(b.key))
	})
	return best.key, best.val
}

func (r *reader) declared(v cue.Value) declaration {
	at := relative(position(v.Pos()), r.dir)
	d := declaration{key: at, val: at}
	f, ok := v.Source().(*ast.Field)
	if !ok {
		if !v.IsConcrete() {
			d.rank = 1
		}
		return d
	}
	d.key, d.val = relative(position(f.Label.Pos()), r.dir), relative(position(f.Value.Pos()), r.dir)
	switch f.Value.(type) {
	case *ast.BasicLit, *ast.StructLit, *ast.ListLit, *ast.Interpolation:
	default:
		d.rank = 1
	}
	if !v.IsConcrete() {
		d.rank = 1
	}
	if _, pattern := f.Label.(*ast.ListLit); pattern {
		d.rank = 2
	}
	return d
}
