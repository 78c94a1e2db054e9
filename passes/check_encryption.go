package passes

import (
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func checkEncryption() pass.Pass {
	return pass.Pass{
		Name: "check-encryption",
		Doc:  "Connections in clear text that an attribute of the server could encrypt.",
		After: []string{
			"set-marks",   // both ends may be in a mesh, which encrypts
			"apply-rules", // an edge may compute the ports that it opens
		},
		Codes:   []string{"W0137"},
		Run:     runCheckEncryption,
		Promise: "Connections in clear text change no plan.",
		Holds:   func(*pass.Context) error { return nil },
	}
}

// maxNamed is how many servers the message names; the others are in what is related to it.
const maxNamed = 5

// runCheckEncryption warns once of all connections in clear text. A link that was lost may have been that of the mesh that encrypts them.
func runCheckEncryption(c *pass.Context) bool {
	if linksLost(c) {
		return true
	}
	clients := map[*ir.Node][]string{}
	for _, e := range c.Graph.Edges {
		if server := e.Target.Component(); inClear(c, e) {
			clients[server] = added(clients[server], e.Source.Component().Name)
		}
	}
	if len(clients) == 0 {
		return true
	}
	d := diag.Diagnostic{Code: "W0137", Path: "components", Pos: c.Graph.Pos, Help: "set tls: true on each server, or in external of one that is there already; or link a mesh to both ends"}
	var servers []string
	for _, n := range c.Graph.Components() {
		if len(clients[n]) > 0 {
			servers = append(servers, n.Name)
			d.Of = append(d.Of, n.Path()) // one that wants to encrypt may have a mistake in what says so
			d.Related = append(d.Related, diag.Related{Message: fmt.Sprintf("%s is reached in clear text by %s", n.Name, strings.Join(clients[n], ", ")), Pos: n.Pos})
		}
	}
	named := strings.Join(servers[:min(maxNamed, len(servers))], ", ")
	if more := len(servers) - maxNamed; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	d.Message = "connections to " + named + " are in clear text, and no mesh encrypts them"
	c.Report(d)
	return true
}

// inClear says whether an edge uses a port whose connections nothing encrypts.
func inClear(c *pass.Context, e *ir.Edge) bool {
	if e.Internal() {
		return false
	}
	server := e.Target.Component()
	return slices.ContainsFunc(server.Description.Cleartext, func(readable kind.Cleartext) bool {
		if marked(c, e.Source, readable.Unless) && marked(c, e.Target, readable.Unless) {
			return false
		}
		port := server.Description.Ports[readable.Port]
		return slices.ContainsFunc(c.Plan.Applied[e], func(a ir.Applied) bool {
			return slices.ContainsFunc(portsOf(c, e, a), func(o opened) bool { return o.port == port })
		})
	})
}

// marked says whether the component of a node has a mark.
func marked(c *pass.Context, n *ir.Node, mark string) bool {
	_, found := c.Of(n).Marks[mark]
	return found
}
