package load

import (
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"platc.dev/platc/compiler/kind"
)

// brings reads from a rule what it may change. Values alone are not enough: a field below a condition on an edge is not
// there until there is an edge. Syntax alone is not enough either: a rule may refer to definitions.
func brings(v cue.Value) kind.Brings {
	known := map[string]map[string]bool{}
	for _, section := range []string{"out.env", "out.defaults", "out.lists", "out.names", "out.parts", "in.parts"} {
		known[section] = map[string]bool{}
		it, err := lookup(v, section).Fields(cue.Optional(true))
		for err == nil && it.Next() {
			known[section][it.Selector().Unquoted()] = true
		}
	}
	if source := v.Source(); source != nil {
		labels(source, nil, known)
	}
	keys := map[string]bool{}
	for _, section := range []string{"out.env", "out.defaults", "out.lists", "out.names"} {
		maps.Copy(keys, known[section])
	}
	b := kind.Brings{
		Keys: sorted(keys),
		Out:  kind.Side{Requirements: united(v, "requirements", "out.requirements"), Modules: united(v, "modules", "out.modules"), Parts: sorted(known["out.parts"])},
		In:   kind.Side{Requirements: united(v, "in.requirements"), Modules: united(v, "in.modules"), Parts: sorted(known["in.parts"])},
	}
	if prefix := lookup(v, "out.prefix"); prefix.Exists() && len(keys) > 0 {
		b.Prefix = "*"
		if s, err := prefix.String(); err == nil {
			b.Prefix = s
		}
	}
	return b
}

// united is the strings of several lists, as far as they are known.
func united(v cue.Value, names ...string) []string {
	set := map[string]bool{}
	for _, name := range names {
		it, err := lookup(v, name).List()
		for err == nil && it.Next() {
			if s, err := it.Value().String(); err == nil {
				set[s] = true
			}
		}
	}
	return sorted(set)
}

// labels enters the labels of fields into the section that their path names; conditions and loops do not count in a path.
func labels(n ast.Node, path []string, known map[string]map[string]bool) {
	switch n := n.(type) {
	case *ast.Field:
		name, _, err := ast.LabelName(n.Label)
		if err != nil {
			return
		}
		if set := known[strings.Join(path, ".")]; set != nil {
			set[name] = true
		}
		if len(path) == 0 && name != "out" && name != "in" && strings.Contains(name, "->") {
			labels(n.Value, nil, known)
			return
		}
		labels(n.Value, append(slices.Clone(path), name), known)
	case *ast.StructLit:
		for _, e := range n.Elts {
			labels(e, path, known)
		}
	case *ast.File:
		for _, d := range n.Decls {
			labels(d, path, known)
		}
	case *ast.Comprehension:
		labels(n.Value, path, known)
	case *ast.EmbedDecl:
		labels(n.Expr, path, known)
	case *ast.ParenExpr:
		labels(n.X, path, known)
	case *ast.BinaryExpr:
		labels(n.X, path, known)
		labels(n.Y, path, known)
	}
}
