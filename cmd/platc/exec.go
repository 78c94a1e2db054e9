package main

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"slices"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/local"
)

// behind parts the arguments before -- from those of a program behind it.
func behind(cmd *cobra.Command, args []string) (component string, input, program []string, err error) {
	at := cmd.ArgsLenAtDash()
	if at < 0 || at == len(args) {
		return "", nil, nil, usage{cmd.Name() + " needs a command behind --", "for example `platc " + cmd.Name() + " orders -- env`"}
	}
	components, input := split(args[:at])
	if len(components) != 1 {
		return "", nil, nil, usage{cmd.Name() + " needs one component before --", "for example `platc " + cmd.Name() + " orders -- env`"}
	}
	return components[0], input, args[at:], nil
}

func execCommand(c *console) *cobra.Command {
	var o localOptions
	return o.add(&cobra.Command{
		Use:     "exec COMPONENT [flags] [arch.cue | directory] -- CMD",
		Short:   "Run a command in a container of `platc up`",
		Long:    "Runs a command in the container of a component that `platc up` started, and ends with its exit code.",
		Example: "  platc exec db -- psql -h /tmp -U postgres",
		RunE: func(cmd *cobra.Command, args []string) error {
			component, input, program, err := behind(cmd, args)
			if err != nil {
				return err
			}
			ctx, stop := interruptible(context.Background())
			defer stop()
			b, p, err := o.attach(ctx, c, input, []string{component})
			if err != nil {
				return err
			}
			service, err := o.service(b, p, component)
			if err != nil {
				return err
			}
			run := []string{"exec"}
			if c.prompt == nil { // stdin is no terminal
				run = append(run, "--no-tty")
			}
			return ended(p.Run(ctx, slices.Concat(run, []string{service}, program)...))
		},
	})
}

// service is the container that is called like a component.
func (o *localOptions) service(b *compiler.Build, p *local.Project, component string) (string, error) {
	services, err := o.services(b, p, []string{component})
	if err != nil {
		return "", err
	}
	if slices.Contains(services, component) {
		return component, nil
	}
	return services[0], nil
}

func envCommand(c *console) *cobra.Command {
	var o localOptions
	return o.add(&cobra.Command{
		Use:   "env COMPONENT [flags] [arch.cue | directory] -- CMD",
		Short: "Run a command on this machine with the variables of a component",
		Long: `Runs a command on this machine, not in a container, with the variables of a component of ` + "`platc up`" + `: names of
services are replaced by 127.0.0.1, and their ports by the published ones. It is for editors, migrations and clients.`,
		Example: "  platc env orders -- alembic upgrade head",
		RunE: func(cmd *cobra.Command, args []string) error {
			component, input, program, err := behind(cmd, args)
			if err != nil {
				return err
			}
			ctx, stop := interruptible(context.Background())
			defer stop()
			b, p, err := o.build(ctx, c, input, []string{component})
			if err != nil {
				return err
			}
			service, err := o.service(b, p, component)
			if err != nil {
				return err
			}
			if err := p.Prepare(ctx); err != nil {
				return err
			}
			return ended(runHere(ctx, c, p.Host(service), program))
		},
	})
}

// runHere runs a program with more variables.
func runHere(ctx context.Context, c *console, env map[string]string, program []string) error {
	cmd := exec.CommandContext(ctx, program[0], program[1:]...)
	cmd.Env = os.Environ()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		cmd.Env = append(cmd.Env, name+"="+env[name])
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.in, c.out, c.err
	return cmd.Run()
}
