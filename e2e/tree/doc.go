// Package tree makes the output trees that the end-to-end suites look at, and renders them.
// It never judges them.
package tree
