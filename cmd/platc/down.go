package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/local"
)

// attach is the project of containers that an earlier `platc up` started.
func (o *localOptions) attach(ctx context.Context, c *console, input, components []string) (*compiler.Build, *local.Project, error) {
	b, err := o.checked(c, input, components)
	if err != nil {
		return b, nil, err
	}
	engine, err := local.Find(ctx)
	if err != nil {
		return b, nil, err
	}
	tree := filepath.Join(b.Graph.Dir, filepath.FromSlash(localFolder), "out")
	return b, o.attached(c, compiler.LocalProject(b, tree), engine), nil
}

func downCommand(c *console) *cobra.Command {
	var o localOptions
	cmd := &cobra.Command{
		Use:     "down [flags] [arch.cue | directory]",
		Short:   "End what `platc up` started",
		Long:    "Ends and removes the containers that `platc up` started, and the secrets that it handed over. Data stays, unless --volumes is given.",
		Example: "  platc down\n  platc down --volumes",
		RunE: func(_ *cobra.Command, args []string) error {
			ctx, stop := interruptible(context.Background())
			defer stop()
			_, p, err := o.attach(ctx, c, args, nil)
			if err != nil {
				return err
			}
			return p.Down(ctx, o.volumes)
		},
	}
	cmd.Flags().BoolVar(&o.volumes, "volumes", false, "remove the data too")
	return o.add(cmd)
}
