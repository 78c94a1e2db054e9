package local

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// marked is the label by which Compose sees that a file has changed.
const marked = "dev.platc.files"

// marks are what is added to the file for Compose: a label of each service that says when the files were written that it reads. Compose does not look into
// mounted files, but makes a container anew whose labels change.
func (p *Project) marks() []byte {
	services := map[string]any{}
	for name, s := range p.Services {
		if len(s.Mounts) == 0 {
			continue
		}
		sum := sha256.New()
		for _, m := range s.Mounts {
			written := "not there"
			if info, err := os.Stat(p.onDisk(m)); err == nil {
				written = info.ModTime().UTC().Format(time.RFC3339Nano)
			}
			_, _ = fmt.Fprintf(sum, "%s %s\n", m.Path, written) // a sum takes all
		}
		services[name] = map[string]any{"labels": map[string]string{marked: hex.EncodeToString(sum.Sum(nil)[:8])}}
	}
	data, err := json.Marshal(map[string]any{"services": services})
	if err != nil {
		panic("labels: " + err.Error())
	}
	return data
}

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
