package main

import (
	"slices"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
)

// completeEnvironments completes -e of every command with the environments of the architecture in the working directory.
func completeEnvironments(c *console, commands []*cobra.Command) {
	for _, cmd := range commands {
		if cmd.Flags().Lookup("env") != nil {
			_ = cmd.RegisterFlagCompletionFunc("env", environmentNames(c)) // it fails only where it was registered before
		}
		completeEnvironments(c, cmd.Commands())
	}
}

// environmentNames completes environments, without those that are named already.
func environmentNames(c *console) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		b := compiler.Check(compiler.Input{Dir: c.dir, Env: c.env, Hidden: c.hidden, Untraced: true, Environments: compiler.Choice{Alone: true, First: true}})
		if b.Graph == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return slices.DeleteFunc(slices.Clone(b.Graph.Environments), func(name string) bool { return slices.Contains(args, name) }), cobra.ShellCompDirectiveNoFileComp
	}
}
