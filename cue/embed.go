// Package library is the embedded library of kinds: schema, kinds and the templates of the tree.
// It never holds logic. It is called library because cue is the name of CUE's own package, which its readers need too.
package library

import "embed"

// FS holds cue.mod, schema, form, kinds, gitops and tree. Names that begin with _ are in it, such as __init__.py; what the tests of a kind read is not.
//
//go:embed cue.mod schema form gitops kinds/*/*.cue all:kinds/*/python all:kinds/*/files all:tree
var FS embed.FS

// Cases holds what the tests of kinds read: testdata of each. It is not in the program.
//
//go:embed kinds/*/testdata
var Cases embed.FS
