package load

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/encoding/yaml"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// patchHelp is how patches are written.
const patchHelp = `write a list of objects with kind and name: patches: "FILE": [{kind: "Deployment", metadata: name: "orders"}]`

// patches reads the changes that a component makes to objects of its own files: FILE: [object].
func (l *lowering) patches(n *ir.Node, g *kind.Given) {
	if g == nil {
		return
	}
	if !g.Struct {
		l.notStruct(g, n.Path()+".patches", n.ID+"'s patches", patchHelp)
		return
	}
	for _, f := range g.Fields {
		at := attributePlace{node: n, name: "patches[" + strconv.Quote(f.Key) + "]", pos: f.Pos}
		if !f.List {
			l.notPatch(at, f, "a list of objects")
			continue
		}
		for i, item := range f.Items {
			at := attributePlace{node: n, name: fmt.Sprintf("patches[%s][%d]", strconv.Quote(f.Key), i), pos: item.Pos}
			if l.isPatch(at, item) {
				n.Patches = append(n.Patches, ir.Patch{File: f.Key, Object: object(item.Data()), Given: item, Pos: item.Pos, KeyPos: f.KeyPos})
			}
		}
	}
}

// isPatch says whether a value is an object with kind and name, all of it concrete.
func (l *lowering) isPatch(at attributePlace, g *kind.Given) bool {
	if !g.Struct {
		l.notPatch(at, g, "an object")
		return false
	}
	if open := firstIn(g, func(g *kind.Given) bool { return g.Invalid || !g.Struct && !g.List && !g.Concrete }); open != nil {
		l.notPatch(at, open, "a concrete value")
		return false
	}
	if raw := firstIn(g, func(g *kind.Given) bool { _, bytes := g.Scalar.([]byte); return bytes }); raw != nil {
		l.notPatch(at, raw, "a text, a number or a boolean")
		return false
	}
	for _, name := range []string{"kind", "metadata.name"} {
		field := g.At(name)
		if field == nil {
			l.misnamed(at, "E0103", "name the object: {kind: \"Deployment\", metadata: name: \"orders\"}", "has no %s, which is required", name)
			return false
		}
		if text, ok := field.Scalar.(string); !ok || text == "" {
			at.pos = field.Pos
			l.misnamed(at, "E0104", "name the object: {kind: \"Deployment\", metadata: name: \"orders\"}", "has a %s that is not a name", name)
			return false
		}
	}
	return true
}

// notPatch reports a value that is not what it has to be.
func (l *lowering) notPatch(at attributePlace, g *kind.Given, wanted string) {
	if g.Invalid {
		return
	}
	at.pos = g.Pos
	if !l.open(at, g) {
		l.misnamed(at, "E0104", patchHelp, "is not %s", wanted)
	}
}

// open reports a value that is not concrete; false: it is.
func (l *lowering) open(at attributePlace, g *kind.Given) bool {
	if g.Struct || g.List || g.Concrete {
		return false
	}
	l.add(g.Open(kind.Place{Path: at.node.Path() + "." + at.name, Subject: kind.Own(at.node.ID) + " " + at.name}, "", false))
	return true
}

// firstIn is the first value for which holds is true, in a value and all inside it; nil without.
func firstIn(g *kind.Given, holds func(*kind.Given) bool) *kind.Given {
	if holds(g) {
		return g
	}
	for _, inner := range slices.Concat(g.Fields, g.Items) {
		if found := firstIn(inner, holds); found != nil {
			return found
		}
	}
	return nil
}

// extra reads the files with Kubernetes objects of the team's own that a component names.
func (l *lowering) extra(n *ir.Node, g *kind.Given) {
	if g == nil {
		return
	}
	at := attributePlace{node: n, name: "extra", pos: g.Pos}
	help := "name files with Kubernetes objects by paths relative to the file that says them: extra: [\"k8s/dashboard.yaml\"]"
	if !g.List {
		if !g.Invalid && !l.open(at, g) {
			l.misnamed(at, "E0104", help, "is not a list of files")
		}
		return
	}
	all := &kind.Listing{}
	for _, item := range g.Items {
		at := attributePlace{node: n, name: "extra", pos: item.Pos}
		name, ok := item.Scalar.(string)
		if !ok {
			if !item.Invalid && !l.open(at, item) {
				l.misnamed(at, "E0104", help, "is not a list of files")
			}
			continue
		}
		one := l.single(at, name, &kind.Mark{File: true})
		all.Roots, all.Files = append(all.Roots, one.Roots...), append(all.Files, one.Files...)
		for _, f := range one.Files {
			n.Extra = append(n.Extra, ir.Extra{File: f, Objects: l.objects(at, f), Pos: item.Pos})
		}
	}
	if !l.apart(at, all.Files) {
		n.Extra = nil
	}
	if n.Listings == nil {
		n.Listings = map[string]*kind.Listing{}
	}
	n.Listings["extra"] = all
}

// objects are the Kubernetes objects of a file, each with what the file says of it and where.
func (l *lowering) objects(at attributePlace, f *kind.UserFile) []*kind.Given {
	data, err := f.Read()
	if err != nil {
		l.unread(err)
		return nil
	}
	file, err := yaml.Extract(f.At, data)
	if err != nil {
		l.notObjects(at, f, yamlLine(f, err), "is not valid YAML")
		return nil
	}
	v := cuecontext.New().BuildFile(file)
	if v.Err() != nil {
		l.notObjects(at, f, positionOf(errors.Errors(v.Err())[0], l.dir), "has two values for one field")
		return nil
	}
	whole := l.given(v, "")
	documents := []*kind.Given{whole}
	if whole.List {
		documents = whole.Items
	}
	var all []*kind.Given
	for _, d := range documents {
		switch {
		case d.Concrete && d.Scalar == nil && !d.Struct && !d.List: // an empty document
		case !d.Struct || text(d, "apiVersion") == "" || text(d, "kind") == "" || text(d, "metadata.name") == "":
			l.notObjects(at, f, d.Pos, "has a document that is not a Kubernetes object: one has apiVersion, kind and metadata.name")
		default:
			all = append(all, d)
		}
	}
	if len(documents) == 0 || len(all) == 0 && documents[0].Scalar == nil && !documents[0].Struct && !documents[0].List {
		l.notObjects(at, f, diag.Pos{}, "has no object")
	}
	return all
}

// yamlLine is the line that a mistake in a file is reported at, in its text alone: "app.yaml:3: did not find …".
func yamlLine(f *kind.UserFile, err error) diag.Pos {
	_, rest, _ := strings.Cut(err.Error(), f.At+":")
	number, _, _ := strings.Cut(rest, ":")
	line, err := strconv.Atoi(number)
	if err != nil {
		return diag.Pos{}
	}
	return diag.Pos{File: f.Source, Line: line, Column: 1}
}

// text is the text at a dotted path of a struct, "" without.
func text(g *kind.Given, name string) string {
	if f := g.At(name); f != nil {
		s, _ := f.Scalar.(string)
		return s
	}
	return ""
}

func (l *lowering) notObjects(at attributePlace, f *kind.UserFile, pos diag.Pos, what string) {
	d := diag.Diagnostic{
		Code: "E0112", Path: at.node.Path() + "." + at.name, Pos: pos, Message: f.Source + " of " + at.node.ID + " " + what,
		Help: "write Kubernetes objects, one document each", Related: []diag.Related{{Message: "it is named here", Pos: at.pos}},
	}
	if !pos.IsValid() {
		d.Pos, d.Related = at.pos, nil
	}
	l.add(d)
}
