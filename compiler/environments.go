package compiler

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/load"
	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit/secrets"
	"platc.dev/platc/passes"
)

// load reads the architecture in its environments: in those asked for, or in all where these have to fit together.
func (b *Build) load(in Input) {
	s := load.Source{Args: in.Args, Dir: in.Dir, Tags: in.Tags, Env: in.Env, Stdin: in.Stdin, Hidden: b.Hidden, Restrict: in.Restrict, Kinds: in.Kinds}
	all, misuse := load.Environments(s, in.Environments)
	b.Misuse, b.some = misuse, len(in.Environments.Names) > 0
	before := map[string]bool{}
	for _, l := range all {
		e := &Environment{Name: l.Environment, Chosen: in.Environments.Has(l.Environment), Graph: l.Graph, findings: l.Findings}
		b.Environments = append(b.Environments, e)
		if e.Graph == nil {
			continue
		}
		e.Graph.BuiltBefore = map[string]bool{}
		for _, n := range e.Graph.Components() {
			e.Graph.BuiltBefore[n.Name] = before[n.Name]
			before[n.Name] = true
		}
	}
	for _, e := range b.Environments {
		if e.Graph == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(before)) {
			if _, own := e.Graph.BuiltBefore[name]; !own {
				e.Graph.Beside = append(e.Graph.Beside, name)
			}
		}
	}
}

// each calls f for the first environment, and then for the others, several at once: they take over what the first one was told. A panic reaches the caller.
func (b *Build) each(f func(e *Environment)) {
	if len(b.Environments) == 0 {
		return
	}
	f(b.Environments[0])
	var running sync.WaitGroup
	panics := make(chan any, len(b.Environments))
	for _, e := range b.Environments[1:] {
		running.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					panics <- r
				}
			}()
			f(e)
		})
	}
	running.Wait()
	select {
	case r := <-panics:
		panic(r)
	default:
	}
}

// conclude takes together what the environments say, and compares them with each other.
func (b *Build) conclude(in Input) {
	for _, e := range b.Environments {
		for _, t := range e.timings {
			b.Timings = append(b.Timings, Timing{Stage: e.named(t.Stage), Took: t.Took})
		}
	}
	if i := slices.IndexFunc(b.Environments, func(e *Environment) bool { return e.Chosen }); i >= 0 {
		b.Graph, b.Plan = b.Environments[i].Graph, b.Environments[i].Plan
	}
	b.say(func(e *Environment, found *diag.List) {
		found.AddAll(e.findings)
		e.checkRecipients(found)
	})
	b.checkImages()
	if len(b.Environments) > 1 && b.sealed() {
		b.across(in)
	}
	b.unaccepted()
}

// checkRecipients reports keys of arch.cue that nothing could be encrypted to, before a build has to.
func (e *Environment) checkRecipients(found *diag.List) {
	if e.Graph == nil {
		return
	}
	for i, text := range e.Graph.Config.Recipients {
		path := fmt.Sprintf("config.secrets.recipients[%d]", i)
		if err := secrets.CheckRecipient("config.secrets.recipients", text); err != nil && !found.Refused(path) {
			pos := e.Graph.Pos
			if given := e.Graph.ConfigGiven.At("secrets.recipients"); given != nil && i < len(given.Items) {
				pos = given.Items[i].Pos
			}
			found.Add(diag.Diagnostic{Code: "E0401", Path: path, Pos: pos, Message: err.Error(), Help: secrets.RecipientHelp})
		}
	}
}

// named is a text with the environment in front of it.
func (e *Environment) named(text string) string {
	if e.Name == "" {
		return text
	}
	return e.Name + ": " + text
}

// say adds what f finds in the environments.
func (b *Build) say(f func(e *Environment, found *diag.List)) {
	var names []string
	var found []*diag.List
	for _, e := range b.Environments {
		list := &diag.List{}
		f(e, list)
		b.accept(e, list)
		names, found = append(names, e.Name), append(found, list)
	}
	merged := diag.Merge(names, found, b.total())
	b.Findings.AddAll(&merged)
}

// total is how many environments the architecture has, those that were not read too.
func (b *Build) total() int {
	for _, e := range b.Environments {
		if e.Graph != nil {
			return len(e.Graph.Environments)
		}
	}
	return 0
}

// sealed says whether every environment has a plan without errors.
func (b *Build) sealed() bool {
	return len(b.Environments) > 0 && !slices.ContainsFunc(b.Environments, func(e *Environment) bool { return e.Plan == nil || !e.Plan.Sealed })
}

// Chosen are the environments that were asked for.
func (b *Build) Chosen() []*Environment {
	return slices.DeleteFunc(slices.Clone(b.Environments), func(e *Environment) bool { return !e.Chosen })
}

// Partial are the names of the environments whose files are written and pruned while the others stay; none: it is all, or there are none.
func (b *Build) Partial() []string {
	if !b.some {
		return nil
	}
	var names []string
	for _, e := range b.Chosen() {
		names = append(names, e.Name)
	}
	return names
}

// Tree is what the output stands for after the build of all that was asked for.
func (b *Build) Tree() owners.Tree {
	var trees []owners.Tree
	for _, e := range b.Chosen() {
		trees = append(trees, owners.Of(e.Plan))
	}
	return owners.Together(trees)
}

// forget lets go of what was decided: files are made of copies of the rows.
func (b *Build) forget() {
	b.Plan = nil
	for _, e := range b.Environments {
		e.Plan = nil
		e.Graph.Library.Forget()
	}
}

// Of is the build of one environment of those that were read: its files are written, and no others.
func (b *Build) Of(name string) *Build {
	one := *b
	one.Environments, one.some = nil, name != ""
	for _, e := range b.Environments {
		of := *e
		of.Chosen = e.Name == name
		if of.Chosen {
			one.Graph, one.Plan = e.Graph, e.Plan
		}
		one.Environments = append(one.Environments, &of)
	}
	return &one
}

// across compares the environments: they share images, and may share a cluster.
func (b *Build) across(in Input) {
	b.differences = b.imageDifferences(in)
	for _, d := range b.differences {
		b.Findings.Add(d)
	}
	for i, e := range b.Environments {
		for _, before := range b.Environments[:i] {
			b.Findings.AddAll(passes.Collisions(before.Plan, e.Plan))
		}
	}
}
