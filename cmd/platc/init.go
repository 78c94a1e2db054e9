package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/explain"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/output"
)

// initOptions are the flags of init.
type initOptions struct {
	common
	bare bool
	from string
	ci   choice
}

func initCommand(c *console) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init [flags] [DIR]",
		Short: "Create an arch.cue that is ready to build, or a pipeline for one",
		Long: `Writes a small arch.cue into a directory (the current one without DIR), and a cue.mod with the schema of
all kinds, which editors use for completion and checks. In a CUE module, the schema goes into the module, whose
files are kept. No file that is there is ever changed.

--from FILE drafts arch.cue from a Compose file: services, images, ports, volumes, variables, secrets and what
depends on what. What it cannot take over stands in the draft as a comment that begins with TODO.

--ci writes a pipeline for an architecture that is there, once: from then on it is yours.`,
		Example: "  platc init shop && cd shop && platc build\n  platc init --from docker-compose.yml\n  platc init --ci github",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage{fmt.Sprintf("init takes one directory, not %d", len(args)), ""}
			}
			dir := c.dir
			if len(args) == 1 {
				dir = c.path(args[0])
			}
			if info, err := os.Stat(dir); err == nil && !info.IsDir() {
				return usage{fmt.Sprintf("%s is a file", c.named(dir)), "name a directory"}
			}
			if o.ci.value != "" {
				if o.bare || o.from != "" {
					return usage{"--ci writes a pipeline alone, and cannot be combined with --bare or --from", "call init twice"}
				}
				return initPipeline(c, &o, dir)
			}
			return initArchitecture(c, &o, dir)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.bare, "bare", false, "write arch.cue alone, without cue.mod and the schema")
	flags.StringVar(&o.from, "from", "", "draft arch.cue from the Compose file `FILE`")
	o.ci = choice{allowed: []string{"github", "gitlab"}}
	flags.Var(&o.ci, "ci", "write a pipeline for GitHub Actions or GitLab CI/CD")
	o.addOutput(flags, "text", "json")
	return cmd
}

// languageVersion is the version of CUE that the starter is written in.
const languageVersion = "v0.17.0"

// initArchitecture writes an arch.cue, and beside it what an editor needs. In a module that is there the schema is all that it needs.
func initArchitecture(c *console, o *initOptions, dir string) error {
	l, err := c.library(&o.common)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(dir, "arch.cue")); err == nil {
		return failed{c.named(filepath.Join(dir, "arch.cue")) + " is there already", "init never changes a file: edit that one, or name another directory"}
	}
	name := architectureName(filepath.Base(dir))
	root := compiler.ModuleRoot(dir)
	if root == "" {
		root = dir
	}
	pkg := unusedPackage(root, dir, name)
	text, notes := []byte(starterText(pkg, name, !o.bare)), []string(nil)
	if o.from != "" {
		text, notes, err = compiler.Draft(c.path(o.from), compiler.DraftOptions{Library: l, Name: name, Package: pkg, Schema: !o.bare, Dir: dir, Shown: o.from})
		if err != nil {
			return failed{err.Error(), "name a Compose file, such as docker-compose.yml; `docker compose config` says more about one that is broken"}
		}
	}
	below, err := filepath.Rel(root, dir)
	if err != nil {
		return err
	}
	made := []emit.File{starterFile(filepath.ToSlash(filepath.Join(below, "arch.cue")), text)}
	var kept []string
	if !o.bare {
		for _, f := range []emit.File{
			starterFile("cue.mod/module.cue", fmt.Appendf(nil, "module: \"%s.example.com\"\nlanguage: version: \"%s\"\n", name, languageVersion)),
			starterFile("cue.mod/pkg/platc.dev/platc/schema/schema.cue", explain.EditorSchema(l)),
		} {
			if _, err := os.Lstat(filepath.Join(root, filepath.FromSlash(f.Path))); err == nil {
				kept = append(kept, f.Path)
				continue
			}
			made = append(made, f)
		}
	}
	beside := packageBeside(dir)
	if err := output.Create(root, made); err != nil {
		return err
	}
	build := "platc build"
	if beside {
		build += " arch.cue" // the folder has another package
	}
	return o.printed(c, root, made, kept, notes, commandIn(c, dir, build))
}

