// Package pen is the right to write a decision: who can name its type can make one.
// It never leaves compiler/pass: Go keeps it below compiler/, and the table of packages in ARCHITECTURE.md lets ir and pass alone import it.
package pen
