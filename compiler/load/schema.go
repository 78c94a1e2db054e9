package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/kind"
)

// importable is the package platc.dev/platc/schema that users may import, for completion and checks in an editor: the definitions of the one that `platc init` lays
// out (compiler/explain/editor.go). Evaluated by platc they say nothing but the kind of a component, so that findings are the same with and without them.
func importable(l *kind.Library) string {
	var b strings.Builder
	b.WriteString("package schema\n\n#Architecture: {...}\n#Config: {...}\n#Component: {...}\n")
	for _, name := range slices.Sorted(maps.Keys(l.Kinds)) {
		if l.Kinds[name].Parent == "" {
			fmt.Fprintf(&b, "%s: {kind: %q, ...}\n", kind.Definition(name), name)
		} else {
			fmt.Fprintf(&b, "%s: {...}\n", kind.Definition(name))
		}
	}
	return b.String()
}
