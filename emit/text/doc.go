// Package text writes templates, given texts, plain copies, and documents without secrets.
// It never knows what a text is for.
package text
