package passes

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

// checkRollout refuses a workload or a Job that deploy.sh would wait for, and that no file of a kind of the user's own has. What an operator makes is in none.
func checkRollout(c *pass.Context, n *ir.Node) {
	if !n.Kind.Own || len(n.Description.Prerequisites) > 0 {
		return
	}
	workloads := []string{"deployment", "statefulset", "daemonset", "job"}
	var there []string
	for _, row := range c.Of(n).Rows {
		for _, o := range objectsIn(row) {
			meta, _ := o["metadata"].(kind.Object)
			if what := strings.ToLower(word(o, "kind")); slices.Contains(workloads, what) {
				there = append(there, what+"/"+word(meta, "name"))
			}
		}
	}
	if len(there) == 0 {
		return // its files are wrong, which is reported
	}
	slices.Sort(there)
	there = slices.Compact(there)
	for i, said := range n.Description.Rollout {
		step := stepOf(said)
		wanted := step.Resource
		if step.Job != "" {
			wanted = "job/" + step.Job
		}
		what, _, _ := strings.Cut(wanted, "/")
		if step.Condition != "" || !slices.Contains(workloads, what) || slices.Contains(there, wanted) {
			continue
		}
		at := n.Description.Trace("rollout", i).Pos
		c.Report(diag.Diagnostic{
			Code: "E0101", Path: n.Path(), Pos: cmp.Or(at, n.Pos), Message: fmt.Sprintf("rollout of the kind %s waits for %s of %s, which no file of it has", n.Kind.Name, wanted, n.Name),
			Help: "its files have " + strings.Join(there, ", "), Related: []diag.Related{{Message: n.Name + " is declared here", Pos: n.Pos}},
		})
	}
}

// checkSources refuses a kustomization of a kind of the user's own that makes a ConfigMap or a Secret of a file that is not there.
func checkSources(c *pass.Context, n *ir.Node) {
	if !n.Kind.Own {
		return
	}
	rows := c.Of(n).Rows
	for _, row := range rows {
		gone := slices.DeleteFunc(generated(generators(kustomizationIn(row))), func(name string) bool {
			return slices.ContainsFunc(rows, func(r kind.Row) bool { return r.Path == path.Join(path.Dir(row.Path), name) })
		})
		if len(gone) == 0 {
			continue
		}
		help := "names are seen from its own folder"
		if i := slices.IndexFunc(rows, func(r kind.Row) bool { return strings.HasSuffix(r.Path, "/"+gone[0]) }); i >= 0 {
			help += fmt.Sprintf("; there is %q", rows[i].Path)
		}
		c.Report(diag.Diagnostic{
			Code: "E0101", Path: n.Path(), Pos: row.Pos, Message: fmt.Sprintf("the file %q of the kind %s makes ConfigMaps or Secrets of what is not there: %s", row.Path, n.Kind.Name, strings.Join(gone, ", ")),
			Help: help, Related: []diag.Related{{Message: n.Name + " is declared here", Pos: n.Pos}},
		})
	}
}
