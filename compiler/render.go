package compiler

import (
	"cmp"
	"errors"
	"maps"
	"path"
	"runtime"
	"slices"
	"sync"
	"time"

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
	if b.Plan == nil || !b.Plan.Sealed {
		return nil, ErrFindings
	}
	defer func() { b.Findings.Conceal(b.Hidden) }()
	started := time.Now()
	tree := owners.Of(b.Plan)
	inputs, plain := rows(b.Plan, o.Only)
	if o.Last {
		b.Plan = nil
		b.Graph.Library.Forget()
	}
	plain, yours := inPlace(b.Graph, plain, o.Out, &b.Findings)
	given, err := readGiven(b, inputs, o.ReadOnly)
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
	out := &Output{Files: files, Yours: yours, Tree: tree}
	if out.secrets, err = b.standingSecrets(inputs, o); err != nil {
		return nil, err
	}
	if out.secrets.stand {
		out.Files = append(out.Files, out.secrets.files...)
		out.sort()
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
	options := secretOptions(b, o, given)
	options.Old = old.Read
	options.Drawn = func(n secrets.Drawn) { out.New = append(out.New, n) }
	options.Outside = func() { out.Outside = true }
	encrypted, devKey, err := secrets.Encrypt(inputs, options, &b.Findings)
	if err != nil {
		return nil, err
	}
	if b.Findings.HasErrors() {
		return nil, ErrFindings
	}
	out.Files, out.DevKey = append(out.Files, encrypted...), devKey
	out.secrets.files = encrypted
	out.Refused = o.refuseNew(b, old, out.New)
	out.sort()
	b.stage("secrets", &started)
	return out, nil
}

func (o *Output) sort() {
	slices.SortFunc(o.Files, func(x, y emit.File) int { return cmp.Compare(x.Path, y.Path) })
}

// placed is a row with its place in the tree.
type placed struct {
	row             kind.Row
	path, component string
}

// rows are the files to write: of the components chosen (none: all of them), then of the whole tree. Those with secrets come apart.
func rows(p *ir.Plan, only []string) (inputs []secrets.Input, plain []placed) {
	add := func(component string, rows []kind.Row) {
		for _, row := range rows {
			name := path.Join(component, row.Path)
			switch row.Content.(type) {
			case kind.Recipients, kind.Record: // emit/secrets and emit/output know what is in them
				continue
			}
			if row.Secret {
				inputs = append(inputs, secrets.InputOf(name, component, row.Content))
			} else {
				plain = append(plain, placed{row, name, component})
			}
		}
	}
	for _, n := range p.Graph.Components() {
		if len(only) == 0 || slices.Contains(only, n.Name) {
			add(n.Name, p.Of[n].Rows)
		}
	}
	add("", p.Tree.Rows)
	return inputs, plain
}

// render makes the files of rows, several at once; the results stand in order of the rows. What a file was made of is not held on to.
func render(made *made, all []placed, jobs int) ([]emit.File, error) {
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	files, errs := make([]emit.File, len(all)), make([]error, len(all))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(jobs, len(all)) {
		workers.Go(func() {
			for i := range next {
				files[i], errs[i] = made.take(all[i])
				all[i].row.Content = nil
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	workers.Wait()
	return files, errors.Join(errs...)
}

// readGiven reads the secrets that the user gave, as far as a file holds them. Where nothing will be written, one that
// cannot be read is left out: the tree has it.
func readGiven(b *Build, inputs []secrets.Input, readOnly bool) (map[string]func() string, error) {
	if len(b.Graph.Given) == 0 {
		return map[string]func() string{}, nil
	}
	places, err := secrets.Places(inputs)
	if err != nil {
		return nil, err
	}
	needed := map[string]bool{}
	for _, p := range places {
		needed[p.ID] = true
	}
	given := map[string]func() string{}
	for _, id := range slices.Sorted(maps.Keys(b.Graph.Given)) {
		if !needed[id] {
			continue
		}
		text, finding := b.Graph.Given[id]()
		switch {
		case finding == nil:
			given[id] = func() string { return text }
		case !readOnly:
			b.Findings.Add(*finding)
		}
	}
	return given, nil
}

func secretOptions(b *Build, o RenderOptions, given map[string]func() string) secrets.Options {
	return secrets.Options{
		ArchDir: b.Graph.Dir, OutDir: o.Out, Recipients: b.Graph.Config.Recipients, Written: o.Written, Force: o.Force, Env: o.Env, Home: o.Home, Random: o.Random, Given: given,
		ReadOnly: o.ReadOnly, NoDevKey: o.NoDevKey, Now: o.Now,
		Rotate: o.Rotate, Set: o.Set, Rekey: o.Rekey,
	}
}

// Secrets is the plaintext of every file below secret/ as golden files may hold it: each secret as "[secret ID]". It is keyed by path.
func Secrets(b *Build) (map[string][]byte, error) {
	if b.Plan == nil || !b.Plan.Sealed {
		return nil, ErrFindings
	}
	all := map[string][]byte{}
	inputs, _ := rows(b.Plan, nil)
	for _, in := range inputs {
		data, err := secrets.Display(in)
		if err != nil {
			return nil, err
		}
		all[in.Path] = data
	}
	return all, nil
}
