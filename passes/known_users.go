package passes

import (
	"fmt"
	"reflect"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

// findKnown finds the credentials that links give, for a server whose users are there already.
func findKnown(c *pass.Context, server *ir.Node, credentials []*credential) {
	external := server.Description.External
	expected := external != nil && external.Given
	for _, cred := range credentials {
		said := cred.said()
		switch {
		case server.Invalid || cred.attribute() == "":
		case expected && len(said) == 0 && cred.of == nil:
			first := cred.asks[0].edge
			c.Report(diag.Diagnostic{
				Code: "E0211", Path: first.Path(), Pos: first.Pos, Message: fmt.Sprintf("%s has no credentials, and %s is a server whose users platc does not make", first.Name(), server.Name),
				Help: fmt.Sprintf("add %s: {user: \"…\", password: {env: \"NAME\"}} to the link, or admin to external of %s", cred.attribute(), server.Name),
			})
		case !expected && len(said) > 0:
			first := said[0].edge
			c.Report(diag.Diagnostic{
				Code: "E0212", Path: first.Path() + "." + cred.attribute(), Pos: first.AttrPos(cred.attribute()), Message: fmt.Sprintf("%s has %s, but platc makes the users of %s", first.Name(), cred.attribute(), server.Name),
				Help: "leave them out; they are for a server with external that has no admin",
			})
		case expected && len(said) > 0:
			cred.known = said[0].known()
			for _, other := range said[1:] {
				if !reflect.DeepEqual(other.given(), said[0].given()) {
					c.Report(diag.Diagnostic{
						Code: "E0208", Path: other.edge.Path() + "." + cred.attribute(), Pos: other.edge.AttrPos(cred.attribute()),
						Message: fmt.Sprintf("%s and %s give different %s, but share one user", said[0].edge.Name(), other.edge.Name(), cred.attribute()), Help: "give them at one of the links",
						Related: []diag.Related{{Message: "the others are here", Pos: said[0].edge.AttrPos(cred.attribute())}},
					})
				}
			}
		}
	}
	for _, cred := range credentials {
		if cred.of != nil {
			cred.known = cred.of.known // what runs as a user of its own elsewhere runs as the one that there is
		}
	}
}

// attribute is the link attribute that gives the credential.
func (c *credential) attribute() string { return c.asks[0].rule.Identity.Given }

// said are the links that give the credential.
func (c *credential) said() []ask {
	var all []ask
	for _, a := range c.asks {
		if a.given() != nil && c.of == nil {
			all = append(all, a)
		}
	}
	return all
}

// given is the credential as the link has it, nil without.
func (a ask) given() kind.Object {
	o, _ := a.edge.Attrs[a.rule.Identity.Given].(kind.Object)
	return o
}

// known is the credential as values: what is read elsewhere is a secret with the ID of the link.
func (a ask) known() *ir.Known {
	secret := func(key string) value.Value { return value.Secret{ID: a.edge.Link.Credential(key)} }
	user, plain := a.given()[ir.CredentialUser].(string)
	if plain {
		return &ir.Known{User: value.Literal(user), Password: secret(ir.CredentialPassword)}
	}
	return &ir.Known{User: secret(ir.CredentialUser), Password: secret(ir.CredentialPassword)}
}
