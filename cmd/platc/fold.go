package main

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// gap is the space between two columns of a table, narrowest what a column is folded to at least.
const (
	gap       = 2
	narrowest = 14
)

// width is that of the terminal which results are printed on, or COLUMNS; 0: it is none, and a table may be as wide as it is.
func (c *console) width() int {
	if v, ok := c.env("COLUMNS"); ok {
		if n, err := strconv.Atoi(v); err == nil && n > 0 {
			return n
		}
	}
	if !c.outTerminal {
		return 0
	}
	n, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0
	}
	return n
}

// folded is a table that fits a width: cells that are too wide go on in the rows below. Where that leaves columns too narrow to be read, each row
// becomes a list of its cells, with their headings.
func folded(rows [][]string, width int) [][]string {
	widths := columnWidths(rows)
	if width == 0 || total(widths) <= width {
		return rows
	}
	least := 0
	for _, w := range widths {
		least += min(w, narrowest) + gap
	}
	if least > width && len(widths) > 3 {
		return folded(listed(rows), width)
	}
	widths = shrunk(widths, width)
	var all [][]string
	for _, row := range rows {
		cells := make([][]string, len(row))
		lines := 1
		for i, cell := range row {
			cells[i] = wrapped(cell, widths[i])
			lines = max(lines, len(cells[i]))
		}
		for n := range lines {
			line := make([]string, len(row))
			for i, cell := range cells {
				if n < len(cell) {
					line[i] = cell[n]
				}
			}
			all = append(all, line)
		}
	}
	return all
}

func columnWidths(rows [][]string) []int {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func total(widths []int) int {
	sum := -gap
	for _, w := range widths {
		sum += w + gap
	}
	return sum
}

// shrunk gives narrow columns what they need, and shares the rest among the others.
func shrunk(widths []int, width int) []int {
	left := width - gap*(len(widths)-1)
	order := make([]int, len(widths))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return widths[a] - widths[b] })
	out := make([]int, len(widths))
	for n, i := range order {
		out[i] = max(1, min(widths[i], left/(len(order)-n)))
		left -= out[i]
	}
	return out
}

// wrapped breaks a text between words, and a word that is too long where it must.
func wrapped(text string, width int) []string {
	lines := []string{}
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		runes := []rune(word)
		for ; len(runes) > width; runes = runes[width:] {
			lines = append(lines, string(runes[:width]))
		}
		line = string(runes)
	}
	return append(lines, line)
}

// listed is a table as a list: a line for each cell that is not empty, with its heading, and an empty one between rows.
func listed(rows [][]string) [][]string {
	var all [][]string
	for _, row := range rows[1:] {
		if len(all) > 0 {
			all = append(all, []string{"", ""})
		}
		for i, cell := range row {
			if cell != "" && cell != "-" {
				all = append(all, []string{rows[0][i], cell})
			}
		}
	}
	return all
}
