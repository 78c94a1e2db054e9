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

// checkReach holds what a kind of the user's own writes and names to its component and the links of it: such a kind may come from strangers.
func checkReach(c *pass.Context) bool {
	edges := map[*ir.Node][]*ir.Edge{} // that touch a component
	for _, e := range c.Graph.Edges {
		source, target := e.Source.Component(), e.Target.Component()
		edges[source] = append(edges[source], e)
		if target != source {
			edges[target] = append(edges[target], e)
		}
	}
	for _, n := range c.Graph.Components() {
		checkPaths(c, n)
		if n.Kind.Own {
			checkSecrets(c, n, edges)
		}
	}
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			if a.Rule.Own {
				checkEffects(c, e, a, edges)
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
			c.Report(reach(n, rowPos(n, row, p), fmt.Sprintf("%s would write the file %q, but %s is not for kinds to write", n.Kind.Name, row.Path, folder), "choose another path"))
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
func checkSecrets(c *pass.Context, n *ir.Node, edges map[*ir.Node][]*ir.Edge) {
	own := newCredentials(c, edges, n)
	for _, e := range edges[n] {
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
	for _, name := range sortedKeys(n.Description.Settings) {
		refuse(n.Kind.Pos, "the variable "+name, value.Secrets(n.Description.Settings[name]))
	}
	refuseGroups := func(pos diag.Pos, groups []kind.Group) {
		for _, g := range groups {
			for _, name := range sortedKeys(g.Vars) {
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
			if content.Of != n.Name && !own.near[content.Of] {
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
func checkEffects(c *pass.Context, e *ir.Edge, a ir.Applied, edges map[*ir.Node][]*ir.Edge) {
	allowed := newCredentials(c, edges)
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
		for _, name := range sortedKeys(vars) {
			all = append(all, value.Secrets(vars[name])...)
		}
	}
	for _, name := range sortedKeys(f.Lists) {
		for _, record := range f.Lists[name] {
			for _, field := range record {
				all = append(all, value.Secrets(field)...)
			}
		}
	}
	all = append(all, value.InData(f.Exports)...)
	for _, slot := range sortedKeys(f.Parts) {
		for _, part := range f.Parts[slot] {
			all = append(all, value.InData(part)...)
		}
	}
	return all
}

// credentials are the secrets that a kind of the user's own may name.
type credentials struct {
	context *pass.Context
	edges   map[*ir.Node][]*ir.Edge // that touch a component
	near    map[string]bool         // components: those given, and the other ends of their links
	ids     map[string]bool         // credentials of links, and what links export
}

func newCredentials(c *pass.Context, edges map[*ir.Node][]*ir.Edge, nodes ...*ir.Node) *credentials {
	k := &credentials{c, edges, map[string]bool{}, map[string]bool{}}
	for _, n := range nodes {
		k.approach(n)
	}
	return k
}

// approach takes in a component, with what its links export for whoever links to it: of a rule of the user's own only the credential of that link.
func (k *credentials) approach(n *ir.Node) {
	if k.near[n.Name] {
		return
	}
	k.near[n.Name] = true
	for _, e := range k.edges[n] {
		if e.Source.Component() != n {
			continue
		}
		k.given(e, func(r kind.Result) []value.Secret { return value.InData(r.Out.Exports) })
		of := passwords(k.context, e)
		for _, s := range value.InData(plain(k.context.Of(n).Exports)) {
			k.ids[s.ID] = k.ids[s.ID] || of[s.ID]
		}
	}
}

// passwords are the IDs of the credential of a link.
func passwords(c *pass.Context, e *ir.Edge) map[string]bool {
	ids := map[string]bool{}
	if id, ok := c.Plan.Identities[e]; ok {
		for _, login := range id.Value().Logins() {
			ids[login.Password.ID] = true
		}
	}
	return ids
}

// given takes in what the rules of other kinds hand over at a link: they may pass on what they like.
func (k *credentials) given(e *ir.Edge, secrets func(kind.Result) []value.Secret) {
	for _, a := range k.context.Plan.Applied[e] {
		if a.Rule.Own {
			continue
		}
		for _, s := range secrets(a.Result) {
			k.ids[s.ID] = true
		}
	}
}

// add takes in what a link gives: its credential, what rules hand over at it, and the secrets that its ends name as their own.
func (k *credentials) add(e *ir.Edge) {
	maps.Copy(k.ids, passwords(k.context, e))
	k.approach(e.Source.Component())
	k.approach(e.Target.Component())
	k.given(e, func(r kind.Result) []value.Secret { return slices.Concat(secretsOf(r.Out), secretsOf(r.In)) })
}

// has says whether a secret may be named: one given at a link, or one whose name begins with a component at hand. What the user gave for the whole
// architecture is nobody's, also where a component is called config.
func (k *credentials) has(id string) bool {
	if k.ids[id] {
		return true
	}
	owner, _, found := strings.Cut(id, "/")
	return found && !strings.Contains(owner, ":") && k.near[owner] && k.context.Graph.Given[id] == nil
}
