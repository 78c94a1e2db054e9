package python

import (
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/encode"
)

// New is the emitter of requirements.
func New() emit.Emitter {
	return emit.Emitter{
		Name:      "python",
		Doc:       "requirements.txt and requirements-test.txt: one pin a line, sorted (OUTPUT.md, REQ-01).",
		Component: component,
	}
}

func component(p *ir.Plan, n *ir.Node) ([]emit.File, error) {
	var files []emit.File
	for _, row := range p.Of[n].Rows {
		if row.Requirements == nil && !row.IsMain {
			continue
		}
		pins := slices.Clone(row.Requirements)
		if row.IsMain {
			for _, d := range p.Of[n].Requirements {
				pins = append(pins, d.Value())
			}
		}
		slices.Sort(pins)
		header, _ := encode.Header(row.Path)
		text := strings.Join(slices.Compact(pins), "\n") + "\n"
		files = append(files, emit.File{Path: path.Join(n.Name, row.Path), Component: n.Name, Data: encode.WithHeader(header, []byte(text)), Mode: 0o644, Ownership: emit.Generated})
	}
	return files, nil
}
