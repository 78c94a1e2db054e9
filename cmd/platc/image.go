package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/images"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit/output"
)

func imageCommand(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "image list | set | unset | promote | context",
		Short: "Which image of each component is deployed, and what it is built from",
		Long: `The image of a component is called after its version and its source, until images.json beside arch.cue names another
one. That file is for releases: CI writes it with "platc image set", and commits it. It is never edited by hand.`,
		Example: "  platc image list\n  platc image set orders 1.4.0",
	}
	commands := []*cobra.Command{imageListCommand(c), imageSetCommand(c), imageUnsetCommand(c), imagePromoteCommand(c), imageContextCommand(c)}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage{"image needs a command", "one of " + names(commands) + "; `platc image --help` says what they do"}
		}
		return unknownCommand("image", args[0], commands)
	}
	cmd.AddCommand(commands...)
	return cmd
}

func imageListCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "list [flags] [arch.cue | directory | package]",
		Short: "The image of each component, and what names it",
		Long: `Lists the components that have an image of their own, the image that each is deployed with, and what names it: images.json,
its version and its source, its version alone, or the attribute image. In JSON, "built" is the image that the source makes.`,
		Example: "  platc image list\n  platc image list --json",
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := o.images(c, o.input(c, args))
			if err != nil {
				return err
			}
			all := compiler.Images(b)
			if o.format.value == "json" {
				return printJSON(c.out, map[string]any{"images": imagesJSON(all)})
			}
			return c.printTable(imageRows(b, all))
		},
	}
	o.addInput(cmd.Flags())
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}

// images is what came of an input, or why it is of no use.
func (o *common) images(c *console, in compiler.Input) (*compiler.Build, error) {
	b, err := checked(in)
	if err == nil && b.Findings.HasErrors() {
		err = c.refuse(o, b.Findings.Sorted())
	}
	return b, err
}

// imageRows is a table, with a column of environments where there are some.
func imageRows(b *compiler.Build, all []compiler.Image) [][]string {
	row := func(component, environment, image, from string) []string {
		if len(b.Graph.Environments) == 0 {
			return []string{component, image, from}
		}
		return []string{component, environment, image, from}
	}
	rows := [][]string{row("COMPONENT", "ENVIRONMENT", "IMAGE", "FROM")}
	for _, i := range all {
		rows = append(rows, row(i.Component, i.Environment, i.Image, from(i)))
	}
	return rows
}

type imageJSON struct {
	Component   string `json:"component"`
	Environment string `json:"environment"` // "": there are none
	Image       string `json:"image"`
	Repository  string `json:"repository"`
	Tag         string `json:"tag"`
	Digest      string `json:"digest"`
	Built       string `json:"built"` // "": another build makes it
	From        string `json:"from"`
	File        string `json:"file"`
	Line        int    `json:"line"`
	Column      int    `json:"column"`
}

func imagesJSON(all []compiler.Image) []imageJSON {
	list := make([]imageJSON, 0, len(all))
	for _, i := range all {
		tagged, digest, _ := strings.Cut(i.Image, "@")
		tag := strings.TrimPrefix(strings.TrimPrefix(tagged, i.Repository), ":")
		list = append(list, imageJSON{
			Component: i.Component, Environment: i.Environment, Image: i.Image, Repository: i.Repository, Tag: tag, Digest: digest, Built: i.Built,
			From: string(i.From), File: i.Pos.File, Line: i.Pos.Line, Column: i.Pos.Column,
		})
	}
	return list
}

// from is what names an image, as people read it.
func from(i compiler.Image) string {
	switch i.From {
	case compiler.FromImages:
		return fmt.Sprintf("%s:%d", i.Pos.File, i.Pos.Line)
	case compiler.FromVersion:
		return fmt.Sprintf("its version (%s:%d)", i.Pos.File, i.Pos.Line)
	case compiler.FromImage:
		return fmt.Sprintf("the attribute image (%s:%d)", i.Pos.File, i.Pos.Line)
	case compiler.FromSource:
	}
	return "its version and source"
}

func imageSetCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "set COMPONENT REF [flags] [arch.cue | directory | package]",
		Short: "Name the image that a component is deployed with, in images.json",
		Long: `Writes the tag, the digest or both of a component's image into images.json beside arch.cue. REF is TAG, @DIGEST or TAG@DIGEST.
From then on every command reads it: it takes the place of version, of image and of the tag that is made of the source. The next
build changes the files that name the image, and no others. Without -e it holds for all environments. Calls at the same time wait
for each other.`,
		Example:           "  platc image set orders 1.4.0\n  platc image set -e staging orders 1.5.0-rc.1\n  platc image set orders 1.4.0@sha256:6f3d…\n  platc image set orders @sha256:6f3d…",
		ValidArgsFunction: o.completeImages(c),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usage{"set needs a component and an image", "for example `platc image set orders 1.4.0`; `platc image list` prints the components"}
			}
			ref, err := images.ParseRef(args[1])
			if err != nil {
				return usage{fmt.Sprintf("the image %q %v", args[1], err), "write TAG, @DIGEST or TAG@DIGEST, without a repository"}
			}
			in := o.input(c, args[2:])
			b, err := o.images(c, in)
			if err != nil {
				return err
			}
			if err := o.ownImage(b, args[0]); err != nil {
				return err
			}
			return o.changeImages(c, in, func(f *images.File) (changes []images.Change) {
				for _, name := range o.inEach() {
					changes = append(changes, f.Set(args[0], name, ref)...)
				}
				return changes
			})
		},
	}
	o.addInput(cmd.Flags())
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}

func imageUnsetCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "unset COMPONENT [flags] [arch.cue | directory | package]",
		Short: "Take a component out of images.json",
		Long: `Takes out of images.json what it says of a component: all of it, or with -e what it says of an environment. Neither need exist any
more. A component is then deployed with the image that images.json names for all environments, or else the one that arch.cue
and its source name.`,
		Example:           "  platc image unset orders\n  platc image unset -e staging orders",
		ValidArgsFunction: o.completeImages(c),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage{"unset needs a component", "for example `platc image unset orders`"}
			}
			in := o.input(c, args[1:])
			in.Environments = compiler.Choice{} // -e may name one that has ended
			b, err := checked(in)
			if err != nil {
				return err
			}
			b.Findings.Drop("E0116") // what this command is for
			if b.Findings.HasErrors() {
				return c.refuse(&o, b.Findings.Sorted())
			}
			for _, name := range o.inEach() {
				if !slices.ContainsFunc(b.Graph.Images.Components, func(named images.Component) bool {
					return named.Name == args[0] && (name == "" || slices.ContainsFunc(named.Environments, func(e images.Environment) bool { return e.Name == name }))
				}) {
					return usage{fmt.Sprintf("%s does not name an image of %q%s", images.Name, args[0], inEnvironment(name)), "`platc image list` prints what names each image"}
				}
			}
			return o.changeImages(c, in, func(f *images.File) (changes []images.Change) {
				for _, name := range o.inEach() {
					changes = append(changes, f.Unset(args[0], name)...)
				}
				return changes
			})
		},
	}
	o.addInput(cmd.Flags())
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}

func imagePromoteCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "promote FROM TO [flags] [arch.cue | directory | package]",
		Short: "Give an environment the images of another one",
		Long: `Copies, in images.json, the image of every component from one environment to another: what was tried in the first is what the second
gets. A component whose image images.json does not name in the first stays as it is, and is named; one that the second does not have is left out.`,
		Example: "  platc image promote staging prod",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) >= len([]string{"FROM", "TO"}) {
				return nil, cobra.ShellCompDirectiveDefault // the architecture
			}
			return environmentNames(c)(cmd, args, word)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 || args[0] == args[1] {
				return usage{"promote needs two environments", "for example `platc image promote staging prod`"}
			}
			in := o.input(c, args[2:])
			in.Environments.Names = args[:2]
			b, err := o.images(c, in)
			if wrong, ok := errors.AsType[usage](err); ok {
				return usage{strings.TrimPrefix(wrong.message, "-e "), wrong.help}
			}
			if err != nil {
				return err
			}
			var promoted, left []string
			all := compiler.Images(b)
			there := func(component string) bool {
				return slices.ContainsFunc(all, func(i compiler.Image) bool { return i.Component == component && i.Environment == args[1] })
			}
			for _, i := range all {
				switch {
				case i.Environment != args[0] || !there(i.Component):
				case i.From == compiler.FromImages:
					promoted = append(promoted, i.Component)
				default:
					left = append(left, i.Component)
				}
			}
			if len(promoted) == 0 {
				return usage{fmt.Sprintf("%s names no image in %s", images.Name, args[0]), "`platc image set COMPONENT REF -e " + args[0] + "` names one"}
			}
			if len(left) > 0 && !o.quiet {
				c.say("platc: not promoted, because %s does not name their images in %s: %s\n", images.Name, args[0], strings.Join(left, ", "))
			}
			return o.changeImages(c, in, func(f *images.File) []images.Change { return f.Promote(args[0], args[1], promoted) })
		},
	}
	o.addTags(cmd.Flags())
	o.addRestriction(cmd.Flags())
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}

// inEach are the environments that were named; the name of all without.
func (o *common) inEach() []string {
	if len(o.choice.Names) == 0 {
		return []string{""}
	}
	return o.choice.Names
}

// ownImage refuses what is not a component with an image of its own: in each environment that was named, else in any.
func (o *common) ownImage(b *compiler.Build, name string) error {
	for _, environment := range o.inEach() {
		if err := ownImage(b, name, environment); err != nil {
			return err
		}
	}
	return nil
}

// ownImage is about one environment, "" for any.
func ownImage(b *compiler.Build, name, environment string) error {
	var known []string
	for _, i := range compiler.Images(b) {
		if environment == "" || i.Environment == environment {
			known = append(known, i.Component)
		}
	}
	known = slices.Compact(known)
	if slices.Contains(known, name) {
		return nil
	}
	help := "those that have one are " + orDash(known)
	if near := diag.Nearest(name, known); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	for _, e := range b.Environments {
		n := e.Graph.Node(name)
		if n != nil && n.Parent == nil && (environment == "" || environment == e.Name) {
			return usage{fmt.Sprintf("%s:%d: %s has no image of its own: its kind, %s, brings it", n.Pos.File, n.Pos.Line, name, n.Kind.Name), help}
		}
	}
	return usage{fmt.Sprintf("%s%s has no component %q", b.Graph.Name, inEnvironment(environment), name), help}
}

// inEnvironment is how a text goes on that is about an environment, "" for none.
func inEnvironment(name string) string {
	if name == "" {
		return ""
	}
	return " in " + name
}

// changeImages changes images.json, and says what was changed.
func (o *common) changeImages(c *console, in compiler.Input, change func(*images.File) []images.Change) error {
	name := compiler.ImagesFile(in)
	var changes []images.Change
	var found diag.List
	err := output.Revise(name, func(old []byte) ([]byte, error) {
		var f images.File
		if old != nil {
			var wrong []diag.Diagnostic
			f, wrong = images.Parse(old, name)
			for _, d := range wrong {
				found.Add(d)
			}
			if found.HasErrors() {
				return nil, compiler.ErrFindings
			}
		}
		if changes = change(&f); len(changes) == 0 {
			return old, nil
		}
		return f.Encode(), nil
	})
	if errors.Is(err, compiler.ErrFindings) {
		return c.refuse(o, found.Sorted())
	}
	if err != nil {
		return err
	}
	return o.sayImages(c, changes)
}

