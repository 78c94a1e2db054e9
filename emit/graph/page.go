package graph

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"

	"platc.dev/platc/compiler/ir"
)

var (
	//go:embed page.html.tmpl
	pageHTML string
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string
)

// pageLink is a link as the page knows it.
type pageLink struct {
	Source    string   `json:"source"` // ids
	Target    string   `json:"target"`
	From      string   `json:"from"` // components
	To        string   `json:"to"`
	As        string   `json:"as"`    // as written
	Given     string   `json:"given"` // attributes that were written
	Rules     []string `json:"rules"`
	Startup   bool     `json:"startup"`
	Highlight bool     `json:"highlight"`
	Place     string   `json:"place"`
}

// HTML is the graph as one page that loads nothing: the pictures with sub-components and without, to be moved, searched and asked. components is
// what it shows of each, as JSON a list of objects with an id.
func HTML(g *ir.Graph, o Options, components any) ([]byte, error) {
	css, err := style(":root[data-theme=dark] ")
	if err != nil {
		return nil, err
	}
	v := look(g, o)
	var pictures strings.Builder
	folded, expanded := o, o
	folded.Expand, expanded.Expand = false, true
	sceneOf(v, folded).draw(&pictures, g.PartOf(), "", true)
	sceneOf(v, expanded).draw(&pictures, g.PartOf(), "", true)
	links := make([]pageLink, len(v.edges))
	for i, e := range v.edges {
		links[i] = pageLink{
			Source: e.Source.ID, Target: e.Named().ID, From: e.Source.Component().ID, To: e.Named().Component().ID, As: e.As, Given: attributes(e), Rules: []string{},
			Startup: e.Startup, Highlight: o.Highlight != nil && o.Highlight.Edges[e], Place: e.Pos.String(),
		}
		for _, r := range e.Rules {
			links[i].Rules = append(links[i].Rules, r.Name())
		}
	}
	data, err := json.Marshal(map[string]any{"name": g.PartOf(), "components": components, "links": links, "expand": o.Expand}) // it escapes what would end a script
	if err != nil {
		return nil, fmt.Errorf("encode graph %s: %w", g.Name, err)
	}
	t, err := template.New("page.html.tmpl").Option("missingkey=error").Parse(pageHTML)
	if err != nil {
		return nil, fmt.Errorf("read the page of graphs: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, map[string]string{"name": template.HTMLEscapeString(g.PartOf()), "style": pageStyle + css, "tips": tips, "pictures": pictures.String(), "data": string(data), "script": pageScript}); err != nil {
		return nil, fmt.Errorf("write the page of graph %s: %w", g.Name, err)
	}
	return b.Bytes(), nil
}
