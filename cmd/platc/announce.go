package main

import (
	"fmt"
	"io"
	"strings"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/output"
	"platc.dev/platc/emit/secrets"
)

// news is what a build says beside its summary: credentials that were drawn, and edits that --force overwrote.
type news struct {
	drawn       []secrets.Drawn
	overwritten []string
	would       bool // nothing was written
	files       written
}

// written is what a build did to the files of its output, or with --check would do.
type written struct {
	Output    string   `json:"output"` // as -o names it
	Added     []string `json:"added"`  // paths relative to the output, with slashes
	Changed   []string `json:"changed"`
	Removed   []string `json:"removed"`
	Unchanged int      `json:"unchanged"` // how many stay as they are
}

// writtenTo is what a change does to a directory.
func writtenTo(out string, change *output.Change) written {
	paths := func(entries []output.Entry) []string {
		all := make([]string, 0, len(entries))
		for _, e := range entries {
			all = append(all, e.Path)
		}
		return all
	}
	return written{out, paths(change.Added), paths(change.Changed), paths(change.Removed), len(change.Kept)}
}

// archived is what an archive holds.
func archived(out string, files []emit.File) written {
	all := make([]string, 0, len(files))
	for _, f := range files {
		all = append(all, f.Path)
	}
	return written{Output: out, Added: all, Changed: []string{}, Removed: []string{}}
}

// keptIn is a directory in which nothing changes.
func keptIn(out string, files int) written {
	return written{Output: out, Added: []string{}, Changed: []string{}, Removed: []string{}, Unchanged: files}
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
	return diag.JSONWith(w, findings, read, map[string]any{"files": n.files, "new_credentials": names, "overwritten": append([]string{}, n.overwritten...)})
}
