package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/emit/output"
	"platc.dev/platc/local"
)

// localFolder is where the tree of one machine is, beside arch.cue, with an identity that is for nothing else.
const localFolder = ".platc/local"

// localOptions are the flags of the commands that run an architecture on one machine.
type localOptions struct {
	common
	timeout time.Duration
	follow  bool // --watch
	volumes bool
}

func (o *localOptions) add(cmd *cobra.Command) *cobra.Command {
	o.one()
	o.addInput(cmd.Flags())
	o.addQuiet(cmd.Flags())
	return cmd
}

// defaultTimeout bounds the wait for containers: a first start gets images.
const defaultTimeout = 15 * time.Minute

func upCommand(c *console) *cobra.Command {
	var o localOptions
	cmd := &cobra.Command{
		Use:   "up [COMPONENT…] [flags] [arch.cue | directory]",
		Short: "Run the architecture, or components with what they need, in containers on this machine",
		Long: `Builds into .platc/local beside arch.cue, with an identity and credentials that are for this machine alone, and
starts the containers by Docker Compose or Podman Compose: the pods of the cluster with the same images, variables and files.
It returns once all are ready, and prints where they are reached: ports of 127.0.0.1. Secrets are handed over in memory. A secret
that {env} or {file} cannot give is drawn, and named.
An argument that ends in .cue, or has a slash, is the architecture; every other is a component.`,
		Example: "  platc up\n  platc up orders --watch\n  platc up examples/shop/arch.cue",
		RunE: func(_ *cobra.Command, args []string) error {
			if o.timeout <= 0 {
				return usage{fmt.Sprintf("--timeout %s: it must be more than nothing", o.timeout), "for example --timeout 10m"}
			}
			ctx, stop := interruptible(context.Background())
			defer stop()
			components, input := split(args)
			if o.follow {
				// nothing that is changed in a file would bring one
				if _, err := local.Find(ctx); err != nil {
					if _, wrong := o.checked(c, input, components); wrong != nil {
						return wrong
					}
					return err
				}
				return watching(ctx, c, &o.common, filepath.Join(folder(c, input), localFolder), input, func() (owned, error) { return up(ctx, c, &o, components, input) })
			}
			_, err := up(ctx, c, &o, components, input)
			return err
		},
	}
	cmd.Flags().DurationVar(&o.timeout, "timeout", defaultTimeout, "how long containers may take until they are ready, `TIME`")
	cmd.Flags().BoolVar(&o.follow, "watch", false, "build again whenever a file of the architecture or own code changes, and restart what changed")
	return o.add(cmd)
}

// split parts components from the architecture.
func split(args []string) (components, input []string) {
	for _, arg := range args {
		if namesInput(arg) {
			input = append(input, arg)
		} else {
			components = append(components, arg)
		}
	}
	return components, input
}

