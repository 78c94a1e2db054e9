// Package ir holds the graph of an architecture and the plan that passes write: origins, paths, order, dump, verification.
// It never decides.
package ir
