package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/changes"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/output"
	"platc.dev/platc/emit/unified"
)

type diffOptions struct {
	common
	out, against string
	semantic     bool
}

func diffCommand(c *console) *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff [flags] [arch.cue | directory | package]",
		Short: "What a build would change: files, or with --semantic the architecture",
		Long: `Compares what a build would write with the tree in -o, or with --against: another revision of git, the folder of
another architecture, or the tree or archive of an earlier build. With two environments (-e A -e B) it compares these.
With --semantic it compares the architectures themselves, with HEAD unless --against names a revision or folder:
components, links, variables, identities, exposure, owners of data and images, each classed as losing data,
widening access, breaking, changing or additive. --format markdown is for a pull request.
It needs no key: of files with secrets it says whether they come or go.
It exits with 3 where there is a difference.`,
		Example: "  platc diff\n  platc diff --semantic --against main\n  platc diff -e staging -e prod\n  platc diff --against origin/main --format markdown",
		RunE:    func(_ *cobra.Command, args []string) error { return diff(c, &o, args) },
	}
	o.addInput(cmd.Flags())
	cmd.Flags().StringVarP(&o.out, "output", "o", "out", "the `DIR` of the last build")
	cmd.Flags().StringVar(&o.against, "against", "", "compare with a git revision, a folder or an archive: `REV|DIR|TAR`")
	cmd.Flags().BoolVar(&o.semantic, "semantic", false, "compare the architectures, not the files")
	o.addOutput(cmd.Flags(), "text", "json", "markdown")
	return cmd
}

// comparison is what diff finds.
type comparison struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Files []change
	Seen  []changes.Change

	builds []*compiler.Build // the new architecture, where Seen was looked for
}

// change is a file that differs.
type change struct {
	Path      string `json:"path"`
	Component string `json:"component"`
	Status    string `json:"status"`          // "added", "changed" or "removed"
	Secret    bool   `json:"secret"`          // it holds secrets: what they are is not compared
	Patch     string `json:"patch,omitempty"` // of a changed file: a unified diff
}

// side is one of the two things that are compared: an architecture, or the tree of a build.
type side struct {
	name  string
	build *compiler.Build // nil: a tree
	files func() (map[string]emit.File, error)
}

func diff(c *console, o *diffOptions, args []string) error {
	// a build of one environment writes what all share too
	o.choice.Alone = o.semantic || len(o.choice.Names) != 1
	in := o.input(c, args)
	b, err := checked(in)
	if err != nil {
		return err
	}
	if b.Graph == nil && len(args) == 1 && o.against == "" && !namesInput(args[0]) {
		if _, err := git(c.dir, "rev-parse", "--verify", "--quiet", "--end-of-options", args[0]+"^{commit}"); err == nil {
			return usage{args[0] + " is a revision of git, and here stands a file or a folder: the architecture", "write --against " + args[0]}
		}
	}
	if b.Findings.HasErrors() {
		return c.refuse(&o.common, b.Findings.Sorted())
	}
	was, now, done, err := o.sides(c, b, in)
	if err != nil {
		return err
	}
	defer done()
	found := comparison{From: was.name, To: now.name}
	if o.semantic || o.format.value == "markdown" && was.build != nil {
		found.Seen, found.builds = semantic(was.build, now.build), []*compiler.Build{now.build}
	}
	if !o.semantic {
		if found.Files, err = compareFiles(was, now); err != nil {
			return err
		}
	}
	if err := o.print(c, found); err != nil {
		return err
	}
	if len(found.Files)+len(found.Seen) > 0 {
		return exit(exitDifferent)
	}
	return nil
}

// sides are what is compared; done removes what was made for that.
func (o *diffOptions) sides(c *console, b *compiler.Build, in compiler.Input) (was, now side, done func(), err error) {
	done = func() {}
	now = o.ofBuild(b, "the working tree")
	if two := o.choice.Names; len(two) == 2 && o.against == "" {
		return o.ofEnvironment(b, two[0]), o.ofEnvironment(b, two[1]), done, nil
	}
	if len(o.choice.Names) > 1 {
		return was, now, done, usage{"diff compares two environments, or one with --against", "for example `platc diff -e staging -e prod`"}
	}
	against := o.against
	if against == "" && o.semantic {
		against = "HEAD"
	}
	if against == "" {
		return ofTree(o.out, b.Partial()), now, done, nil
	}
	info, err := os.Stat(c.path(against))
	switch {
	case err != nil && strings.HasPrefix(against, "."), err != nil && filepath.IsAbs(against):
		return was, now, done, usage{"--against " + against + ": there is no such folder or archive", "name an archive that `platc build -o x.tar` wrote, a folder, or a revision of git"}
	case err != nil && !strings.HasSuffix(against, ".tar"):
		was, done, err = o.ofRevision(c, in, against)
		return was, now, done, err
	case err != nil:
		return was, now, done, usage{"--against " + against + ": there is no such file", "name an archive that `platc build -o x.tar` wrote, a folder, or a revision of git"}
	case info.IsDir() && !isTree(c.path(against)):
		in.Args, in.Dir = nil, c.path(against)
		was, err = o.ofInput(in, against)
		return was, now, done, err
	case !info.IsDir() && !strings.HasSuffix(against, ".tar"):
		return was, now, done, usage{"--against " + against + ": it is no archive, whose name ends in .tar", "name the folder of an architecture, the output of a build, or a revision of git"}
	case o.semantic:
		return was, now, done, usage{"--semantic compares architectures, and " + against + " is the output of a build", "name a revision of git, or a folder with an arch.cue"}
	}
	return ofTree(against, b.Partial()), now, done, nil
}

