package load

import (
	"fmt"
	"io/fs"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	library "platc.dev/platc/cue"
)

// form is what the files of a kind may say, read from the package form of the library.
type form struct{ kind, rule, row, local, description *kind.Type }

// newForm reads the types off their syntax: nothing is evaluated, and no lock is needed when they are used.
func newForm() *form {
	const name = "form/form.cue"
	data, err := fs.ReadFile(library.FS, name)
	if err != nil {
		panic(err)
	}
	file, err := parser.ParseFile(name, data, parser.ParseComments)
	if err != nil {
		panic(err)
	}
	s := scope{own: topLevel([]*ast.File{file})}
	read := func(definition string) *kind.Type {
		t, err := s.fieldType(s.own[definition], 0)
		if err != nil {
			panic(fmt.Sprintf("%s: %s: %s", name, definition, err))
		}
		return t
	}
	return &form{kind: read("#Kind"), rule: read("#Rule"), row: read("#Row"), local: read("#Local"), description: read("#Description")}
}

// misfits says what a value has that the form does not allow, as far as the value is known; nil when nothing is wrong.
// Before a kind is asked about a node, what depends on that node is not known yet.
func misfits(form *kind.Type, given *kind.Given, path, subject string) error {
	if given == nil {
		return nil
	}
	list := &diag.List{}
	form.Complete(given, kind.Place{Path: path, Subject: subject, KeyPos: given.KeyPos}, list)
	found := list.Sorted()
	if len(found) == 0 {
		return nil
	}
	for i := range found {
		// what a comprehension makes has no place of its own
		if !found[i].Pos.IsValid() {
			found[i].Pos = given.KeyPos
		}
	}
	return &kind.Mistakes{Found: found}
}

// outline is a value as far as its form goes; nil where nothing is known.
func outline(v cue.Value, t *kind.Type, key string) *kind.Given {
	g := &kind.Given{Key: key, Concrete: true}
	g.KeyPos, g.Pos = (&reader{}).places(v)
	if d, ok := v.Default(); ok {
		v = d
	}
	// _ is anything
	if t == nil || t.Text == "_" {
		return g
	}
	switch v.IncompleteKind() {
	case cue.StructKind, cue.ListKind:
		if t.Check != nil {
			// a choice between forms is checked as a whole
			return (&reader{}).given(v, key)
		}
	}
	switch v.IncompleteKind() {
	case cue.StructKind:
		return outlineStruct(g, v, t)
	case cue.ListKind:
		return outlineList(g, v, t)
	}
	if v.Err() != nil && !incomplete(v) {
		g.Invalid = true // what asks for the value says why
		return g
	}
	if !v.IsConcrete() {
		return nil
	}
	g.Scalar, g.Text = scalar(v), display(v)
	return g
}

func outlineStruct(g *kind.Given, v cue.Value, t *kind.Type) *kind.Given {
	members, err := membersOf(v)
	if err != nil {
		return nil
	}
	g.Struct = true
	for _, m := range members {
		name := m.name
		inner := t.Elem
		if t.IsStruct {
			inner = t.Field(name)
		}
		if f := outline(m.value, inner, name); f != nil {
			g.Fields = append(g.Fields, f)
		} else if inner != nil {
			// known to be there, and not yet what it is
			g.Fields = append(g.Fields, &kind.Given{Key: name, Invalid: true})
		}
	}
	return g
}

func outlineList(g *kind.Given, v cue.Value, t *kind.Type) *kind.Given {
	it, err := v.List()
	if err != nil {
		return nil
	}
	g.List = true
	for it.Next() {
		if item := outline(it.Value(), t.Elem, ""); item != nil {
			g.Items = append(g.Items, item)
		}
	}
	return g
}

// outlineOf is outline of an answer of the evaluator. Places are left out: what does not fit is reported by CUE.
func outlineOf(a answer, t *kind.Type, key string) *kind.Given {
	data, err := a.decode()
	if err == nil {
		return dataGiven(data, key)
	}
	parts, err := a.fields()
	if err != nil {
		return nil
	}
	g := &kind.Given{Key: key, Concrete: true, Struct: true}
	for _, p := range parts {
		inner := t.Elem
		if t.IsStruct {
			inner = t.Field(p.name)
		}
		f := &kind.Given{Key: p.name, Concrete: true}
		if inner != nil && inner.Text != "_" {
			if f = outlineOf(p, inner, p.name); f == nil {
				f = &kind.Given{Key: p.name, Invalid: true}
			}
		}
		g.Fields = append(g.Fields, f)
	}
	return g
}

// dataGiven is data as if somebody had written it.
func dataGiven(data any, key string) *kind.Given {
	g := &kind.Given{Key: key, Concrete: true}
	switch d := data.(type) {
	case kind.Object:
		g.Struct = true
		for _, name := range sorted(d) {
			g.Fields = append(g.Fields, dataGiven(d[name], name))
		}
	case []any:
		g.List = true
		for _, item := range d {
			g.Items = append(g.Items, dataGiven(item, ""))
		}
	default:
		g.Scalar = data
	}
	return g
}
