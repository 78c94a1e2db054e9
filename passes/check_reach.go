package passes

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

func checkReach() pass.Pass {
	return pass.Pass{
		Name: "check-reach",
		Doc:  "What a kind of the user's own writes and names is its own, or given to it by a link, and is used.",
		After: []string{
			"assign-roles", // what is deployed has to use what it declares; what a kind writes is in its files
		},
		Codes:   []string{"E0109", "W0125"},
		Run:     runCheckReach,
		Promise: "No file is in a folder that another program trusts.",
		Holds:   reachHolds,
	}
}

// checkReach holds what a kind of the user's own writes and names to its component and the links of it: such a kind may come from strangers.
func runCheckReach(c *pass.Context) bool {
	for _, n := range c.Graph.Components() {
		checkPaths(c, n)
		if n.Kind.Own {
			checkSecrets(c, n)
			for _, d := range unusedIn(n, c.Of(n)) {
				c.Report(d)
			}
		}
	}
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			if a.Rule.Own {
				checkEffects(c, e, a)
			}
		}
	}
	return true
}

// reservedFolder is the folder on a path that another program trusts, "" without: git runs what a .git says, platc believes its own record.
func reservedFolder(name string) string {
	for element := range strings.SplitSeq(name, "/") {
		// some file systems fold case
		if strings.EqualFold(element, ".git") || strings.EqualFold(element, ".platc") {
			return element
		}
	}
	return ""
}

func checkPaths(c *pass.Context, n *ir.Node) {
	p := c.Of(n)
	for _, row := range p.Rows {
		if folder := reservedFolder(row.Path); folder != "" {
			c.Report(reach(n, rowPos(n, row, p), fmt.Sprintf("%s would write the file %q, but kinds cannot write to %s", n.Kind.Name, row.Path, folder), "choose another path"))
		}
	}
}

// rowPos is where a file was asked for: by a rule of the user's own, else by the row, else by the component.
func rowPos(n *ir.Node, row kind.Row, p *ir.NodePlan) diag.Pos {
	for _, o := range p.Files[row.Path].By() {
		if o.Rule != nil && o.Rule.Own {
			return o.Rule.Pos
		}
	}
	if n.Kind.Own {
		return row.Pos
	}
	return n.Pos
}

func reach(n *ir.Node, pos diag.Pos, message, help string) diag.Diagnostic {
	return diag.Diagnostic{Code: "E0109", Path: n.Path(), Pos: pos, Message: message, Help: help, Related: []diag.Related{{Message: n.Name + " is declared here", Pos: n.Pos}}}
}

// checkSecrets refuses a component's files and variables that name a secret which neither it nor one of its links gives.
func checkSecrets(c *pass.Context, n *ir.Node) {
	own := newCredentials(c, n)
	for _, e := range c.Graph.Touching(n) {
		own.add(e)
	}
	refuse := func(pos diag.Pos, where string, secrets []value.Secret) {
		for _, s := range secrets {
			if !own.has(s.ID) {
				c.Report(foreign(n, pos, fmt.Sprintf("%s of %s", where, n.Name), s.ID))
				return
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.Description.Settings)) {
		refuse(n.Kind.Pos, "the variable "+name, value.Secrets(n.Description.Settings[name]))
	}
	refuseGroups := func(pos diag.Pos, groups []kind.Group) {
		for _, g := range groups {
			for _, name := range slices.Sorted(maps.Keys(g.Vars)) {
				refuse(pos, "the variable "+name, value.Secrets(g.Vars[name]))
			}
		}
	}
	refuseGroups(n.Kind.Pos, n.Description.Variables)
	for _, row := range c.Of(n).Rows {
		file := fmt.Sprintf("the file %q", row.Path)
		switch content := row.Content.(type) {
		case kind.Dotenv:
			refuseGroups(row.Pos, content)
		case kind.Environment:
			refuseGroups(row.Pos, content.Extra)
			if of, _, _ := strings.Cut(content.Of, "/"); of != n.Name && !own.near[of] {
				c.Report(reach(n, row.Pos, fmt.Sprintf("%s of %s holds the variables of %s, to which it has no link", file, n.Name, content.Of), "link the two components"))
			}
		case kind.JSON:
			if !isRegistryLogin(c, content) {
				refuse(row.Pos, file, value.InData(content.Data))
			}
		}
	}
}

// isRegistryLogin says whether a file is the login to the architecture's registry, in the form that a cluster pulls images with: the one thing that
// every kind may use the architecture's own credentials for. Under another host they would be sent there.
func isRegistryLogin(c *pass.Context, document kind.JSON) bool {
	registry, _ := c.Graph.Arch["registry"].(kind.Object)
	o, _ := document.Data.(kind.Object)
	auths, ok := o["auths"].(kind.Object)
	if !ok || len(o) != 1 {
		return false
	}
	for host := range auths {
		if host != registry["host"] {
			return false
		}
	}
	return !slices.ContainsFunc(value.InData(auths), func(s value.Secret) bool { return !strings.HasPrefix(s.ID, "config/registry/") })
}

func foreign(n *ir.Node, pos diag.Pos, what, id string) diag.Diagnostic {
	return reach(n, pos, fmt.Sprintf("%s names the secret %q, which no link gives to it", what, id), fmt.Sprintf("name a secret of its own, such as %q, or link the components and use the credential of the link", path.Join(n.Name, path.Base(id))))
}

// checkEffects refuses a rule's effects that name a secret of a component at neither end.
func checkEffects(c *pass.Context, e *ir.Edge, a ir.Applied) {
	allowed := newCredentials(c)
	allowed.add(e)
	for _, side := range []kind.Effects{a.Result.Out, a.Result.In} {
		for _, s := range secretsOf(side) {
			if !allowed.has(s.ID) {
				c.Report(foreign(e.Source.Component(), a.Rule.Pos, fmt.Sprintf("the rule %q", a.Rule.Name()), s.ID))
				return
			}
		}
	}
}

// secretsOf lists the secrets that the effects on one side name.
func secretsOf(f kind.Effects) []value.Secret {
	var all []value.Secret
	for _, vars := range []map[string]value.Value{f.Env, f.Defaults} {
		for _, name := range slices.Sorted(maps.Keys(vars)) {
			all = append(all, value.Secrets(vars[name])...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Lists)) {
		for _, record := range f.Lists[name] {
			for _, field := range record {
				all = append(all, value.Secrets(field)...)
			}
		}
	}
	all = append(all, value.InData(f.Exports)...)
	for _, slot := range slices.Sorted(maps.Keys(f.Parts)) {
		for _, part := range f.Parts[slot] {
			all = append(all, value.InData(part)...)
		}
	}
	return all
}

func reachHolds(c *pass.Context) error {
	for _, n := range c.Graph.Components() {
		for _, row := range c.Of(n).Rows {
			if reservedFolder(row.Path) != "" && !c.Findings.HasErrors() {
				return fmt.Errorf("%s has the file %s", n.Name, row.Path)
			}
		}
	}
	return nil
}
