package graph

import (
	"bytes"
	"encoding/json"
	"fmt"

	"platc.dev/platc/compiler/ir"
)

type jsonNode struct {
	ID        string `json:"id"`
	Kind      string `json:"kind"`
	Parent    string `json:"parent"`
	Namespace string `json:"namespace"`
	External  string `json:"external,omitempty"` // address of a server that is not deployed
	File      string `json:"file"`
	Line      int    `json:"line"`
}

type jsonEdge struct {
	Source string   `json:"source"`
	Target string   `json:"target"`
	Rules  []string `json:"rules"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
}

// JSON is the graph in the schema of the command line's contract: nodes by id, edges by source and target, rules as "from -> to".
func JSON(g *ir.Graph, o Options) ([]byte, error) {
	v := look(g, o)
	doc := struct {
		Nodes []jsonNode `json:"nodes"`
		Edges []jsonEdge `json:"edges"`
	}{make([]jsonNode, 0, len(v.nodes)), make([]jsonEdge, 0, len(v.edges))}
	for _, n := range v.nodes {
		node := jsonNode{ID: n.ID, Kind: n.Kind.Name, Namespace: n.Namespace(), File: n.Pos.File, Line: n.Pos.Line}
		if n.Parent != nil {
			node.Parent = n.Parent.ID
		}
		if n.Description.External != nil {
			node.External = n.Description.External.At
		}
		doc.Nodes = append(doc.Nodes, node)
	}
	for _, e := range v.edges {
		edge := jsonEdge{Source: e.Source.ID, Target: e.Named().ID, Rules: make([]string, 0, len(e.Rules)), File: e.Pos.File, Line: e.Pos.Line}
		for _, r := range e.Rules {
			edge.Rules = append(edge.Rules, r.Name())
		}
		doc.Edges = append(doc.Edges, edge)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("encode graph %s: %w", g.Name, err)
	}
	return b.Bytes(), nil
}
