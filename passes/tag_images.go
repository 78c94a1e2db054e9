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

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func tagImages() pass.Pass {
	return pass.Pass{
		Name: "tag-images",
		Doc:  "The rows of every build context, and the image that is built of it: its tag changes when a byte of it does.",
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
		Codes:   []string{"E0101"},
		Run:     runTagImages,
		Promise: "Every image that a kind describes has a name with a tag.",
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
		if image := n.Description.Image; image != nil {
			p.Image = pass.Decide(c, image.Name+":"+image.Version+contexts[i].suffix,
				c.Described(n, "the name of its image", "image", "name"), c.Described(n, "the version of its image", "image", "version"))
			p.View = maps.Clone(p.View) // that of the build context stays without it
			p.View["image"] = p.Image.Value()
		}
	}
	return true
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
	if image == nil || len(files) == 0 || c.Digest == nil || c.Graph.Arch["image_tag"] == "version" || strings.Contains(image.Version, "@") {
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

// archWithImages is the architecture as manifests see it: with the images that are built, by component.
func archWithImages(c *pass.Context) kind.Object {
	images := kind.Object{}
	for _, n := range c.Graph.Components() {
		if n.Description.Image != nil {
			images[n.Name] = c.Of(n).Image.Value()
		}
	}
	arch := kind.Object{} // there may be none, where the architecture has mistakes
	maps.Copy(arch, c.Graph.Arch)
	arch["images"] = images
	return arch
}

func imagesHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		image := n.Description.Image
		if image == nil {
			continue
		}
		tag, named := strings.CutPrefix(p.Image.Value(), image.Name+":"+image.Version)
		if !named || p.View["image"] != p.Image.Value() || len(p.Image.By()) == 0 {
			return fmt.Errorf("the image of %s is %s%s", n.Name, p.Image.Value(), tag)
		}
	}
	return nil
}
