package compiler

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/images"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/load"
	"platc.dev/platc/emit"
	"platc.dev/platc/passes"
)

// ImagesFile is where images.json of an input is, whether or not it is there.
func ImagesFile(in Input) string {
	return load.Source{Args: in.Args, Dir: in.Dir, Tags: in.Tags, Env: in.Env}.ImagesFile()
}

// Image is which image a component is deployed with in an environment.
type Image struct {
	Component   string
	Environment string // "": there are none
	Repository  string // without a tag
	Image       string // the one that is deployed
	Built       string // the one that its source makes; "": another build makes it
	From        ImageSource
	Pos         diag.Pos // where it is named; of one that the source makes the component
}

// ImageSource is what names an image.
type ImageSource string

// What names an image: images.json, its version and its source, its version alone, or the attribute image.
const (
	FromImages  ImageSource = images.Name
	FromSource  ImageSource = "source"
	FromVersion ImageSource = "version"
	FromImage   ImageSource = "image"
)

// Images are the images of a checked build in the environments that were asked for, by component: of all that have one of their own.
func Images(b *Build) []Image {
	var all []Image
	for _, e := range b.Chosen() {
		for _, n := range e.Graph.Components() {
			if n.Description.Image != nil {
				all = append(all, e.image(n))
			}
		}
	}
	slices.SortStableFunc(all, func(x, y Image) int { return cmp.Compare(x.Component, y.Component) })
	return all
}

func (e *Environment) image(n *ir.Node) Image {
	of, p := n.Description.Image, e.Plan.Of[n]
	i := Image{Component: n.Name, Environment: e.Name, Repository: of.Name, Image: p.Image.Value(), Built: p.Built.Value(), From: FromSource, Pos: n.Pos}
	set, named := e.Graph.Images.Of(n.Name, e.Name)
	switch {
	case named:
		i.From, i.Pos = FromImages, set.Pos
	case of.Foreign:
		i.Image, i.From, i.Pos = of.Name+":"+of.Version, FromImage, n.AttrPos("image")
	case i.Built == of.Name+":"+of.Version:
		i.From, i.Pos = FromVersion, n.AttrPos("version")
	}
	return i
}

// checkImages refuses what images.json names and no environment has. Where some were not read nothing is known of them.
func (b *Build) checkImages() {
	if b.total() == 0 || len(b.Environments) < b.total() {
		return
	}
	known := map[string]bool{}
	var owners []string
	var named []images.Component
	for _, e := range b.Environments {
		if e.Graph == nil {
			return
		}
		named = e.Graph.Images.Components
		for _, n := range e.Graph.Components() {
			known[n.Name] = true
			if n.Description.Image != nil {
				owners = append(owners, n.Name)
			}
		}
		for name := range e.Graph.Failed {
			known[name] = true
		}
	}
	for _, c := range named {
		if !known[c.Name] {
			b.Findings.Add(passes.NoComponent(c, owners))
		}
	}
}

// BuildContext are the files that the image of a component is built from, by path below the root of the context: those that its tag is made of.
// They are nil where it has none. The error is one of rendering; *kind.Mistakes is the user's.
func BuildContext(b *Build, component string) ([]emit.File, error) {
	var n *ir.Node
	var p *ir.NodePlan
	for _, e := range b.Chosen() {
		if n = e.Graph.Node(component); n != nil {
			p = e.Plan.Of[n]
			break // it is the same in all environments
		}
	}
	if n == nil || n.Description.Image == nil {
		return nil, nil
	}
	var files []emit.File
	var w emit.Writer
	for _, row := range p.Rows {
		if !row.Context {
			continue
		}
		f, err := w.File(path.Join(n.Name, row.Path), n.Name, row)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", row.Path, err)
		}
		f.Path = strings.TrimPrefix(strings.TrimPrefix(row.Path, n.Description.Image.Context), "/")
		files = append(files, f)
	}
	return files, nil
}
