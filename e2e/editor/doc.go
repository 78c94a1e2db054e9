// Package editor proves what an editor shows of an arch.cue: the stock language server of CUE and `cue vet`, with the schema that `platc init` lays out, beside
// what platc itself says.
package editor
