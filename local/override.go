package local

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// marked is the label by which Compose sees that a file has changed.
const marked = "dev.platc.files"

// override is what is added to the file for Compose: a mark of the files that a container reads, and health checks as Podman takes them.
func (p *Project) override() []byte {
	services := map[string]any{}
	for name, s := range p.Services {
		changes := map[string]any{}
		if len(s.Mounts) > 0 {
			changes["labels"] = map[string]string{marked: p.mark(s.Mounts)}
		}
		if health := inShell(s.Health); health != "" && p.Engine.Program == podman {
			changes["healthcheck"] = map[string]any{"test": []string{"CMD-SHELL", health}}
		}
		if len(changes) > 0 {
			services[name] = changes
		}
	}
	data, err := json.Marshal(map[string]any{"services": services})
	if err != nil {
		panic("services: " + err.Error())
	}
	return data
}

// mark says when files were written. Compose does not look into mounted files, but makes a container anew whose labels change.
func (p *Project) mark(mounts []Mount) string {
	sum := sha256.New()
	for _, m := range mounts {
		written := "not there"
		if info, err := os.Stat(p.onDisk(m)); err == nil {
			written = info.ModTime().UTC().Format(time.RFC3339Nano)
		}
		_, _ = fmt.Fprintf(sum, "%s %s\n", m.Path, written) // a sum takes all
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// inShell is a health check as a line of a shell, "" for one that needs none. Podman takes the arguments of a check apart at their spaces when they come
// from Compose (pkg/specgenutil, makeHealthCheckFromCli); a line of a shell it leaves as it is.
func inShell(test []string) string {
	if len(test) == 0 || test[0] != "CMD" || slices.Equal(strings.Fields(strings.Join(test, " ")), test) {
		return ""
	}
	var words []string
	for _, word := range test[1:] {
		words = append(words, "'"+strings.ReplaceAll(word, "'", `'\''`)+"'")
	}
	return strings.Join(words, " ")
}
