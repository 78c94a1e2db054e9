package secrets

import (
	"cmp"
	"slices"
	"strings"

	"platc.dev/platc/compiler/value"
)

// Drawn is a credential that got a new text, because no old file had one.
type Drawn struct {
	ID    string
	Kept  bool     // a server keeps the text that it had when its volume was made, whatever its file says later
	Paths []string // of the files that hold it, sorted

	Environment string // that it belongs to; "": there are none
}

// Name is what users call it: COMPONENT/NAME. The one of a link begins with its source: "orders/db/database/orders".
func (d Drawn) Name() string {
	name := strings.ReplaceAll(d.ID, ":", "/")
	if d.Environment != "" {
		return d.Environment + ": " + name
	}
	return name
}

// reportDrawn calls back for every credential that was drawn, by name.
func (b *build) reportDrawn() {
	if b.options.Drawn == nil {
		return
	}
	drawn := map[string]*Drawn{}
	for id := range b.drawn {
		drawn[id] = &Drawn{ID: id}
	}
	for id, is := range b.idle() {
		if is {
			delete(drawn, id)
		}
	}
	for _, d := range b.docs {
		_ = d.want.visit(func(_ []string, l *leaf) error {
			v, ok := l.value.(value.Value)
			if !ok {
				return nil
			}
			for _, s := range value.Secrets(v) {
				if n := drawn[s.ID]; n != nil {
					n.Kept = n.Kept || s.Kept
					n.Paths = append(n.Paths, d.path)
				}
			}
			return nil
		})
	}
	all := make([]Drawn, 0, len(drawn))
	for _, n := range drawn {
		slices.Sort(n.Paths)
		n.Paths = slices.Compact(n.Paths)
		all = append(all, *n)
	}
	slices.SortFunc(all, func(a, b Drawn) int { return cmp.Compare(a.Name(), b.Name()) })
	for _, n := range all {
		b.options.Drawn(n)
	}
}

// idle are the secrets that nobody logs in with: the other one of two that take turns, and the text of before where there was none.
func (b *build) idle() map[string]bool {
	idle := map[string]bool{}
	b.eachValue(func(v value.Value) {
		for _, t := range value.Turns(v) {
			for _, s := range value.Secrets(t) {
				idle[s.ID] = true
			}
		}
		for _, s := range value.Secrets(v) {
			idle[s.ID] = idle[s.ID] || s.Follows != ""
		}
	})
	b.eachValue(func(v value.Value) {
		for _, t := range value.Turns(v) {
			for _, s := range value.Secrets(value.Taken(t, b.rotation.isSecond)) {
				idle[s.ID] = false
			}
		}
	})
	return idle
}
