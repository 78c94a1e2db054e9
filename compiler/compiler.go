// Package compiler is the pipeline, top to bottom: load, passes, emitters, output.
// It never knows the domain.
package compiler

import (
	"io"
	"time"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/load"
	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/output"
	"platc.dev/platc/emit/secrets"
)

// Input is what a command reads.
type Input struct {
	Args []string                         // files of one package, a directory or a package path; empty: the working directory; Stdin: what that function gives
	Dir  string                           // the working directory; positions are relative to it
	Tags []string                         // key=value, for @tag
	Env  func(string) (string, bool)      // the environment
	Dump func(pass string, plan *ir.Plan) // called after every pass; may be nil

	Stdin func() ([]byte, error) // all of standard input, the same with each call; nil: there is none

	Hidden   *diag.Hidden // takes in what no output may show, also when the rest fails; nil: see Build
	Restrict *Restriction // of what {env} and {file} may read; nil: none
	Answers  kind.Answers // what built-in kinds said in an earlier build; nil: they are asked
	Kinds    *Kinds       // built-in kinds that an earlier check has read, or reads for the next; nil: they are read for this one
	Untraced bool         // nobody will ask where a line or a decision comes from, and what tells it is not kept

	Environments Choice // those that are asked for

	Deny []string // codes of warnings that count as errors, or "all"
}

// Stdin is the argument that stands for an architecture on standard input.
const Stdin = load.Stdin

// Restriction bounds what {env: NAME} and {file: PATH} of an architecture may read.
type Restriction = load.Restriction

// Kinds are the built-in kinds, which one check hands to the next. Two at the same time need two.
type Kinds = load.Kinds

// ModuleRoot is the nearest folder, a given one or above it, that has a cue.mod; "" without.
func ModuleRoot(dir string) string { return load.ModuleRoot(dir) }

// Build is what came of an input.
type Build struct {
	Graph        *ir.Graph      // of the first environment that was asked for; nil when loading failed
	Plan         *ir.Plan       // the same; not sealed when a pass found errors
	Environments []*Environment // that were read, in the order of their list; of an architecture without any there is one, which has no name
	Misuse       *Misuse        // what the command line says, and the architecture does not allow; nil: nothing
	Findings     diag.List
	Timings      []Timing
	Hidden       *diag.Hidden // what no output may show; the findings are without it

	made        *made             // of build contexts, before the rest
	some        bool              // environments were named: what is of the others stays
	differences []diag.Diagnostic // E0210
	accepts     map[accepted]bool // which `accept` was of use
}

// Environment is an architecture in one of its environments.
type Environment struct {
	Name   string // "": the architecture has none
	Chosen bool   // it was asked for: its files are written
	Graph  *ir.Graph
	Plan   *ir.Plan

	findings *diag.List // of loading and passes
	timings  []Timing
}

// Choice says which environments of an architecture are asked for.
type Choice = load.Choice

// Misuse is what the command line says, and the architecture does not allow.
type Misuse = load.Misuse

// Timing is how long a stage took.
type Timing struct {
	Stage string
	Took  time.Duration
}

// RenderOptions are what rendering needs beside the plan.
type RenderOptions struct {
	Out        string                                 // existing output directory, read for the secrets that are kept; "": there is none
	Archive    string                                 // what is written in its place, for messages; "": a directory
	State      string                                 // tree or archive of an earlier build, whose secrets are kept where Out has none; "": none
	Old        owners.Tree                            // what the record in Out, or else in State, says that it is
	Written    func(path string) (emit.Written, bool) // what the record in Out says of a file; nil: there is none
	Known      *output.Stamps                         // of an earlier build in Out: a file that still has its stamp, and what it was made of, is not made again; nil: all are
	Keys       string                                 // a sum of the keys at hand, with Known; "": not known
	Force      bool                                   // make files of secrets as wanted that were edited
	Env        func(string) (string, bool)
	Home       string // of the user, where SOPS keeps keys; "": none
	Random     io.Reader
	Now        func() time.Time
	ReadOnly   bool     // never make a development identity
	NoDevKey   bool     // E0401 instead of a development identity
	NewSecrets bool     // E0403 is passed
	Only       []string // components; empty: all and the files of the whole tree
	Jobs       int      // workers; 0: one per processor
	Local      string   // folder of the identity of a tree for one machine alone: neither recipients nor keys of the user count there, and a secret that cannot be read from outside is drawn; "": none
	Last       bool     // nobody looks at the plan afterwards: what files are made of goes as soon as they are made

	// of ChangeSecrets; see secrets.Options
	Rotate func(id string) bool
	Set    map[string]func() string
	Rekey  bool
}

// Output is the rendered files, in order of path, and what else has to be written.
type Output struct {
	Files   []emit.File
	DevKey  []byte          // a new development identity for .platc/dev.agekey beside arch.cue; nil: none
	New     []secrets.Drawn // credentials that were drawn, by name
	Refused diag.List       // E0403: what must not be written
	Tree    owners.Tree     // what the files stand for
	Yours   []string        // files and folders of the tree that are the user's own, and used in place
	Missing []string        // with RenderOptions.Local: why secrets were drawn that the user gives elsewhere
	Outside bool            // another program had a say in the secrets, such as sops

	secrets standingSecrets
}
