package kind

import (
	"io/fs"
	"slices"

	"platc.dev/platc/compiler/value"
)

// Content is what the bytes of a file are made of: one of the types below, and nothing else. A kind's table may hold each of them; of Modules,
// Folder, Each and a Copy of a folder the passes make one row for every file, so that in a plan every row is one file.
type Content interface{ isContent() }

// Objects are Kubernetes objects, one document each.
type Objects []Object

// Kustomization is a kustomization. A kind says no more of its resources than what is not below its folder; a pass adds the rest.
type Kustomization struct {
	Object Object
	Stray  []string // files below its folder that are no resources
}

// Text is a text that gets the generated header.
type Text struct {
	Text    string
	Comment string // prefix of a comment, where the file name does not say
}

// Verbatim is a text as it is.
type Verbatim string

// Template is a text/template; its result gets the generated header.
type Template struct {
	Name    string // of a file in Assets
	Comment string // as of Text
	Assets  fs.FS  // set by a pass, as Data and Bounded
	Data    Object // what the template sees
	Bounded bool   // it may come from a stranger, and must not hold up a build
}

// Copy is a file or, in a kind's table, a folder as it is.
type Copy struct {
	Name    string // of a file or folder in Assets
	Header  bool   // it gets the generated header
	Comment string // with Header: as of Text
	Assets  fs.FS  // set by a pass
}

// Dotenv is variables, in groups with a comment each.
type Dotenv []Group

// Environment is the variables of the links of one component or process. It is always secret: passwords are among them.
type Environment struct {
	Of      string   // the component, or the ID of a process
	Without []string // names that are left out
	Links   []Group  // its variables, set by a pass: a group for each provider, by comment
	Extra   []Group  // what the kind adds
	Instead []Instead
}

// Instead is a value that stands for another one wherever a variable holds that, such as the user of another credential.
type Instead struct{ Of, By value.Value }

// Groups are all variables, in order.
func (e Environment) Groups() []Group { return append(slices.Clip(e.Links), e.Extra...) }

// JSON is a JSON document: maps, lists, scalars and values.
type JSON struct{ Data any }

// Requirements is a list of pins, in a plan sorted.
type Requirements struct {
	Main bool // those of the component; a pass enters them into Pins
	Pins []string
}

// Folder is files of the user's own, as they are, below the path of the row; "{name}" in it stands for the name of the folder.
type Folder struct {
	Of   string    // the attribute that names them
	File *UserFile // in a plan: the file of the row
	Root string    // in a plan: the place of the copy of File.Root, relative as the path of the row
}

// Modules are the modules kept for a component, below the path of the row.
type Modules struct{}

// Each is a file for every name; in the path of the row, "{name}" stands for it.
type Each map[string]Row

// Recipients is .sops.yaml: who can open the secrets, and which values of which file are encrypted. Who they are is known when secrets are written.
type Recipients struct{}

// Record is what was written, with the hash of every file. It is known when everything else is.
type Record struct{}

// Picture is the architecture, drawn. Whoever draws it has the graph.
type Picture struct{}

// Local is how a component runs on one machine, as its kind says it; a pass makes local/compose.yaml of all of them.
type Local struct{ Said Object }

// Document is a YAML document, with its keys in the order of their names.
type Document struct{ Object Object }

func (Objects) isContent()       {}
func (Kustomization) isContent() {}
func (Text) isContent()          {}
func (Verbatim) isContent()      {}
func (Template) isContent()      {}
func (Copy) isContent()          {}
func (Dotenv) isContent()        {}
func (Environment) isContent()   {}
func (JSON) isContent()          {}
func (Requirements) isContent()  {}
func (Folder) isContent()        {}
func (Modules) isContent()       {}
func (Each) isContent()          {}
func (Recipients) isContent()    {}
func (Record) isContent()        {}
func (Picture) isContent()       {}
func (Local) isContent()         {}
func (Document) isContent()      {}

// Role is what a kustomization is applied for. A component has at most one of each role but Overlay.
type Role string

// Roles.
const (
	Deploy  Role = "deploy"  // scripts/deploy.sh and the top kustomization apply it; a component without one is not deployed
	Build   Role = "build"   // its Jobs build images, each called like its file
	Day2    Role = "day2"    // its Jobs test what runs
	Overlay Role = "overlay" // the user applies it in place of another one
)
