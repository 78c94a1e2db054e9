package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/output"
	"platc.dev/platc/emit/secrets"
)

// buildOptions are the flags of build.
type buildOptions struct {
	common
	out        string
	check      bool
	force      bool
	adopt      bool
	noDevKey   bool
	newSecrets bool
	state      string
	only       []string
	jobs       int
	dump       string
	timings    bool
	follow     bool // --watch

	kinds *compiler.Kinds // from one build to the next; nil: there is one
	built owned           // what the last build read of the user's own; nil: nothing is known
}

// owned is the files and folders of the user's own that a build has read.
type owned interface {
	Own() []string
	OwnChanged() bool
}

func buildCommand(c *console) *cobra.Command {
	var o buildOptions
	cmd := &cobra.Command{
		Use:   "build [flags] [arch.cue | directory | package]",
		Short: "Check and compile an architecture, and write its files",
		Long: `Checks and compiles an architecture and writes the output of every component. It is all or nothing: after
an error, nothing is written. Files that did not change keep their times; files that are no longer emitted are
removed; files that platc did not write are never touched.`,
		Example: "  platc build\n  platc build -o deploy -t env=production arch.cue\n  platc build --check\n  platc build -o shop.tar --state out",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.valid(); err != nil {
				return err
			}
			if o.out == "-" && c.outTerminal {
				return usage{"-o - writes an archive, and stdout is a terminal", "redirect it to a file or a pipe, or give -o FILE.tar"}
			}
			if o.follow && slices.Contains(args, compiler.Stdin) {
				return usage{"--watch follows files, and - is stdin", "name the file"}
			}
			if o.follow {
				ctx, stop := interruptible(context.Background())
				defer stop()
				return watch(ctx, c, &o, args)
			}
			return build(context.Background(), c, &o, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.out, "output", "o", "out", "write to `DIR`, to one archive FILE.tar, or to - (an archive on stdout)")
	o.addInput(flags)
	flags.BoolVar(&o.check, "check", false, "write nothing; exit with 3 when the tree would change")
	flags.BoolVar(&o.force, "force", false, "overwrite files that were edited after platc wrote them")
	flags.BoolVar(&o.adopt, "adopt", false, "take over the tree of another architecture, or of other tags")
	flags.StringVar(&o.state, "state", "", "keep the secrets of an earlier build, `DIR|FILE.tar`, if -o has none")
	flags.BoolVar(&o.newSecrets, "new-secrets", false, "generate new credentials even if a running system may use others (E0403)")
	flags.BoolVar(&o.noDevKey, "no-dev-key", false, "never create a development identity; report E0401 instead")
	flags.StringArrayVar(&o.only, "only", nil, "write only the files of the component `NAME` (repeatable)")
	flags.IntVarP(&o.jobs, "jobs", "j", 0, "components to process in parallel, `N` (default: one per processor)")
	flags.StringVar(&o.dump, "dump-ir", "", "write the graph and the plan after every pass to `DIR`, as JSON")
	flags.BoolVar(&o.timings, "timings", false, "print how long each stage took")
	flags.BoolVar(&o.follow, "watch", false, "build again whenever a file of the architecture changes, until interrupted")
	o.addDeny(cmd)
	o.addOutput(flags, "text", "json", "sarif")
	return cmd
}

// archive says whether the output is one archive.
func (o *buildOptions) archive() bool { return o.out == "-" || strings.HasSuffix(o.out, ".tar") }

func (o *buildOptions) valid() error {
	switch {
	case o.out == "":
		return usage{"-o needs a directory, a file that ends in .tar, or -", ""}
	case filepath.Dir(filepath.Clean(o.out)) == filepath.Clean(o.out) && filepath.IsAbs(o.out):
		return usage{"-o " + o.out + " is the root of the file system", "a build has a folder of its own: name one"}
	case packed(o.out):
		return usage{"-o " + o.out + ": the only archive format is .tar", "compress it yourself: platc build -o FILE.tar, or -o - in a pipe"}
	case o.jobs < 0:
		return usage{fmt.Sprintf("-j %d: the number of jobs cannot be negative", o.jobs), ""}
	case o.archive() && o.check:
		return usage{"--check compares a directory, and -o names an archive", "give -o the directory of the last build"}
	case o.archive() && o.follow:
		return usage{"--watch writes to a directory, and -o names an archive", ""}
	case o.out == "-" && o.format.value != "text":
		return usage{"-o - writes an archive to stdout, where --format " + o.format.value + " writes diagnostics", "write the archive to a file, as -o FILE.tar"}
	case o.check && o.follow:
		return usage{"--check and --watch cannot be combined", ""}
	}
	return nil
}

// packed says whether a name is that of an archive that is not written, rather than of a directory.
func packed(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{".zip", ".tgz", ".tbz2", ".txz", ".tzst", ".7z", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tar.lz4"},
		func(ending string) bool { return strings.HasSuffix(name, ending) })
}

// interruptible is a context that a signal ends: writing then takes back what it did. Until there is something to take back, a signal
// ends the process at once, since nothing inside CUE would look at a context.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signals = append(signals, syscall.SIGHUP)
	}
	return signal.NotifyContext(ctx, signals...)
}

