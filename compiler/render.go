package compiler

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/output"
	"platc.dev/platc/emit/secrets"
)

// ErrFindings is returned when a build has errors, which are in its findings.
var ErrFindings = errors.New("the architecture has errors")

// Render makes every file of a checked build. Findings of secrets are added to those of the build.
func Render(b *Build, o RenderOptions) (*Output, error) {
	if !b.sealed() {
		return nil, ErrFindings
	}
	defer func() { b.Findings.Conceal(b.Hidden) }()
	started := time.Now()
	tree := b.Tree()
	sets, plain := b.rows(o.Only)
	if o.Last {
		b.forget()
	}
	plain, yours := inPlace(plain, o.Out, &b.Findings)
	missing, err := b.readGiven(sets, o)
	if err != nil {
		return nil, err
	}
	if b.Findings.HasErrors() {
		return nil, ErrFindings
	}
	if b.made == nil {
		b.made = newMade(nil) // the plan is not one of Check
	}
	b.made.standing = o.Known.Standing(o.Out)
	defer b.made.standing.Close()
	files, err := render(b.made, plain, o.Jobs)
	if m, ok := errors.AsType[*kind.Mistakes](err); ok {
		b.Findings.Add(m.Found[0])
		return nil, ErrFindings
	}
	if err != nil {
		return nil, err
	}
	b.stage("emit", &started)
	out := &Output{Files: files, Yours: yours, Tree: tree, Missing: missing}
	if out.secrets, err = b.standingSecrets(sets, o); err != nil {
		return nil, err
	}
	if out.secrets.stand {
		out.Files = append(out.Files, out.secrets.files...)
		slices.SortFunc(out.Files, byPath)
		b.stage("secrets", &started)
		return out, nil
	}
	old, err := output.OpenOld(o.Out, o.State, &b.Findings)
	if err != nil {
		return nil, err
	}
	defer old.Close()
	if b.Findings.HasErrors() {
		return nil, ErrFindings
	}
	if err := b.encrypt(sets, o, old, out); err != nil {
		return nil, err
	}
	if b.Findings.HasErrors() {
		return nil, ErrFindings
	}
	out.Files = append(out.Files, out.secrets.files...)
	slices.SortFunc(out.Files, byPath)
	b.stage("secrets", &started)
	return out, nil
}

// Plain makes the files of a checked build, in order of path. Those that hold secrets, or that depend on keys, have no Data and are of the ownership State: it needs no key and
// no value from outside, and reads nothing of a tree; out is where one is, for files of the user's own that are used in place, "" where there is none.
func Plain(b *Build, out string, jobs int) ([]emit.File, error) {
	if !b.sealed() {
		return nil, ErrFindings
	}
	sets, plain := b.rows(nil)
	plain, _ = inPlace(plain, out, &b.Findings)
	files, err := render(b.made, plain, jobs)
	if err != nil {
		return nil, err
	}
	for i, s := range sets {
		for _, in := range s.inputs {
			files = append(files, emit.File{Path: in.Path, Component: in.Component, Environment: s.Name, Ownership: emit.State})
		}
		for _, row := range s.Plan.Tree.Rows {
			if _, ok := row.Content.(kind.Recipients); ok && i == 0 {
				files = append(files, emit.File{Path: row.Path, Ownership: emit.State})
			}
		}
	}
	slices.SortFunc(files, byPath)
	return files, nil
}

func byPath(x, y emit.File) int { return cmp.Compare(x.Path, y.Path) }

// placed is a row with its place in the tree.
type placed struct {
	row                          kind.Row
	path, component, environment string
	of                           *ir.Graph
}

// set is the secrets of an environment.
type set struct {
	*Environment

	inputs []secrets.Input
	given  map[string]func() string // what the user gave of them
}

