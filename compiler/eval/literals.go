package eval

import (
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
)

// structLit compiles a literal. One with a single embedding is what it embeds, and no scope.
func (k *compiler) structLit(x *ast.StructLit) node {
	if len(x.Elts) == 1 {
		if e, ok := x.Elts[0].(*ast.EmbedDecl); ok {
			return k.expr(e.Expr)
		}
	}
	n := &structLit{place: place{x.Lbrace}, forces: len(x.Elts) == 0, constant: true}
	if n.at == token.NoPos {
		n.at = x.Pos()
	}
	k.scope = &scope{up: k.scope, fields: map[string]role{}, lets: map[string]*letDecl{}}
	defer func(s *scope) { k.scope = s }(k.scope.up)
	k.declare(n, x.Elts)
	k.letsOf(n, x.Elts)
	for _, el := range x.Elts {
		n.decls = append(n.decls, k.decl(n, el)...)
	}
	k.settleReads(n)
	k.share(n.constant, n, &n.shared)
	return n
}

// declare notes the names that a literal gives: those of labels without quotes, and lets.
func (k *compiler) declare(n *structLit, elts []ast.Decl) {
	for _, el := range elts {
		switch el := el.(type) {
		case *ast.Field:
			if id, ok := el.Label.(*ast.Ident); ok {
				k.scope.fields[id.Name] = roleOf(id.Name)
			}
		case *ast.LetClause:
			l := &letDecl{at: el.Let, name: el.Ident.Name, slot: len(n.lets), uses: map[string]bool{}}
			n.lets = append(n.lets, l)
			k.scope.lets[l.name] = l
			n.constant = false
		}
	}
}

func (k *compiler) letsOf(n *structLit, elts []ast.Decl) {
	i := 0
	for _, el := range elts {
		if el, ok := el.(*ast.LetClause); ok {
			k.watched(n.lets[i].uses, func() { n.lets[i].val = k.expr(el.Expr) })
			i++
		}
	}
}

// watched gathers what f reads of the innermost literal.
func (k *compiler) watched(names map[string]bool, f func()) {
	k.watches = append(k.watches, watch{k.scope, names})
	f()
	k.watches = k.watches[:len(k.watches)-1]
}

func (k *compiler) decl(n *structLit, el ast.Decl) []decl {
	switch el := el.(type) {
	case *ast.Field:
		return []decl{k.field(n, el)}
	case *ast.EmbedDecl:
		n.embeds, n.constant = true, false
		return []decl{{val: k.expr(el.Expr)}}
	case *ast.Comprehension:
		n.embeds, n.constant = true, false
		return []decl{{val: k.comprehension(el)}}
	case *ast.Ellipsis:
		n.forces, n.constant = true, false
		if el.Type != nil {
			return []decl{{val: refuse(el.Pos(), "further fields have a type")}}
		}
		return []decl{{ellipsis: true}}
	case *ast.LetClause, *ast.Attribute, *ast.CommentGroup:
		return nil
	}
	n.constant = false
	return []decl{{val: refuse(el.Pos(), "a declaration of this form is used")}}
}

func (k *compiler) field(n *structLit, el *ast.Field) decl {
	bad := func(reason string) decl {
		n.constant = false
		return decl{val: refuse(el.Pos(), "%s", reason)}
	}
	if el.Alias != nil {
		return bad("an alias is used")
	}
	d := decl{optional: el.Constraint == token.OPTION, required: el.Constraint == token.NOT}
	switch l := el.Label.(type) {
	case *ast.Ident:
		if l.Name == "_" {
			return bad("a field is called _")
		}
		d.label = k.label(l.Name, roleOf(l.Name), l.NamePos)
	case *ast.BasicLit:
		if l.Kind != token.STRING {
			return bad("a name of this form is used")
		}
		s, err := literal.Unquote(l.Value)
		if err != nil {
			return bad("a name is not valid")
		}
		d.label = &label{name: s, at: l.ValuePos}
	case *ast.ListLit:
		return k.pattern(n, l, el)
	case *ast.Interpolation, *ast.ParenExpr:
		n.embeds, n.constant = true, false
		if d.optional || d.required {
			return bad("a computed name is optional")
		}
		return decl{val: &dynamic{place{el.Pos()}, k.expr(l.(ast.Expr)), k.expr(el.Value)}}
	default:
		return bad("a name of this form is used")
	}
	if d.label.role == regular || d.optional || d.required {
		n.forces = true
	}
	d.val = k.expr(el.Value)
	switch d.val.(type) {
	case *typeNode, *scalarNode, *interpolation, *bound:
		d.flat = true
	case *listLit:
		d.flat = flat(d.val)
	}
	if d.label.role == regular && !d.optional && !d.required && constant(d.val) {
		d.constant = &vertex{label: d.label, first: conj{n: d.val}}
		k.pkg.program.constants.mistake(d.constant, 0)
	}
	n.constant = n.constant && !d.optional && !d.required && constant(d.val)
	return d
}

