package main

import (
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
)

func versionCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "version [flags]",
		Short: "The version of platc, of CUE, and of all that is emitted",
		Long: `Prints the version of platc, the version of CUE that it reads architectures with, and the one table of
versions that emitted files are pinned to.`,
		Example: "  platc version\n  platc version --json",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			pins := compiler.Versions()
			if o.format.value == "json" {
				return printJSON(c.out, map[string]any{"platc": platcVersion(), "cue": moduleVersion("cuelang.org/go"), "pins": pins})
			}
			rows := [][]string{{"platc", platcVersion()}, {"CUE", moduleVersion("cuelang.org/go")}}
			for _, name := range slices.Sorted(maps.Keys(pins)) {
				rows = append(rows, pinRows(name, pins[name])...)
			}
			return c.printTable(rows)
		},
	}
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}

// pinRows flattens the table of versions: images.python, python:3.14.7.
func pinRows(name string, v any) [][]string {
	switch v := v.(type) {
	case map[string]any:
		var rows [][]string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			rows = append(rows, pinRows(name+"."+key, v[key])...)
		}
		return rows
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, fmt.Sprint(item))
		}
		return [][]string{{name, strings.Join(all, ", ")}}
	}
	return [][]string{{name, fmt.Sprint(v)}}
}

// platcVersion is the version that this program was built as; "(devel)" outside a release.
func platcVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// moduleVersion is the version of a module that this program was built with.
func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return "unknown"
}
