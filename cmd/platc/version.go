package main

import (
	"cmp"
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
		Long: `Prints the version of platc with the commit that it was built from and the date of that commit, the version of CUE that it reads
architectures with, and the one table of versions that emitted files are pinned to. The same as platc --version, and more.`,
		Example: "  platc version\n  platc version --json",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			pins, from := compiler.Versions(), builtFrom()
			if o.format.value == "json" {
				return printJSON(c.out, map[string]any{"platc": platcVersion(), "commit": from.commit, "date": from.date, "cue": moduleVersion("cuelang.org/go"), "pins": pins})
			}
			rows := [][]string{{"platc", platcVersion()}, {"commit", cmp.Or(from.commit, unknown)}, {"date", cmp.Or(from.date, unknown)}, {"CUE", moduleVersion("cuelang.org/go")}}
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

const unknown = "unknown"

// revision is what a program was built from, as the Go toolchain notes it of a checkout; both are "" where there was none.
type revision struct {
	commit string // with "+dirty" behind it if files were changed
	date   string // of the commit, in UTC by RFC 3339: a build has no date of its own, so that it can be repeated
}

func builtFrom() revision {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return revision{}
	}
	return revisionOf(info.Settings)
}

func revisionOf(settings []debug.BuildSetting) revision {
	set := map[string]string{}
	for _, s := range settings {
		set[s.Key] = s.Value
	}
	r := revision{commit: set["vcs.revision"], date: set["vcs.time"]}
	if set["vcs.modified"] == "true" {
		r.commit += "+dirty"
	}
	return r
}

// versionLine is what `platc --version` prints.
func versionLine() string {
	from := builtFrom()
	return fmt.Sprintf("platc %s (commit %s, %s)\n", platcVersion(), cmp.Or(from.commit, unknown), cmp.Or(from.date, unknown))
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
		return unknown
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return unknown
}
