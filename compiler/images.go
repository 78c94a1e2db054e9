package compiler

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/explain"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// imageDifferences are what environments would build different images of (E0210): one image is built of a component, and goes through all of them.
func (b *Build) imageDifferences(in Input) []diag.Diagnostic {
	var all []diag.Diagnostic
	first := map[string]*Environment{}
	for _, e := range b.Environments {
		for _, n := range e.Graph.Components() {
			if first[n.Name] == nil {
				first[n.Name] = e
				continue
			}
			d := imageDifference{build: b, before: first[n.Name], now: e, was: first[n.Name].Graph.Node(n.Name), is: n}
			all = append(all, d.find()...)
		}
	}
	if len(all) > 0 && in.Untraced {
		// what tells where a line comes from was not kept
		in.Untraced, in.Answers, in.Dump = false, nil, nil
		in.Environments.Alone, in.Environments.Names = false, nil
		return Check(in).differences
	}
	return all
}

// imageDifference compares a component in two environments.
type imageDifference struct {
	build       *Build
	before, now *Environment
	was, is     *ir.Node
}

// find says where the first difference of each sort is.
func (d imageDifference) find() []diag.Diagnostic {
	was, is := builtHere(d.was), builtHere(d.is)
	switch {
	case was == nil && is == nil:
		return nil
	case was == nil || is == nil:
		return d.at(d.is.AttrPos("kind"), d.is.Path(), "whether an image is built of it", d.before.Name, d.now.Name)
	case was.Name != is.Name:
		return d.at(d.registry(), "config.registry", "the name of its image", was.Name, is.Name)
	case was.Version != is.Version:
		return d.at(d.is.AttrPos("version"), d.is.Path()+".version", "version", was.Version, is.Version)
	}
	if found := d.decisions(); len(found) > 0 {
		return found
	}
	return d.files()
}

// builtHere is the image that is built of a component; nil: none, or another build makes it.
func builtHere(n *ir.Node) *kind.Image {
	if image := n.Description.Image; image != nil && !image.Foreign {
		return image
	}
	return nil
}

func (d imageDifference) registry() diag.Pos {
	registry := d.now.Graph.ConfigGiven.Field("registry")
	for _, key := range []string{"host", "project"} {
		before := d.before.Graph.ConfigGiven.Field("registry").Field(key)
		if f := registry.Field(key); f != nil && (before == nil || before.Scalar != f.Scalar) {
			return f.Pos
		}
	}
	if registry != nil {
		return registry.KeyPos
	}
	return d.now.Graph.Pos
}

// at is the finding at a place.
func (d imageDifference) at(pos diag.Pos, path, what, was, is string) []diag.Diagnostic {
	return []diag.Diagnostic{{
		Code: "E0210", Path: path, Pos: pos, Environments: []string{d.now.Name},
		Message: fmt.Sprintf("%s is built once for all environments, but %s differs between %s and %s: %s, and %s", d.is.Name, what, d.before.Name, d.now.Name, was, is),
		Help:    "write it where no tag decides on it; what may differ, such as sizes, domains and variables, goes into no image",
	}}
}

// decisions compares requirements and modules, which links bring.
func (d imageDifference) decisions() []diag.Diagnostic {
	was, is := d.before.Plan.Of[d.was], d.now.Plan.Of[d.is]
	for _, name := range both(was.Requirements, is.Requirements) {
		a, inFirst := was.Requirements[name]
		b, inSecond := is.Requirements[name]
		if a.Value() != b.Value() {
			return d.decided(a, inFirst, b, inSecond, "the requirement "+name, cmp.Or(a.Value(), "none"), cmp.Or(b.Value(), "none"))
		}
	}
	for _, asset := range both(was.Modules, is.Modules) {
		a, inFirst := was.Modules[asset]
		b, inSecond := is.Modules[asset]
		if a.Value() != b.Value() {
			return d.decidedBool(a, inFirst, b, inSecond, asset)
		}
	}
	return nil
}

func both[T any](a, b map[string]T) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}

func (d imageDifference) decided(a ir.Decided[string], inFirst bool, b ir.Decided[string], inSecond bool, what, was, is string) []diag.Diagnostic {
	var by []ir.Origin
	if inSecond {
		by = b.By()
	} else if inFirst {
		by = a.By()
	}
	return d.at(d.origin(by), d.is.Path(), what, was, is)
}

