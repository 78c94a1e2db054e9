package main

import (
	"fmt"
	"strings"

	"platc.dev/platc/compiler/changes"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/emit/graph"
)

func (o *diffOptions) print(c *console, found comparison) error {
	var b strings.Builder
	switch o.format.value {
	case "json":
		doc := map[string]any{"from": found.From, "to": found.To}
		if o.semantic {
			doc["changes"] = append([]changes.Change{}, found.Seen...)
		} else {
			doc["files"] = append([]change{}, found.Files...)
		}
		if err := printJSON(&b, doc); err != nil {
			return err
		}
	case "markdown":
		markdown(&b, found)
	default:
		coloured := c.outColour(&o.common)
		filesText(&b, found.Files, coloured)
		for _, s := range found.Seen {
			fmt.Fprintf(&b, "%s\n", seenText(s, coloured))
		}
		if !o.quiet {
			fmt.Fprintf(&b, "%s -> %s: %s\n", found.From, found.To, found.summary())
		}
	}
	_, err := fmt.Fprint(c.out, c.hidden.Text(b.String()))
	return err
}

// outColour says whether stdout shows colours.
func (c *console) outColour(o *common) bool {
	other := *c
	other.errTerminal = c.outTerminal
	return other.colour(o)
}

const (
	red   = "\x1b[31m"
	green = "\x1b[32m"
	amber = "\x1b[33m"
	plain = "\x1b[0m"
)

func filesText(b *strings.Builder, files []change, coloured bool) {
	for _, f := range files {
		fmt.Fprintf(b, "%-8s %s%s\n", f.Status, f.Path, secretNote(f))
	}
	for _, f := range files {
		if f.Patch == "" {
			continue
		}
		b.WriteString("\n")
		for line := range strings.Lines(f.Patch) {
			switch {
			case coloured && strings.HasPrefix(line, "+"):
				line = green + strings.TrimSuffix(line, "\n") + plain + "\n"
			case coloured && strings.HasPrefix(line, "-"):
				line = red + strings.TrimSuffix(line, "\n") + plain + "\n"
			}
			b.WriteString(line)
		}
	}
	if len(files) > 0 {
		b.WriteString("\n")
	}
}

func secretNote(f change) string {
	if f.Secret {
		return " (secrets)"
	}
	return ""
}

func seenText(s changes.Change, coloured bool) string {
	class := fmt.Sprintf("%-15s", s.Class)
	if coloured {
		class = colourOf(s.Class) + class + plain
	}
	of := s.What
	if s.Environment != "" {
		of = s.Environment + ": " + of
	}
	place := ""
	if s.File != "" {
		place = fmt.Sprintf(" (%s:%d)", s.File, s.Line)
	}
	return fmt.Sprintf("%s  %s %s: %s%s", class, of, s.Of, s.Text, place)
}

// colourOf is red for what takes something away or opens it, and green for what is more.
func colourOf(c changes.Class) string {
	switch c {
	case changes.Losing, changes.Widening, changes.Breaking:
		return red
	case changes.Additive:
		return green
	case changes.Changing:
	}
	return amber
}

// summary is "1 widening access, 2 additive; 3 files changed".
func (d comparison) summary() string {
	var parts []string
	if classes := d.classes(); classes != "" {
		parts = append(parts, classes)
	}
	var files []string
	for _, status := range []string{"added", "changed", "removed"} {
		n := 0
		for _, f := range d.Files {
			if f.Status == status {
				n++
			}
		}
		if n > 0 {
			files = append(files, fmt.Sprintf("%s %s", plural(n, "file"), status))
		}
	}
	if len(files) > 0 {
		parts = append(parts, strings.Join(files, ", "))
	}
	if len(parts) == 0 {
		return "no difference"
	}
	return strings.Join(parts, "; ")
}

func (d comparison) classes() string {
	var all []string
	for _, class := range changes.Classes() {
		n := 0
		for _, s := range d.Seen {
			if s.Class == class {
				n++
			}
		}
		if n > 0 {
			all = append(all, fmt.Sprintf("%d %s", n, class))
		}
	}
	return strings.Join(all, ", ")
}

// What a comment on a pull request shows of patches and rows; the rest is counted.
const (
	maxPatchLines = 400
	maxSeenRows   = 60
)

func markdown(b *strings.Builder, d comparison) {
	fmt.Fprintf(b, "### platc: %s → %s\n\n%s\n", d.From, d.To, d.summary())
	if len(d.Seen) > 0 {
		b.WriteString("\n| | change | of | |\n|---|---|---|---|\n")
		for _, s := range d.Seen[:min(len(d.Seen), maxSeenRows)] {
			place := ""
			if s.File != "" {
				place = fmt.Sprintf("%s:%d", s.File, s.Line)
			}
			of := s.Of
			if s.Environment != "" {
				of = s.Environment + ": " + of
			}
			fmt.Fprintf(b, "| **%s** | %s: %s | `%s` | %s |\n", s.Class, s.What, markdownCell(s.Text), of, place)
		}
		if more := len(d.Seen) - maxSeenRows; more > 0 {
			fmt.Fprintf(b, "\n… and %d more\n", more)
		}
	}
	for _, build := range d.builds {
		if g, lit := changedPart(d.Seen, build.Graph); lit != nil {
			fmt.Fprintf(b, "\n<details><summary>What changed, drawn</summary>\n\n```mermaid\n%s```\n\n</details>\n", graph.Mermaid(g, graph.Options{Highlight: lit, Alone: true}))
		}
	}
	if len(d.Files) > 0 {
		markdownFiles(b, d.Files)
	}
}

// markdownCell is a text in a table of Markdown.
func markdownCell(text string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "\n", " ").Replace(text)
}

// changedPart is the part of a graph that changed; nil where nothing of it did.
func changedPart(seen []changes.Change, g *ir.Graph) (*ir.Graph, *graph.Highlight) {
	var nodes []*ir.Node
	var edges []*ir.Edge
	for _, s := range seen {
		switch {
		case s.Environment != g.Environment:
		case s.Edge != nil:
			edges = append(edges, s.Edge)
		case s.Node != nil:
			nodes = append(nodes, s.Node)
		}
	}
	if len(nodes)+len(edges) == 0 {
		return nil, nil
	}
	return g, graph.HighlightOf(nodes, edges)
}

func markdownFiles(b *strings.Builder, files []change) {
	fmt.Fprintf(b, "\n<details><summary>%s</summary>\n\n```diff\n", plural(len(files), "file"))
	left := maxPatchLines
	for _, f := range files {
		if f.Patch == "" {
			fmt.Fprintf(b, "# %s %s%s\n", f.Status, f.Path, secretNote(f))
			continue
		}
		if lines := strings.Count(f.Patch, "\n"); lines > left {
			fmt.Fprintf(b, "# changed %s (%d lines)\n", f.Path, lines)
			continue
		}
		left -= strings.Count(f.Patch, "\n")
		b.WriteString(strings.ReplaceAll(f.Patch, "```", "``\u200b`"))
	}
	b.WriteString("```\n\n</details>\n")
}
