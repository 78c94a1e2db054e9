package eval

import (
	"path"
	"strings"
	"sync"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
)

// Package is a CUE package: its import path, and what gives the syntax trees of its files. The trees are asked for when a question first leads to
// the package, and are only read.
type Package struct {
	Path  string
	Files func() []*ast.File
}

// Program is packages whose values can be asked for. It is safe on many goroutines.
type Program struct {
	pkgs     map[string]*pkg
	builtins map[string]*builtin
	patterns sync.Map // text -> *regexp.Regexp

	mu        sync.Mutex // while constants are evaluated, before a question is there
	constants *ctx
}

type pkg struct {
	program *Program
	path    string
	files   func() []*ast.File
	units   map[string]*unit // nil until a question leads here
	bad     *refusal         // of the package as a whole
}

type file struct {
	imports map[string]string // name -> path
	lets    map[string]*unit
}

// unit is a field of a package. It is compiled when a question first reaches it, and evaluated once for all of them.
type unit struct {
	pkg      *pkg
	name     string
	written  []written
	vertex   *vertex
	compiled bool
	settled  bool
	refusal  *refusal
	reaches  []*unit
}

// written is a declaration of a unit.
type written struct {
	file *file
	expr ast.Expr
	at   token.Pos
}

// Compile takes the packages of a program; imports lead from one to another by path. CUE's own packages need not be given.
// Nothing is compiled before a question needs it, so that a mistake in one place refuses only the questions that reach it.
func Compile(packages ...Package) *Program {
	p := &Program{pkgs: map[string]*pkg{}, builtins: builtins()}
	p.constants = &ctx{patterns: &p.patterns}
	for _, given := range packages {
		p.pkgs[given.Path] = &pkg{program: p, path: given.Path, files: given.Files}
	}
	return p
}

// unit is a field of a package, nil without. The program's lock is held.
func (p *Program) unit(path, name string) *unit {
	k := p.pkgs[path]
	if k == nil {
		return nil
	}
	if k.units == nil {
		k.units = map[string]*unit{}
		for _, f := range k.files() {
			k.add(f)
		}
	}
	return k.units[name]
}

// add takes the declarations of a file in.
func (k *pkg) add(f *ast.File) {
	in := &file{imports: map[string]string{}, lets: map[string]*unit{}}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.Package, *ast.CommentGroup:
		case *ast.ImportDecl:
			for _, spec := range d.Specs {
				in.imported(spec)
			}
		case *ast.LetClause:
			u := &unit{pkg: k, name: d.Ident.Name, written: []written{{in, d.Expr, d.Let}}}
			u.vertex = &vertex{}
			in.lets[u.name] = u
		case *ast.Field:
			k.field(in, d)
		default:
			k.bad = &refusal{place{d.Pos()}, "a file has more than imports and fields at its top"}
		}
	}
}

func (f *file) imported(spec *ast.ImportSpec) {
	full, err := literal.Unquote(spec.Path.Value)
	if err != nil {
		return
	}
	full, name, ok := strings.Cut(full, ":")
	if !ok {
		name = path.Base(full)
	}
	if spec.Name != nil {
		name = spec.Name.Name
	}
	f.imports[name] = full
}

func (k *pkg) field(in *file, d *ast.Field) {
	var name string
	switch l := d.Label.(type) {
	case *ast.Ident:
		name = l.Name
	case *ast.BasicLit:
		// a quoted label is not a name: nothing refers to it but questions
		s, _, ok := selected(l)
		if !ok {
			return
		}
		name = s
	}
	if name == "" || d.Constraint != token.ILLEGAL || d.Alias != nil {
		k.bad = &refusal{place{d.Pos()}, "a field of this form stands at the top of a file"}
		return
	}
	u := k.units[name]
	if u == nil {
		u = &unit{pkg: k, name: name, vertex: &vertex{}}
		u.vertex.label = &label{name: name, role: roleOf(name), at: d.Pos()}
		k.units[name] = u
	}
	u.written = append(u.written, written{in, d.Value, d.Pos()})
}

