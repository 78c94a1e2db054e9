// Package owners says what a tree stands for: its architecture, the tags that chose its files, and who owns data; and what a new plan would
// leave behind of it. It never reads or writes a file.
package owners
