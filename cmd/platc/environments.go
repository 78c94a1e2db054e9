package main

import (
	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
)

// completeEnvironments completes -e of every command with the environments of the architecture in the working directory.
func completeEnvironments(c *console, commands []*cobra.Command) {
	names := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		b := compiler.Check(compiler.Input{Dir: c.dir, Env: c.env, Hidden: c.hidden, Untraced: true, Environments: compiler.Choice{Alone: true, First: true}})
		if b.Graph == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return b.Graph.Environments, cobra.ShellCompDirectiveNoFileComp
	}
	for _, cmd := range commands {
		if cmd.Flags().Lookup("env") != nil {
			_ = cmd.RegisterFlagCompletionFunc("env", names) // it fails only where it was registered before
		}
		completeEnvironments(c, cmd.Commands())
	}
}