// packageBeside says whether a folder has files of CUE, which are of another package than the new arch.cue.
func packageBeside(dir string) bool {
	names, _ := filepath.Glob(filepath.Join(dir, "*.cue")) // the pattern is good
	return len(names) > 0
}

// unusedPackage is the name of the package of a new arch.cue: CUE takes files of the same one in its folder, and in the folders of the module above, for a part of it.
func unusedPackage(root, dir, name string) string {
	used := map[string]bool{}
	for folder := dir; ; folder = filepath.Dir(folder) {
		names, _ := filepath.Glob(filepath.Join(folder, "*.cue")) // the pattern is good
		for _, file := range names {
			data, _ := os.ReadFile(file) // one that cannot be read is found out by whoever reads it
			if found := regexp.MustCompile(`(?m)^package\s+(\w+)`).FindSubmatch(data); found != nil {
				used[string(found[1])] = true
			}
		}
		if folder == root || folder == filepath.Dir(folder) {
			break
		}
	}
	pkg := "arch"
	for n, base := 1, "arch_"+strings.ReplaceAll(name, "-", "_"); used[pkg]; n++ {
		pkg = base
		if n > 1 {
			pkg = fmt.Sprintf("%s_%d", base, n)
		}
	}
	return pkg
}

func starterText(pkg, name string, schema bool) string {
	text := strings.Replace(strings.ReplaceAll(starter, "NAME", name), "package arch", "package "+pkg, 1)
	if !schema {
		text = regexp.MustCompile(`schema\.#[a-z]+ & `).ReplaceAllString(strings.Replace(text, starterImport, "", 1), "")
	}
	return text
}

const starterImport = `import "platc.dev/platc/schema"

// for completion in an editor; platc does not need it
schema.#Architecture

`

// starter is the architecture that init writes. NAME is replaced by the name of the directory.
const starter = `package arch

` + starterImport + `name: "NAME"

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

// commandIn is a command that is run in a folder.
func commandIn(c *console, dir, command string) string {
	if shown := c.named(dir); shown != "." {
		if strings.ContainsFunc(shown, func(r rune) bool {
			return !strings.ContainsRune("/._-+@%:,~", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
		}) {
			shown = "'" + strings.ReplaceAll(shown, "'", `'\''`) + "'" // as a shell reads it
		}
		return "cd " + shown + " && " + command
	}
	return command
}

// printed says what init wrote below a folder, what was there and is kept, what a draft could not take over, and what to do next.
func (o *initOptions) printed(c *console, root string, made []emit.File, kept, notes []string, next string) error {
	paths := []string{}
	for _, f := range made {
		paths = append(paths, filepath.ToSlash(c.named(filepath.Join(root, filepath.FromSlash(f.Path)))))
	}
	keeps := []string{}
	for _, name := range kept {
		keeps = append(keeps, filepath.ToSlash(c.named(filepath.Join(root, filepath.FromSlash(name)))))
	}
	if o.format.value == "json" {
		return printJSON(c.out, map[string]any{"files": paths, "kept": keeps, "notes": append([]string{}, notes...)})
	}
	if o.quiet {
		return nil
	}
	for _, note := range notes {
		c.say("left to you: %s\n", note)
	}
	var b strings.Builder
	for _, p := range paths {
		fmt.Fprintf(&b, "wrote %s\n", p)
	}
	for _, p := range keeps {
		fmt.Fprintf(&b, "kept %s\n", p)
	}
	if len(notes) > 0 {
		fmt.Fprintf(&b, "%s in the draft as TODO\n", plural(len(notes), "thing"))
	}
	fmt.Fprintf(&b, "next: %s\n", next)
	_, err := fmt.Fprint(c.out, b.String())
	return err
}

// failed is a command that could not do what it was told, and what to do about it.
type failed struct{ message, help string }

func (f failed) Error() string { return f.message }

// helpOf is what to do about an error, "" where nothing is said.
func helpOf(err error) string {
	if f, ok := errors.AsType[failed](err); ok {
		return f.help
	}
	return ""
}
