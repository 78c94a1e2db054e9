// Command platc reads flags, calls the compiler, prints what it says and sets the exit code.
// It never takes a decision.
package main
