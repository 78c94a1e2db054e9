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
	maxPlaces   = 5   // that are shown beside that of a finding: all of them are in the JSON
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

// printer writes one finding.
type printer struct {
	b      *strings.Builder
	src    *lines
	st     style
	margin string // as wide as the widest line number
}

func text(b *strings.Builder, d Diagnostic, src *lines, st style) {
	p := printer{b, src, st, strings.Repeat(" ", gutterWidth(d))}
	colour := st.red
	if d.Severity == Warning {
		colour = st.yellow
	}
	label := d.Severity.String()
	if d.Accepted != "" {
		label = "accepted"
	}
	fmt.Fprintf(b, "%s%s[%s]%s%s: %s%s\n", colour, label, d.Code, st.reset, st.bold, indented(d.Where()+d.Message, "    "), st.reset)
	if d.Pos.File != "" {
		fmt.Fprintf(b, "%s%s-->%s %s\n", p.margin, st.blue, st.reset, printable(d.Pos.String()))
	}
	p.excerpt(underline{pos: d.Pos, mark: "^", colour: colour, hidden: d.Secret})
	shown := 0
	for _, r := range d.Related {
		if r.Pos.File == "" {
			continue
		}
		if shown++; shown <= maxPlaces {
			p.related(r)
		}
	}
	if shown > maxPlaces {
		p.footnote("note", fmt.Sprintf("and %d more places", shown-maxPlaces))
	}
	for _, r := range d.Related {
		if r.Pos.File == "" {
			p.footnote("note", r.Message)
		}
	}
	if others := d.Others(); others != "" {
		p.footnote("note", others)
	}
	switch {
	case d.Accepted != "":
		p.footnote("reason", d.Accepted)
		return
	case d.Denied:
		p.footnote("note", "--deny makes an error of this warning")
	}
	if d.Help != "" {
		p.footnote("help", d.Help)
	}
}

func (p printer) related(r Related) {
	line, ok := p.src.at(r.Pos)
	if !ok || strings.TrimSpace(line) == "" {
		fmt.Fprintf(p.b, "%s%s:::%s %s: %s\n", p.margin, p.st.blue, p.st.reset, printable(r.Pos.String()), indented(r.Message, p.margin+"    "))
		return
	}
	fmt.Fprintf(p.b, "%s%s:::%s %s\n", p.margin, p.st.blue, p.st.reset, printable(r.Pos.String()))
	p.excerpt(underline{pos: r.Pos, mark: "-", label: r.Message, colour: p.st.blue})
}

func (p printer) footnote(what, message string) {
	fmt.Fprintf(p.b, "%s %s=%s %s: %s\n", p.margin, p.st.blue, p.st.reset, what, indented(message, p.margin+"         "))
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

// underline is a place in a file, and how it is shown.
type underline struct {
	pos          Pos
	mark, colour string
	label        string
	hidden       bool // the text of the token is not shown
}

// excerpt writes the line of a position, if it can be read, with its token underlined.
func (p printer) excerpt(u underline) {
	line, ok := p.src.at(u.pos)
	if !ok {
		return
	}
	offset := min(max(u.pos.Column-1, 0), len(line))
	bytes := min(token(line, offset), max(len(line)-offset, 1))
	// inside brackets the source covers what is secret, and the rest helps
	if end := min(offset+bytes, len(line)); u.hidden && end > offset && !strings.ContainsAny(line[offset:offset+1], "{[(") {
		line = line[:offset] + strings.Repeat("*", end-offset) + line[end:]
	}
	shown, from, columns := window(line, offset, bytes)
	fmt.Fprintf(p.b, "%s %s|%s\n", p.margin, p.st.blue, p.st.reset)
	bar := fmt.Sprintf("%s%*d |%s", p.st.blue, len(p.margin), u.pos.Line, p.st.reset)
	fmt.Fprintln(p.b, strings.TrimRight(bar+" "+shown, " "))
	if u.pos.Column <= 0 {
		return
	}
	under := strings.Repeat(" ", from) + u.colour + strings.Repeat(u.mark, columns)
	if u.label != "" {
		under += " " + indented(u.label, p.margin+" | "+strings.Repeat(" ", from+columns+1))
	}
	fmt.Fprintf(p.b, "%s %s|%s %s%s\n", p.margin, p.st.blue, p.st.reset, under, p.st.reset)
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
