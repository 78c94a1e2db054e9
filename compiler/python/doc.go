// Package python reads the little that a build has to know of Python sources: the names that a module defines, and the pins of a list of requirements.
// It never runs Python, and follows no import.
package python
