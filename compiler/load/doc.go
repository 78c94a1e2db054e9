// Package load reads CUE: the library of kinds as Go values, and an architecture as a graph.
// It never decides: what it cannot read is a finding, and the rest goes on.
package load
