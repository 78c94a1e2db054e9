// Package diag holds findings: code, position, help, and how they are printed as text, JSON and SARIF.
// It never stops the build itself.
package diag
