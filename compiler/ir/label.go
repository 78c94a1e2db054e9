package ir

import (
	"regexp"
	"strconv"
)

// Label is a field's name as CUE writes it in a path: quoted where it is no identifier.
func Label(name string) string {
	if identifier(name) {
		return name
	}
	return quote(name)
}

func identifier(name string) bool {
	return regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`).MatchString(name)
}

func quote(s string) string { return strconv.Quote(s) }
