package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler/explain"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/output"
)

func initCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "init [flags] [DIR]",
		Short: "Create a small arch.cue that is ready to build",
		Long: `Writes a small arch.cue into a directory (the current one without DIR), and a cue.mod with the schema of
all kinds, which editors use for completion and checks. Existing files are never overwritten.`,
		Example: "  platc init shop && cd shop && platc build",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage{fmt.Sprintf("init takes one directory, not %d", len(args)), ""}
			}
			dir := c.dir
			if len(args) == 1 {
				dir = c.path(args[0])
			}
			l, err := c.library(&o)
			if err != nil {
				return err
			}
			name := architectureName(filepath.Base(dir))
			files := []emit.File{
				starterFile("arch.cue", []byte(strings.ReplaceAll(starter, "NAME", name))),
				starterFile("cue.mod/module.cue", fmt.Appendf(nil, "module: \"%s.example.com\"\nlanguage: version: \"%s\"\n", name, languageVersion)),
				starterFile("cue.mod/pkg/platc.dev/platc/schema/schema.cue", explain.EditorSchema(l)),
			}
			if err := output.Create(dir, files); err != nil {
				return err
			}
			return printInit(c, &o, dir, files)
		},
	}
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}

// languageVersion is the version of CUE that the starter is written in.
const languageVersion = "v0.17.0"

// starter is the architecture that init writes. NAME is replaced by the name of the directory.
const starter = `package arch

import "platc.dev/platc/schema"

// for completion in an editor; platc does not need it
schema.#Architecture

name: "NAME"

config: {
	registry: {host: "registry.example.com", project: "NAME"}
	git: {url: "https://git.example.com/NAME.git", ref: "main"}
	// for a team: the age keys that can decrypt the secrets. The first build then needs --new-secrets; commit what it writes.
	// secrets: recipients: ["age1…"]
}

components: {
	// an application: after a build, its code is in out/app/src
	app: schema.#fastapi & {
		kind:      "fastapi"
		namespace: "app"
		port:      8080
		links: "db/items": {}
	}

	// a server with one database, which app may read and write
	db: schema.#postgresql & {
		kind:      "postgresql"
		namespace: "data"
		database: items: {}
	}
}
`

func starterFile(path string, data []byte) emit.File {
	return emit.File{Path: path, Data: data, Mode: 0o644, Ownership: emit.Generated}
}

// architectureName is a DNS-1123 label made of a directory's name.
func architectureName(dir string) string {
	name := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(dir), "-")
	name = strings.Trim(name[:min(len(name), 40)], "-")
	if name == "" {
		return "shop"
	}
	return name
}

func printInit(c *console, o *common, dir string, files []emit.File) error {
	shown, err := filepath.Rel(c.dir, dir)
	if err != nil {
		shown = dir
	}
	var paths []string
	for _, f := range files {
		paths = append(paths, filepath.ToSlash(filepath.Join(shown, f.Path)))
	}
	if o.format.value == "json" {
		return printJSON(c.out, map[string]any{"files": paths})
	}
	if o.quiet {
		return nil
	}
	var b strings.Builder
	for _, p := range paths {
		fmt.Fprintf(&b, "wrote %s\n", p)
	}
	build := "platc build"
	if shown != "." {
		build = "cd " + shown + " && " + build
	}
	fmt.Fprintf(&b, "next: %s\n", build)
	_, err = fmt.Fprint(c.out, b.String())
	return err
}
