package diag

import (
	"fmt"
	"slices"
	"strings"
)

// Nearest is the candidate that a name which does not exist most likely means, "" when none is near. Of equally near ones it is the first.
func Nearest(name string, candidates []string) string {
	if near := Near(name, candidates); len(near) > 0 {
		return near[0]
	}
	return ""
}

// maxNear bounds the candidates that are named together.
const maxNear = 3

// Near are the candidates that a name which does not exist may mean: one that is spelt nearly like it, else those that begin with it or have it as a
// word, such as cpu_request and cpu_limit for cpu, or are a word of it.
func Near(name string, candidates []string) []string {
	if near := misspelt(name, candidates, 1); near != "" {
		return []string{near}
	}
	if near := sharing(name, candidates); len(near) > 0 {
		return near[:min(len(near), maxNear)]
	}
	if near := Misspelt(name, candidates); near != "" {
		return []string{near}
	}
	return nil
}

// Meant is Near, where words of another trade are known for some candidates. One that is the name in other letters is no such word.
func Meant(name string, candidates []string, words func(word string) []string) []string {
	if same := slices.IndexFunc(candidates, func(c string) bool { return c != name && folded(c) == folded(name) }); same >= 0 {
		return []string{candidates[same]}
	}
	if words != nil {
		known := slices.DeleteFunc(slices.Clone(words(name)), func(n string) bool { return !slices.Contains(candidates, n) })
		if len(known) > 0 {
			return known
		}
	}
	return Near(name, candidates)
}

// Misspelt is the candidate that a name is a misspelling of, "" without: they differ in case and signs between words, or in at most a third of the
// characters of the longer one.
func Misspelt(name string, candidates []string) string { return misspelt(name, candidates, 4) }

func misspelt(name string, candidates []string, most int) string {
	best, bestDistance := "", 0
	a := []rune(folded(name))
	for _, c := range candidates {
		b := []rune(folded(c))
		longer := max(len(a), len(b))
		bound := min(longer/3, most)
		if longer == 2 {
			bound = 1 // a wrong letter, or two in the wrong order
		}
		if c == name || longer-min(len(a), len(b)) > bound {
			continue
		}
		d := distance(a, b)
		if d <= bound && (best == "" || d < bestDistance) {
			best, bestDistance = c, d
		}
	}
	return best
}

// folded is a name without case, and without what stands between its words.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// shortest is how long a part of a name is that says what is meant.
const shortest = 3

// sharing are the candidates that begin with a name or have it as a word; if none does, those that are a word of it.
func sharing(name string, candidates []string) []string {
	whole := folded(name)
	if len(whole) < shortest {
		return nil
	}
	var starts, within []string
	words := nameWords(name)
	for _, c := range candidates {
		switch {
		case c == name:
		case strings.HasPrefix(folded(c), whole), slices.Contains(nameWords(c), whole):
			starts = append(starts, c)
		case len(c) >= shortest && slices.Contains(words, strings.ToLower(c)):
			within = append(within, c)
		}
	}
	if len(starts) > 0 {
		return starts
	}
	return within
}

// nameWords are the words of a name, without case: those of storage_size, storage-size and storageSize are the same.
func nameWords(name string) []string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return strings.FieldsFunc(strings.ToLower(b.String()), func(r rune) bool { return r == ' ' || r == '_' || r == '-' || r == '/' || r == '.' })
}

// DidYouMean asks for the names that are near, "" without any.
func DidYouMean(near []string) string {
	if len(near) == 0 {
		return ""
	}
	quoted := make([]string, len(near))
	for i, name := range near {
		quoted[i] = fmt.Sprintf("%q", name)
	}
	return "did you mean " + strings.Join(quoted, " or ") + "?"
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that make b of a.
func distance(a, b []rune) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
