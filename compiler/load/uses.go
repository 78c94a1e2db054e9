package load

import (
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// uses is what files of kinds refer to, read off their syntax. A name below a section of a node, as in #self.attrs.image, is told apart from the same name
// elsewhere as far as the syntax shows it: through let, loops and parameters of definitions.
type uses struct {
	shared  map[string]*ast.Field      // the schema's definitions
	known   map[*ast.Field]bool        // definitions that were followed
	aliases map[string]map[string]bool // name of a let, a loop's item or a parameter -> what it may stand for: a section, or a word below

	names    map[string]bool            // identifiers
	fields   map[string]map[string]bool // section -> names below it
	whole    map[string]bool            // sections that are used as a whole, or by computed names
	loose    map[string]bool            // names below something that is not known
	literals map[string]bool
	pieces   []string // of interpolated texts
}

// What an identifier may stand for, beside a section.
const (
	aNode    = "node"  // #self and what is like it: the names below it are fixed
	aPart    = "part"  // something else whose names are no attributes, ports or slots
	anything = "other" // not known
)

// isSection says whether a field of a node has names that kinds declare.
func isSection(name string) bool {
	return slices.Contains([]string{"attrs", "quantities", "parts", "ports", "derived", "subs", "link"}, name)
}

func newUses(shared map[string]*ast.Field) *uses {
	u := &uses{shared: shared, known: map[*ast.Field]bool{}, aliases: map[string]map[string]bool{}, names: map[string]bool{}, fields: map[string]map[string]bool{}, whole: map[string]bool{}, loose: map[string]bool{}, literals: map[string]bool{}}
	for _, name := range []string{"#self", "#from", "#to", "#parent", "#of"} {
		u.alias(name, aNode)
	}
	u.alias("#link", "link")
	u.alias("#arch", aPart)
	u.alias("#identity", aPart)
	return u
}

// has says whether a name is used below one of these sections, or may be.
func (u *uses) has(name string, sections ...string) bool {
	return u.loose[name] || slices.ContainsFunc(sections, func(s string) bool { return u.whole[s] || u.fields[s][name] })
}

// asset says whether a text is one of these names.
func (u *uses) asset(names ...string) bool {
	kind, _, _ := strings.Cut(names[0], "/")
	return slices.ContainsFunc(names, func(n string) bool { return u.literals[n] }) ||
		slices.ContainsFunc(u.pieces, func(p string) bool { return strings.HasPrefix(p, kind+"/") })
}

// folder says whether a text is this path, one above it or one below it.
func (u *uses) folder(name string) bool {
	top, _, _ := strings.Cut(name, "/")
	for text := range u.literals {
		text = strings.TrimSuffix(text, "/")
		if text == name || strings.HasPrefix(name, text+"/") && strings.HasPrefix(text, top) || strings.HasPrefix(text, name+"/") {
			return true
		}
	}
	return slices.ContainsFunc(u.pieces, func(p string) bool { return strings.HasPrefix(p, top+"/") })
}

func (u *uses) alias(name, what string) {
	if u.aliases[name] == nil {
		u.aliases[name] = map[string]bool{}
	}
	u.aliases[name][what] = true
}

func (u *uses) file(f *ast.File) {
	u.bindings(f)
	u.visit(f)
}

// follow adds an expression of a package, and the definitions of that package which it refers to.
func (u *uses) follow(e ast.Expr, own map[string]*ast.Field) {
	u.bindings(e)
	u.visit(e)
	for {
		var next *ast.Field
		for _, name := range sorted(own) {
			if f := own[name]; strings.HasPrefix(name, "#") && u.names[name] && !u.known[f] {
				next = f
			}
		}
		if next == nil {
			return
		}
		u.known[next] = true
		u.bindings(next)
		u.visit(next)
	}
}

// definition follows a definition of the schema, once.
func (u *uses) definition(name string) {
	f := u.shared[name]
	if f == nil || u.known[f] {
		return
	}
	u.known[f] = true
	u.bindings(f)
	u.visit(f)
}

// bindings enters what names stand for, before any of them is looked up.
func (u *uses) bindings(n ast.Node) {
	ast.Walk(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.LetClause:
			u.bind(n.Ident.Name, n.Expr)
		case *ast.ForClause:
			u.bindItems(n)
		case *ast.Field:
			if name := labelText(n); strings.HasPrefix(name, "#") && isReference(n.Value) {
				u.bind(name, n.Value)
			}
		}
		return true
	}, nil)
}

func isReference(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name != "_"
	case *ast.SelectorExpr:
		return true
	}
	return false
}

func (u *uses) bind(name string, e ast.Expr) {
	for _, what := range u.standsFor(e) {
		u.alias(name, what)
	}
}

