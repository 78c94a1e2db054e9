// Package value holds the typed values of variables and secret files: literals, secrets by name, and what is built of them.
// It never shows the text of a secret: that is known to emit/secrets alone, or was given by the user.
package value
