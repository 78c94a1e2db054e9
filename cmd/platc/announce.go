package main

import (
	"fmt"
	"io"
	"strings"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/emit/secrets"
)

// news is what a build says beside its summary: credentials that were drawn, and edits that --force overwrote.
type news struct {
	drawn       []secrets.Drawn
	overwritten []string
	would       bool // nothing was written
}

// text is a line for each, "" for none.
func (n news) text() string {
	var b strings.Builder
	if len(n.drawn) > 0 {
		fmt.Fprintf(&b, "%s %s new: %s\n", plural(len(n.drawn), "credential"), n.verb(len(n.drawn), "is", "are", "be"), compiler.Few(n.drawn))
	}
	if len(n.overwritten) > 0 {
		fmt.Fprintf(&b, "%s %s overwritten:\n", plural(len(n.overwritten), "edited file"), n.verb(len(n.overwritten), "was", "were", "be"))
		for _, name := range n.overwritten {
			fmt.Fprintf(&b, "  %s\n", name)
		}
	}
	return b.String()
}

func (n news) verb(count int, one, many, would string) string {
	switch {
	case n.would:
		return "would " + would
	case count == 1:
		return one
	}
	return many
}

// json writes findings and news as one document.
func (n news) json(w io.Writer, findings []diag.Diagnostic, read diag.Sources) error {
	names := make([]string, 0, len(n.drawn))
	for _, d := range n.drawn {
		names = append(names, d.Name())
	}
	return diag.JSONWith(w, findings, read, map[string]any{"new_credentials": names, "overwritten": append([]string{}, n.overwritten...)})
}