// bindItems enters what the names of a loop stand for.
func (u *uses) bindItems(f *ast.ForClause) {
	for _, section := range u.standsFor(f.Source) {
		what := map[string]string{"parts": aPart, "subs": aNode, aPart: aPart}[section]
		if what == "" {
			what = anything
		}
		u.alias(f.Value.Name, what)
	}
}

// standsFor says what an expression is.
func (u *uses) standsFor(e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.Ident:
		if all := sorted(u.aliases[e.Name]); len(all) > 0 {
			return all
		}
		if isSection(e.Name) {
			return []string{e.Name}
		}
	case *ast.SelectorExpr:
		name := selected(e)
		if isSection(name) && name != "link" {
			return []string{name}
		}
		return u.below(e.X)
	case *ast.IndexExpr:
		return u.below(e.X)
	}
	return []string{anything}
}

// below is what stands below an expression: a part in a slot of parts, a node in subs, something unknown in the rest.
func (u *uses) below(e ast.Expr) []string {
	var all []string
	for _, section := range u.standsFor(e) {
		switch section {
		case "parts", aPart, "ports":
			all = append(all, aPart)
		case "subs":
			// the nodes of one sub-kind, by name: what is below is a node again
			all = append(all, "subs", aNode)
		case aNode:
			all = append(all, aNode)
		default:
			all = append(all, anything)
		}
	}
	return all
}

func selected(e *ast.SelectorExpr) string {
	name, _, _ := ast.LabelName(e.Sel)
	return name
}

// visit enters what syntax refers to.
func (u *uses) visit(n ast.Node) { ast.Walk(n, u.before, nil) }

func (u *uses) before(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ImportDecl:
		return false
	case *ast.Field:
		u.label(n.Label)
		if strings.HasPrefix(labelText(n), "#") && isReference(n.Value) {
			u.base(n.Value)
			return false
		}
		u.visit(n.Value)
		return false
	case *ast.LetClause:
		if isReference(n.Expr) {
			u.base(n.Expr)
			return false
		}
		u.visit(n.Expr)
		return false
	case *ast.ForClause:
		u.visit(n.Source)
		return false
	case *ast.SelectorExpr:
		if isSection(selected(n)) {
			u.whole[selected(n)] = true
		}
		u.base(n)
		return false
	case *ast.IndexExpr:
		u.base(n)
		return false
	case *ast.Ident:
		u.names[n.Name], u.loose[n.Name] = true, true
		for _, what := range u.standsFor(n) {
			u.whole[what] = true
		}
		u.definition(n.Name)
		return false
	case *ast.Interpolation:
		u.interpolation(n)
	case *ast.BasicLit:
		if s, ok := literalData(n); ok {
			if text, ok := s.(string); ok {
				u.literals[text] = true
			}
		}
	}
	return true
}

// label visits what a computed name refers to.
func (u *uses) label(l ast.Label) {
	switch l := l.(type) {
	case *ast.ParenExpr:
		u.visit(l)
	case *ast.Interpolation:
		u.visit(l)
	case *ast.ListLit:
		u.visit(l)
	}
}

func (u *uses) interpolation(n *ast.Interpolation) {
	for _, e := range n.Elts {
		if b, ok := e.(*ast.BasicLit); ok && b.Kind == token.STRING {
			u.pieces = append(u.pieces, strings.Trim(b.Value, `"()\`))
		}
	}
}

// base visits an expression that something is read of, or that gets another name: that alone uses no section as a whole.
func (u *uses) base(e ast.Expr) {
	switch e := e.(type) {
	case *ast.Ident:
		u.names[e.Name] = true
		u.definition(e.Name)
	case *ast.SelectorExpr:
		u.read(e.X, selected(e))
	case *ast.IndexExpr:
		if b, ok := e.Index.(*ast.BasicLit); ok {
			if s, _ := literalData(b); s != nil {
				if name, ok := s.(string); ok {
					u.read(e.X, name)
					return
				}
			}
			u.base(e.X)
			return
		}
		for _, what := range u.standsFor(e.X) {
			u.whole[what] = true
		}
		u.base(e.X)
		u.visit(e.Index)
	default:
		u.visit(e)
	}
}

// read enters a name that is read of an expression.
func (u *uses) read(of ast.Expr, name string) {
	if strings.HasPrefix(name, "#") {
		u.definition(name)
	}
	for _, what := range u.standsFor(of) {
		switch {
		case isSection(what):
			if u.fields[what] == nil {
				u.fields[what] = map[string]bool{}
			}
			u.fields[what][name] = true
		case what == anything:
			u.loose[name] = true
		}
	}
	u.base(of)
}
