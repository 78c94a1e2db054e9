package compiler

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/load"
	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/passes"
)

// Check loads an architecture and runs the passes. Every finding is in the result; the plan is sealed when none is an error.
func Check(in Input) *Build {
	b := &Build{Hidden: in.Hidden}
	if b.Hidden == nil {
		b.Hidden = &diag.Hidden{}
	}
	defer func() { b.Findings.Conceal(b.Hidden) }()
	b.Findings.Deny(in.Deny)
	started := time.Now()
	b.load(in)
	b.stage("load", &started)
	b.made = newMade(in.Answers)
	// where something was refused, passes ask what rests on it
	refused := slices.ContainsFunc(b.Environments, func(e *Environment) bool { return e.findings.HasErrors() })
	for _, e := range b.Environments { // they may share one library
		if e.Graph != nil {
			e.Graph.Library.Answers, e.Graph.Library.Untraced, e.Graph.Library.Several = in.Answers, in.Untraced && !refused, len(b.Environments) > 1
		}
	}
	b.each(func(e *Environment) { b.plan(in, e) })
	b.conclude(in)
	return b
}

// plan runs the passes on an environment.
func (b *Build) plan(in Input, e *Environment) {
	if e.Graph == nil {
		return
	}
	started := time.Now()
	e.Plan = ir.NewPlan(e.Graph)
	mistaken := func() {
		if e.findings.HasErrors() {
			e.Graph.Library.Mistaken.Store(true)
		}
	}
	mistaken()
	c := &pass.Context{Graph: e.Graph, Plan: e.Plan, Findings: e.findings, Digest: b.made.digest}
	pass.Run(passes.Table(), c, func(p pass.Pass, _ map[string]bool) {
		mistaken()
		e.timings = staged(e.timings, p.Name, &started)
		if in.Dump != nil {
			in.Dump(p.Name, e.Plan)
			started = time.Now()
		}
	})
}

// Compare adds what the plan would leave behind of what a tree stands for. A plan with errors is not compared: what is missing in it says nothing.
func Compare(b *Build, old owners.Tree, o owners.Options) {
	if !b.sealed() {
		return
	}
	started := time.Now()
	o.Environments = b.Partial()
	b.say(func(e *Environment, found *diag.List) { found.AddAll(owners.Compare(old, e.Plan, o)) })
	b.Findings.AddAll(owners.Gone(old, b.Plan, o))
	b.stage("compare", &started)
}

// stage closes a stage that began at started, and begins the next one.
func (b *Build) stage(name string, started *time.Time) {
	b.Timings = staged(b.Timings, name, started)
}

func staged(timings []Timing, name string, started *time.Time) []Timing {
	now := time.Now()
	timings = append(timings, Timing{Stage: name, Took: now.Sub(*started)})
	*started = now
	return timings
}

// Library is the built-in kinds, and those of the folder kinds/ in dir. dir "" has none.
func Library(dir string) (*kind.Library, *diag.List) {
	var users fs.FS
	if dir != "" {
		kinds := filepath.Join(dir, "kinds")
		if info, err := os.Stat(kinds); err == nil && info.IsDir() {
			users, err = load.Folder(kinds)
			if err != nil {
				users = nil // what reads the architecture says so
			}
		}
	}
	return load.Library(users, "kinds")
}

// Versions is what everything emitted is pinned to.
func Versions() kind.Object { return load.Versions() }

// Passes is the table of passes.
func Passes() []pass.Pass { return passes.Table() }
