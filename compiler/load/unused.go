package load

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	library "platc.dev/platc/cue"
)

// unused reports what users' kinds declare and nothing uses (W0125), as far as their files show it. What a file refers to in a way that cannot be
// followed counts as used: a warning that is wrong would cost more than one that is missing.
func (l *lib) unused() {
	own := l.ownKinds()
	// a kind that was left out may be the one that uses the rest
	if len(own) == 0 || l.list.HasErrors() {
		return
	}
	c := &unusedCheck{lib: l, files: map[string][]*ast.File{}}
	for _, k := range own {
		c.files[k.Name] = sourcesOf(k)
	}
	for _, k := range own {
		c.uses = c.usesOf(k, own)
		c.kind(k)
	}
}

// usesOf is what refers to a kind: its own files, and the rules of other kinds that end at it.
func (c *unusedCheck) usesOf(k *kind.Kind, own []*kind.Kind) *uses {
	u := newUses(c.lib.shared())
	u.templates(k.Assets)
	for _, f := range c.files[k.Name] {
		u.file(f)
	}
	for _, other := range own {
		if other == k {
			continue
		}
		top := topLevel(c.files[other.Name])
		for _, name := range sorted(c.lib.out.Rules) {
			if r := c.lib.out.Rules[name]; ends(k, r.From) || ends(k, r.To) {
				if f := c.field(other, "links", name); f != nil {
					u.follow(f.Value, top)
				}
			}
		}
	}
	u.builtInCapabilities(k, c.acts(k))
	return u
}

// acts says whether pods of a kind act for others, whose rules then see it as one of their delegates.
func (c *unusedCheck) acts(k *kind.Kind) bool {
	for _, r := range c.lib.out.Rules {
		if r.HasActs && ends(k, r.To) {
			return true
		}
	}
	return false
}

// ownKinds are users' kinds of components, by name.
func (l *lib) ownKinds() []*kind.Kind {
	var all []*kind.Kind
	for _, name := range sorted(l.out.Kinds) {
		if k := l.out.Kinds[name]; k.Own && k.Parent == "" {
			all = append(all, k)
		}
	}
	return all
}

// sourcesOf parses the CUE files of a kind, which were read without a mistake before.
func sourcesOf(k *kind.Kind) []*ast.File {
	var all []*ast.File
	for _, name := range sources(k.Assets, ".") {
		data, err := fs.ReadFile(k.Assets, name)
		if err != nil {
			continue
		}
		if f, err := parser.ParseFile(path.Join(path.Dir(k.Pos.File), name), data); err == nil {
			all = append(all, f)
		}
	}
	return all
}

// unusedCheck compares what kinds declare with what is used.
type unusedCheck struct {
	lib   *lib
	files map[string][]*ast.File // by kind
	uses  *uses                  // of the kind that is looked at
}

// report reports a declaration of a kind. at is the first of several places that is written out.
func (c *unusedCheck) report(k *kind.Kind, help, message string, at ...diag.Pos) {
	at = append(at, k.Pos)
	c.lib.list.Add(diag.Diagnostic{Code: "W0125", Message: message, Help: help, Pos: at[slices.IndexFunc(at, diag.Pos.IsValid)]})
}

func (c *unusedCheck) kind(k *kind.Kind) {
	c.capabilities(k)
	c.slots(k)
	c.attributes(k, k, "kind", "attributes")
	for _, name := range sorted(k.Subs) {
		c.sub(k, name)
	}
	c.ports(k)
	k.PodsAt = c.labelsIn(k, "kind", "describe", "pods")
	c.derived(k)
	c.assets(k)
	for _, name := range sorted(c.lib.out.Rules) {
		if r := c.lib.out.Rules[name]; r.Own && path.Dir(r.Pos.File) == path.Dir(k.Pos.File) {
			c.rule(k, r)
		}
	}
}

// place is where a field of a kind is written; invalid if it comes from a definition.
func (c *unusedCheck) place(k *kind.Kind, path ...string) diag.Pos {
	if f := c.field(k, path...); f != nil {
		return position(f.Label.Pos())
	}
	return diag.Pos{}
}