func (k *compiler) pattern(n *structLit, l *ast.ListLit, el *ast.Field) decl {
	n.forces, n.constant = true, false
	if len(l.Elts) != 1 || el.Constraint != token.ILLEGAL {
		return decl{val: refuse(el.Pos(), "a pattern of names of this form is used")}
	}
	d := decl{pattern: k.expr(l.Elts[0]), val: k.expr(el.Value)}
	if t, ok := d.pattern.(*typeNode); ok && t.mask&(1<<text) != 0 {
		d.pattern, d.any = nil, true
	}
	return d
}

// comprehension compiles the clauses, each in the scope of those before it, and the body.
func (k *compiler) comprehension(x *ast.Comprehension) node {
	n := &comprehension{place: place{x.Pos()}, reads: map[string]bool{}}
	if x.Fallback != nil {
		return refuse(x.Fallback.Pos(), "a comprehension has a fallback")
	}
	defer func(s *scope) { k.scope = s }(k.scope)
	var bad node
	k.watched(n.reads, func() {
		for _, cl := range x.Clauses {
			c, err := k.clause(cl)
			if err != nil {
				bad = err
			}
			n.clauses = append(n.clauses, c)
		}
	})
	if bad != nil {
		return bad
	}
	n.body = k.expr(x.Value)
	n.writes = writes(n.body)
	return n
}

func (k *compiler) clause(cl ast.Clause) (clause, node) {
	switch cl := cl.(type) {
	case *ast.IfClause:
		return clause{cond: k.expr(cl.Condition)}, nil
	case *ast.ForClause:
		c := clause{src: k.expr(cl.Source), isFor: true}
		s := &scope{up: k.scope}
		if cl.Key != nil && cl.Key.Name != "_" {
			s.key, c.hasKey = cl.Key.Name, true
		}
		if cl.Value != nil && cl.Value.Name != "_" {
			s.val = cl.Value.Name
		}
		k.scope = s
		return c, nil
	case *ast.LetClause:
		c := clause{let: k.expr(cl.Expr)}
		k.scope = &scope{up: k.scope, val: cl.Ident.Name}
		return c, nil
	}
	return clause{}, refuse(cl.Pos(), "a clause of this form is used")
}

// writes are the names that a body declares, nil where that is not known.
func writes(body node) map[string]bool {
	n, ok := body.(*structLit)
	if !ok {
		return nil
	}
	all := map[string]bool{}
	for _, d := range n.decls {
		switch {
		case d.label != nil:
			all[d.label.name] = true
		case d.ellipsis:
		default:
			inner, ok := d.val.(*comprehension)
			if !ok || inner.writes == nil {
				return nil
			}
			for name := range inner.writes {
				all[name] = true
			}
		}
	}
	return all
}

// settleReads puts the names that lets read in the place of the lets.
func (k *compiler) settleReads(n *structLit) {
	if len(n.lets) == 0 {
		return
	}
	for range n.lets {
		for _, l := range n.lets {
			n.through(l.uses)
		}
	}
	for _, d := range n.decls {
		if c, ok := d.val.(*comprehension); ok {
			n.through(c.reads)
		}
	}
}

func (n *structLit) through(names map[string]bool) {
	for _, l := range n.lets {
		if !names["let "+l.name] {
			continue
		}
		for name := range l.uses {
			names[name] = true
		}
	}
}
