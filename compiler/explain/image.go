package explain

import (
	"fmt"

	"platc.dev/platc/compiler/images"
	"platc.dev/platc/compiler/ir"
)

// image is what the image that is deployed depends on: what images.json says of it, else what the one that is built depends on.
func (o *origins) image(n *ir.Node) *cause {
	if n == nil || n.Description.Image == nil {
		return nil
	}
	set, ok := o.plan.Graph.Images.Of(n.Name, o.plan.Graph.Environment)
	if !ok {
		return o.builtImage(n)
	}
	reason := fmt.Sprintf("%s: the image of %s", images.Name, n.Name)
	return all(o.described(n, "image", "name"), one(atom{node: n, name: images.Name}, Because{Reason: reason, Pass: loads, File: set.Pos.File, Line: set.Pos.Line, Column: set.Pos.Column}))
}

// builtImage is what the name and the tag of an image that is built depend on: what the kind says, and every line of the files that it is built from.
// Many lines depend on one thing, which is named once.
func (o *origins) builtImage(n *ir.Node) *cause {
	if n == nil || n.Description.Image == nil || n.Description.Image.Foreign {
		return nil
	}
	causes := []*cause{o.described(n, "image", "name"), o.described(n, "image", "version"), o.setting([]string{"image_tag"})}
	if o.plan.Graph.Arch["image_tag"] != "version" {
		causes = append(causes, o.built(n)...)
	}
	first := map[atom]*cause{}
	for i, c := range causes {
		causes[i] = c.once(first)
	}
	return all(causes...)
}

// built are the causes of the lines of a build context.
func (o *origins) built(n *ir.Node) []*cause {
	var causes []*cause
	for _, f := range files(o.plan, n) {
		if !f.row.Context {
			continue
		}
		causes = append(causes, o.file(f))
		lines, err := o.lines(f)
		if err != nil {
			continue // the build says so
		}
		for _, l := range lines {
			causes = append(causes, l.on)
		}
	}
	return causes
}