// isTree says whether a folder is the output of a build.
func isTree(dir string) bool {
	_, found, err := output.Recorded(dir)
	return found || err != nil
}

func (o *diffOptions) ofBuild(b *compiler.Build, name string) side {
	return side{name: name, build: b, files: func() (map[string]emit.File, error) {
		files, err := compiler.Plain(b, o.out, 0)
		all := map[string]emit.File{}
		for _, f := range files {
			all[f.Path] = f
		}
		return all, err
	}}
}

// ofEnvironment is one environment of a build, with its folder as the root: two are compared file by file.
func (o *diffOptions) ofEnvironment(b *compiler.Build, name string) side {
	one := o.ofBuild(b.Of(name), name)
	return side{name: name, build: one.build, files: func() (map[string]emit.File, error) {
		files, err := one.files()
		own := map[string]emit.File{}
		for path, f := range files {
			if rest, ok := strings.CutPrefix(path, one.build.Graph.Folder()+"/"); ok {
				own[rest] = f
			}
		}
		return own, err
	}}
}

// ofInput is an architecture elsewhere. Of an environment that it does not have, it has what all environments share.
func (o *diffOptions) ofInput(in compiler.Input, name string) (side, error) {
	b, err := checked(in)
	added := b.Misuse != nil && b.Misuse.Unknown
	if added {
		in.Environments = compiler.Choice{Alone: true}
		b, err = checked(in)
	}
	if err != nil {
		return side{}, fmt.Errorf("--against %s: %w", name, err)
	}
	for _, d := range b.Findings.Sorted() {
		if d.Severity == diag.Error {
			return side{}, fmt.Errorf("--against %s: the architecture there has errors; the first is %s: %s", name, d.Code, d.Message)
		}
	}
	whole := o.ofBuild(b, name)
	if !added || len(b.Graph.Environments) == 0 {
		return whole, nil
	}
	return side{name: name, build: b.Of(o.choice.Names[0]), files: func() (map[string]emit.File, error) {
		files, err := whole.files()
		maps.DeleteFunc(files, func(_ string, f emit.File) bool { return f.Environment != "" })
		return files, err
	}}, nil
}

// ofTree is the output of an earlier build: what its record lists, as it is now. Of environments that were named it has those alone, and what all share.
func ofTree(name string, environments []string) side {
	return side{name: name, files: func() (map[string]emit.File, error) {
		var findings diag.List
		dir, archive := name, ""
		if strings.HasSuffix(name, ".tar") {
			dir, archive = "", name
		}
		old, err := output.OpenOld(dir, archive, &findings)
		if err != nil {
			return nil, err
		}
		defer old.Close()
		all := map[string]emit.File{}
		for _, f := range old.Files() {
			if len(environments) > 0 && f.Environment != "" && !slices.Contains(environments, f.Environment) {
				continue
			}
			switch f.Data, err = old.Read(f.Path); {
			case errors.Is(err, os.ErrNotExist):
				continue
			case err != nil:
				return nil, err
			}
			all[f.Path] = f
		}
		return all, nil
	}}
}

// compareFiles lists the files that differ, by path.
func compareFiles(was, now side) ([]change, error) {
	before, err := was.files()
	if err != nil {
		return nil, err
	}
	after, err := now.files()
	if err != nil {
		return nil, err
	}
	var all []change
	for _, path := range slices.Sorted(maps.Keys(before)) {
		if f := before[path]; after[path].Path == "" {
			all = append(all, change{Path: path, Component: f.Component, Status: "removed", Secret: f.Ownership == emit.State})
		}
	}
	for _, path := range slices.Sorted(maps.Keys(after)) {
		f, old := after[path], before[path]
		secret := f.Ownership == emit.State
		switch {
		case old.Path == "":
			all = append(all, change{Path: path, Component: f.Component, Status: "added", Secret: secret})
		case !secret && old.Ownership != emit.State && !bytes.Equal(old.Data, f.Data):
			all = append(all, change{Path: path, Component: f.Component, Status: "changed", Patch: unified.Diff(filepath.ToSlash(path), old.Data, f.Data)})
		}
	}
	slices.SortFunc(all, func(a, b change) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// semantic compares two architectures, environment by environment; two environments of one architecture with each other.
func semantic(was, now *compiler.Build) []changes.Change {
	before, after := was.Chosen(), now.Chosen()
	all := []changes.Change{}
	there := map[*compiler.Environment]bool{}
	for i, e := range after {
		old := counterpart(before, e, i, len(after))
		if old == nil {
			all = append(all, changes.Change{Environment: e.Name, Class: changes.Additive, What: "environment", Of: e.Name, Text: "new"})
			continue
		}
		there[old] = true
		for _, found := range changes.Between(old.Plan, e.Plan) {
			found.Environment = e.Name
			all = append(all, found)
		}
	}
	for _, old := range before {
		if !there[old] {
			all = append(all, changes.Change{Environment: old.Name, Class: changes.Breaking, What: "environment", Of: old.Name, Text: "removed"})
		}
	}
	return all
}

// counterpart is what an environment was before: the one of its name. What has no environments is the first one; and of one on each side, one took the place of the other.
func counterpart(before []*compiler.Environment, e *compiler.Environment, place, count int) *compiler.Environment {
	if i := slices.IndexFunc(before, func(old *compiler.Environment) bool { return old.Name == e.Name }); i >= 0 {
		return before[i]
	}
	if len(before) > 0 && place == 0 && (before[0].Name == "" || e.Name == "" || len(before) == 1 && count == 1) {
		return before[0]
	}
	return nil
}