// build runs once.
func build(ctx context.Context, c *console, o *buildOptions, args []string) error {
	p := c.progress(&o.common)
	defer p.done()
	if !o.archive() {
		undo := output.Recover
		if o.force {
			undo = output.Repair
		}
		if err := undo(o.out); err != nil {
			return err
		}
	}
	p.stage("checking")
	in := o.input(c, args)
	in.Kinds = o.kinds
	receipt := o.receipt(c, in)
	started := time.Now()
	if findings, files, same := receipt.Same(started); same {
		o.built = receipt
		return o.unchanged(c, p, findings, files, started)
	}
	in.Answers = receipt.Answers()
	dumps := o.dumping(&in)
	b, err := checked(in)
	if err != nil {
		return err
	}
	o.built = b
	if err := dumps.write(o.dump, b.Hidden); err != nil {
		return err
	}
	if b.Findings.HasErrors() {
		return o.stopped(c, p, b, nil)
	}
	if err := o.known(b); err != nil {
		return err
	}
	found := slices.Concat(b.Findings.Sorted(), b.Findings.Accepted())
	old, stood, err := o.compare(b)
	if err != nil {
		return o.stopped(c, p, b, err)
	}
	if b.Findings.HasErrors() {
		return o.stopped(c, p, b, nil)
	}
	p.stage("generating the files of %s", plural(len(b.Graph.Components()), "component"))
	rendering := o.rendering(c)
	rendering.Old = stood
	rendering.Known, rendering.Keys = receipt.Known(), receipt.Keys()
	rendered, err := compiler.Render(b, rendering)
	if o.check && errors.Is(err, compiler.ErrFindings) && onlyEdited(b.Findings.Sorted()) {
		if err := o.finished(c, p, b, "", news{files: keptIn(o.out, 0)}); err != nil {
			return err
		}
		return exit(exitDifferent)
	}
	if err != nil {
		return o.stopped(c, p, b, err)
	}
	b.Findings.AddAll(&rendered.Refused)
	if o.archive() {
		return o.writeArchive(c, p, b, rendered)
	}
	p.stage("comparing %s with %s", plural(len(rendered.Files), "file"), o.out)
	change, err := output.Plan(o.out, rendered.Files, output.Options{Version: platcVersion(), Tree: rendered.Tree, Environments: b.Partial(), Old: &old, Only: o.only, Force: o.force, Workers: o.jobs, Known: receipt.Known(), Yours: rendered.Yours})
	if err != nil {
		return o.stopped(c, p, b, err)
	}
	b.Findings.AddAll(&change.Conflicts)
	said := news{drawn: rendered.New, overwritten: o.overwritten(rendered, change), would: o.check, files: writtenTo(o.out, change)}
	if o.check {
		return o.compared(c, p, b, change, said)
	}
	if b.Findings.HasErrors() {
		return o.refused(c, p, b)
	}
	p.stage("writing to %s", o.out)
	started = time.Now()
	ctx, stop := interruptible(ctx)
	defer stop()
	if err := o.keeping(b, rendered.DevKey, func() error { return output.Write(ctx, change) }); err != nil {
		return o.stopped(c, p, b, err)
	}
	b.Timings = append(b.Timings, compiler.Timing{Stage: "write", Took: time.Since(started)})
	receipt.Keep(b, found, rendered, change, time.Now())
	return o.finished(c, p, b, summary(o.out, change), said)
}

// compare finds what the build would leave behind of the tree that is there, or else of the one that --state names, and gives what the former stands for.
func (o *buildOptions) compare(b *compiler.Build) (old, stood owners.Tree, err error) {
	found := false
	if !o.archive() {
		if old, found, err = output.Recorded(o.out); err != nil {
			return old, stood, err
		}
	}
	stood, name := old, o.out
	if !found && o.state != "" {
		if stood, err = output.StateOf(o.state); err != nil {
			return old, stood, err
		}
		name = o.state
	}
	compiler.Compare(b, stood, owners.Options{Tree: name, Adopt: o.adopt, Only: o.only})
	return old, stood, nil
}

