package load

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// userName is the one secret that is a name: messages leave it out like the others, excerpts show it.
const userName = "username"

// concealer finds the secrets of an architecture in what its author wrote: what stands at a field that a kind or the
// settings mark with @secret(), what such a field refers to, and what reads like one of them. It goes by the names of
// fields, so that it works on files with mistakes too; what it takes for a secret by error is only not shown.
type concealer struct {
	hidden   *diag.Hidden
	telling  telling
	fields   []string        // that hold a secret, sorted
	plain    map[string]bool // attributes that hold none
	secret   map[string]bool // names of fields, aliases and let clauses whose value is or becomes a secret
	declared map[string][]declared
	mu       sync.Mutex // of reads
}

// declared is what a name of a file stands for.
type declared struct {
	value ast.Expr
	tags  []string // the tags that set it
}

func newConcealer(hidden *diag.Hidden, library *kind.Library) *concealer {
	c := &concealer{hidden: hidden, telling: newTelling(), plain: map[string]bool{"kind": true, "links": true, "namespace": true}, secret: map[string]bool{}, declared: map[string][]declared{}}
	secret := map[string]bool{}
	var walk func(t *kind.Type)
	walk = func(t *kind.Type) {
		if t == nil {
			return
		}
		for _, f := range t.Fields {
			c.plain[f.Name] = true
			if f.Type.Secret {
				secret[f.Name] = true
			}
			walk(f.Type)
		}
		walk(t.Elem)
	}
	walk(library.Config)
	for _, k := range library.Kinds {
		walk(k.Attributes)
	}
	for _, r := range library.Rules {
		walk(r.Attributes)
	}
	delete(secret, userName)
	c.fields = slices.Sorted(maps.Keys(secret))
	for _, name := range c.fields {
		delete(c.plain, name)
		c.secret[name] = true
	}
	hidden.CoverWith(c.cover)
	return c
}

// reads takes in the files of an architecture, those that it imports too, and the tags that were given.
func (c *concealer) reads(inst *build.Instance, tags []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := map[*build.Instance]bool{}
	var add func(inst *build.Instance)
	add = func(inst *build.Instance) {
		if inst == nil || seen[inst] {
			return
		}
		seen[inst] = true
		for _, f := range inst.Files {
			ast.Walk(f, func(n ast.Node) bool { c.declare(n); return true }, nil)
		}
		for _, imported := range inst.Imports {
			add(imported)
		}
	}
	add(inst)
	for _, name := range sorted(c.declared) {
		if !c.plain[name] && name != userName && !c.fileOfObjects(name) && (c.telling.speaking.MatchString(name) || diag.Misspelt(name, c.fields) != "") {
			c.secret[name] = true
		}
	}
	followed := map[string]bool{}
	for len(followed) < len(c.secret) {
		for _, name := range sorted(c.secret) {
			if followed[name] {
				continue
			}
			followed[name] = true
			for _, d := range c.declared[name] {
				c.follow(d.value)
			}
		}
	}
	set := map[string]bool{}
	for name := range c.secret {
		for _, d := range c.declared[name] {
			for _, l := range c.literals(d.value, false) {
				c.hide(l)
			}
			for _, tag := range d.tags {
				set[tag] = true
			}
		}
	}
	for _, tag := range tags {
		key, value, ok := strings.Cut(tag, "=")
		if ok && (set[key] || c.telling.speaking.MatchString(key) || diag.Misspelt(key, c.fields) != "") {
			c.hidden.Add(value)
		}
	}
}

// fileOfObjects says whether a name is that of a file with lists of objects, as in patches. What of them is a secret has a name of its own.
func (c *concealer) fileOfObjects(name string) bool {
	return strings.Contains(name, ".") && !slices.ContainsFunc(c.declared[name], func(d declared) bool {
		list, ok := d.value.(*ast.ListLit)
		return !ok || len(list.Elts) == 0 || slices.ContainsFunc(list.Elts, func(item ast.Expr) bool { _, object := item.(*ast.StructLit); return !object })
	})
}

// inURL is the password, or the token, in a URL or before a host.
func inURL(text string) string {
	if !strings.Contains(text, "@") || len(text) > 2000 {
		return ""
	}
	found := regexp.MustCompile(`^(?:[a-z+]+://)?[^/\s:@]*:([^/\s@]+)@|^https?://([^/\s:@]+)@`).FindStringSubmatch(text)
	if found == nil {
		return ""
	}
	return found[1] + found[2]
}

