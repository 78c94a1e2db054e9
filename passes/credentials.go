package passes

import (
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

// credentials are the secrets that a kind of the user's own may name.
type credentials struct {
	context *pass.Context
	near    map[string]bool // components: those given, and the other ends of their links
	ids     map[string]bool // credentials of links, and what links export
}

func newCredentials(c *pass.Context, nodes ...*ir.Node) *credentials {
	k := &credentials{c, map[string]bool{}, map[string]bool{}}
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
	exported := value.InData(plain(k.context.Of(n).Exports))
	for _, e := range k.context.Graph.Outbound(n) {
		k.given(e, func(r kind.Result) []value.Secret { return value.InData(r.Out.Exports) })
		of := passwords(k.context, e)
		for _, s := range exported {
			k.ids[s.ID] = k.ids[s.ID] || of[s.ID]
		}
	}
}

// passwords are the IDs of the credential of a link.
func passwords(c *pass.Context, e *ir.Edge) map[string]bool {
	ids := map[string]bool{}
	if id, ok := c.Plan.Identities[e]; ok {
		for _, identity := range id.Value().All() {
			for _, login := range identity.Logins() {
				ids[login.Password.ID] = true
			}
			for _, s := range identity.Known.Secrets() {
				ids[s.ID] = true
			}
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
	graph := k.context.Graph
	return found && !strings.Contains(owner, ":") && k.near[owner] && (graph.Given[id] == nil || graph.GivenTo[id] == owner)
}
