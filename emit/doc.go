// Package emit says what a file of the output is, and makes its bytes from what was decided.
// It never decides whether a file exists, nor what is in it.
package emit
