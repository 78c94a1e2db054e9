package kind

// Type is the type of an attribute, made from CUE when the library loads.
type Type struct {
	Doc, Help string  // the doc comment; what is allowed, in words
	Text      string  // the constraint as CUE prints it
	Code      string  // code of a value that does not fit; E0104 where empty
	Fields    []Field // of a struct, in order of declaration
	IsStruct  bool
	Keys      func(string) bool // of a map: which keys may be; nil: all
	Elem      *Type             // of a map or a list: its values
	IsMap     bool
	IsList    bool
	Quantity  bool
	Default   any            // nil: none
	Optional  bool           // of a struct: absent unless given
	Check     func(any) bool // whether a concrete scalar, or the plain data of a value of mixed type, fits
}

// Field is an attribute of a struct type.
type Field struct {
	Name     string
	Required bool
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
