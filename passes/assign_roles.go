package passes

import (
	"fmt"
	"path"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func assignRoles() pass.Pass {
	return pass.Pass{
		Name: "assign-roles",
		Doc:  "The kustomization that is deployed, the one that builds and the one that tests, and the Jobs of each.",
		After: []string{
			"keep-files", // a role is said by a file that is kept, and so are its Jobs
		},
		Codes:   []string{"E0101", "E0205"},
		Run:     runAssignRoles,
		Promise: "Every Job that a script runs is an object of a file that is kept.",
		Holds:   rolesHold,
	}
}

func runAssignRoles(c *pass.Context) bool {
	for _, n := range c.Graph.Components() {
		p := c.Of(n)
		for _, row := range p.Rows {
			if row.Role == "" || row.Role == kind.Overlay {
				continue
			}
			folder := path.Dir(row.Path)
			if strings.ContainsFunc(folder, odd) {
				refuseFolder(c, n, row)
				continue
			}
			if first, ok := pass.Set(c, p.Folders, row.Role, folder, equalTexts, c.Because(rowPos(n, row, p), row.Path+" is for "+string(row.Role))); !ok {
				refuseRole(c, n, row, first.Value())
				continue
			}
			p.Jobs = append(p.Jobs, jobs(c, n, row)...)
		}
	}
	return true
}

// odd says whether a character has a meaning of its own in a script, which names the folders of roles.
func odd(r rune) bool {
	return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-", r)
}

func refuseFolder(c *pass.Context, n *ir.Node, row kind.Row) {
	c.Report(diag.Diagnostic{
		Code: "E0101", Path: n.Path(), Pos: rowPos(n, row, c.Of(n)), Message: fmt.Sprintf("the folder of the file %q of %s has characters that no script can take", row.Path, n.Kind.Name),
		Help: "name it with letters, digits, '.', '_' and '-'", Related: []diag.Related{{Message: n.Name + " is declared here", Pos: n.Pos}},
	})
}

func refuseRole(c *pass.Context, n *ir.Node, row kind.Row, folder string) {
	c.Report(diag.Diagnostic{
		Code: "E0205", Path: n.Path(), Pos: rowPos(n, row, c.Of(n)), Message: fmt.Sprintf("%s has two kustomizations of the role %s, in %s and in %s", n.Name, row.Role, folder, path.Dir(row.Path)),
		Help: "give one of them another role: build, day2, or overlay for one that nothing applies", Related: []diag.Related{{Message: n.Name + " is declared here", Pos: n.Pos}},
	})
}

// jobs are the Jobs that a kustomization lists. They come with their files, and so for the same reasons.
func jobs(c *pass.Context, n *ir.Node, row kind.Row) []ir.Decided[ir.Job] {
	p := c.Of(n)
	k, _ := row.Content.(kind.Kustomization)
	var all []ir.Decided[ir.Job]
	index := pass.Index[ir.Job]{}
	for _, file := range resources(row, k, p.Rows) {
		for _, o := range objectsIn(file) {
			if o["kind"] != "Job" {
				continue
			}
			job := ir.Job{Role: row.Role, Namespace: namespaceOf(n, k, o), File: file.Path}
			meta, _ := o["metadata"].(kind.Object)
			job.Name, _ = meta["name"].(string)
			for _, by := range p.Files[file.Path].By() {
				all = pass.Append(c, index, job, all, job, by)
			}
		}
	}
	return all
}

// namespaceOf is where an object comes to be: kustomize puts all that a kustomization lists into its namespace.
func namespaceOf(n *ir.Node, k kind.Kustomization, o kind.Object) string {
	if ns, ok := k.Object["namespace"].(string); ok {
		return ns
	}
	meta, _ := o["metadata"].(kind.Object)
	if ns, ok := meta["namespace"].(string); ok {
		return ns
	}
	return n.Namespace()
}

func rolesHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for _, d := range p.Jobs {
			if _, ok := p.Folders[d.Value().Role]; !ok || !p.Files[d.Value().File].Value() || d.Value().Name == "" {
				return fmt.Errorf("%s has the Job %+v", n.Name, d.Value())
			}
		}
	}
	return nil
}