// onlyEdited says whether nothing but edits stops a build: then the tree differs, which is what --check tells.
func onlyEdited(findings []diag.Diagnostic) bool {
	return !slices.ContainsFunc(findings, func(d diag.Diagnostic) bool { return d.Severity == diag.Error && d.Code != "E0501" })
}

// overwritten lists what --force makes of edited files: of those of secrets by the names inside, never with values.
func (o *buildOptions) overwritten(rendered *compiler.Output, change *output.Change) []string {
	all := slices.Clone(change.Overwritten)
	for _, f := range rendered.Files {
		if len(f.Edited) == 0 || !o.force {
			continue
		}
		name := filepath.Join(o.out, filepath.FromSlash(f.Path))
		all = slices.DeleteFunc(all, func(s string) bool { return s == name })
		all = append(all, name+": "+strings.Join(f.Edited, ", "))
	}
	slices.Sort(all)
	return all
}

func (o *buildOptions) rendering(c *console) compiler.RenderOptions {
	r := compiler.RenderOptions{
		Out: o.out, Written: output.Written(o.out), State: o.state, NewSecrets: o.newSecrets, Force: o.force, Env: c.env, Home: c.home, Random: c.random, Now: time.Now,
		ReadOnly: o.check, NoDevKey: o.noDevKey, Only: o.only, Jobs: o.jobs, Last: true,
	}
	if o.archive() {
		r.Out, r.Archive, r.Written = "", "-o "+o.out, nil
	}
	return r
}

// errInterrupted says how a signal ended a build.
var errInterrupted = errors.New("interrupted; nothing was changed")

// known refuses --only with a name that no component has.
func (o *buildOptions) known(b *compiler.Build) error {
	var names []string
	for _, e := range b.Environments {
		for _, n := range e.Graph.Components() {
			names = append(names, n.Name)
		}
	}
	for _, name := range o.only {
		if slices.Contains(names, name) {
			continue
		}
		help := "name a component of arch.cue"
		if near := diag.Nearest(name, names); near != "" {
			help = fmt.Sprintf("did you mean %q?", near)
		}
		if whole, _, ok := strings.Cut(name, "/"); ok && slices.Contains(names, whole) {
			help = "files are those of a whole component: --only " + whole
		}
		return usage{fmt.Sprintf("--only: %s has no component %q", b.Graph.Name, name), help}
	}
	return nil
}

// keeping makes a new development identity before what is encrypted to it is written.
func (o *buildOptions) keeping(b *compiler.Build, key []byte, write func() error) error {
	if len(key) == 0 {
		return write()
	}
	err := output.WriteDevKey(b.Graph.Dir, key)
	if err == nil {
		return write()
	}
	b.Findings.Drop("W0116")
	if errors.Is(err, output.ErrDevKeyExists) {
		return err
	}
	b.Findings.Add(secrets.DevKeyUnwritten(err))
	return compiler.ErrFindings
}

// refused ends a build that must not be written. The development identity that it would have made does not exist.
func (o *buildOptions) refused(c *console, p *progress, b *compiler.Build) error {
	b.Findings.Drop("W0116")
	return o.stopped(c, p, b, nil)
}

// stopped ends a build that wrote nothing: with its findings, or with the trouble that stopped it.
func (o *buildOptions) stopped(c *console, p *progress, b *compiler.Build, err error) error {
	p.done()
	if reported := c.report(&o.common, &b.Findings); reported != nil {
		return reported
	}
	switch {
	case err == nil, errors.Is(err, compiler.ErrFindings):
		return exit(exitErrors)
	case err == context.Canceled: //nolint:errorlint // with more around it something else went wrong besides
		return errInterrupted
	}
	return err
}

// finished ends a build that is complete.
func (o *buildOptions) finished(c *console, p *progress, b *compiler.Build, summary string, said news) error {
	p.done()
	report := c.report
	if o.format.value == "json" {
		report = func(_ *common, findings *diag.List) error { return said.json(c.out, findings.Sorted(), c.source) }
	}
	if err := report(&o.common, &b.Findings); err != nil {
		return err
	}
	if o.timings {
		printTimings(c, b.Timings)
	}
	if o.format.value != "text" || o.quiet {
		return nil
	}
	if o.out == "-" { // stdout is the archive
		c.say("%s", said.text())
		return nil
	}
	_, err := fmt.Fprintf(c.out, "%s\n%s", summary, said.text())
	return err
}

