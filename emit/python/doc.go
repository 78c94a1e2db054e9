// Package python writes what Python reads beside its modules: the lists of requirements.
// It never edits Python text.
package python
