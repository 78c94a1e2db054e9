package compiler

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/encode"
	"platc.dev/platc/emit/output"
	"platc.dev/platc/emit/secrets"
)

// refuseNew finds credentials that must not be drawn without a word, since a running system may have others (E0403).
func (o RenderOptions) refuseNew(e *Environment, old *output.Old, drawn []secrets.Drawn) diag.List {
	var refused diag.List
	if o.NewSecrets || len(drawn) == 0 {
		return refused
	}
	for _, n := range drawn {
		if d, lost := lostOfServer(old, n); lost {
			refused.Add(d)
		}
	}
	if refused.HasErrors() || old.Recorded() {
		return refused
	}
	switch {
	case o.Archive != "":
		refused.Add(diag.Diagnostic{
			Code: "E0403", Message: fmt.Sprintf("%s is written without the last build, so %s would be replaced: %s", o.Archive, countOf(drawn), Few(drawn)),
			Help: "pass the tree or archive whose secrets to keep with --state; if nothing uses them yet, pass --new-secrets",
		})
	case hasRecipients(e, o.Out):
		refused.Add(diag.Diagnostic{
			Code: "E0403", Message: fmt.Sprintf("%s has no record of an earlier build, so %s would be replaced: %s", filepath.Clean(o.Out), countOf(drawn), Few(drawn)),
			Help: "build into the tree from version control, or pass it with --state; for the very first build, pass --new-secrets",
		})
	}
	return refused
}

// lostOfServer reports a credential that its server keeps, though its file lost it since the last build.
func lostOfServer(old *output.Old, n secrets.Drawn) (d diag.Diagnostic, lost bool) {
	if !n.Kept {
		return d, false
	}
	for _, name := range n.Paths {
		where, removed := old.Lost(name)
		if where == "" {
			continue
		}
		happened := "has been edited since the last build and lost " + n.Name()
		if removed {
			happened = "is gone, and " + n.Name() + " with it"
		}
		return diag.Diagnostic{
			Code: "E0403", Message: where + " " + happened + ", which the running server still uses",
			Help: fmt.Sprintf("restore the file as it was last built: `git checkout HEAD -- %s`; if there is no copy, --new-secrets generates a new one, which you then have to set on the server by hand", where),
		}, true
	}
	return d, false
}

// hasRecipients says whether somebody configured whom secrets are encrypted to, so that more than this machine works with them.
func hasRecipients(e *Environment, out string) bool {
	if len(e.Graph.Config.Recipients) > 0 {
		return true
	}
	name := filepath.Join(e.Graph.Dir, ".sops.yaml")
	data, err := emit.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	header, _ := encode.Header(name)
	return !sameFolder(e.Graph.Dir, out) || !bytes.HasPrefix(data, []byte(header)) // the output's own, of an output beside arch.cue
}

func sameFolder(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// Few is the names of some credentials, cut where there are many.
func Few(drawn []secrets.Drawn) string {
	const most = 12
	names := make([]string, 0, most)
	for _, n := range drawn[:min(len(drawn), most)] {
		names = append(names, n.Name())
	}
	if more := len(drawn) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), more)
	}
	return strings.Join(names, ", ")
}

// countOf is "1 credential" or "2 credentials".
func countOf(drawn []secrets.Drawn) string {
	if len(drawn) == 1 {
		return "1 credential"
	}
	return fmt.Sprintf("%d credentials", len(drawn))
}