// compile makes the nodes of a unit. The program's lock is held.
func (u *unit) compile() {
	if u.compiled {
		return
	}
	u.compiled = true
	closed := &group{closed: true}
	for _, w := range u.written {
		k := &compiler{pkg: u.pkg, file: w.file}
		cj := conj{n: k.expr(w.expr)}
		if u.vertex.label != nil && u.vertex.label.role == definition {
			cj.g = closed
		}
		if u.vertex.first.n == nil {
			u.vertex.first = cj
		} else {
			u.vertex.more = append(u.vertex.more, cj)
		}
	}
	s := survey{units: map[*unit]bool{}}
	u.vertex.conjs(func(cj conj) { s.node(cj.n, 0, nil) })
	u.refusal = s.refusal
	if u.refusal == nil {
		u.refusal = u.pkg.bad
	}
	for other := range s.units {
		u.reaches = append(u.reaches, other)
	}
}

// reach compiles a unit and all that it refers to, and gives the first refusal.
func (u *unit) reach(seen map[*unit]bool) *refusal {
	if seen[u] {
		return nil
	}
	seen[u] = true
	u.compile()
	if u.refusal != nil {
		return u.refusal
	}
	for _, other := range u.reaches {
		if r := other.reach(seen); r != nil {
			return r
		}
	}
	return nil
}

// settle evaluates a unit with all that is in it, so that no question writes to it.
func (c *ctx) settle(u *unit) {
	if u.settled {
		return
	}
	u.settled = true
	c.deep(u.vertex, 0)
	if c.err != "" {
		u.refusal = &refusal{place{u.vertex.pos()}, c.err}
	}
}

// deep evaluates a vertex, what is in it, and the lets of the scopes that are opened on the way.
func (c *ctx) deep(v *vertex, depth int) {
	c.walk(v, depth)
	for len(c.envs) > 0 {
		e := c.envs[0]
		c.envs = c.envs[1:]
		for _, l := range e.lets {
			if l != nil {
				c.walk(l, depth)
			}
		}
		if e.key != nil {
			c.walk(e.key, depth)
		}
		if e.v != nil {
			c.walk(e.v, depth)
		}
	}
}

func (c *ctx) walk(v *vertex, depth int) {
	if depth > 200 {
		c.fail("constants that nest too deep")
		return
	}
	val := c.value(v)
	if val.v != nil && val.v != v {
		v = val.v
	}
	if v.body == nil || v.body.walked {
		return
	}
	v.body.walked = true
	for _, a := range v.body.arcs {
		c.walk(a.v, depth+1)
	}
	for _, el := range v.body.elems {
		c.walk(el, depth+1)
	}
}

// survey finds what an expression reaches.
type survey struct {
	units   map[*unit]bool
	refusal *refusal
}

// node looks at an expression and what is in it. outer is told of names that lead out of it, with the number of scopes above.
func (s *survey) node(n node, depth int, outer func(up int, ref node)) {
	switch n := n.(type) {
	case *refusal:
		if s.refusal == nil {
			s.refusal = n
		}
	case *unitRef:
		s.units[n.unit] = true
	case *fieldRef:
		if n.up >= depth && outer != nil {
			outer(n.up-depth, n)
		}
	case *letRef:
		if n.up >= depth && outer != nil {
			outer(n.up-depth, n)
		}
	case *structLit:
		n.kids(func(x node) { s.node(x, depth+1, outer) })
		return
	case *comprehension:
		s.comprehension(n, depth, outer)
		return
	}
	n.kids(func(x node) { s.node(x, depth, outer) })
}

func (s *survey) comprehension(n *comprehension, depth int, outer func(int, node)) {
	for _, cl := range n.clauses {
		switch {
		case cl.cond != nil:
			s.node(cl.cond, depth, outer)
		case cl.isFor:
			s.node(cl.src, depth, outer)
			depth++
		default:
			s.node(cl.let, depth, outer)
			depth++
		}
	}
	s.node(n.body, depth, outer)
}

// posOf is a place as findings have it.
func posOf(at token.Pos) diag.Pos {
	if !at.IsValid() {
		return diag.Pos{}
	}
	p := at.Position()
	return diag.Pos{File: p.Filename, Line: p.Line, Column: p.Column}
}
