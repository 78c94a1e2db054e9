package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/explain"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/emit/graph"
)

func completionCommand(c *console) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion bash | zsh | fish | powershell",
		Short:     "Print a script for shell completion of commands, flags, components, kinds and codes",
		Long:      "Prints a script that completes commands, flags, components, kinds and codes when the shell loads it.",
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

// completeNames completes names of the architecture in the working directory: those of components, and where sub-components are meant too, all of them.
func completeNames(c *console, commands []*cobra.Command) {
	components := func(g *ir.Graph) []string {
		var all []string
		for _, n := range g.Components() {
			all = append(all, n.Name)
		}
		return all
	}
	names := func(list func(*ir.Graph) []string, most int) cobra.CompletionFunc {
		return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) >= most {
				return nil, cobra.ShellCompDirectiveDefault // the architecture
			}
			b := compiler.Check(compiler.Input{Dir: c.dir, Env: c.env, Hidden: c.hidden, Untraced: true, Environments: compiler.Choice{Alone: true, First: true}})
			if b.Graph == nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return list(b.Graph), cobra.ShellCompDirectiveNoFileComp
		}
	}
	arguments := map[string]cobra.CompletionFunc{
		"why": names(components, 1), "paths": names(graph.References, 2), "impact": names(graph.References, 1), "exposure": names(components, 1),
		"up": names(components, math.MaxInt), "logs": names(components, math.MaxInt), "test": names(components, math.MaxInt),
		"exec": names(components, 1), "env": names(components, 1),
	}
	flags := map[string]cobra.CompletionFunc{"focus": names(graph.References, math.MaxInt), "only": names(components, math.MaxInt)}
	for _, cmd := range commands {
		if complete := arguments[cmd.Name()]; complete != nil {
			cmd.ValidArgsFunction = complete
		}
		for name, complete := range flags {
			if cmd.Flags().Lookup(name) != nil {
				_ = cmd.RegisterFlagCompletionFunc(name, complete) // it fails only where it was registered before
			}
		}
		completeChoices(cmd)
	}
}

// completeChoices completes the values of flags that take one of a list, and offers files for those alone that take one, of a command and of those below it.
// So it does with arguments that are folders, or that there are none of.
func completeChoices(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if one, ok := f.Value.(*choice); ok {
			_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(one.allowed, cobra.ShellCompDirectiveNoFileComp))
			return
		}
		switch value, _ := pflag.UnquoteUsage(f); {
		case !strings.Contains(value, "DIR") && !strings.Contains(value, "FILE"):
			_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.NoFileCompletions) // it fails only where it was registered before
		case value == "DIR" && f.Name != "output":
			_ = cmd.RegisterFlagCompletionFunc(f.Name, folders)
		}
	})
	switch words := strings.Split(cmd.Use, " "); {
	case cmd.ValidArgsFunction != nil || len(cmd.ValidArgs) > 0 || cmd.HasSubCommands():
	case slices.Contains(words, "DIR") || slices.Contains(words, "[DIR]"):
		cmd.ValidArgsFunction = folders
	case !strings.Contains(cmd.Use, "arch.cue"):
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, below := range cmd.Commands() {
		completeChoices(below)
	}
}

// folders completes folders.
func folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// completeKinds completes the first arguments with the kinds that an architecture in the working directory would see: behind a kind, with those that it links to.
func completeKinds(c *console, most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		l, _ := compiler.Library(c.dir)
		all := slices.Sorted(maps.Keys(l.Kinds))
		if len(args) == 1 {
			if from, err := findKind(l, args[0]); err == nil {
				all = slices.DeleteFunc(all, func(to string) bool { return len(l.RulesBetween(from, l.Kinds[to])) == 0 })
			}
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeTopics completes what may be explained: behind a kind, the kinds that it links to, and behind "part" the building blocks.
func completeTopics(c *console) cobra.CompletionFunc {
	kinds := completeKinds(c, 2)
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		var all []string
		switch {
		case len(args) == 0:
			for _, code := range diag.Codes() {
				all = append(all, code.ID)
			}
			l, _ := compiler.Library(c.dir)
			all = slices.Concat(all, slices.Sorted(maps.Keys(l.Kinds)), slices.Sorted(maps.Keys(l.Rules)), []string{wordPart})
		case len(args) == 1 && args[0] == wordPart:
			for _, p := range explain.Parts() {
				all = append(all, p.Name)
			}
		case len(args) == 1 && !looksLikeCode(args[0]) && !strings.Contains(args[0], "->"):
			return kinds(cmd, args, word)
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}