// declare notes what a node declares.
func (c *concealer) declare(n ast.Node) {
	switch n := n.(type) {
	case *ast.BasicLit:
		c.hidden.Add(c.telling.in(unquoted(n), "")...)
		return
	case *ast.ListLit:
		before := ""
		for _, item := range n.Elts {
			text := unquoted(item)
			c.hidden.Add(c.telling.in(text, before)...)
			before = text
		}
	}
	d := declared{value: valueOf(n)}
	secret := false
	if f, ok := n.(*ast.Field); ok {
		for _, a := range f.Attrs {
			switch name, body := a.Split(); name {
			case "secret":
				secret = true
			case "tag":
				key, _, _ := strings.Cut(body, ",")
				d.tags = append(d.tags, strings.TrimSpace(key))
			}
		}
	}
	for _, name := range names(n) {
		c.declared[name] = append(c.declared[name], d)
		if secret && name != userName {
			c.secret[name] = true
		}
	}
}

// unquoted is the text of a literal, "" of what is none.
func unquoted(n ast.Node) string {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, _ := literal.Unquote(lit.Value)
	return text
}

// valueOf is the value that a node declares.
func valueOf(n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.Field:
		return n.Value
	case *ast.LetClause:
		return n.Expr
	case *ast.ForClause:
		return n.Source
	case *ast.Alias:
		return n.Expr
	}
	return nil
}

// names are those that a field, an alias or a let clause declares.
func names(n ast.Node) []string {
	switch n := n.(type) {
	case *ast.Field:
		var all []string
		label := n.Label
		if alias, ok := label.(*ast.Alias); ok {
			all = append(all, alias.Ident.Name)
			label, _ = alias.Expr.(ast.Label)
		}
		if name, _, err := ast.LabelName(label); err == nil {
			all = append(all, name)
		}
		if alias, ok := n.Value.(*ast.Alias); ok {
			all = append(all, alias.Ident.Name)
		}
		return all
	case *ast.LetClause:
		return []string{n.Ident.Name}
	case *ast.Alias:
		return []string{n.Ident.Name}
	case *ast.ForClause:
		var all []string
		for _, id := range []*ast.Ident{n.Key, n.Value} {
			if id != nil {
				all = append(all, id.Name)
			}
		}
		return all
	}
	return nil
}

// secrets calls a function with the value of every declaration of a secret in a file.
func (c *concealer) secrets(f *ast.File, do func(ast.Expr)) {
	ast.Walk(f, func(n ast.Node) bool {
		all := names(n)
		if field, ok := n.(*ast.Field); ok && slices.ContainsFunc(field.Attrs, func(a *ast.Attribute) bool { name, _ := a.Split(); return name == "secret" }) {
			do(field.Value)
		} else if slices.ContainsFunc(all, func(name string) bool { return c.secret[name] }) {
			do(valueOf(n))
		}
		return true
	}, nil)
}

// reference says whether a field says where a secret is read from, as in {env: NAME}, or what it is drawn of, as in {length: 64}: that is shown.
func reference(n ast.Node) bool {
	f, ok := n.(*ast.Field)
	if !ok {
		return false
	}
	name, _, err := ast.LabelName(f.Label)
	return err == nil && describesSecret(name)
}

// describesSecret says whether a field of a secret says where it comes from, or what it is made of.
func describesSecret(name string) bool {
	return slices.Contains([]string{"env", "file", "length", "alphabet"}, name)
}

// follow marks the names that a value is made of.
func (c *concealer) follow(e ast.Expr) {
	if e == nil {
		return
	}
	ast.Walk(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			if reference(n) {
				return false
			}
			ast.Walk(n.Value, func(inner ast.Node) bool {
				if id, ok := inner.(*ast.Ident); ok {
					c.mark(id.Name)
				}
				return true
			}, nil)
			return true
		case *ast.SelectorExpr:
			if name, _, err := ast.LabelName(n.Sel); err == nil {
				c.mark(name)
			}
			return false
		case *ast.IndexExpr:
			if lit, ok := n.Index.(*ast.BasicLit); ok {
				if name, err := literal.Unquote(lit.Value); err == nil {
					c.mark(name)
				}
			}
		case *ast.Ident:
			c.mark(n.Name)
		}
		return true
	}, nil)
}

func (c *concealer) mark(name string) {
	if len(c.declared[name]) > 0 && name != userName {
		c.secret[name] = true
	}
}

