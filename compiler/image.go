package compiler

import (
	"fmt"
	"path"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/images"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/load"
	"platc.dev/platc/emit"
)

// ImagesFile is where images.json of an input is, whether or not it is there.
func ImagesFile(in Input) string {
	return load.Source{Args: in.Args, Dir: in.Dir, Tags: in.Tags, Env: in.Env}.ImagesFile()
}

// Image is which image a component is deployed with.
type Image struct {
	Component  string
	Repository string // without a tag
	Image      string // the one that is deployed
	Built      string // the one that its source makes; "": another build makes it
	From       ImageSource
	Pos        diag.Pos // where it is named; of one that the source makes the component
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

// Images are the images of a checked build, by component: of all that have one of their own.
func Images(b *Build) []Image {
	var all []Image
	for _, n := range b.Graph.Components() {
		if n.Description.Image != nil {
			all = append(all, b.image(n))
		}
	}
	return all
}

func (b *Build) image(n *ir.Node) Image {
	of, p := n.Description.Image, b.Plan.Of[n]
	i := Image{Component: n.Name, Repository: of.Name, Image: p.Image.Value(), Built: p.Built.Value(), From: FromSource, Pos: n.Pos}
	set, named := b.Graph.Images.Of(n.Name, "")
	switch {
	case named:
		i.From, i.Pos = FromImages, set.Pos
	case of.Foreign:
		i.Image, i.From, i.Pos = n.Attrs["image"].(string), FromImage, n.AttrPos("image")
	case i.Built == of.Name+":"+of.Version:
		i.From, i.Pos = FromVersion, n.AttrPos("version")
	}
	return i
}

// BuildContext are the files that the image of a component is built from, by path below the root of the context: those that its tag is made of.
// They are nil where it has none. The error is one of rendering; *kind.Mistakes is the user's.
func BuildContext(b *Build, component string) ([]emit.File, error) {
	n := b.Graph.Node(component)
	if n == nil || n.Description.Image == nil {
		return nil, nil
	}
	var files []emit.File
	var w emit.Writer
	for _, row := range b.Plan.Of[n].Rows {
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