type changeJSON struct {
	Component   string `json:"component"`
	Environment string `json:"environment"` // "": all
	From        string `json:"from"`        // "": images.json did not name it
	To          string `json:"to"`          // "": it does not name it any more
}

func (o *common) sayImages(c *console, changes []images.Change) error {
	if o.format.value == "json" {
		list := make([]changeJSON, 0, len(changes))
		for _, ch := range changes {
			list = append(list, changeJSON{ch.Component, ch.Environment, ch.From.String(), ch.To.String()})
		}
		return printJSON(c.out, map[string]any{"changes": list})
	}
	if o.quiet {
		return nil
	}
	if len(changes) == 0 {
		_, err := fmt.Fprintf(c.out, "%s is unchanged\n", images.Name)
		return err
	}
	for _, ch := range changes {
		if _, err := fmt.Fprintf(c.out, "%s%s: %s -> %s\n", ch.Component, inEnvironment(ch.Environment), orSource(ch.From), orSource(ch.To)); err != nil {
			return err
		}
	}
	return nil
}

// orSource is a reference, or what names an image without one.
func orSource(r images.Ref) string {
	if r == (images.Ref{}) {
		return "as arch.cue says"
	}
	return r.String()
}

func imageContextCommand(c *console) *cobra.Command {
	var o common
	file := "-"
	cmd := &cobra.Command{
		Use:   "context COMPONENT [flags] [arch.cue | directory | package]",
		Short: "What the image of a component is built from, as a tar archive",
		Long: `Writes the build context of a component as a tar archive: the files that the tag of its image is made of, with its Dockerfile, and
nothing else. The bytes are the same on every machine. Docker, BuildKit, Buildah and Kaniko read it from a pipe or a file.`,
		Example:           "  platc image context orders | docker build -t orders -\n  platc image context orders -o context.tar",
		ValidArgsFunction: o.completeImages(c),
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usage{"context needs a component", "for example `platc image context orders`; `platc image list` prints the components"}
			case file == "-" && c.outTerminal:
				return usage{"context writes an archive, and stdout is a terminal", "redirect it to a file or a pipe, or give -o FILE"}
			}
			return writeContext(c, &o, args[0], args[1:], file)
		},
	}
	cmd.Flags().StringVarP(&file, "output", "o", file, "write to `FILE`, or to - (stdout)")
	o.addInput(cmd.Flags())
	o.addQuiet(cmd.Flags())
	return cmd
}

func writeContext(c *console, o *common, component string, args []string, file string) error {
	b, err := o.images(c, o.input(c, args))
	if err != nil {
		return err
	}
	if err := o.ownImage(b, component); err != nil {
		return err
	}
	files, err := compiler.BuildContext(b, component)
	if own, ok := errors.AsType[*kind.Mistakes](err); ok {
		b.Findings.Add(own.Found[0])
		return c.refuse(o, b.Findings.Sorted())
	}
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return usage{component + " has no build context: its image is built elsewhere", "`platc image list --json` says which images are built"}
	}
	var archive bytes.Buffer
	if err := output.Context(&archive, files); err != nil {
		return err
	}
	if file == "-" {
		_, err := c.out.Write(archive.Bytes())
		return err
	}
	return output.Revise(c.path(file), func([]byte) ([]byte, error) { return archive.Bytes(), nil })
}

// completeImages completes the first argument with the components that have an image of their own.
func (o *common) completeImages(c *console) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		b := compiler.Check(o.input(c, nil))
		if len(args) > 0 || b.Findings.HasErrors() {
			return nil, cobra.ShellCompDirectiveDefault
		}
		var all []string
		for _, i := range compiler.Images(b) {
			all = append(all, i.Component)
		}
		return slices.Compact(all), cobra.ShellCompDirectiveNoFileComp
	}
}