func (c *unusedCheck) field(k *kind.Kind, path ...string) *ast.Field {
	for _, f := range c.files[k.Name] {
		if field := fieldAt(f.Decls, path); field != nil {
			return field
		}
	}
	return nil
}

// fieldAt is the field at a path of what is written out, conditions or not.
func fieldAt(decls []ast.Decl, path []string) *ast.Field {
	for _, d := range decls {
		switch d := d.(type) {
		case *ast.Field:
			if name, _, err := ast.LabelName(d.Label); err != nil || name != path[0] {
				continue
			}
			if len(path) == 1 {
				return d
			}
			if f := fieldIn(d.Value, path[1:]); f != nil {
				return f
			}
		case *ast.Comprehension:
			if f := fieldIn(d.Value, path); f != nil {
				return f
			}
		case *ast.EmbedDecl:
			if f := fieldIn(d.Expr, path); f != nil {
				return f
			}
		}
	}
	return nil
}

func fieldIn(e ast.Expr, path []string) *ast.Field {
	switch e := e.(type) {
	case *ast.StructLit:
		return fieldAt(e.Elts, path)
	case *ast.ParenExpr:
		return fieldIn(e.X, path)
	case *ast.BinaryExpr:
		if f := fieldIn(e.X, path); f != nil {
			return f
		}
		return fieldIn(e.Y, path)
	}
	return nil
}

// labelsIn are the names that are written out in a field, and where.
func (c *unusedCheck) labelsIn(k *kind.Kind, path ...string) map[string]diag.Pos {
	all := map[string]diag.Pos{}
	field := c.field(k, path...)
	if field == nil {
		return all
	}
	var walk func(n ast.Node)
	walk = func(n ast.Node) {
		switch n := n.(type) {
		case *ast.StructLit:
			for _, e := range n.Elts {
				walk(e)
			}
		case *ast.Field:
			if name, _, err := ast.LabelName(n.Label); err == nil && !strings.HasPrefix(name, "#") && !strings.HasPrefix(name, "_") {
				all[name] = position(n.Label.Pos())
			}
		case *ast.Comprehension:
			walk(n.Value)
		case *ast.EmbedDecl:
			walk(n.Expr)
		case *ast.BinaryExpr:
			walk(n.X)
			walk(n.Y)
		}
	}
	walk(field.Value)
	return all
}

// item is where a text stands in a list.
func (c *unusedCheck) item(k *kind.Kind, text string, path ...string) diag.Pos {
	field := c.field(k, path...)
	if field == nil {
		return diag.Pos{}
	}
	at := position(field.Label.Pos())
	ast.Walk(field.Value, func(n ast.Node) bool {
		if e, ok := n.(*ast.BasicLit); ok {
			if s, _ := literalData(e); s == text {
				at = position(e.Pos())
			}
		}
		return true
	}, nil)
	return at
}

// capabilities finds those that no rule names, and those whose rules bring only parts that the kind does not take. One that is the source of rules brings
// variables as well.
func (c *unusedCheck) capabilities(k *kind.Kind) {
	for _, capability := range k.Provides {
		end, at := "@"+capability, c.item(k, capability, "kind", "provides")
		if !c.named(end) {
			c.report(k, "`platc links` lists the rules; leave the capability out, or write a rule for "+end, fmt.Sprintf("the kind %s provides %q, which no rule names", k.Name, capability), at)
			continue
		}
		for _, name := range sorted(c.lib.out.Rules) {
			r := c.lib.out.Rules[name]
			if c.source(end) || r.To != end || len(r.Brings.In.Parts) == 0 || slices.ContainsFunc(r.Brings.In.Parts, func(slot string) bool { return slices.Contains(k.Slots, slot) }) {
				continue
			}
			c.report(k, fmt.Sprintf("add %s to slots and read it in manifests.cue, or leave the capability out", quotedOr(r.Brings.In.Parts)), fmt.Sprintf("the kind %s provides %q, but has no slot for what the rule %q brings", k.Name, capability, r.Name()), at)
		}
	}
}

