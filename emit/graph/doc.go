// Package graph draws the graph of an architecture: SVG, HTML, DOT, Mermaid, JSON.
// It never reads the plan.
package graph
