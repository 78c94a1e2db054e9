package load

import (
	"maps"
	"slices"

	"platc.dev/platc/compiler/eval"
	"platc.dev/platc/compiler/kind"
)

// A mold is plain data in which texts, whole numbers and names of fields may be left open: it has openText, eval.Number, openList and openFields in it there.
type (
	openText struct {
		parts []string
		at    []int // the places between the parts
	}
	openList   []any
	openFields struct {
		fixed kind.Object // with what is open as well, but for names that are
		open  []openField
	}
	openField struct {
		name any // a text, or openText
		of   any
	}
)

func isOpen(mold any) bool {
	switch mold.(type) {
	case openText, openList, openFields, eval.Number:
		return true
	}
	return false
}

// molded is data with marks as a mold. Parts without marks stay as they are.
func molded(data any) any {
	switch x := data.(type) {
	case string:
		if parts, at := eval.Cut(x); len(at) > 0 {
			return openText{parts, at}
		}
	case []any:
		all := make(openList, len(x))
		for i, v := range x {
			all[i] = molded(v)
		}
		if slices.ContainsFunc(all, isOpen) {
			return all
		}
	case kind.Object:
		m := openFields{fixed: x}
		for _, name := range sorted(x) {
			f := openField{molded(name), molded(x[name])}
			if isOpen(f.name) || isOpen(f.of) {
				m.open = append(m.open, f)
			}
			if isOpen(f.name) {
				if len(m.fixed) == len(x) {
					m.fixed = maps.Clone(x)
				}
				delete(m.fixed, name)
			}
		}
		if m.open != nil {
			return m
		}
	}
	return data
}

// filled is a mold with what is at places. What has nothing to be filled in is shared by all.
func filled(mold any, p *eval.Places) any {
	switch x := mold.(type) {
	case openText:
		return p.Fill(x.parts, x.at)
	case eval.Number:
		return p.Number(x)
	case openList:
		all := make([]any, len(x))
		for i, v := range x {
			all[i] = filled(v, p)
		}
		return all
	case openFields:
		o := maps.Clone(x.fixed)
		for _, f := range x.open {
			o[str(filled(f.name, p))] = filled(f.of, p)
		}
		return o
	}
	return mold
}
