package passes

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/images"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func tagImages() pass.Pass {
	return pass.Pass{
		Name: "tag-images",
		Doc:  "The rows of every build context, the image that is built of it, whose tag changes when a byte of it does, and the image that is deployed: that one, or the one that images.json names.",
		After: []string{
			"bind-env",             // manifests list the variables and instances of a component
			"collect-requirements", // and its requirements
			"keep-modules",         // and its modules
			"find-seams",           // and where the user's own files join it
			"wire-parts",           // a file may depend on parts, and holds them
			"assign-namespaces",    // the labels and the level of a namespace are in its manifest
			"network-policies",     // a policy is a file
			"order-start",          // the place in the order is in manifests
		},
		Codes:   []string{"E0101", "E0116"},
		Run:     runTagImages,
		Promise: "Every image that a kind describes has a name with a tag or a digest.",
		Holds:   imagesHold,
	}
}

func runTagImages(c *pass.Context) bool {
	nodes, v := c.Graph.Components(), newViews(c)
	for _, n := range nodes {
		c.Of(n).View = manifestView(c, v, n)
	}
	contexts := inParallel(runtime.GOMAXPROCS(0), nodes, func(n *ir.Node) context { return contextOf(c, n) })
	for i, n := range nodes {
		if err := contexts[i].err; err != nil {
			refuse(c, err, "the build context of "+n.Name, n.Pos, n)
		}
		p := c.Of(n)
		p.Context = contexts[i].rows
		nameImage(c, n, contexts[i].suffix)
	}
	checkNamed(c)
	return true
}

// nameImage decides which image of a component is built, and which one is deployed: the one that is built, but where images.json names another one.
func nameImage(c *pass.Context, n *ir.Node, suffix string) {
	image, p := n.Description.Image, c.Of(n)
	if image == nil {
		return
	}
	p.View = maps.Clone(p.View) // that of the build context stays without it
	name := c.Described(n, "the name of its image", "image", "name")
	if !image.Foreign {
		p.Built = pass.Decide(c, image.Name+":"+image.Version+suffix, name, c.Described(n, "the version of its image", "image", "version"))
		p.View["built"] = p.Built.Value()
		p.Image = p.Built
	}
	if set, ok := c.Graph.Images.Of(n.Name, c.Graph.Environment); ok {
		p.Image = pass.Decide(c, set.Of(image.Name), name, c.Because(set.Pos, images.Name+" names the image of "+n.Name))
	}
	if p.Image.Value() != "" {
		p.View["image"] = p.Image.Value()
	}
}

// checkNamed refuses what images.json names and the architecture has not.
func checkNamed(c *pass.Context) {
	for _, named := range c.Graph.Images.Components {
		for _, e := range named.Environments {
			if !slices.Contains(c.Graph.Environments, e.Name) {
				c.Report(diag.Diagnostic{Code: "E0116", Pos: e.At, Message: fmt.Sprintf("%s names the image of %s in %s, which is not an environment", images.Name, named.Name, e.Name), Help: environmentHelp(c, named.Name, e.Name)})
			}
		}
		n := c.Graph.Node(named.Name)
		switch {
		case c.Graph.Failed[named.Name], n != nil && n.Invalid: // one mistake
		case n == nil && c.Graph.Environment != "": // another one may have it
		case n == nil || n.Parent != nil:
			c.Report(NoComponent(named, owners(c)))
		case n.Description.Image == nil:
			c.Report(diag.Diagnostic{Code: "E0116", Pos: named.At, Message: fmt.Sprintf("%s names the image of %s, which has none of its own: its kind, %s, brings it", images.Name, named.Name, n.Kind.Name), Help: "set image in arch.cue, where the kind has that attribute; `platc image unset " + named.Name + "` takes it out of the file", Related: []diag.Related{{Message: "the component", Pos: n.Pos}}})
		}
	}
}

// owners are the components that have an image of their own, by name.
func owners(c *pass.Context) []string {
	var known []string
	for _, n := range c.Graph.Components() {
		if n.Description.Image != nil {
			known = append(known, n.Name)
		}
	}
	return known
}

// NoComponent is what is said of a name in images.json that no component has; known are those that could be meant.
func NoComponent(named images.Component, known []string) diag.Diagnostic {
	help := "`platc image unset " + named.Name + "` takes it out of the file"
	if near := diag.Nearest(named.Name, known); near != "" {
		help = fmt.Sprintf("did you mean %q? %s", near, help)
	}
	return diag.Diagnostic{Code: "E0116", Pos: named.At, Message: fmt.Sprintf("%s names the image of %s, which is not a component", images.Name, named.Name), Help: help}
}

