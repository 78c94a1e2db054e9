package compiler

import (
	"io/fs"
	"os"
	"path/filepath"
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
	b := &Build{Hidden: in.Hidden, made: newMade(in.Answers)}
	if b.Hidden == nil {
		b.Hidden = &diag.Hidden{}
	}
	defer func() { b.Findings.Conceal(b.Hidden) }()
	started := time.Now()
	graph, findings := load.Architecture(load.Source{Args: in.Args, Dir: in.Dir, Tags: in.Tags, Env: in.Env, Hidden: b.Hidden, Restrict: in.Restrict})
	b.Findings.AddAll(findings)
	b.stage("load", &started)
	if graph == nil {
		return b
	}
	graph.Library.Answers, graph.Library.Untraced = in.Answers, in.Untraced
	b.Graph, b.Plan = graph, ir.NewPlan(graph)
	c := &pass.Context{Graph: graph, Plan: b.Plan, Findings: &b.Findings, Digest: b.made.digest}
	pass.Run(passes.Table(), c, func(p pass.Pass, _ map[string]bool) {
		b.stage(p.Name, &started)
		if in.Dump != nil {
			in.Dump(p.Name, b.Plan)
			started = time.Now()
		}
	})
	return b
}

// Compare adds what the plan would leave behind of what a tree stands for. A plan with errors is not compared: what is missing in it says nothing.
func Compare(b *Build, old owners.Tree, o owners.Options) {
	if b.Plan == nil || !b.Plan.Sealed {
		return
	}
	started := time.Now()
	b.Findings.AddAll(owners.Compare(old, b.Plan, o))
	b.stage("compare", &started)
}

// stage closes a stage that began at started, and begins the next one.
func (b *Build) stage(name string, started *time.Time) {
	now := time.Now()
	b.Timings = append(b.Timings, Timing{Stage: name, Took: now.Sub(*started)})
	*started = now
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