// named says whether a rule or a bound on links names an end. Images are asked for by no rule: that a component has one matters to the whole build.
func (c *unusedCheck) named(end string) bool {
	if end == "@image" {
		return true
	}
	for _, r := range c.lib.out.Rules {
		if r.From == end || r.To == end || slices.Contains(r.Through, end) {
			return true
		}
	}
	for _, k := range c.lib.out.Kinds {
		if slices.ContainsFunc(k.Counts, func(count kind.Count) bool { return count.Other == end }) {
			return true
		}
	}
	return false
}

// source says whether rules begin at an end.
func (c *unusedCheck) source(end string) bool {
	for _, r := range c.lib.out.Rules {
		if r.From == end {
			return true
		}
	}
	return false
}

// ends says whether an end of a rule is a kind or one of its sub-kinds, or a capability of it.
func ends(k *kind.Kind, end string) bool {
	if capability, ok := strings.CutPrefix(end, "@"); ok {
		return slices.Contains(k.Provides, capability)
	}
	component, _, _ := strings.Cut(end, "/")
	return component == k.Name
}

func (c *unusedCheck) slots(k *kind.Kind) {
	waited := named(k, func(w kind.When) string { return w.Part })
	for _, slot := range k.Slots {
		at := c.item(k, slot, "kind", "slots")
		if !c.uses.has(slot, "parts") && !slices.Contains(waited, slot) {
			c.report(k, fmt.Sprintf("read #self.parts.%s in manifests.cue, or leave the slot out", slot), fmt.Sprintf("the kind %s has the slot %q, but nothing reads the parts that links bring into it", k.Name, slot), at)
			continue
		}
		brought := false
		for _, r := range c.lib.out.Rules {
			brought = brought || ends(k, r.From) && slices.Contains(r.Brings.Out.Parts, slot) || ends(k, r.To) && slices.Contains(r.Brings.In.Parts, slot)
		}
		if !brought {
			c.report(k, "bring parts in a rule of links.cue, or leave the slot out", fmt.Sprintf("the kind %s has the slot %q, but no rule brings parts into it", k.Name, slot), at)
		}
	}
}

// attributes finds those of a kind of component, or of one of its sub-kinds, that nothing reads.
func (c *unusedCheck) attributes(k, of *kind.Kind, path ...string) {
	conditions := named(k, func(w kind.When) string { return w.Attribute })
	for _, f := range of.Attributes.Fields {
		if f.Type.Mark != nil || of == k && (f.Name == "namespace" || slices.Contains(conditions, f.Name)) || c.inherited(of, f.Name) || c.uses.has(f.Name, "attrs", "quantities") {
			continue
		}
		c.report(k, fmt.Sprintf("read it as attrs.%s in manifests.cue, kind.cue or links.cue, or leave it out", f.Name), fmt.Sprintf("the kind %s has the attribute %q, but nothing reads it", of.Name, f.Name),
			c.place(k, append(path, f.Name)...), c.embedding(k, f.Name, path...), c.place(k, path...))
	}
}

// embedding is where a definition with a field is embedded.
func (c *unusedCheck) embedding(k *kind.Kind, name string, path ...string) diag.Pos {
	field := c.field(k, path...)
	if field == nil {
		return diag.Pos{}
	}
	at := diag.Pos{}
	ast.Walk(field.Value, func(n ast.Node) bool {
		if e, ok := n.(*ast.EmbedDecl); ok {
			definition := e.Expr
			if s, ok := definition.(*ast.SelectorExpr); ok && c.lib.shared()[selected(s)] != nil {
				definition = c.lib.shared()[selected(s)].Value
			}
			if fieldIn(definition, []string{name}) != nil {
				at = position(e.Pos())
			}
		}
		return true
	}, nil)
	return at
}

