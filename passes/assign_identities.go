package passes

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

func assignIdentities() pass.Pass {
	return pass.Pass{
		Name:  "assign-identities",
		Doc:   "One credential per edge, or per pair of components: user name, password, access.",
		Codes: []string{"E0208", "E0211", "E0212"},
		After: []string{
			"find-rules", // the rules say which edges share a credential, and their attributes which access
		},
		Run:     runAssignIdentities,
		Promise: "No two credentials of a server have one user, and every user name fits every server.",
		Holds:   identitiesHold,
	}
}

// credential is one user on one server: the edges of one source to one resource, or to one component.
type credential struct {
	source, resource string // names before reduction
	style            string
	id               string // of the password: the source and the ID of the target, unreduced
	rotate           string // of kind.Identity
	user             string
	other            string // the user that takes turns with it, where users do
	asks             []ask
	of               *credential   // of a further credential: the first
	more             string        // of a further credential: the link attribute that asks for it
	clashes          []*credential // those that would have its user name, so that it has another one
	known            *ir.Known     // of a server that has the user already
}

// ask is an edge that uses a credential, and the rule that says so.
type ask struct {
	edge *ir.Edge
	rule *kind.Rule
}

func runAssignIdentities(c *pass.Context) bool {
	servers := map[*ir.Node]map[string]*credential{}
	for _, e := range c.Graph.Edges {
		for _, r := range e.Rules {
			if r.Identity == nil {
				continue
			}
			refuseOfProcess(c, e, r)
			addCredential(c, servers, e, r)
			break
		}
	}
	for _, server := range c.Graph.Components() {
		all := inOrder(servers[server])
		nameUsers(all)
		findKnown(c, server, all)
		for _, cred := range all {
			if cred.more != "" {
				continue
			}
			access := ""
			for _, a := range cred.asks {
				granted, _ := a.edge.Attrs["access"].(string)
				access = union(access, granted)
			}
			// the edges share the credential, so each of them decides on its access
			identity := cred.identity(access)
			for _, further := range all {
				if further.of == cred {
					identity.More[further.more] = further.identity("")
				}
			}
			id := pass.Decide(c, identity, cred.origins(c)...)
			for _, a := range cred.asks {
				c.Plan.Identities[a.edge] = id
			}
		}
	}
	return true
}

// refuseOfProcess finds links of a process that ask for a further credential: what needs one is done once for the whole component.
func refuseOfProcess(c *pass.Context, e *ir.Edge, r *kind.Rule) {
	if !e.Source.Kind.Process {
		return
	}
	for _, name := range r.Identity.More {
		if e.Attrs[name] == nil {
			continue
		}
		component := e.Source.Component().Name
		c.Report(diag.Diagnostic{
			Code: "E0208", Path: e.Path() + "." + name, Pos: e.AttrPos(name),
			Message: fmt.Sprintf("%s links to %q with %s, which a process cannot have of its own", e.Source.ID, e.As, name), Help: fmt.Sprintf("set %s on a link of %s to %s", name, component, e.As),
		})
	}
}

// namespaced is the name of a source as users of a server begin with it. Other architectures may use a server that is not deployed from here.
func namespaced(c *pass.Context, server *ir.Node, source string) string {
	if server.Description.External == nil {
		return source
	}
	return c.Graph.PartOf() + "_" + source
}

func addCredential(c *pass.Context, servers map[*ir.Node]map[string]*credential, e *ir.Edge, r *kind.Rule) {
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
		cred = &credential{source: namespaced(c, server, source.Name), resource: resource, style: r.Identity.Style, id: id}
		servers[server][id] = cred
	}
	cred.rotate = cmp.Or(cred.rotate, r.Identity.Rotate)
	cred.asks = append(cred.asks, ask{e, r})
	for _, name := range r.Identity.More {
		if e.Attrs[name] != nil && servers[server][id+"/"+name] == nil {
			servers[server][id+"/"+name] = &credential{
				source: cred.source, resource: resource + "_" + name, style: r.Identity.Style, id: id + "/" + name, rotate: r.Identity.Rotate, of: cred, more: name, asks: []ask{{e, r}},
			}
		}
	}
}

// origins are the links that use the credential, in their order, and then those of credentials that would have the same user.
func (c *credential) origins(context *pass.Context) []ir.Origin {
	var by []ir.Origin
	for _, a := range c.asks {
		by = append(by, context.From(a.edge, a.rule))
	}
	for _, other := range c.clashes {
		for _, a := range other.asks {
			o := context.From(a.edge, a.rule)
			o.Reason = fmt.Sprintf("the user %s is reduced to the same name", other.source+"_"+other.resource)
			by = append(by, o)
		}
	}
	return by
}

// identity is the credential as the plan has it. Passwords beside the first have its ID with an ending that no name of a component has.
func (c *credential) identity(access string) ir.Identity {
	id := ir.Identity{Login: ir.Login{User: c.user, Password: value.Secret{ID: c.id}}, Access: access, Known: c.known, More: map[string]ir.Identity{}}
	if c.known != nil {
		return id
	}
	switch c.rotate {
	case kind.RotateUsers:
		id.Other = ir.Login{User: c.other, Password: value.Secret{ID: c.id + "#2"}}
	case kind.RotatePasswords:
		id.Other = ir.Login{User: c.user, Password: value.Secret{ID: c.id + "#previous", Follows: c.id}}
	}
	return id
}

func inOrder(credentials map[string]*credential) []*credential {
	all := make([]*credential, 0, len(credentials))
	for _, key := range slices.Sorted(maps.Keys(credentials)) {
		all = append(all, credentials[key])
	}
	return all
}

// nameUsers gives every credential of a server its user: <source>_<resource>, reduced. Names that are equal after that all get the hash of what they were,
// and so does one that is equal to another's second user.
func nameUsers(credentials []*credential) {
	wanted := map[string][]*credential{} // by the names of their users, the second ones too
	for _, cred := range credentials {
		cred.user = reduce(cred.source+"_"+cred.resource, cred.style)
		wanted[cred.user] = append(wanted[cred.user], cred)
		if cred.rotate == kind.RotateUsers {
			second := cred.user + cred.style + "2"
			wanted[second] = append(wanted[second], cred)
		}
	}
	for _, cred := range credentials {
		for _, other := range wanted[cred.user] {
			if other != cred {
				cred.clashes = append(cred.clashes, other)
			}
		}
	}
	for _, cred := range credentials {
		if len(cred.clashes) > 0 || len(cred.user) > maxUser {
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

// owner is the access that holds all others.
const owner = "owner"

// union of two accesses; "" is none.
func union(a, b string) string {
	switch {
	case a == "" || a == b:
		return b
	case b == "":
		return a
	case a == owner || b == owner:
		return owner
	}
	return "readwrite"
}

func identitiesHold(c *pass.Context) error {
	type user struct {
		server *ir.Node
		name   string
	}
	fits, owner := regexp.MustCompile(`^[a-z0-9_-]{1,63}$`), map[user]string{}
	for e, d := range c.Plan.Identities {
		for _, identity := range d.Value().All() {
			for _, id := range identity.Logins() {
				u := user{e.Target.Component(), id.User}
				if other, ok := owner[u]; ok && other != identity.Password.ID || !fits.MatchString(id.User) || id.Password.ID == "" {
					return fmt.Errorf("%s has the user %q with the password %q, which is also that of %q", e.Name(), id.User, id.Password.ID, other)
				}
				owner[u] = identity.Password.ID
			}
		}
	}
	return nil
}
