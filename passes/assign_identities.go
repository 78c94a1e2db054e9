package passes

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

// credential is one user on one server: the edges of one source to one resource, or to one component.
type credential struct {
	source, resource string // names before reduction
	style            string
	id               string // of the password: the source and the ID of the target, unreduced
	rotate           string // of kind.Identity
	user             string
	other            string // the user that takes turns with it, where users do
	edges            []*ir.Edge
	rule             *kind.Rule
}

func assignIdentities(c *pass.Context) bool {
	servers := map[*ir.Node]map[string]*credential{}
	for _, e := range c.Graph.Edges {
		for _, r := range e.Rules {
			if r.Identity == nil {
				continue
			}
			addCredential(servers, e, r)
			break
		}
	}
	for _, server := range c.Graph.Components() {
		credentials := servers[server]
		name(credentials)
		for _, key := range sortedKeys(credentials) {
			cred := credentials[key]
			access := ""
			for _, e := range cred.edges {
				a, _ := e.Attrs["access"].(string)
				access = union(access, a)
			}
			for _, e := range cred.edges {
				c.Plan.Identities[e] = ir.Decided[ir.Identity]{Value: cred.identity(access), By: []ir.Origin{c.From(e, cred.rule)}}
			}
		}
	}
	return true
}

func addCredential(servers map[*ir.Node]map[string]*credential, e *ir.Edge, r *kind.Rule) {
	server, source := e.Target.Component(), e.Source.Component()
	resource, key := e.Target.Name, e.Target.ID
	if r.Identity.PerComponent {
		resource, key = server.Name, server.ID
	}
	if servers[server] == nil {
		servers[server] = map[string]*credential{}
	}
	id := source.Name + ":" + key
	cred := servers[server][id]
	if cred == nil {
		cred = &credential{source: source.Name, resource: resource, style: r.Identity.Style, id: id, rule: r}
		servers[server][id] = cred
	}
	cred.rotate = cmp.Or(cred.rotate, r.Identity.Rotate)
	cred.edges = append(cred.edges, e)
}

// identity is the credential as the plan has it. Passwords beside the first have its ID with an ending that no name of a component has.
func (c *credential) identity(access string) ir.Identity {
	id := ir.Identity{Login: ir.Login{User: c.user, Password: value.Secret{ID: c.id}}, Access: access}
	switch c.rotate {
	case kind.RotateUsers:
		id.Other = ir.Login{User: c.other, Password: value.Secret{ID: c.id + "#2"}}
	case kind.RotatePasswords:
		id.Other = ir.Login{User: c.user, Password: value.Secret{ID: c.id + "#previous", Follows: c.id}}
	}
	return id
}

// name gives every credential of a server its user: <source>_<resource>, reduced. Names that are equal after that all get the hash of what they were,
// and so does one that is equal to another's second user.
func name(credentials map[string]*credential) {
	count, seconds := map[string]int{}, map[string]bool{}
	for _, cred := range credentials {
		cred.user = reduce(cred.source+"_"+cred.resource, cred.style)
		count[cred.user]++
		if cred.rotate == kind.RotateUsers {
			seconds[cred.user+cred.style+"2"] = true
		}
	}
	for _, cred := range credentials {
		if count[cred.user] > 1 || len(cred.user) > maxUser || seconds[cred.user] {
			cred.user = withHash(cred.user, cred.id, cred.style, maxUser)
		}
		second := cred.style + "2"
		cred.other = cred.user + second
		if len(cred.other) > maxUser {
			cred.other = withHash(cred.user, cred.id, cred.style, maxUser-len(second)) + second
		}
	}
}

// maxUser is the longest user name that every server takes.
const maxUser = 63

// reduce keeps lower-case letters and digits; everything else becomes the style's own character.
func reduce(s, style string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return rune(style[0])
	}, strings.ToLower(s))
}

func withHash(user, of, style string, most int) string {
	sum := sha256.Sum256([]byte(of))
	hash := hex.EncodeToString(sum[:])[:8]
	if keep := most - len(hash) - 1; len(user) > keep {
		user = user[:keep]
	}
	return user + style + hash
}

// union of two accesses; "" is none.
func union(a, b string) string {
	switch {
	case a == "" || a == b:
		return b
	case b == "":
		return a
	}
	return "readwrite"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
