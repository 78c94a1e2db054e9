// Package bench makes architectures of any size and measures what the compiler does with them.
// It never takes a decision.
package bench
