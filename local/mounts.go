package local

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// onDisk is where a mounted file is on the machine.
func (p *Project) onDisk(m Mount) string {
	root := p.Tree
	if m.Secret {
		root = p.Memory
	}
	return filepath.Join(root, filepath.FromSlash(m.Path))
}

// withFiles is a text in which the files of a container are where they are on the machine.
func (p *Project) withFiles(text string, mounts []Mount) string {
	longest := slices.SortedFunc(slices.Values(mounts), func(x, y Mount) int { return len(y.Target) - len(x.Target) })
	for _, m := range longest {
		whole := regexp.MustCompile(`(^|[^\w./-])` + regexp.QuoteMeta(m.Target) + `($|[^\w./-])`)
		text = whole.ReplaceAllString(text, "${1}"+strings.ReplaceAll(p.onDisk(m), "$", "$$")+"${2}")
	}
	return text
}