// inherited says whether an attribute is the default of a link's.
func (c *unusedCheck) inherited(of *kind.Kind, attribute string) bool {
	for _, r := range c.lib.out.Rules {
		if r.From == of.Name && slices.Contains(r.Inherit, attribute) {
			return true
		}
	}
	return false
}

func (c *unusedCheck) sub(k *kind.Kind, name string) {
	sub := k.Subs[name]
	used := c.uses.has(name, "subs") || slices.Contains(named(k, func(w kind.When) string { return w.Sub }), name) || k.Implied != nil && k.Implied.Sub == name
	for _, r := range c.lib.out.Rules {
		used = used || r.From == sub.Name || r.To == sub.Name
	}
	if !used {
		c.report(k, fmt.Sprintf("read #self.subs.%s in manifests.cue, write a rule for %s, or leave it out", name, sub.Name), fmt.Sprintf("the kind %s has the sub-components %q, but no rule leads to them and no file is made of them", k.Name, name), c.place(k, "kind", "subs", name))
		return
	}
	c.attributes(k, sub, "kind", "subs", name, "attributes")
}

// ports finds those that no rule opens and no object of the kind has: other kinds may open what a server answers on.
func (c *unusedCheck) ports(k *kind.Kind) {
	declared := c.labelsIn(k, "kind", "describe", "ports")
	for _, port := range sorted(declared) {
		used := c.uses.has(port, "ports") || c.uses.literals[port] || c.served(k, port)
		for _, r := range c.lib.out.Rules {
			used = used || ends(k, r.To) && slices.Contains(r.Ports, port)
		}
		if !used {
			c.report(k, fmt.Sprintf("open it in a rule of links.cue (ports: [%q]), or leave it out", port), fmt.Sprintf("the kind %s has the port %q, but no rule opens it and no file of the kind serves it", k.Name, port), declared[port])
		}
	}
}

// served says whether the number of a port is written elsewhere in the kind, or is not written at all.
func (c *unusedCheck) served(k *kind.Kind, port string) bool {
	field := c.field(k, "kind", "describe", "ports", port, "port")
	if field == nil {
		return true
	}
	number, ok := field.Value.(*ast.BasicLit)
	if !ok {
		return true
	}
	found := false
	for _, f := range c.files[k.Name] {
		ast.Walk(f, func(n ast.Node) bool {
			if e, ok := n.(*ast.BasicLit); ok && e != number {
				found = found || e.Value == number.Value || strings.Contains(e.Value, ":"+number.Value)
			}
			return true
		}, nil)
	}
	return found
}

func (c *unusedCheck) derived(k *kind.Kind) {
	conditions := named(k, func(w kind.When) string { return w.Derived })
	declared := c.labelsIn(k, "kind", "describe", "derived")
	for _, name := range sorted(declared) {
		// every kind has a version: the building blocks of pods make a label of it
		if name != "version" && !c.uses.has(name, "derived") && !slices.Contains(conditions, name) {
			c.report(k, fmt.Sprintf("read it as derived.%s in manifests.cue or links.cue, or leave it out", name), fmt.Sprintf("the kind %s derives %q, but nothing reads it", k.Name, name), declared[name])
		}
	}
}

// assets finds modules and files in the folder of a kind that nothing names.
func (c *unusedCheck) assets(k *kind.Kind) {
	for _, name := range entries(k.Assets, "python") {
		base := strings.TrimSuffix(name, ".py")
		if base == "conftest" || base == "tests" || strings.HasPrefix(base, "test_") {
			continue
		}
		if !c.uses.asset(k.Name+"/"+base, k.Name+"/"+name) && !c.uses.folder("python/"+name) {
			c.report(k, fmt.Sprintf("name it in the modules of a rule, as %q, or remove it", k.Name+"/"+base), fmt.Sprintf("the kind %s has the module %s, but no rule names it", k.Name, name), assetPos(k, "python/"+name))
		}
	}
	for _, name := range entries(k.Assets, "files") {
		if !c.uses.folder("files/" + name) {
			c.report(k, "name it as the copy or the template of a row in manifests.cue, or remove it", fmt.Sprintf("the kind %s has the file files/%s, but no row is made of it", k.Name, name), assetPos(k, "files/"+name))
		}
	}
}