// literals are what is written out in the value of a secret. strict ones are also words that name nothing: a secret without its quotes.
func (c *concealer) literals(e ast.Expr, strict bool) []ast.Node {
	var all []ast.Node
	inCall := 0
	var walk func(n ast.Node)
	walk = func(n ast.Node) {
		ast.Walk(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Field:
				if reference(n) && plainReference(n.Value) {
					return false
				}
				walk(n.Value)
				return false
			case *ast.ImportDecl, *ast.Attribute:
				return false
			case *ast.UnaryExpr:
				// a pattern is no secret
				return n.Op != token.MAT && n.Op != token.NMAT
			case *ast.CallExpr:
				inCall++
				for _, arg := range n.Args {
					walk(arg)
				}
				inCall--
				return false
			case *ast.SelectorExpr:
				walk(n.X)
				return false
			case *ast.BasicLit:
				switch n.Kind {
				case token.STRING:
					all = append(all, n)
				case token.INT, token.FLOAT:
					if inCall == 0 {
						all = append(all, n)
					}
				}
			case *ast.Ident:
				if strict && len(c.declared[n.Name]) == 0 && !predeclared(n.Name) && n.Node == nil {
					all = append(all, n)
				}
			}
			return true
		}, nil)
	}
	if e != nil {
		walk(e)
	}
	return all
}

// plainReference says whether what {env: …} or {file: …} says can be shown: a name, not a secret in its place.
func plainReference(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return true
	}
	text, err := literal.Unquote(lit.Value)
	return err != nil || namesPlace(text) || distinct(text)
}

