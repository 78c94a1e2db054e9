package diag

import (
	"fmt"
	"slices"
	"strings"
)

// Merge is the findings of several environments as one list. What all of them have stands there once, as if there was one; the others name those that
// have them. of is how many there are, those that were not looked at too.
func Merge(environments []string, found []*List, of int) List {
	if of == 0 {
		return *found[0]
	}
	type shared struct {
		first Diagnostic
		in    []string
	}
	var order []*shared
	known := map[string]*shared{}
	for i, list := range found {
		for _, d := range list.sorted() {
			id := d
			if d.Severity == Warning && strings.HasPrefix(d.Path, "config.") {
				id.Pos = Pos{} // what is not set has no place: it is that of what one environment sets, or of the name
			}
			key := fmt.Sprintf("%+v", id)
			if known[key] == nil {
				known[key] = &shared{first: d}
				order = append(order, known[key])
			}
			known[key].in = append(known[key].in, environments[i])
		}
	}
	var merged List
	for _, s := range order {
		if s.first.Environments == nil && len(s.in) < of {
			s.first.Environments = slices.Compact(s.in)
		}
		merged.all = append(merged.all, s.first)
	}
	return merged
}
