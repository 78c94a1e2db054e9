package secrets

import (
	"cmp"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/emit"
)

// checkConflicts reports the files that a merge left with both versions in them. Neither is taken: the half of each may be missing.
func (b *build) checkConflicts() {
	seen := map[*stored]bool{}
	for _, d := range b.docs {
		if d.old == nil || !d.old.broken || seen[d.old] || !emit.InConflict(d.old.data) {
			continue
		}
		seen[d.old] = true
		b.findings.Add(diag.Diagnostic{
			Code: "E0402", Message: d.path + " has conflict markers from an unresolved merge",
			Help: emit.ResolveConflict(cmp.Or(b.options.OutDir, "out")),
		})
	}
}