func assetPos(k *kind.Kind, name string) diag.Pos {
	return diag.Pos{File: path.Join(path.Dir(k.Pos.File), name), Line: 1, Column: 1}
}

// entries are the names in a folder of a kind that are no leftovers of tools.
func entries(fsys fs.FS, dir string) []string {
	found, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil
	}
	var all []string
	for _, e := range found {
		if !strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(e.Name(), "__") && path.Ext(e.Name()) != ".pyc" {
			all = append(all, e.Name())
		}
	}
	return all
}

// rule finds attributes of a link, and a credential, that nothing reads.
func (c *unusedCheck) rule(k *kind.Kind, r *kind.Rule) {
	if r.Attributes != nil {
		for _, f := range r.Attributes.Fields {
			// who may do what with a credential is a matter of the whole build
			if r.Identity != nil && (f.Name == "access" || f.Name == r.Identity.Given) || c.uses.has(f.Name, "link") {
				continue
			}
			at := c.place(k, "links", r.Name(), "attributes", f.Name)
			c.report(k, fmt.Sprintf("read it as #link.%s in links.cue, or leave it out", f.Name), fmt.Sprintf("the rule %q has the attribute %q, but nothing reads it", r.Name(), f.Name), at, c.place(k, "links", r.Name(), "attributes"), r.Pos)
		}
	}
	field := c.field(k, "links", r.Name())
	if r.Identity == nil || field == nil {
		return
	}
	of := newUses(c.lib.shared())
	of.follow(field.Value, topLevel(c.files[k.Name]))
	if !of.names["#identity"] {
		c.report(k, "use #identity in what the rule brings, or leave identity out", fmt.Sprintf("the rule %q makes a credential, but nothing uses it", r.Name()), c.place(k, "links", r.Name(), "identity"), r.Pos)
	}
}

// quotedOr lists texts as alternatives.
func quotedOr(all []string) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(words, " or ")
}

// builtInCapabilities adds what the built-in rules for the capabilities of a user's kind refer to: they read it too.
func (u *uses) builtInCapabilities(k *kind.Kind, acts bool) {
	names, err := fs.Glob(library.FS, "kinds/*/links.cue")
	if err != nil {
		return
	}
	for _, name := range names {
		data, err := fs.ReadFile(library.FS, name)
		if err != nil || !bytes.Contains(data, []byte(`"@`)) && !bytes.Contains(data, []byte("-> @")) {
			continue
		}
		if f, err := parser.ParseFile(name, data); err == nil {
			own := topLevel([]*ast.File{f})
			for _, d := range own["links"].Value.(*ast.StructLit).Elts {
				field, ok := d.(*ast.Field)
				if from, to, isRule := strings.Cut(labelText(field), " -> "); ok && isRule && (provided(k, from) || provided(k, to) || acts && strings.HasPrefix(from, "@")) {
					u.follow(field.Value, own)
				}
			}
		}
	}
}

// provided says whether an end of a rule is a capability of a kind.
func provided(k *kind.Kind, end string) bool { return strings.HasPrefix(end, "@") && k.Is(end) }

func labelText(f *ast.Field) string {
	if f == nil {
		return ""
	}
	name, _, _ := ast.LabelName(f.Label)
	return name
}

// templates adds the names that the templates of a kind refer to.
func (u *uses) templates(assets fs.FS) {
	word := regexp.MustCompile(`[.$"]([A-Za-z_][A-Za-z0-9_]*)`)
	action := regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	_ = fs.WalkDir(assets, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, _ := fs.ReadFile(assets, name) // what cannot be read refers to nothing
		for _, a := range action.FindAll(data, -1) {
			for _, m := range word.FindAllSubmatch(a, -1) {
				u.loose[string(m[1])] = true
			}
		}
		return nil
	})
}
