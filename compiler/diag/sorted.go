package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Sorted is the findings that are reported, by file, line, column, code and message, each mistake once: what many components have from one place, such as a
// definition or a comprehension, is one finding that names them. Warnings about what has an error are left out: they would speak of what stands in its place.
func (l *List) Sorted() []Diagnostic {
	return slices.DeleteFunc(l.sorted(), func(d Diagnostic) bool { return d.Accepted != "" })
}

func (l *List) sorted() []Diagnostic {
	all := l.drawn()
	slices.SortStableFunc(all, func(a, b Diagnostic) int {
		return cmp.Or(a.Pos.Compare(b.Pos), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message), slices.Compare(a.Environments, b.Environments), cmp.Compare(a.Path, b.Path))
	})
	once := all[:0:0]
	for start := 0; start < len(all); {
		end := start + 1
		for end < len(all) && all[end].Pos == all[start].Pos && all[end].Code == all[start].Code {
			end++
		}
		once = append(once, atOnePlace(all[start:end])...)
		start = end
	}
	return once
}

// atOnePlace is the findings of one code at one place, each mistake once.
func atOnePlace(found []Diagnostic) []Diagnostic {
	if len(found) == 1 {
		return found
	}
	var once []Diagnostic
	for _, d := range found {
		i := slices.IndexFunc(once, func(first Diagnostic) bool { return sameButForNames(first, d) })
		if i < 0 {
			i = slices.IndexFunc(once, func(first Diagnostic) bool { return sameAttribute(first, d) })
		}
		if i < 0 {
			once = append(once, d)
			continue
		}
		once[i].join(d)
	}
	return once
}

// join adds what another finding of the same mistake is true of.
func (d *Diagnostic) join(other Diagnostic) {
	known := func(name string) bool {
		return name == d.name(other) || slices.ContainsFunc(d.Also, func(a Also) bool { return a.Name == name })
	}
	also := slices.Clone(d.Also)
	if name := other.name(*d); name != "" && !known(name) {
		also = append(also, Also{Name: name, Path: other.Path, Message: other.Message})
	}
	for _, a := range other.Also {
		if !known(a.Name) {
			also = append(also, a)
		}
	}
	d.Also = also
}

// name is what a finding is about, where another one of the same mistake is about something else: a component, or what differs in their paths.
func (d Diagnostic) name(other Diagnostic) string {
	if a, b := componentOf(d.Path), componentOf(other.Path); a != b {
		return a
	}
	a, b := words(d.Path), words(other.Path)
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i]
		}
	}
	return ""
}

// sameButForNames says whether two findings at one place have the same text, but for names that stand in their paths too.
func sameButForNames(a, b Diagnostic) bool {
	if !slices.Equal(a.Environments, b.Environments) || a.Cause != b.Cause || a.Accepted != b.Accepted {
		return false
	}
	return a.Cause != "" || a.Message == b.Message || alike(words(a.Message), words(b.Message), words(a.Path), words(b.Path))
}

// sameAttribute says whether two findings at one place are about the same attribute of two components.
func sameAttribute(a, b Diagnostic) bool {
	first, second := componentOf(a.Path), componentOf(b.Path)
	if first == "" || second == "" || first == second || a.Cause != b.Cause || a.Accepted != b.Accepted || !slices.Equal(a.Environments, b.Environments) {
		return false
	}
	rest := pathBelow(a.Path, first)
	return rest != "" && rest == pathBelow(b.Path, second)
}

// alike says whether texts differ in words of their paths alone.
func alike(a, b, pathA, pathB []string) bool {
	if len(a) != len(b) || len(pathA) != len(pathB) {
		return false
	}
	// two attributes of one component are two mistakes: components, a dot and a name are the path of a component itself
	if last := len(pathA) - 1; last > 2 && pathA[last] != pathB[last] {
		return false
	}
	for i := range a {
		if a[i] != b[i] && (!slices.Contains(pathA, a[i]) || !slices.Contains(pathB, b[i])) {
			return false
		}
	}
	return true
}

// words are the names in a text, and what stands between them.
func words(text string) []string {
	var all []string
	start, inside := 0, false
	for i, r := range text {
		name := r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r)
		if i > start && name != inside {
			all = append(all, text[start:i])
			start = i
		}
		inside = name
	}
	return append(all, text[start:])
}

// componentOf is the name of the component in a path, "" without.
func componentOf(path string) string {
	rest, ok := strings.CutPrefix(path, "components.")
	if !ok {
		return ""
	}
	if strings.HasPrefix(rest, `"`) {
		name, _, _ := strings.Cut(rest[1:], `"`)
		return name
	}
	if end := strings.IndexAny(rest, ".["); end >= 0 {
		return rest[:end]
	}
	return rest
}

// pathBelow is the path of what belongs to a component, behind its name.
func pathBelow(path, component string) string {
	rest := strings.TrimPrefix(path, "components.")
	return strings.TrimPrefix(strings.TrimPrefix(rest, component), `"`+component+`"`)
}

// drawn are the findings without the warnings that are about what has an error.
func (l *List) drawn() []Diagnostic {
	var errors []Diagnostic
	for _, d := range l.all {
		if d.Severity == Error && !d.Denied {
			errors = append(errors, d)
		}
	}
	all := slices.Clone(l.all)
	if len(errors) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(d Diagnostic) bool {
		return (d.Severity == Warning || d.Denied) && slices.ContainsFunc(errors, d.drawnFrom)
	})
}

// drawnFrom says whether a warning speaks of what has an error: of the part at or below its path, or of one in Of.
func (d Diagnostic) drawnFrom(e Diagnostic) bool {
	// what does not exist, or is missing, stands at the path of what it would belong to
	if e.Code < "E04" && e.Code != "E0102" && e.Code != "E0103" && e.Path != "" && below(e.Path, d.Path) {
		return true
	}
	// from E02xx on nothing is lost of what was written
	return e.Code < "E02" && slices.ContainsFunc(d.Of, func(of string) bool { return below(of, e.Path) || e.Path != "" && below(e.Path, of) })
}

// below says whether a path is another one, or that of a part of it.
func below(path, inside string) bool {
	rest, ok := strings.CutPrefix(inside, path)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// maxNamed bounds the names in a text.
const maxNamed = 5

// Others says what else a finding is true of, "" if of nothing else: "and 9 more: app-b, app-c, app-d, app-e, app-f, …".
func (d Diagnostic) Others() string {
	if len(d.Also) == 0 {
		return ""
	}
	var names []string
	for _, a := range d.Also[:min(maxNamed, len(d.Also))] {
		names = append(names, a.Name)
	}
	if len(d.Also) > maxNamed {
		names = append(names, "…")
	}
	return fmt.Sprintf("and %d more: %s", len(d.Also), strings.Join(names, ", "))
}
