// Package text writes templates, given texts, plain copies, lists of requirements, and variables without secrets.
// It never knows what a text is for.
package text