// rows are the files to write: of the components chosen (none: all of them), then of the whole tree. Those with secrets come apart, for each environment that was
// asked for. What all share is taken from the first environment that has the component.
func (b *Build) rows(only []string) (sets []*set, plain []placed) {
	for i, e := range b.Environments {
		own := &set{Environment: e}
		add := func(component, name, environment string, row kind.Row) {
			switch row.Content.(type) {
			case kind.Recipients, kind.Record: // emit/secrets and emit/output know what is in them
				return
			}
			switch {
			case row.Secret && e.Chosen:
				own.inputs = append(own.inputs, secrets.InputOf(name, component, row.Content))
			case !row.Secret && (environment == "" || e.Chosen):
				plain = append(plain, placed{row, name, component, environment, e.Graph})
			}
		}
		for _, n := range e.Graph.Components() {
			if len(only) > 0 && !slices.Contains(only, n.Name) {
				continue
			}
			for _, row := range e.Plan.Of[n].Rows {
				name, shared := e.Plan.Place(n, row)
				switch {
				case !shared || row.Secret && !e.Graph.BuiltBefore[n.Name]: // a secret is for the recipients of an environment
					add(n.Name, name, e.Name, row)
				case !row.Secret && !e.Graph.BuiltBefore[n.Name]:
					add(n.Name, name, "", row)
				}
			}
		}
		for _, row := range e.Plan.Tree.Rows {
			if row.Environment != "" || i == 0 {
				add("", row.Path, row.Environment, row)
			}
		}
		for _, row := range e.Plan.GitOps.Rows {
			add("", row.Path, e.Name, row)
		}
		if e.Chosen {
			sets = append(sets, own)
		}
	}
	return sets, plain
}

// render makes the files of rows, several at once; the results stand in order of the rows. What a file was made of is not held on to.
func render(made *made, all []placed, jobs int) ([]emit.File, error) {
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	files, errs := make([]emit.File, len(all)), make([]error, len(all))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(jobs, len(all)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(all)); i = next.Add(1) - 1 {
				files[i], errs[i] = made.take(all[i])
				all[i].row.Content = nil
			}
		})
	}
	workers.Wait()
	return files, errors.Join(errs...)
}