// compared ends build --check: what would change is listed, and is a difference.
func (o *buildOptions) compared(c *console, p *progress, b *compiler.Build, change *output.Change, said news) error {
	var lines []string
	for _, list := range []struct {
		what    string
		entries []output.Entry
	}{{"added", change.Added}, {"changed", change.Changed}, {"removed", change.Removed}} {
		for _, e := range list.entries {
			lines = append(lines, fmt.Sprintf("%-8s %s", list.what, e.Path))
		}
	}
	if len(lines) == 0 {
		lines = append(lines, summary(o.out, change))
	}
	if err := o.finished(c, p, b, strings.Join(lines, "\n"), said); err != nil {
		return err
	}
	switch found := b.Findings.Sorted(); {
	case !onlyEdited(found):
		return exit(exitErrors)
	case change.Differs() || b.Findings.HasErrors():
		return exit(exitDifferent)
	}
	return nil
}

// writeArchive writes the tree as one archive and nothing else.
func (o *buildOptions) writeArchive(c *console, p *progress, b *compiler.Build, rendered *compiler.Output) error {
	if b.Findings.HasErrors() {
		return o.refused(c, p, b)
	}
	files := rendered.Files
	if len(o.only) > 0 {
		files = slices.DeleteFunc(slices.Clone(files), func(f emit.File) bool { return !slices.Contains(o.only, f.Component) })
	}
	tree := rendered.Tree
	if len(o.only) > 0 {
		tree = tree.Only(owners.Tree{}, func(_, component string) bool { return slices.Contains(o.only, component) })
	}
	err := o.keeping(b, rendered.DevKey, func() error {
		if o.out == "-" {
			return output.Archive(c.out, files, platcVersion(), tree)
		}
		return output.WriteArchive(o.out, files, platcVersion(), tree)
	})
	if err != nil {
		return o.stopped(c, p, b, err)
	}
	return o.finished(c, p, b, fmt.Sprintf("%s: %s", o.out, plural(len(files), "file")), news{drawn: rendered.New, files: archived(o.out, files)})
}

// summary is "out: 143 files: 12 added, 1 removed".
func summary(out string, change *output.Change) string {
	total := len(change.Added) + len(change.Changed) + len(change.Kept)
	var did []string
	for _, part := range []struct {
		n    int
		what string
	}{{len(change.Added), "added"}, {len(change.Changed), "changed"}, {len(change.Removed), "removed"}} {
		if part.n > 0 {
			did = append(did, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	if len(did) == 0 {
		did = append(did, "nothing changed")
	}
	return fmt.Sprintf("%s: %s, %s", out, plural(total, "file"), strings.Join(did, ", "))
}

func printTimings(c *console, timings []compiler.Timing) {
	var total time.Duration
	for _, t := range timings {
		total += t.Took
	}
	for _, t := range append(slices.Clone(timings), compiler.Timing{Stage: "total", Took: total}) {
		c.say("%-22s %10.1f ms\n", t.Stage, float64(t.Took.Microseconds())/1000)
	}
}

// dumps are the graph and the plan after every pass.
type dumps struct {
	mu     sync.Mutex // environments are compiled at the same time
	files  []emit.File
	passed map[string]int // passes seen, by environment
	err    error
}

// dumping takes a dump after every pass, when that was asked for.
func (o *buildOptions) dumping(in *compiler.Input) *dumps {
	d := &dumps{passed: map[string]int{}}
	if o.dump == "" {
		return d
	}
	in.Dump = func(pass string, plan *ir.Plan) {
		data, err := plan.Dump()
		d.mu.Lock()
		defer d.mu.Unlock()
		folder := plan.Graph.Environment
		d.passed[folder]++
		name := path.Join(folder, fmt.Sprintf("%02d-%s.json", d.passed[folder], pass))
		d.err = errors.Join(d.err, err)
		d.files = append(d.files, emit.File{Path: name, Data: data, Mode: 0o644, Ownership: emit.Generated})
	}
	return d
}

func (d *dumps) write(dir string, hidden *diag.Hidden) error {
	if d.err != nil || len(d.files) == 0 {
		return d.err
	}
	for i := range d.files {
		d.files[i].Data = []byte(hidden.Text(string(d.files[i].Data)))
	}
	return output.Dump(dir, d.files)
}
