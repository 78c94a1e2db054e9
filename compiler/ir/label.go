package ir

import "strconv"

// Label is a field's name as CUE writes it in a path: quoted where it is not a valid identifier.
func Label(name string) string {
	if isIdentifier(name) {
		return name
	}
	return quote(name)
}

func isIdentifier(name string) bool {
	for i, r := range name {
		isLetter := r == '_' || r == '$' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !isLetter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

func quote(s string) string { return strconv.Quote(s) }
