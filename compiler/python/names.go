package python

import (
	"regexp"
	"slices"
	"strings"
)

// Names are what a module defines at its top level, sorted: functions, classes, assignments and imports. What stands in a block, such as that of an
// if, is not among them: whether it is defined shows only when the module runs.
func Names(source []byte) []string {
	defined := map[string]bool{}
	for _, statement := range statements(string(source)) {
		for _, name := range definedBy(statement) {
			defined[name] = true
		}
		if names, ok := strings.CutPrefix(statement, "del "); ok {
			for name := range strings.SplitSeq(names, ",") {
				delete(defined, strings.TrimSpace(name))
			}
		}
	}
	var all []string
	for name := range defined {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// statements are the statements at the top level, each in one line: without comments, strings as "" and what is in brackets as it is.
func statements(source string) []string {
	source = strings.TrimPrefix(source, "\ufeff")
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\f", "").Replace(source)
	var all []string
	for _, line := range logicalLines(source) {
		if line == "" || line[0] == ' ' || line[0] == '\t' {
			continue
		}
		if compound.MatchString(line) {
			all = append(all, line)
			continue
		}
		for statement := range strings.SplitSeq(line, ";") {
			all = append(all, strings.TrimSpace(statement))
		}
	}
	return all
}

// logicalLines joins what brackets, triple quotes and backslashes continue.
func logicalLines(source string) []string {
	var all []string
	var line strings.Builder
	depth := 0
	end := func() {
		all = append(all, strings.TrimRight(line.String(), " \t"))
		line.Reset()
	}
	for i := 0; i < len(source); i++ {
		switch c := source[i]; {
		case c == '"' || c == '\'':
			i += quoted(source[i:]) - 1
			line.WriteString(`""`)
		case c == '#':
			i += len(source[i:]) - len(strings.TrimLeftFunc(source[i:], func(r rune) bool { return r != '\n' })) - 1
		case c == '\\' && strings.HasPrefix(source[i+1:], "\n"):
			line.WriteByte(' ')
			i++
		case c == '\n' && depth > 0:
			line.WriteByte(' ')
		case c == '\n':
			end()
		default:
			if strings.IndexByte("([{", c) >= 0 {
				depth++
			} else if strings.IndexByte(")]}", c) >= 0 && depth > 0 {
				depth--
			}
			line.WriteByte(c)
		}
	}
	end()
	return all
}

// quoted is the length of the string at the beginning of a text. A string of one line ends with the line, where it is not closed.
func quoted(text string) int {
	quote := text[:1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(text, triple) {
		quote = triple
	}
	for i := len(quote); i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case strings.HasPrefix(text[i:], quote):
			return i + len(quote)
		case text[i] == '\n' && len(quote) == 1:
			return i
		}
	}
	return len(text)
}

var (
	nested     = regexp.MustCompile(`(^|[\s,(\[])[(\[]`)
	identifier = regexp.MustCompile(`^[\pL_][\pL\pN_]*$`)
	compound   = regexp.MustCompile(`^(async|class|def|if|elif|else|for|while|try|except|finally|with|match|@)\b`)
	function   = regexp.MustCompile(`^(?:async\s+)?def\s+([\pL_][\pL\pN_]*)`)
	class      = regexp.MustCompile(`^class\s+([\pL_][\pL\pN_]*)`)
	alias      = regexp.MustCompile(`^type\s+([\pL_][\pL\pN_]*)\s*[=\[]`)
	from       = regexp.MustCompile(`^from\s+\S+\s+import\b(.*)$`)
	plain      = regexp.MustCompile(`^import\s+(.*)$`)
)

// definedBy are the names that a statement defines.
func definedBy(statement string) []string {
	for _, form := range []*regexp.Regexp{function, class, alias} {
		if found := form.FindStringSubmatch(statement); found != nil {
			return found[1:]
		}
	}
	if found := from.FindStringSubmatch(statement); found != nil {
		return imported(strings.Trim(strings.TrimSpace(found[1]), "()"), func(name string) string { return name })
	}
	if found := plain.FindStringSubmatch(statement); found != nil {
		return imported(found[1], func(name string) string { first, _, _ := strings.Cut(name, "."); return first })
	}
	if compound.MatchString(statement) {
		return nil
	}
	return assigned(statement)
}

// imported are the names of an import; short is that of one without "as".
func imported(list string, short func(string) string) []string {
	var all []string
	for item := range strings.SplitSeq(list, ",") {
		words := strings.Fields(item)
		switch {
		case len(words) == 3 && words[1] == "as":
			all = append(all, words[2])
		case len(words) == 1 && words[0] != "*":
			all = append(all, short(words[0]))
		}
	}
	return all
}

// assigned are the targets of an assignment: a = b = …, a: T = …, (a, b) = …; not a.b, a[0] or a += ….
func assigned(statement string) []string {
	parts := sides(statement)
	var all []string
	for _, target := range parts[:len(parts)-1] {
		target, _, _ = strings.Cut(target, ":")
		for name := range strings.SplitSeq(nested.ReplaceAllString(target, "$1"), ",") {
			if name = strings.Trim(name, " \t()[]*"); identifier.MatchString(name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// sides splits a statement at each = that assigns: outside of brackets, and not part of another operator.
func sides(statement string) []string {
	var all []string
	depth, begin := 0, 0
	for i := 0; i < len(statement); i++ {
		switch c := statement[i]; {
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case c != '=' || depth > 0:
		case strings.HasPrefix(statement[i:], "=="):
			i++
		case i > 0 && strings.IndexByte("=!<>+-*/%&|^@:", statement[i-1]) >= 0:
			return append(all, statement[begin:])
		default:
			all = append(all, statement[begin:i])
			begin = i + 1
		}
	}
	return append(all, statement[begin:])
}
