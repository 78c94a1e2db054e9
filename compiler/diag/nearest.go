package diag

// Nearest is the candidate that a misspelt name most likely means, "" when none is near: at most a third of the
// longer name, and one more character, differs. Of equally near ones it is the first.
func Nearest(name string, candidates []string) string {
	best, bestDistance := "", 0
	a := []rune(name)
	for _, c := range candidates {
		b := []rune(c)
		longer := max(len(a), len(b))
		bound := min(longer/3+1, 4)
		if c == name || longer-min(len(a), len(b)) > bound {
			continue
		}
		d := distance(a, b)
		if d <= bound && d < longer && (best == "" || d < bestDistance) {
			best, bestDistance = c, d
		}
	}
	return best
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