// namesInput says whether an argument names an architecture rather than a component.
func namesInput(arg string) bool {
	return strings.HasSuffix(arg, ".cue") || strings.ContainsAny(arg, `/\`) || arg == "." || arg == ".." || arg == compiler.Stdin
}

// up is one round, and what it read of the user's own.
func up(ctx context.Context, c *console, o *localOptions, components, input []string) (owned, error) {
	p := c.progress(&o.common)
	defer p.done()
	p.stage("checking")
	b, project, err := o.build(ctx, c, input, components)
	p.done()
	if b == nil {
		return nil, err
	}
	if err == nil {
		err = o.start(ctx, c, p, b, project, components)
	}
	return b, err
}

// start starts containers, waits for them, and says where they are.
func (o *localOptions) start(ctx context.Context, c *console, p *progress, b *compiler.Build, project *local.Project, components []string) error {
	services, err := o.services(b, project, components)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	if err := project.Prepare(ctx); err != nil {
		return err
	}
	if !o.quiet {
		c.say("%s Compose %s: building images and starting containers\n", project.Engine.Program, project.Engine.Version)
	}
	if err := project.Up(ctx, services, o.quiet); err != nil {
		return err
	}
	if err := project.Wait(ctx, services, func(waiting []string) { p.stage("waiting for %s", strings.Join(waiting, ", ")) }); err != nil {
		return err
	}
	p.done()
	return o.ready(c, project, services)
}

// build checks the architecture, of which components were named, writes its tree for this machine and opens its secrets. Wrong use is told before
// what the machine lacks.
func (o *localOptions) build(ctx context.Context, c *console, input, components []string) (*compiler.Build, *local.Project, error) {
	b, err := o.checked(c, input, components)
	if err != nil {
		return b, nil, err
	}
	engine, err := local.Find(ctx)
	if err != nil {
		return nil, nil, err
	}
	home := filepath.Join(b.Graph.Dir, filepath.FromSlash(localFolder))
	out := filepath.Join(home, "out")
	if err := ignored(home); err != nil {
		return b, nil, err
	}
	if err := output.Repair(out); err != nil {
		return b, nil, err
	}
	rendering := compiler.RenderOptions{Out: out, Written: output.Written(out), Local: home, NewSecrets: true, Force: true, Env: c.env, Random: c.random, Now: time.Now}
	rendered, err := compiler.Render(b, rendering)
	if err != nil {
		return b, nil, o.refused(c, b, err)
	}
	for _, why := range rendered.Missing {
		c.say("%s: one is drawn for this machine\n", why)
	}
	change, err := output.Plan(out, rendered.Files, output.Options{Version: platcVersion(), Tree: rendered.Tree, Environments: b.Partial(), Force: true, Yours: rendered.Yours})
	if err != nil {
		return b, nil, o.refused(c, b, err)
	}
	b.Findings.AddAll(&change.Conflicts)
	if b.Findings.HasErrors() {
		return b, nil, o.refused(c, b, compiler.ErrFindings)
	}
	if len(rendered.DevKey) > 0 {
		if err := output.WriteDevKey(home, rendered.DevKey); err != nil {
			return b, nil, err
		}
	}
	if err := output.Write(ctx, change); err != nil {
		return b, nil, o.refused(c, b, err)
	}
	project, err := compiler.Local(b, rendering)
	if err != nil {
		return b, nil, err
	}
	return b, o.attached(c, project, engine), nil
}

// attached gives a project what is around it.
func (o *localOptions) attached(c *console, p *local.Project, engine local.Engine) *local.Project {
	runtimeDir, _ := c.env("XDG_RUNTIME_DIR")
	p.Memory, p.Engine = local.Memory(runtimeDir, p.Name), engine
	p.In, p.Out, p.Err, p.Random, p.Now = c.in, c.out, c.err, c.random, time.Now
	return p
}

// checked checks the architecture, and that it has the components that were named. Warnings are for a build; only what the containers lack is said here.
func (o *localOptions) checked(c *console, input, components []string) (*compiler.Build, error) {
	b, err := checked(o.input(c, input))
	if err != nil {
		return nil, err
	}
	if b.Findings.HasErrors() {
		return b, o.refused(c, b, compiler.ErrFindings)
	}
	if _, err := o.services(b, compiler.LocalProject(b, ""), components); err != nil {
		return nil, err
	}
	left := slices.DeleteFunc(b.Findings.Sorted(), func(d diag.Diagnostic) bool { return d.Code != "W0140" })
	return b, c.reportText(&o.common, left)
}

func (o *localOptions) refused(c *console, b *compiler.Build, err error) error {
	if !errors.Is(err, compiler.ErrFindings) {
		return err
	}
	failed := slices.DeleteFunc(b.Findings.Sorted(), func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
	return c.refuse(&o.common, failed)
}

// ignored keeps the folder of this machine out of version control.
func ignored(home string) error {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(home, ".gitignore"), []byte("*\n"), 0o644)
}

// services are the containers of components, none: all; a name that no component has, and one without containers, is refused.
func (o *localOptions) services(b *compiler.Build, p *local.Project, components []string) ([]string, error) {
	for _, name := range components {
		if len(p.Of([]string{name})) == 0 {
			return nil, unknownLocal(b, p, name)
		}
	}
	return p.Of(components), nil
}

func unknownLocal(b *compiler.Build, p *local.Project, name string) error {
	var known []string
	for _, s := range p.Services {
		known = append(known, s.Component)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	help := "those that run here are " + orDash(known)
	if near := diag.Nearest(name, known); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	if n := b.Graph.Node(name); n != nil && n.Parent == nil {
		return usage{fmt.Sprintf("%s has no container on one machine", name), help}
	}
	return usage{fmt.Sprintf("%s has no component %q", b.Graph.Name, name), help}
}

// ready prints where containers are reached.
func (o *localOptions) ready(c *console, p *local.Project, services []string) error {
	if o.quiet {
		return nil
	}
	rows := [][]string{{"SERVICE", "PORT", "ADDRESS"}}
	for _, port := range p.Ports {
		if len(services) > 0 && !slices.Contains(services, port.Service) {
			continue
		}
		note := fmt.Sprintf("127.0.0.1:%d", port.Machine)
		if !port.Usual {
			note += " (the usual port is in use)"
		}
		rows = append(rows, []string{port.Service, fmt.Sprint(port.Container), note})
	}
	if err := c.printTable(rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.out, "%s is ready; `platc logs`, `platc ps`, `platc down`\n", p.Architecture)
	return err
}
