package kind

import (
	"slices"
	"strings"
)

// Type is the type of an attribute, made from CUE when the library loads.
type Type struct {
	Doc, Help string  // the doc comment; what is allowed, in words
	Text      string  // the constraint as CUE prints it
	Code      string  // code of a value that does not fit; E0104 where empty
	Fields    []Field // of a struct, in order of declaration
	IsStruct  bool
	Keys      *Pattern // of a map: which keys may be; nil: all
	Reserved  *Pattern // of a map: which of these keys are not the user's; nil: none
	Elem      *Type    // of a map or a list: its values
	IsMap     bool
	IsList    bool
	Quantity  bool
	Usual     string // of a quantity without a default: one such as its values are, "" where nothing is known
	Mark      *Mark  // its texts are paths of the user's own files; nil: they are not
	Secret    bool   // a value is a secret: no message and no excerpt shows it
	Given     bool   // of a map: {env: NAME} and {file: PATH} are secrets that the user gives, by the ID <node>/<key>
	GivenAs   string // the value is a secret that the user gives, by the ID <node>/<this>; "": it is none
	Default   any    // nil: none
	Optional  bool   // of a struct: absent unless given
	Check     *Check // whether a concrete scalar, or the plain data of a value of mixed type, fits
}

// Field is an attribute of a struct type.
type Field struct {
	Name     string
	Required bool
	Unless   string // a field of the same struct beside which it is not required; "": always
	Type     *Type
}

// Field is the field of a name, nil without.
func (t *Type) Field(name string) *Type {
	for _, f := range t.Fields {
		if f.Name == name {
			return f.Type
		}
	}
	return nil
}

// At is the field at a dotted path of structs, nil without.
func (t *Type) At(path string) *Type {
	for name := range strings.SplitSeq(path, ".") {
		if t == nil {
			return nil
		}
		t = t.Field(name)
	}
	return t
}

// Fits says whether plain data, of any shape, is a value of the type.
func (t *Type) Fits(data any) bool {
	switch d := data.(type) {
	case Object:
		switch {
		case t.IsMap:
			return t.fitsMap(d)
		case t.IsStruct:
			return t.fitsStruct(d)
		}
	case []any:
		if t.IsList {
			return !slices.ContainsFunc(d, func(item any) bool { return !t.Elem.Fits(item) })
		}
	}
	return t.Check != nil && t.Check.Holds(data) && (!t.Quantity || isQuantity(data))
}

func (t *Type) fitsMap(d Object) bool {
	for k, v := range d {
		if !t.allows(k) || !t.Elem.Fits(v) {
			return false
		}
	}
	return true
}

func (t *Type) fitsStruct(d Object) bool {
	for k, v := range d {
		if f := t.Field(k); f == nil || !f.Fits(v) {
			return false
		}
	}
	for _, f := range t.Fields {
		_, given := d[f.Name]
		if _, excused := d[f.Unless]; f.Required && !given && !excused {
			return false
		}
	}
	return true
}
