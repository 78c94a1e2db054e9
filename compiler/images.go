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
		return d.ofAll(d.setting("registry", "host", "project"), "the name of its image", was.Name, is.Name)
	case d.before.Graph.Arch["image_tag"] != d.now.Graph.Arch["image_tag"]:
		return d.ofAll(d.setting("image_tag"), "config.image_tag", fmt.Sprint(d.before.Graph.Arch["image_tag"]), fmt.Sprint(d.now.Graph.Arch["image_tag"]))
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

// setting is where one of config differs, or a field of it.
func (d imageDifference) setting(name string, fields ...string) diag.Pos {
	was, is := d.before.Graph.ConfigGiven.Field(name), d.now.Graph.ConfigGiven.Field(name)
	for _, key := range fields {
		before, now := was.Field(key), is.Field(key)
		if now != nil && (before == nil || before.Scalar != now.Scalar) {
			return now.Pos
		}
	}
	if is != nil {
		return is.KeyPos
	}
	return d.now.Graph.Pos
}

// ofAll is the finding about a setting of all components.
func (d imageDifference) ofAll(pos diag.Pos, what, was, is string) []diag.Diagnostic {
	found := d.at(pos, d.is.Path(), what, was, is)
	found[0].Cause = what
	return found
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
		a, b := was.Requirements[name], is.Requirements[name]
		if a.Value() != b.Value() {
			return d.decided(name, "the requirement "+name, cmp.Or(a.Value(), "none"), cmp.Or(b.Value(), "none"))
		}
	}
	has := map[bool]string{true: "there", false: "missing"}
	for _, asset := range both(was.Modules, is.Modules) {
		a, b := was.Modules[asset], is.Modules[asset]
		if a.Value() != b.Value() {
			return d.decided(asset, "the module "+asset, has[a.Value()], has[b.Value()])
		}
	}
	return nil
}

func both[T any](a, b map[string]T) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}

func (d imageDifference) decided(thing, what, was, is string) []diag.Diagnostic {
	return d.at(d.differing(reasons(d.before, d.was, thing), reasons(d.now, d.is, thing)), d.is.Path(), what, was, is)
}

// differing is the first place that one environment has and the other has not, of the second one where it has any. A file of its own says it before the one
// in which the component stands; and where both have the same places, it is the first of them.
func (d imageDifference) differing(was, is []diag.Pos) diag.Pos {
	elsewhere := func(p diag.Pos) bool { return p.File != d.was.Pos.File }
	for _, fits := range []func(p diag.Pos, others []diag.Pos) bool{
		func(p diag.Pos, others []diag.Pos) bool { return !slices.Contains(others, p) && elsewhere(p) },
		func(p diag.Pos, others []diag.Pos) bool { return !slices.Contains(others, p) },
		func(diag.Pos, []diag.Pos) bool { return true },
	} {
		for _, side := range [][2][]diag.Pos{{is, was}, {was, is}} {
			for _, p := range side[0] {
				if p.IsValid() && fits(p, side[1]) {
					return p
				}
			}
		}
	}
	return d.is.Pos
}

// files compares what all environments share of the component.
func (d imageDifference) files() []diag.Diagnostic {
	was, is := d.before.shared(d.was), d.now.shared(d.is)
	names := both(was, is)
	own := func(row kind.Row) int {
		if _, ok := row.Content.(kind.Folder); ok {
			return 0
		}
		return 1
	}
	// what the team wrote says more than what follows from it
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(min(own(was[a]), own(is[a])), min(own(was[b]), own(is[b]))) })
	for _, name := range names {
		a, inFirst := was[name]
		b, inSecond := is[name]
		if inFirst && inSecond && d.same(a, b) {
			continue
		}
		what := "the file " + name
		switch {
		case !inSecond:
			return d.at(d.place(a, b, 0), d.is.Path(), what, "there", "missing")
		case !inFirst:
			return d.at(d.place(a, b, 0), d.is.Path(), what, "missing", "there")
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

// line is the first line of a file that differs, and where that is said.
func (d imageDifference) line(a, b kind.Row) (pos diag.Pos, text, before string) {
	if own, ok := b.Content.(kind.Folder); ok {
		before := a.Path
		if was, ok := a.Content.(kind.Folder); ok {
			before = was.File.Source
		}
		return d.place(a, b, 0), own.File.Source, before
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
	return d.place(a, b, i+1), at(y), at(x)
}

func (d imageDifference) lines(row kind.Row) [][]byte {
	f, err := d.build.made.file(placed{row: row, path: d.is.Name + "/" + row.Path, component: d.is.Name})
	if err != nil {
		return nil
	}
	return bytes.SplitAfter(f.Data, []byte("\n"))
}

// place is where it is said what a file of the one environment, of the other, or of both has: as a whole, or on a line.
func (d imageDifference) place(a, b kind.Row, line int) diag.Pos {
	of := func(e *Environment, n *ir.Node, row kind.Row) []diag.Pos {
		own, ok := row.Content.(kind.Folder)
		switch {
		case row.Path == "":
			return nil
		case ok:
			return []diag.Pos{n.AttrPos(own.Of)}
		case line > 0:
			return reasons(e, n, fmt.Sprintf("%s:%d", row.Path, line))
		}
		return reasons(e, n, row.Path)
	}
	return d.differing(of(d.before, d.was, a), of(d.now, d.is, b))
}

// reasons are the places of the user's that a component has something for.
func reasons(e *Environment, n *ir.Node, thing string) (all []diag.Pos) {
	answer, err := explain.Why(e.Plan, n.Name, thing)
	if err != nil {
		return nil
	}
	for _, by := range answer.Because {
		if by.Line > 0 {
			all = append(all, diag.Pos{File: by.File, Line: by.Line, Column: by.Column})
		}
	}
	return all
}
