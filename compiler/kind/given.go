package kind

import (
	"strings"

	"platc.dev/platc/compiler/diag"
)

// Given is what a user wrote, with places: a struct, a list or a scalar.
type Given struct {
	Key      string   // of the field that holds it
	KeyPos   diag.Pos // of that key
	Pos      diag.Pos // of the value
	Struct   bool
	Fields   []*Given // of a struct, in order of evaluation
	List     bool
	Items    []*Given        // of a list
	Scalar   any             // string, int64, float64, bool or nil
	Concrete bool            // false: the value is a type, a bound or a choice without default
	Invalid  bool            // a mistake in it is reported already: it is not looked at again
	Several  bool            // its name is a plural, for messages
	Digits   string          // of a float: as it is written, such as 1.10; "": it is no plain decimal, or not known
	Text     string          // the value as CUE prints it, for messages
	Lack     *Lack           // why it is not concrete; nil: it is, or the value is a type itself
	From     func() diag.Pos // where a value that a reference stands for is written; nil: at Pos
}

// Field is the field of a struct by its name, nil without.
func (g *Given) Field(name string) *Given {
	if g == nil {
		return nil
	}
	for _, f := range g.Fields {
		if f.Key == name {
			return f
		}
	}
	return nil
}

// At is the field at a dotted path of structs, nil without.
func (g *Given) At(path string) *Given {
	for name := range strings.SplitSeq(path, ".") {
		g = g.Field(name)
	}
	return g
}

// Names are the keys of a struct, or the texts of a list or a scalar: what it may name.
func (g *Given) Names() []string {
	var names []string
	if text, ok := g.Scalar.(string); ok {
		names = append(names, text)
	}
	for _, f := range g.Fields {
		names = append(names, f.Key)
	}
	for _, item := range g.Items {
		names = append(names, item.Names()...)
	}
	return names
}

// Data is the value without places: Object, []any or a scalar.
func (g *Given) Data() any {
	switch {
	case g.Struct:
		o := make(Object, len(g.Fields))
		for _, f := range g.Fields {
			o[f.Key] = f.Data()
		}
		return o
	case g.List:
		l := make([]any, len(g.Items))
		for i, item := range g.Items {
			l[i] = item.Data()
		}
		return l
	}
	return g.Scalar
}

// FirstPos is the first place inside a struct: where a file begins.
func (g *Given) FirstPos() diag.Pos {
	var first diag.Pos
	for _, f := range g.Fields {
		if !first.IsValid() || f.KeyPos.IsValid() && f.KeyPos.Compare(first) < 0 {
			first = f.KeyPos
		}
	}
	return first
}
