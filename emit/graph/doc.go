// Package graph draws the graph of an architecture: DOT, Mermaid, JSON.
// It never reads the plan.
package graph