// readGiven reads the secrets that the user gave, as far as a file holds them. Where nothing will be written, one that
// cannot be read is left out: the tree has it.
func (b *Build) readGiven(sets []*set, o RenderOptions) (missing []string, err error) {
	for _, s := range sets {
		report := b.finding(s.Environment)
		switch {
		case o.Local != "":
			report = func(d diag.Diagnostic) { missing = append(missing, d.Message) }
		case o.ReadOnly:
			report = func(diag.Diagnostic) {}
		}
		if s.given, err = s.read(report); err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// finding adds findings that one environment alone has.
func (b *Build) finding(e *Environment) func(diag.Diagnostic) {
	return func(d diag.Diagnostic) {
		if e.Name != "" {
			d.Environments = []string{e.Name}
		}
		b.Findings.Add(d)
	}
}

func (s *set) read(report func(diag.Diagnostic)) (map[string]func() string, error) {
	given := map[string]func() string{}
	if len(s.Graph.Given) == 0 {
		return given, nil
	}
	places, err := secrets.Places(s.inputs)
	if err != nil {
		return nil, err
	}
	needed := map[string]bool{}
	for _, p := range places {
		needed[p.ID] = true
	}
	for _, id := range slices.Sorted(maps.Keys(s.Graph.Given)) {
		if !needed[id] {
			continue
		}
		text, finding := s.Graph.Given[id]()
		if finding != nil {
			report(*finding)
			continue
		}
		given[id] = func() string { return text }
	}
	return given, nil
}

// encrypt makes the files of secrets, those of one environment after the other: each has its own recipients, and nothing of another's.
func (b *Build) encrypt(sets []*set, o RenderOptions, old *output.Old, out *Output) error {
	config, err := old.Read(secrets.ConfigFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read %s: %w", secrets.ConfigFile, err)
	}
	var configEdited []string
	for _, s := range sets {
		var drawn []secrets.Drawn
		options := s.options(o)
		options.Old, options.Written = s.before(o, old)
		options.Given = s.given
		options.Config, options.DevKey = config, out.DevKey
		options.Drawn = func(n secrets.Drawn) {
			n.Environment = s.Name
			drawn = append(drawn, n)
		}
		options.Outside = func() { out.Outside = true }
		var found diag.List
		files, devKey, err := secrets.Encrypt(s.inputs, options, &found)
		if err != nil {
			return err
		}
		b.accept(s.Environment, &found)
		for _, d := range slices.Concat(found.Sorted(), found.Accepted()) {
			b.finding(s.Environment)(d)
		}
		for _, f := range files {
			if f.Path == secrets.ConfigFile {
				config = f.Data
				configEdited = append(configEdited, f.Edited...)
				f.Edited = configEdited
				out.secrets.files = slices.DeleteFunc(out.secrets.files, func(f emit.File) bool { return f.Path == secrets.ConfigFile })
			} else {
				f.Environment = s.Name
			}
			out.secrets.files = append(out.secrets.files, f)
		}
		if devKey != nil {
			out.DevKey = devKey
		}
		out.New = append(out.New, drawn...)
		refused := o.refuseNew(s.Environment, old, drawn)
		out.Refused.AddAll(&refused)
	}
	return nil
}

// before is what an earlier build left of a file. The one that takes over a tree without environments, or that of an environment, finds what was there.
func (e *Environment) before(o RenderOptions, old *output.Old) (func(string) ([]byte, error), func(string) (emit.Written, bool)) {
	written := o.Written
	if written == nil {
		written = func(string) (emit.Written, bool) { return emit.Written{}, false }
	}
	elsewhere := func(name string) (string, bool) {
		from := owners.Predecessor(o.Old, e.Name)
		if o.Old.Architecture == "" || from == e.Name {
			return "", false
		}
		return strings.TrimPrefix(path.Join(folderOf(from), strings.TrimPrefix(name, folderOf(e.Name)+"/")), "/"), name != secrets.ConfigFile
	}
	read := func(name string) ([]byte, error) {
		data, err := old.Read(name)
		if other, ok := elsewhere(name); ok && errors.Is(err, fs.ErrNotExist) {
			return old.Read(other)
		}
		return data, err
	}
	return read, func(name string) (emit.Written, bool) {
		w, ok := written(name)
		if other, moved := elsewhere(name); moved && !ok {
			return written(other)
		}
		return w, ok
	}
}

func folderOf(environment string) string { return (&ir.Graph{Environment: environment}).Folder() }

func (e *Environment) options(o RenderOptions) secrets.Options {
	if o.Local != "" {
		return secrets.Options{ArchDir: o.Local, OutDir: o.Out, Written: o.Written, Force: true, Random: o.Random, Environment: e.Name, Environments: e.Graph.Environments, Now: o.Now}
	}
	return secrets.Options{
		ArchDir: e.Graph.Dir, OutDir: o.Out, Recipients: e.Graph.Config.Recipients, Written: o.Written, Force: o.Force, Env: o.Env, Home: o.Home, Random: o.Random,
		Environment: e.Name, Environments: e.Graph.Environments, ReadOnly: o.ReadOnly, NoDevKey: o.NoDevKey, Now: o.Now,
		Rotate: o.Rotate, Set: o.Set, Rekey: o.Rekey,
	}
}

// Secrets is the plaintext of every file below secret/ as golden files may hold it: each secret as "[secret ID]". It is keyed by path.
func Secrets(b *Build) (map[string][]byte, error) {
	if !b.sealed() {
		return nil, ErrFindings
	}
	all := map[string][]byte{}
	sets, _ := b.rows(nil)
	for _, s := range sets {
		for _, in := range s.inputs {
			data, err := secrets.Display(in)
			if err != nil {
				return nil, err
			}
			all[in.Path] = data
		}
	}
	return all, nil
}
