// Package kind holds kinds, rules and their effects as Go values, and checks what a user wrote against their types.
// It never knows CUE or the graph.
package kind
