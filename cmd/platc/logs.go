package main

import (
	"context"
	"errors"
	"os/exec"

	"github.com/spf13/cobra"
)

func logsCommand(c *console) *cobra.Command {
	var o localOptions
	follow := false
	cmd := &cobra.Command{
		Use:     "logs [COMPONENT…] [flags] [arch.cue | directory]",
		Short:   "What the containers of `platc up` say",
		Long:    "Prints what the containers that `platc up` started have said, all or those of components.",
		Example: "  platc logs\n  platc logs orders --follow",
		RunE: func(_ *cobra.Command, args []string) error {
			command := []string{"logs"}
			if follow {
				command = append(command, "--follow")
			}
			return o.compose(c, args, command)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until interrupted")
	return o.add(cmd)
}

func psCommand(c *console) *cobra.Command {
	var o localOptions
	return o.add(&cobra.Command{
		Use:     "ps [COMPONENT…] [flags] [arch.cue | directory]",
		Short:   "The containers of `platc up`, and how they are",
		Long:    "Lists the containers that `platc up` started, with those that have ended, all or those of components.",
		Example: "  platc ps",
		RunE:    func(_ *cobra.Command, args []string) error { return o.compose(c, args, []string{"ps", "--all"}) },
	})
}

// compose runs a command of Compose about components.
func (o *localOptions) compose(c *console, args, command []string) error {
	ctx, stop := interruptible(context.Background())
	defer stop()
	components, input := split(args)
	b, p, err := o.attach(ctx, c, input, components)
	if err != nil {
		return err
	}
	services, err := o.services(b, p, components)
	if err != nil {
		return err
	}
	return ended(p.Run(ctx, append(command, services...)...))
}

// ended passes the exit code of another program on.
func ended(err error) error {
	if failed, ok := errors.AsType[*exec.ExitError](err); ok && failed.ExitCode() > 0 {
		return exit(failed.ExitCode())
	}
	return err
}
