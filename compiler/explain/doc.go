// Package explain says what kinds and rules are, and where decisions and lines come from.
// It never decides anything, and never looks for words in a text.
package explain
