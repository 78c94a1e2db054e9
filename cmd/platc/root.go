package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"platc.dev/platc/compiler/diag"
)

func newRoot(c *console) *cobra.Command {
	root := &cobra.Command{
		Use:   "platc COMMAND [flags] [arch.cue | directory | package]",
		Short: "A compiler for platforms: arch.cue in, every file of the architecture out",
		Long: `platc reads an architecture written in CUE and writes what follows from it: application source,
Kubernetes manifests, build Jobs, encrypted secrets. It needs neither the network nor a cluster.

An architecture is a file, several files of one package, a directory or a CUE package; without one it
is the current directory.`,
		Example:       "  platc init shop && cd shop && platc build",
		Version:       platcVersion(),
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.ArbitraryArgs,
	}
	commands := []*cobra.Command{
		buildCommand(c), checkCommand(c), graphCommand(c), diffCommand(c), whyCommand(c), pathsCommand(c), impactCommand(c), exposureCommand(c), explainCommand(c), kindsCommand(c),
		linksCommand(c), passesCommand(c), secretsCommand(c), imageCommand(c), upCommand(c), downCommand(c), logsCommand(c), psCommand(c), execCommand(c), envCommand(c), testCommand(c), doctorCommand(c), initCommand(c), versionCommand(c), completionCommand(c), manCommand(c),
	}
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return unknownCommand("", args[0], commands)
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetVersionTemplate(versionLine())
	root.SetUsageTemplate(usageTemplate)
	root.PersistentFlags().VarP(folderFlag{c}, "directory", "C", "work in `DIR`, as if platc was started there")
	root.SetFlagErrorFunc(flagError)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.AddCommand(commands...)
	root.SetHelpCommand(helpCommand(commands))
	prepare(commands)
	completeEnvironments(c, commands)
	completeNames(c, commands)
	return root
}

// prepare sets what all commands share, also those below others.
func prepare(commands []*cobra.Command) {
	for _, cmd := range commands {
		cmd.DisableFlagsInUseLine = true
		cmd.Flags().SortFlags = false
		if cmd.Args == nil {
			cmd.Args = cobra.ArbitraryArgs
		}
		prepare(cmd.Commands())
	}
}

// usageTemplate says one form of use, where the one of the library says two.
const usageTemplate = `Usage:
  {{.UseLine}}
{{- if .HasExample}}

Examples:
{{.Example}}
{{- end}}
{{- if .HasAvailableSubCommands}}

Commands:
{{- range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{- end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{- end}}
`

func names(commands []*cobra.Command) string {
	var all []string
	for _, cmd := range commands {
		all = append(all, cmd.Name())
	}
	return strings.Join(all, ", ")
}

// unknownCommand refuses a name that no command has; parent is the one that they stand below, "" for platc itself.
func unknownCommand(parent, name string, commands []*cobra.Command) error {
	var known []string
	for _, cmd := range commands {
		known = append(known, cmd.Name())
	}
	help := "one of " + names(commands)
	if near := diag.Nearest(name, known); near != "" {
		help = fmt.Sprintf("did you mean `platc %s`?", strings.TrimSpace(parent+" "+near))
	}
	if said := elsewhere()[parent][name]; said != "" {
		help = said
	}
	return usage{fmt.Sprintf("there is no command %q", strings.TrimSpace(parent+" "+name)), help}
}

// elsewhere is what other tools call a command, or do in one, and how that is done here.
func elsewhere() map[string]map[string]string {
	const (
		build  = "`platc build` writes all files"
		check  = "`platc check` does"
		deploy = "`platc build` writes out/scripts/deploy.sh, which applies everything in start-up order and waits"
		shown  = "platc shows no value: `platc secrets list` prints the places, and `sops decrypt FILE` opens one"
	)
	return map[string]map[string]string{
		"": {
			"plan": "`platc diff` shows what a build would change", "preview": "`platc diff` shows what a build would change",
			"apply": deploy, "deploy": deploy, "install": deploy, "upgrade": deploy,
			"render": build, "template": build, "generate": build, "compile": build, "synth": build,
			"validate": check, "lint": check, "vet": check, "verify": check,
			"fmt": "`cue fmt` does", "format": "`cue fmt` does",
			"run": "`platc up` runs the architecture on this machine", "start": "`platc up` runs the architecture on this machine", "stop": "`platc down` ends what `platc up` started",
		},
		"secrets": {"get": shown, "show": shown, "read": shown, "decrypt": shown, "view": shown},
	}
}

func helpCommand(commands []*cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help for a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Root().Help()
			}
			parent, commands := "", commands
			for n, name := range args {
				i := slices.IndexFunc(commands, func(c *cobra.Command) bool { return c.Name() == name })
				if i < 0 {
					return unknownCommand(parent, name, commands)
				}
				if below := commands[i].Commands(); n < len(args)-1 && len(below) > 0 {
					parent, commands = name, below
					continue
				}
				commands[i].InitDefaultHelpFlag()
				return commands[i].Help()
			}
			return nil
		},
	}
}

// flagError turns what the flag library says into wrong usage with the nearest flag.
func flagError(cmd *cobra.Command, err error) error {
	if wrong, ok := errors.AsType[usage](err); ok {
		return wrong
	}
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		if needed := neededValue(wrong); needed != "" {
			return usage{fmt.Sprintf("--%s %s: %s", wrong.GetFlag().Name, wrong.GetValue(), needed), ""}
		}
	}
	help := ""
	if _, name, ok := strings.Cut(err.Error(), "unknown flag: --"); ok {
		format := cmd.Flags().Lookup("format")
		if format != nil && slices.Contains(strings.Split(format.Value.Type(), "|"), name) {
			return usage{err.Error(), "did you mean --format " + name + "?"}
		}
		if name == "dry-run" && cmd.Flags().Lookup("check") != nil {
			return usage{err.Error(), "did you mean --check? `platc diff` shows the changes too"}
		}
		if near := diag.Nearest(name, flagNames(cmd)); near != "" {
			help = fmt.Sprintf("did you mean --%s?", near)
		}
	}
	return usage{err.Error(), help}
}

// neededValue says what a flag takes whose value could not be read, "" where the error says it.
func neededValue(wrong *pflag.InvalidValueError) string {
	if number, ok := errors.AsType[*strconv.NumError](wrong); ok {
		if errors.Is(number.Err, strconv.ErrRange) {
			return "the number is too large"
		}
		return "it takes a whole number"
	}
	if wrong.GetFlag().Value.Type() == "duration" {
		return "it takes a time, such as 90s or 10m"
	}
	return ""
}

// folderFlag is the value of -C: the working directory of all that follows.
type folderFlag struct{ of *console }

func (f folderFlag) String() string { return "" }
func (f folderFlag) Type() string   { return "DIR" }

func (f folderFlag) Set(v string) error {
	dir := f.of.path(v)
	if err := os.Chdir(dir); err != nil {
		return usage{fmt.Sprintf("-C %s: %s", v, cause(err)), "name a directory"}
	}
	f.of.dir = dir
	return nil
}

// cause is what went wrong with a file, without its name.
func cause(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}
