// Package judges has independent programs look at output trees: each says what is wrong with the files of its kind.
// It never decides what should be there; the exceptions that it knows are those of the contract, each with its reason.
package judges
