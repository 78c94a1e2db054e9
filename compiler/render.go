package compiler

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"sync"
	"time"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/output"
	"platc.dev/platc/emit/secrets"
	"platc.dev/platc/emit/text"
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
	nodes := chosen(b.Plan, o.Only)
	inputs := secretInputs(b.Plan, nodes)
	given, err := readGiven(b, inputs, o.ReadOnly)
	if err != nil {
		return nil, err
	}
	if b.Findings.HasErrors() {
		return nil, ErrFindings
	}
	files, err := renderComponents(b.Plan, nodes, o.Jobs)
	if err != nil {
		return nil, err
	}
	for _, e := range emitters() {
		if e.Tree == nil {
			continue
		}
		tree, err := e.Tree(b.Plan)
		if err != nil {
			return nil, fmt.Errorf("emitter %s: %w", e.Name, err)
		}
		files = append(files, tree...)
	}
	b.stage("emit", &started)
	out := &Output{Files: files}
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
	out.Refused = o.refuseNew(b, old, out.New)
	slices.SortFunc(out.Files, func(x, y emit.File) int { return cmp.Compare(x.Path, y.Path) })
	b.stage("secrets", &started)
	return out, nil
}

// chosen are the components to render, by name.
func chosen(p *ir.Plan, only []string) []*ir.Node {
	all := p.Graph.Components()
	if len(only) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(n *ir.Node) bool { return !slices.Contains(only, n.Name) })
}

// renderComponents runs every emitter for every component, several components at once; results stand in order of the components.
func renderComponents(p *ir.Plan, nodes []*ir.Node, jobs int) ([]emit.File, error) {
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	table := emitters()
	results := make([][]emit.File, len(nodes))
	errs := make([]error, len(nodes))
	kept := newContents()
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(jobs, max(1, len(nodes))) {
		workers.Go(func() {
			for i := range next {
				results[i], errs[i] = renderComponent(table, p, nodes[i])
				kept.share(results[i])
			}
		})
	}
	for i := range nodes {
		next <- i
	}
	close(next)
	workers.Wait()
	return slices.Concat(results...), errors.Join(errs...)
}

func renderComponent(table []emit.Emitter, p *ir.Plan, n *ir.Node) (files []emit.File, err error) {
	emitter := ""
	// a panic in a goroutine would end the process past every handler
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error in emitter %s: %v", emitter, r)
		}
	}()
	for _, e := range table {
		emitter = e.Name
		if e.Component == nil {
			continue
		}
		made, err := e.Component(p, n)
		if err != nil {
			return nil, fmt.Errorf("emitter %s: %w", e.Name, err)
		}
		files = append(files, made...)
	}
	return files, nil
}

// secretInputs are the files below secret/, in order of path.
func secretInputs(p *ir.Plan, nodes []*ir.Node) []secrets.Input {
	var all []secrets.Input
	for _, n := range nodes {
		for _, row := range p.Of[n].Rows {
			if !text.IsSecret(row.Path) {
				continue
			}
			in := secrets.Input{Path: path.Join(n.Name, row.Path), Component: n.Name}
			switch {
			case row.Environment != nil:
				in.Groups = environment(p, row.Environment)
			case row.IsDotenv:
				in.Groups = row.Dotenv
			case row.IsJSON:
				in.JSON = row.JSON
			default:
				continue
			}
			all = append(all, in)
		}
	}
	return all
}

// readGiven reads the secrets that the user gave, as far as a file holds them. Where nothing will be written, one that
// cannot be read is left out: the tree has it.
func readGiven(b *Build, inputs []secrets.Input, readOnly bool) (map[string]func() string, error) {
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

// environment is the variables of a component's links, a group for each provider, then further groups.
func environment(p *ir.Plan, e *kind.Environment) []kind.Group {
	groups := map[string]kind.Group{}
	for _, n := range p.Graph.Components() {
		if n.Name != e.Of {
			continue
		}
		np := p.Of[n]
		for name, d := range np.Env {
			if slices.Contains(e.Without, name) {
				continue
			}
			comment := np.EnvGroup[name]
			if groups[comment].Vars == nil {
				groups[comment] = kind.Group{Comment: comment, Vars: map[string]value.Value{}}
			}
			groups[comment].Vars[name] = d.Value
		}
	}
	all := make([]kind.Group, 0, len(groups))
	for _, g := range groups {
		all = append(all, g)
	}
	slices.SortFunc(all, func(x, y kind.Group) int { return cmp.Compare(x.Comment, y.Comment) })
	return append(all, e.Extra...)
}

func secretOptions(b *Build, o RenderOptions, given map[string]func() string) secrets.Options {
	home, _ := os.UserHomeDir()
	return secrets.Options{
		ArchDir: b.Graph.Dir, OutDir: o.Out, Recipients: b.Graph.Config.Recipients, Written: o.Written, Force: o.Force, Env: o.Env, Home: home, Random: o.Random, Given: given,
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
	for _, in := range secretInputs(b.Plan, b.Graph.Components()) {
		data, err := secrets.Display(in)
		if err != nil {
			return nil, err
		}
		all[in.Path] = data
	}
	return all, nil
}
