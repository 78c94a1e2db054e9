package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler/diag"
)

func completionCommand(c *console) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion bash | zsh | fish | powershell",
		Short:     "Print a script for shell completion of commands, flags, kinds and codes",
		Long:      "Prints a script that completes commands, flags, kinds and codes when the shell loads it.",
		Example:   "  source <(platc completion bash)\n  platc completion zsh > \"${fpath[1]}/_platc\"\n  platc completion fish > ~/.config/fish/completions/platc.fish",
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage{"completion needs the name of one shell", "bash, zsh, fish or powershell"}
			}
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(c.out, true)
			case "zsh":
				return root.GenZshCompletion(c.out)
			case "fish":
				return root.GenFishCompletion(c.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(c.out)
			}
			help := "bash, zsh, fish or powershell"
			if near := diag.Nearest(args[0], shells); near != "" {
				help = fmt.Sprintf("did you mean %s?", near)
			}
			return usage{fmt.Sprintf("there is no completion for the shell %q", args[0]), help}
		},
	}
}
