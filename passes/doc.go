// Package passes holds every decision, as one ordered table.
// It never names a kind and never touches a file.
package passes