// environmentHelp is what to do about an environment in images.json.
func environmentHelp(c *pass.Context, component, name string) string {
	if near := diag.Nearest(name, c.Graph.Environments); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	help := "the environments are " + strings.Join(c.Graph.Environments, ", ")
	if len(c.Graph.Environments) == 0 {
		help = "arch.cue lists none: environments: [\"dev\", \"prod\"]"
	}
	return fmt.Sprintf("%s; `platc image unset -e %s %s` takes it out of the file", help, name, component)
}

// context is what the image of a component is built from.
type context struct {
	rows   []kind.Row
	suffix string // of the tag: "-" and digits of the hash of its files, or ""
	err    error
}

// contextOf asks a kind for the rows of the build context before any other: the others may name the image. Where it has no such row, or
// config.image_tag or a digest says so, nothing follows the version in the tag.
func contextOf(c *pass.Context, n *ir.Node) context {
	if n.Kind.Context == nil {
		return context{}
	}
	rows, err := n.Kind.Context(c.Of(n).View, c.Graph.Arch)
	if err != nil {
		return context{err: err}
	}
	files := contextFiles(c, n, rows)
	image := n.Description.Image
	if image == nil || image.Foreign || len(files) == 0 || c.Digest == nil || c.Graph.Arch["image_tag"] == "version" || strings.Contains(image.Version, "@") {
		return context{rows: rows}
	}
	sum, err := hashed(c, n, files)
	if err != nil {
		return context{rows: rows, err: err}
	}
	return context{rows: rows, suffix: "-" + sum}
}

// contextFiles are the files of a build context, by path.
func contextFiles(c *pass.Context, n *ir.Node, rows []kind.Row) []kind.Row {
	var files []kind.Row
	for _, row := range rows {
		if !row.When.Holds(c.Of(n).View) {
			continue
		}
		for _, file := range expanded(c, n, row) {
			if !empty(file.Content) {
				files = append(files, filled(c, n, c.Graph.Arch, file))
			}
		}
	}
	slices.SortStableFunc(files, func(a, b kind.Row) int { return cmp.Compare(a.Path, b.Path) })
	return files
}

// hashed is 12 hex digits of the hash over path, mode and bytes of files. Each path stands behind its length, so that no two lists of files are one text.
func hashed(c *pass.Context, n *ir.Node, files []kind.Row) (string, error) {
	const digits = 12
	var text strings.Builder
	for _, f := range files {
		sum, err := c.Digest(n.Name, f)
		if _, isFolder := f.Content.(kind.Folder); isFolder && err != nil {
			return "", err // the user's own file, and not the kind
		}
		if err != nil {
			return "", kind.Mistake(n.Kind.Own, f.Pos, fmt.Sprintf("the file %q of %s cannot be written: %s", f.Path, n.Kind.Name, err), "a file of the build context does not see image and arch.images, which are made of it")
		}
		fmt.Fprintf(&text, "%d %s %s %x\n", len(f.Path), f.Path, cmp.Or(f.Mode, "0644"), sum)
	}
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:])[:digits], nil
}

// archWithImages is the architecture as the manifests of a component see it: with the images that are built, by component, of itself and of those that it is
// linked with. A changed image is a question anew for these alone.
func archWithImages(c *pass.Context, n *ir.Node) kind.Object {
	named := kind.Object{}
	see := func(other *ir.Node) {
		if image := c.Of(other).Image.Value(); image != "" {
			named[other.Name] = image
		}
	}
	see(n)
	for _, e := range c.Graph.Outbound(n) {
		see(e.Target.Component())
	}
	for _, e := range c.Graph.Inbound(n) {
		see(e.Source.Component())
	}
	arch := kind.Object{} // there may be none, where the architecture has mistakes
	maps.Copy(arch, c.Graph.Arch)
	arch["images"] = named
	return arch
}

func imagesHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		image := n.Description.Image
		if image == nil {
			continue
		}
		built := strings.HasPrefix(p.Built.Value(), image.Name+":"+image.Version) && len(p.Built.By()) > 0
		if built == image.Foreign {
			return fmt.Errorf("%s builds the image %q", n.Name, p.Built.Value())
		}
		if named := p.Image.Value(); !image.Foreign || named != "" {
			if !strings.HasPrefix(named, image.Name) || p.View["image"] != named || len(p.Image.By()) == 0 {
				return fmt.Errorf("the image of %s is %q", n.Name, named)
			}
		}
	}
	return nil
}
