package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/local"
)

func testCommand(c *console) *cobra.Command {
	var o localOptions
	return o.add(&cobra.Command{
		Use:   "test [COMPONENT…] [flags] [arch.cue | directory]",
		Short: "Run the tests of applications in an image",
		Long: `Builds the image of the tests of each application, or of components, from what was emitted and from own code, and runs
it without a network: the emitted tests and those of the team, with the linters. It ends with the code of the first that fails.`,
		Example: "  platc test\n  platc test orders",
		RunE: func(_ *cobra.Command, args []string) error {
			ctx, stop := interruptible(context.Background())
			defer stop()
			components, input := split(args)
			b, p, err := o.build(ctx, c, input, components)
			if err != nil {
				return err
			}
			tested, err := testedOf(b, p, components)
			if err != nil {
				return err
			}
			for _, name := range tested {
				if err := p.Test(ctx, name, o.quiet); err != nil {
					return ended(err)
				}
			}
			return nil
		},
	})
}

// testedOf are the components whose tests are run, none named: all that have some. One without is refused.
func testedOf(b *compiler.Build, p *local.Project, components []string) ([]string, error) {
	var all []string
	for _, n := range b.Graph.Components() {
		all = append(all, n.Name)
	}
	all = p.Tested(all)
	for _, name := range components {
		if slices.Contains(all, name) {
			continue
		}
		help := "those that have some are " + orDash(all)
		if near := diag.Nearest(name, all); near != "" {
			help = fmt.Sprintf("did you mean %q?", near)
		}
		return nil, usage{fmt.Sprintf("%s has no component %q with tests", b.Graph.Name, name), help}
	}
	if len(components) > 0 {
		return components, nil
	}
	return all, nil
}
