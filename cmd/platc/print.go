package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"platc.dev/platc/compiler/explain"
)

// printJSON writes a result as one indented document.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printTable prints rows in columns, folded where they are wider than the terminal; the first row is the heading.
func (c *console) printTable(rows [][]string) error {
	return printTable(c.out, folded(rows, c.width()))
}

// printTable writes rows in columns; the first row is the heading.
func printTable(w io.Writer, rows [][]string) error {
	widths := columnWidths(rows)
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+gap))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// orDash is a list for a cell of a table.
func orDash(all []string) string {
	if len(all) == 0 {
		return "-"
	}
	return strings.Join(all, ", ")
}

// attributes writes attributes with type, default and meaning, one below the other.
func attributes(b *strings.Builder, all []explain.AttributeDoc, margin string) {
	for _, a := range all {
		fmt.Fprintf(b, "%s%s%s: %s\n", margin, a.Name, presence(a), a.Type)
		for line := range strings.SplitSeq(a.Doc, "\n") {
			if line != "" {
				fmt.Fprintf(b, "%s    %s\n", margin, line)
			}
		}
		attributes(b, a.Attributes, margin+"  ")
	}
}

func presence(a explain.AttributeDoc) string {
	switch {
	case a.Required:
		return " (required)"
	case a.Default != nil:
		return " [" + shown(a.Default) + "]"
	}
	return ""
}

// shown is a default as CUE writes it, but plain text without quotes.
func shown(v any) string {
	if s, ok := v.(string); ok && s != "" {
		return s
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

// section writes a heading and its lines; nothing without lines.
func section(b *strings.Builder, heading string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", heading)
	for _, line := range lines {
		fmt.Fprintf(b, "  %s\n", line)
	}
}
