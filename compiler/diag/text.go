package diag

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	tabColumns  = 4   // a tab in an excerpt is always as wide as this, wherever it stands
	lineColumns = 160 // of an excerpt; longer lines are cut around the place
)

// style is the escape sequences of a terminal; empty strings without colours.
type style struct{ bold, red, yellow, blue, reset string }

func colours(on bool) style {
	if !on {
		return style{}
	}
	return style{bold: "\x1b[1m", red: "\x1b[1;31m", yellow: "\x1b[1;33m", blue: "\x1b[1;34m", reset: "\x1b[0m"}
}

// Text writes findings as people read them, one after the other with an empty line between.
func Text(w io.Writer, findings []Diagnostic, read Sources, colour bool) error {
	src := newLines(read)
	st := colours(colour)
	var b strings.Builder
	for i, d := range findings {
		if i > 0 {
			b.WriteByte('\n')
		}
		text(&b, d, src, st)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func text(b *strings.Builder, d Diagnostic, src *lines, st style) {
	mark := st.red
	if d.Severity == Warning {
		mark = st.yellow
	}
	gutter := gutterWidth(d)
	margin := strings.Repeat(" ", gutter)
	fmt.Fprintf(b, "%s%s[%s]%s%s: %s%s\n", mark, d.Severity, d.Code, st.reset, st.bold, indented(d.Message, "    "), st.reset)
	if d.Pos.File != "" {
		fmt.Fprintf(b, "%s%s-->%s %s\n", margin, st.blue, st.reset, printable(d.Pos.String()))
	}
	excerpt(b, d.Pos, d.Width, src, margin, "^", "", st, mark)
	for _, r := range d.Related {
		if r.Pos.File == "" {
			continue
		}
		line, ok := src.at(r.Pos)
		if !ok || strings.TrimSpace(line) == "" {
			fmt.Fprintf(b, "%s%s:::%s %s: %s\n", margin, st.blue, st.reset, printable(r.Pos.String()), indented(r.Message, margin+"    "))
			continue
		}
		fmt.Fprintf(b, "%s%s:::%s %s\n", margin, st.blue, st.reset, printable(r.Pos.String()))
		excerpt(b, r.Pos, 0, src, margin, "-", r.Message, st, st.blue)
	}
	for _, r := range d.Related {
		if r.Pos.File == "" {
			fmt.Fprintf(b, "%s %s=%s note: %s\n", margin, st.blue, st.reset, indented(r.Message, margin+"         "))
		}
	}
	if d.Help != "" {
		fmt.Fprintf(b, "%s %s=%s help: %s\n", margin, st.blue, st.reset, indented(d.Help, margin+"         "))
	}
}

// gutterWidth is the columns of the widest line number that a finding shows.
func gutterWidth(d Diagnostic) int {
	last := d.Pos.Line
	for _, r := range d.Related {
		last = max(last, r.Pos.Line)
	}
	return max(len(strconv.Itoa(last)), 1)
}

// indented is a text of one or more lines, without what would disturb a terminal; further lines stand below the first.
func indented(s, margin string) string {
	parts := strings.Split(strings.TrimSpace(s), "\n")
	for i, part := range parts {
		parts[i] = printable(strings.ReplaceAll(part, "\t", strings.Repeat(" ", tabColumns)))
	}
	return strings.Join(parts, "\n"+margin)
}

// excerpt writes the line of a position, if it can be read, with its token underlined.
func excerpt(b *strings.Builder, pos Pos, bytes int, src *lines, margin, mark, label string, st style, markColour string) {
	line, ok := src.at(pos)
	if !ok {
		return
	}
	offset := min(max(pos.Column-1, 0), len(line))
	if bytes <= 0 {
		bytes = token(line, offset)
	}
	shown, from, columns := window(line, offset, min(bytes, max(len(line)-offset, 1)))
	fmt.Fprintf(b, "%s %s|%s\n", margin, st.blue, st.reset)
	bar := fmt.Sprintf("%s%*d |%s", st.blue, len(margin), pos.Line, st.reset)
	fmt.Fprintln(b, strings.TrimRight(bar+" "+shown, " "))
	if pos.Column <= 0 {
		return
	}
	under := strings.Repeat(" ", from) + markColour + strings.Repeat(mark, columns)
	if label != "" {
		under += " " + indented(label, margin+" | "+strings.Repeat(" ", from+columns+1))
	}
	fmt.Fprintf(b, "%s %s|%s %s%s\n", margin, st.blue, st.reset, under, st.reset)
}

// window is a line as it is shown: tabs widened, cut to lineColumns around the marked bytes, and the columns of the mark in it.
func window(line string, offset, bytes int) (shown string, from, columns int) {
	before, beforeColumns := widened(line[:offset])
	marked, markedColumns := widened(line[offset:min(offset+bytes, len(line))])
	after, afterColumns := widened(line[min(offset+bytes, len(line)):])
	columns = max(markedColumns, 1)
	if beforeColumns+columns+afterColumns <= lineColumns {
		return string(before) + string(marked) + string(after), beforeColumns, columns
	}
	if columns > lineColumns/2 {
		marked, columns = cutEnd(marked, lineColumns/2)
		after, afterColumns = nil, 0
	}
	left := max(lineColumns-columns-min(afterColumns, lineColumns/4), lineColumns/4)
	if beforeColumns > left {
		before, beforeColumns = cutStart(before, left)
	}
	if rest := max(lineColumns-beforeColumns-columns, 2); afterColumns > rest {
		after, _ = cutEnd(after, rest)
	}
	return string(before) + string(marked) + string(after), beforeColumns, columns
}

// widened is a text with tabs as spaces, and its columns.
func widened(s string) (runes []rune, columns int) {
	for _, r := range s {
		if r == '\t' {
			runes = append(runes, []rune(strings.Repeat(" ", tabColumns))...)
			columns += tabColumns
			continue
		}
		r = visible(r)
		runes = append(runes, r)
		columns += width(r)
	}
	return runes, columns
}

// cutEnd keeps the first columns of a text, the last of them as an ellipsis.
func cutEnd(runes []rune, columns int) (kept []rune, used int) {
	for _, r := range runes {
		if used+width(r) > columns-1 {
			break
		}
		kept = append(kept, r)
		used += width(r)
	}
	return append(kept, '…'), used + 1
}

// cutStart keeps the last columns of a text, the first of them as an ellipsis.
func cutStart(runes []rune, columns int) (kept []rune, used int) {
	start := len(runes)
	for start > 0 && used+width(runes[start-1]) <= columns-1 {
		start--
		used += width(runes[start])
	}
	return append([]rune{'…'}, runes[start:]...), used + 1
}
