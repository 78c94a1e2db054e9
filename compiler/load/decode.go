package load

import (
	"cuelang.org/go/cue"
	"cuelang.org/go/cue/errors"
)

// decode turns a concrete value into Go data: map[string]any, []any, string, int64, float64, bool, nil. Defaults are taken; definitions, hidden and optional fields are left out.
func decode(v cue.Value) (any, error) {
	v, _ = v.Default()
	switch v.Kind() {
	case cue.StructKind:
		return decodeStruct(v)
	case cue.ListKind:
		return decodeList(v)
	case cue.StringKind:
		return v.String()
	case cue.IntKind:
		i, err := v.Int64()
		return i, err
	case cue.FloatKind, cue.NumberKind:
		f, err := v.Float64()
		return f, err
	case cue.BoolKind:
		return v.Bool()
	case cue.NullKind:
		return nil, nil
	}
	if err := v.Validate(cue.Concrete(true)); err != nil {
		return nil, err
	}
	return nil, errors.Newf(v.Pos(), "%s: %v is not concrete", v.Path(), v)
}

// member is a field of a struct.
type member struct {
	name  string
	value cue.Value
}

// membersOf are the fields of a struct. A list with an error in it has fields to CUE, whose names are numbers: it is no struct.
func membersOf(v cue.Value) ([]member, error) {
	it, err := v.Fields()
	if err != nil {
		return nil, err
	}
	var all []member
	for it.Next() {
		if it.Selector().LabelType() != cue.StringLabel {
			return nil, errors.Newf(v.Pos(), "%s is no struct", v.Path())
		}
		all = append(all, member{it.Selector().Unquoted(), it.Value()})
	}
	return all, nil
}

func decodeStruct(v cue.Value) (map[string]any, error) {
	members, err := membersOf(v)
	if err != nil {
		return nil, err
	}
	m := map[string]any{}
	for _, f := range members {
		if m[f.name], err = decode(f.value); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func decodeList(v cue.Value) ([]any, error) {
	it, err := v.List()
	if err != nil {
		return nil, err
	}
	l := []any{}
	for it.Next() {
		item, err := decode(it.Value())
		if err != nil {
			return nil, err
		}
		l = append(l, item)
	}
	return l, nil
}

// lookup is the value at a dotted path; it need not exist.
func lookup(v cue.Value, path string) cue.Value { return v.LookupPath(cue.ParsePath(path)) }
