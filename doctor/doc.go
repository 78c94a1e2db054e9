// Package doctor looks at what a machine and a cluster have of what an architecture needs: programs, places of keys, operators. It never decides what is
// needed, changes nothing, and shows no key.
package doctor

import "time"

// Purpose is what somebody wants to do with an architecture.
type Purpose string

// The purposes, as the command line has them.
const (
	Deploy Purpose = "deploy"
	Up     Purpose = "up"
	Images Purpose = "images"
	GitOps Purpose = "gitops"
)

// Purposes are all of them, in the order in which they are told.
func Purposes() []Purpose { return []Purpose{Deploy, Up, Images, GitOps} }

// State is what came of a check.
type State string

// The states.
const (
	OK      State = "ok"
	Missing State = "missing" // it is needed
	Old     State = "old"     // older than what is needed
	Unknown State = "unknown" // it could not be asked, or does not say
	Absent  State = "absent"  // not there, and not needed: another one does the same, or nothing depends on it
)

// Check is one thing that was looked at.
type Check struct {
	Name    string    `json:"name"`
	State   State     `json:"state"`
	Version string    `json:"version"` // that was found; "": none, or unknown
	Wants   string    `json:"wants"`   // the oldest version that will do, or for a cluster "1.35 to 1.37"; "": any
	For     []Purpose `json:"for"`
	Note    string    `json:"note"` // what it is for, or what is wrong
}

// Report is what was found, and for each purpose that was asked for what keeps from it: nothing, if the list is empty.
type Report struct {
	Checks  []Check              `json:"checks"`
	Missing map[Purpose][]string `json:"missing"`
}

// Needs are what an architecture, or any of them, needs.
type Needs struct {
	Purposes      []Purpose // what there is to do
	Secrets       bool      // files that sops opens
	Oldest        string    // the oldest version of Kubernetes that the output is for: 1.35
	Newest        string    // the newest one that it was tested on
	Prerequisites []Prerequisite
	GitOps        string // the program of the engine that reads the output; "": none
	Key           Key
	Cluster       bool // whether to ask one
}

// Prerequisite is something that has to be in the cluster, and how the cluster shows it.
type Prerequisite struct {
	Name, Version string
	NeededBy      []string // components
	CRDs          []string // names of custom resource definitions
	Images        []string // ends of names of images, without tags, that show its version
	Annotation    string   // of its CRDs that shows its version
}

// Key is what is known of the private keys that open the secrets.
type Key struct {
	State  State  // "": there are no secrets
	Note   string // where they are, or where they were looked for
	Needed bool   // there are secrets that only such a key opens
}

// Options are how to look.
type Options struct {
	Context string        // of kubectl; "": the current one
	Timeout time.Duration // that each program may take
}
