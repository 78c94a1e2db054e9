package kind

import (
	"slices"
	"strings"
)

// Brings is what a rule may change, as far as that is known before it is applied to an edge. All lists are sorted.
type Brings struct {
	Prefix  string   // of Keys; "*" where it depends on the edge, "" without variables
	Keys    []string // of variables of the source: "HOST"
	Fields  []string // of texts of the link attribute variables: "host"
	Out, In Side
}

// Side is what a rule may bring to one end.
type Side struct {
	Requirements []string // pins
	Modules      []string // "postgresql/postgresql_module"
	Parts        []string // slots
}

// Variables are the names of variables when the source has one instance; "*" stands for what depends on the edge.
func (b Brings) Variables() []string {
	all := make([]string, 0, len(b.Keys))
	for _, key := range b.Keys {
		all = append(all, b.Prefix+"_"+key)
	}
	return all
}

// Variable says whether the rule may set a variable of this name, with one instance or with several.
func (b Brings) Variable(name string) bool {
	if b.Prefix == "*" {
		return slices.ContainsFunc(b.Keys, func(key string) bool { return len(name) > len(key)+1 && strings.HasSuffix(name, "_"+key) })
	}
	rest, ok := strings.CutPrefix(name, b.Prefix+"_")
	if !ok || b.Prefix == "" || len(b.Keys) == 0 {
		return false
	}
	return rest == "INSTANCES" || slices.ContainsFunc(b.Keys, func(key string) bool {
		return rest == key || (strings.HasSuffix(rest, "_"+key) && len(rest) > len(key)+1)
	})
}
