package explain

import "platc.dev/platc/compiler/ir"

// image is what the name and the tag of an image depend on: what the kind says, and every line of the files that the image is built from. Many lines
// depend on one thing, which is named once.
func (o *origins) image(n *ir.Node) *cause {
	if n == nil || n.Description.Image == nil {
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