func (d imageDifference) decidedBool(a ir.Decided[bool], inFirst bool, b ir.Decided[bool], inSecond bool, asset string) []diag.Diagnostic {
	by := b.By()
	if !inSecond && inFirst {
		by = a.By()
	}
	has := map[bool]string{true: "there", false: "missing"}
	return d.at(d.origin(by), d.is.Path(), "the module "+asset, has[a.Value()], has[b.Value()])
}

// origin is the first place of the user's that contributes.
func (d imageDifference) origin(by []ir.Origin) diag.Pos {
	for _, o := range by {
		if o.Pos.IsValid() {
			return o.Pos
		}
	}
	return d.is.Pos
}

// files compares what all environments share of the component.
func (d imageDifference) files() []diag.Diagnostic {
	was, is := d.before.shared(d.was), d.now.shared(d.is)
	for _, name := range both(was, is) {
		a, inFirst := was[name]
		b, inSecond := is[name]
		if inFirst && inSecond && d.same(a, b) {
			continue
		}
		what := "the file " + name
		switch {
		case !inSecond:
			return d.at(d.place(d.before, d.was, a), d.is.Path(), what, "there", "missing")
		case !inFirst:
			return d.at(d.place(d.now, d.is, b), d.is.Path(), what, "missing", "there")
		}
		pos, text, before := d.line(a, b)
		return d.at(pos, d.is.Path(), what, strconv.Quote(before), strconv.Quote(text))
	}
	return nil
}

// shared are the files of a component that all environments share, but those of the Jobs that build: the first environment has them.
func (e *Environment) shared(n *ir.Node) map[string]kind.Row {
	all := map[string]kind.Row{}
	p := e.Plan.Of[n]
	for _, row := range p.Rows {
		if _, shared := e.Plan.Place(n, row); shared && !p.Builds(row) {
			all[row.Path] = row
		}
	}
	return all
}

func (d imageDifference) same(a, b kind.Row) bool {
	x, err1 := d.build.made.digest(d.was.Name, a)
	y, err2 := d.build.made.digest(d.is.Name, b)
	return err1 == nil && err2 == nil && x == y && a.Mode == b.Mode
}

// line is the first line of a file that differs, and where the second environment says so.
func (d imageDifference) line(a, b kind.Row) (pos diag.Pos, text, before string) {
	if own, ok := b.Content.(kind.Folder); ok {
		before := a.Path
		if was, ok := a.Content.(kind.Folder); ok {
			before = was.File.Source
		}
		return d.is.AttrPos(own.Of), own.File.Source, before
	}
	x, y := d.lines(a), d.lines(b)
	i := 0
	for i < min(len(x), len(y)) && bytes.Equal(x[i], y[i]) {
		i++
	}
	at := func(lines [][]byte) string {
		if i < len(lines) {
			return string(bytes.TrimSpace(lines[i]))
		}
		return ""
	}
	e, n := d.now, d.is
	if i >= len(y) {
		e, n = d.before, d.was
	}
	return d.why(e, n, fmt.Sprintf("%s:%d", b.Path, i+1)), at(y), at(x)
}

func (d imageDifference) lines(row kind.Row) [][]byte {
	f, err := d.build.made.file(placed{row: row, path: d.is.Name + "/" + row.Path, component: d.is.Name})
	if err != nil {
		return nil
	}
	return bytes.SplitAfter(f.Data, []byte("\n"))
}

// place is where a file comes from.
func (d imageDifference) place(e *Environment, n *ir.Node, row kind.Row) diag.Pos {
	if own, ok := row.Content.(kind.Folder); ok {
		return n.AttrPos(own.Of)
	}
	return d.why(e, n, row.Path)
}

// why is the first place of the user's that a file or a line comes from.
func (d imageDifference) why(e *Environment, n *ir.Node, thing string) diag.Pos {
	answer, err := explain.Why(e.Plan, n.Name, thing)
	if err != nil {
		return n.Pos
	}
	for _, by := range answer.Because {
		if by.Line > 0 {
			return diag.Pos{File: by.File, Line: by.Line, Column: by.Column}
		}
	}
	return n.Pos
}
