package explain

import (
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit/encode"
)

// assembled says where each line of a document is from that the passes put together from answers of several components.
func (o *origins) assembled(f *File, doc kind.Object, marks []encode.Line) func(int, string) line {
	lines := o.plan.Local.Lines
	keys := sorted(lines)
	return func(i int, _ string) line {
		if i >= len(marks) {
			return line{at: f.row.Pos}
		}
		m := marks[i]
		path := make([]string, 0, len(m.Path))
		for _, step := range m.Path[1:] {
			path = append(path, fmt.Sprint(step))
		}
		key := strings.Join(path, "\x00")
		if _, exact := lines[key]; !exact {
			if below := beneath(keys, key+"\x00"); len(below) > 0 && len(path) > 0 {
				return o.anyLine(lines, below)
			}
		}
		text, _ := at(doc, m.Path[1:]).(string)
		for depth := len(path); depth > 0; depth-- {
			l, ok := lines[strings.Join(path[:depth], "\x00")]
			if !ok {
				continue
			}
			if data, ok := l.Data.(kind.Object); ok && data["json"] != nil && depth == len(path) {
				return o.documented(l, text, m.From)
			}
			if rest := m.Path[1+depth:]; l.Trace != nil && len(rest) > 0 && at(l.Data, rest) != nil {
				l.At, l.Data = slices.Concat(l.At, rest), at(l.Data, rest)
			}
			return o.lineFrom(l, unescaped(text, m.From), unescaped(text, m.To))
		}
		return line{at: f.row.Pos}
	}
}

// beneath are the words of a sorted list that begin with a prefix.
func beneath(keys []string, prefix string) []string {
	from, _ := slices.BinarySearch(keys, prefix)
	to := from
	for to < len(keys) && strings.HasPrefix(keys[to], prefix) {
		to++
	}
	return keys[from:to]
}

// anyLine is the line above others: any of them is enough for it.
func (o *origins) anyLine(lines map[string]ir.Line, below []string) line {
	first := o.lineFrom(lines[below[0]], 0, 0)
	causes := []*cause{first.on}
	for _, key := range below[1:] {
		causes = append(causes, o.lineFrom(lines[key], 0, 0).on)
	}
	first.on = anyOf(causes...)
	return first
}

// lineFrom is what a line depends on: what the kind has read for it, the file of the kind that it is in, and what else has to be there. Of a text of several
// lines it is about the bytes from one place to another.
func (o *origins) lineFrom(l ir.Line, from, to int) line {
	got := line{at: l.Pos, on: o.by(l.By)}
	if l.Trace != nil {
		a, f := asked{node: l.Node}, &File{Node: l.Node, row: kind.Row{Pos: l.Pos, Trace: l.Trace}}
		if text, ok := l.Data.(string); ok && to == 0 && strings.Contains(text, "\n") && o.trace(f, l.At).Spans != nil {
			got = o.heading(a, o.trace(f, l.At), text)
		} else {
			got = o.leaf(a, f, l.At, l.Data, from, to)
		}
	}
	if l.File != "" {
		got.on = all(o.fileAt(l.Node, l.File), got.on)
	}
	for _, other := range l.Also {
		got.on = all(got.on, o.lineFrom(other, 0, 0).on)
	}
	return line{at: got.at, on: got.on}
}

// documented is the line of a text that is data as JSON.
func (o *origins) documented(l ir.Line, text string, from int) line {
	data, _ := l.Data.(kind.Object)
	_, marks, err := encode.JSONLines(data["json"])
	if i := strings.Count(text[:min(from, len(text))], "\n"); err == nil && len(marks) == strings.Count(text, "\n")+1 {
		path := slices.Concat([]any{"json"}, marks[i].Path)
		var after *cause
		if l.Trace != nil && strings.HasSuffix(strings.Split(text, "\n")[i], ",") {
			after = o.after(l, data, path)
		}
		l.At, l.Data = slices.Concat(l.At, path), at(data, path)
		got := o.lineFrom(l, 0, 0)
		got.on = all(got.on, after)
		return got
	}
	return o.lineFrom(l, 0, 0)
}

// after is why a comma follows a value: any field or item behind it is enough.
func (o *origins) after(l ir.Line, data any, path []any) *cause {
	above := path[:len(path)-1]
	var behind []any
	switch parent := at(data, above).(type) {
	case map[string]any:
		for _, key := range sorted(parent) {
			if last, _ := path[len(above)].(string); key > last {
				behind = append(behind, key)
			}
		}
	case []any:
		for i := range parent {
			if last, _ := path[len(above)].(int); i > last {
				behind = append(behind, i)
			}
		}
	}
	var causes []*cause
	for _, step := range behind {
		causes = append(causes, o.needs(asked{node: l.Node}, l.Trace(slices.Concat(l.At, above, []any{step})...).Exists))
	}
	return anyOf(causes...)
}

// unescaped is a place in a text before each $ of it was written twice.
func unescaped(text string, place int) int {
	return place - strings.Count(text[:min(place, len(text))], "$$")
}
