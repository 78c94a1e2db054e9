package explain

import (
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
	for _, from := range l.Named(r.From) {
		for _, to := range l.Named(r.To) {
			if slices.Contains(l.RulesOf(from, to), r) {
				all = append(all, from.Name+" -> "+to.Name)
			}
		}
	}
	return all
}
