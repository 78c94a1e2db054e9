package load

import (
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"

	"platc.dev/platc/compiler/kind"
)

// brings reads from a rule what it may change. Values alone are not enough: a field below a condition on an edge is not
// there until there is an edge. Syntax alone is not enough either: a name may be computed.
func brings(f facts, syntax []written) kind.Brings {
	known := map[string]map[string]bool{}
	for _, section := range []string{"out.env", "out.defaults", "out.lists", "out.names", "out.fields", "out.parts", "in.parts"} {
		known[section] = map[string]bool{}
		parts, _ := f.each(strings.Split(section, ".")...)
		for _, p := range parts {
			known[section][p.name] = true
		}
	}
	for _, w := range syntax {
		w.in.labels(w.field.Value, nil, known, 0)
	}
	keys := map[string]bool{}
	for _, section := range []string{"out.env", "out.defaults", "out.lists", "out.names"} {
		maps.Copy(keys, known[section])
	}
	b := kind.Brings{
		Keys: sorted(keys), Fields: sorted(known["out.fields"]),
		Out: kind.Side{
			Requirements: united(f.knownTexts("requirements"), f.knownTexts("out", "requirements")),
			Modules:      united(f.knownTexts("modules"), f.knownTexts("out", "modules")), Parts: sorted(known["out.parts"]),
		},
		In: kind.Side{Requirements: united(f.knownTexts("in", "requirements")), Modules: united(f.knownTexts("in", "modules")), Parts: united(sorted(known["in.parts"]), f.texts("lends"))},
	}
	if prefix, ok := f.at("out", "prefix"); ok && len(keys) > 0 {
		b.Prefix = "*"
		if data, err := prefix.decode(); err == nil {
			b.Prefix = str(data)
		}
	}
	return b
}

// united is the strings of several lists, once each.
func united(lists ...[]string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(lists...))))
}

// labels enters the labels of fields into the section that their path names, those of definitions too; conditions and loops do not count in a path.
func (s scope) labels(n ast.Node, path []string, known map[string]map[string]bool, depth int) {
	const deepest = 2 // of a section
	if len(path) > deepest || depth > 20 {
		return
	}
	switch n := n.(type) {
	case *ast.Field:
		name, _, err := ast.LabelName(n.Label)
		if err != nil {
			return
		}
		if set := known[strings.Join(path, ".")]; set != nil {
			set[name] = true
		}
		s.labels(n.Value, append(slices.Clone(path), name), known, depth)
	case *ast.StructLit:
		for _, e := range n.Elts {
			s.labels(e, path, known, depth)
		}
	case *ast.Comprehension:
		s.labels(n.Value, path, known, depth)
	case *ast.EmbedDecl:
		s.labels(n.Expr, path, known, depth)
	case *ast.ParenExpr:
		s.labels(n.X, path, known, depth)
	case *ast.BinaryExpr:
		s.labels(n.X, path, known, depth)
		s.labels(n.Y, path, known, depth)
	case *ast.Ident, *ast.SelectorExpr:
		if f, in, ok := s.resolve(n.(ast.Expr)); ok {
			in.labels(f.Value, path, known, depth+1)
		}
	}
}