// namesPlace says whether a text reads like the name of a variable or the path of a file.
func namesPlace(text string) bool {
	return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$|[/.]`).MatchString(text)
}

func predeclared(name string) bool {
	return slices.Contains([]string{"_", "string", "bytes", "bool", "int", "float", "number", "null", "true", "false", "uint", "len", "close", "and", "or", "div", "mod", "quo", "rem", "error", "self"}, name) || strings.HasPrefix(name, "__")
}

// hide keeps the text of a literal out of every message.
func (c *concealer) hide(n ast.Node) {
	lit, ok := n.(*ast.BasicLit)
	if !ok {
		return
	}
	if text, err := literal.Unquote(lit.Value); err == nil {
		c.hidden.Add(text)
		return
	}
	// a part of an interpolation, or a number
	c.hidden.Add(strings.Trim(lit.Value, "\"'#\\()"))
}

// written says whether a text is a literal of the files: then it is in clear there. What -t gave stands in the syntax too, but at no place.
func (c *concealer) written(text string) bool {
	for name := range c.secret {
		for _, d := range c.declared[name] {
			for _, n := range c.literals(d.value, false) {
				lit, ok := n.(*ast.BasicLit)
				if !ok || !lit.Pos().IsValid() {
					continue
				}
				if s, err := literal.Unquote(lit.Value); err == nil && s == text {
					return true
				}
			}
		}
	}
	return false
}

// values hides what came of the evaluation: the value of every secret, and of fields beside one that do not exist.
func (c *concealer) values(t *kind.Type, g *kind.Given) {
	if t == nil || g == nil {
		return
	}
	if t.Secret {
		c.value(g)
		return
	}
	if text, ok := g.Scalar.(string); ok {
		c.hidden.Add(inURL(text))
	}
	if t.IsStruct && g.Struct {
		holds := slices.ContainsFunc(t.Fields, func(f kind.Field) bool { return f.Type.Secret })
		for _, f := range g.Fields {
			inner := t.Field(f.Key)
			switch {
			case f.Key == userName:
			case inner != nil:
				c.values(inner, f)
			case holds && !c.plain[f.Key]:
				// most likely it was meant to be the secret
				c.secret[f.Key] = true
				c.value(f)
			}
		}
	}
	if t.Elem != nil {
		for _, inner := range slices.Concat(g.Fields, g.Items) {
			c.values(t.Elem, inner)
		}
	}
	c.named(g)
}

// named hides the values of fields whose names say that they are secrets.
func (c *concealer) named(g *kind.Given) {
	for _, f := range g.Fields {
		switch {
		case c.secret[f.Key]:
			c.value(f)
		case f.Struct:
			c.named(f)
		}
	}
}

// distinct says whether no character of a text comes twice, as in an alphabet.
func distinct(text string) bool {
	for i, r := range text {
		if strings.ContainsRune(text[:i], r) {
			return false
		}
	}
	return true
}

func (c *concealer) value(g *kind.Given) {
	for _, inner := range slices.Concat(g.Fields, g.Items) {
		text, isText := inner.Scalar.(string)
		switch {
		case inner.Key == "length" && !isText, inner.Key == "alphabet" && isText && distinct(text):
		case !describesSecret(inner.Key) || inner.Key == "alphabet" || !namesPlace(text):
			c.value(inner)
		}
	}
	switch v := g.Scalar.(type) {
	case nil, bool:
	case []byte:
		c.hidden.Add(string(v))
	default:
		c.hidden.Add(fmt.Sprint(v))
	}
}

// cover puts * over the secrets of a source.
func (c *concealer) cover(data []byte) []byte {
	out := bytes.Clone(data)
	if tooDeep(data) > 0 {
		return out
	}
	f, err := parser.ParseFile("", data, parser.ParseComments)
	if err != nil {
		c.coverBroken(out)
		return out
	}
	c.secrets(f, func(e ast.Expr) {
		for _, n := range c.literals(e, true) {
			stars(out, n.Pos().Offset(), n.End().Offset())
		}
	})
	return out
}

// stars covers a part of a source; quotes and ends of lines stay.
func stars(data []byte, from, to int) {
	from, to = max(from, 0), min(to, len(data))
	quotes := to-from >= 2 && (data[from] == '"' || data[from] == '\'') && data[to-1] == data[from]
	for i := from; i < to; i++ {
		if data[i] != '\n' && data[i] != '\r' && (!quotes || i > from && i < to-1) {
			data[i] = '*'
		}
	}
}

// coverBroken covers a source that does not parse: strings behind the name of a secret, and what else stands there to the end of the line.
func (c *concealer) coverBroken(data []byte) {
	var s scanner.Scanner
	file := token.NewFile("", -1, len(data))
	s.Init(file, bytes.Clone(data), func(token.Pos, string, []any) {}, 0)
	type item struct {
		offset int
		tok    token.Token
		lit    string
	}
	var all []item
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			break
		}
		all = append(all, item{pos.Offset(), tok, lit})
	}
	isName := func(i item) bool {
		name := strings.Trim(i.lit, `"`)
		if i.tok != token.IDENT && i.tok != token.STRING || name == userName || c.plain[name] {
			return false
		}
		return c.secret[name] || c.telling.speaking.MatchString(name) || diag.Misspelt(name, c.fields) != ""
	}
	before := ""
	for _, i := range all {
		switch i.tok {
		case token.COMMA:
			continue
		case token.STRING:
			text, _ := literal.Unquote(i.lit)
			if len(c.telling.in(text, before)) > 0 {
				stars(data, i.offset, i.offset+len(i.lit))
			}
			before = text
		default:
			before = ""
		}
	}
	for n := 0; n+1 < len(all); n++ {
		at := n + 1
		for at < len(all) && (all[at].tok == token.OPTION || all[at].tok == token.NOT) {
			at++
		}
		if !isName(all[n]) || at >= len(all) || all[at].tok != token.COLON && all[at].tok != token.BIND {
			continue
		}
		from := all[at].offset + 1
		end := from + lineLength(data[from:])
		// a string may go over several lines
		for _, i := range all[at+1:] {
			if i.offset < end && i.tok == token.STRING {
				end = max(end, i.offset+len(i.lit))
			}
		}
		if rest := strings.TrimSpace(string(data[from:end])); strings.HasPrefix(rest, "{env:") || strings.HasPrefix(rest, "{file:") {
			continue
		}
		for from < end && data[from] == ' ' {
			from++
		}
		stars(data, from, end)
	}
}

func lineLength(data []byte) int {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i
	}
	return len(data)
}

// masks is what no message may show; nil without a concealer.
func (c *concealer) masks() *diag.Hidden {
	if c == nil {
		return nil
	}
	return c.hidden
}

// at says whether an error of CUE is about a secret: at its path, above it or below it, or at a place where one is written.
func (c *concealer) at(e errors.Error) bool {
	if c == nil {
		return false
	}
	for _, name := range e.Path() {
		if c.secret[strings.Trim(name, `"`)] || strings.Trim(name, `"`) == userName {
			return true
		}
	}
	return slices.ContainsFunc(errors.Positions(e), c.holds)
}

// holds says whether a place is in the value of a secret.
func (c *concealer) holds(p token.Pos) bool {
	if !p.IsValid() {
		return false
	}
	for name := range c.secret {
		for _, d := range c.declared[name] {
			if d.value == nil {
				continue
			}
			from, to := d.value.Pos(), d.value.End()
			if from.IsValid() && to.IsValid() && from.Filename() == p.Filename() && from.Offset() <= p.Offset() && p.Offset() < to.Offset() {
				return true
			}
		}
	}
	return false
}
