// Package pass checks and runs a table of passes, and is the only way to write a decision.
// It never knows a single pass.
package pass
