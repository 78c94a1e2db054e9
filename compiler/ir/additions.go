package ir

import (
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// Patch is a change of the user's own to an object of a file: what strategic merge makes of the two is deployed.
type Patch struct {
	File   string      // of the component, as the user names it
	Object kind.Object // with kind and metadata.name
	Given  *kind.Given // the same with places
	Pos    diag.Pos
	KeyPos diag.Pos // of the name of the file
}

// Extra is a file with Kubernetes objects of the user's own.
type Extra struct {
	File    *kind.UserFile
	Objects []*kind.Given // each with apiVersion, kind and metadata.name; places are those of the file
	Pos     diag.Pos      // where it is named
}

// Accept says of a warning that the user accepts it.
type Accept struct {
	Owner  string // the component whose warnings it is about; "": those of no component
	Code   string
	Reason string
	Path   string
	Pos    diag.Pos // of the code
}
