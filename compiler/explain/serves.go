package explain

import (
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/kind"
)

// Serves lists the pairs of kinds that a rule of a capability holds for, as "prometheus -> redis"; nothing for a rule between two kinds.
func Serves(l *kind.Library, r *kind.Rule) []string {
	all := []string{}
	if !strings.HasPrefix(r.From, "@") && !strings.HasPrefix(r.To, "@") {
		return all
	}
	for _, from := range slices.Sorted(maps.Keys(l.Kinds)) {
		for _, to := range slices.Sorted(maps.Keys(l.Kinds)) {
			if l.Rule(l.Kinds[from], l.Kinds[to]) == r {
				all = append(all, from+" -> "+to)
			}
		}
	}
	return all
}
