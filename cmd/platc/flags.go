package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"platc.dev/platc/compiler"
)

// common are the flags of every command that reads an architecture, and of those that print a table.
type common struct {
	tags     []string
	restrict restriction
	choice   compiler.Choice
	deny     denial
	format   choice
	quiet    bool
	noColor  bool
	watch    *watched // what the rounds of --watch have said; nil: there is one round
}

// restriction is the value of --restrict-env: names joined by commas, none too.
type restriction struct {
	set   bool
	names []string
}

func (r *restriction) String() string { return strings.Join(r.names, ",") }
func (r *restriction) Type() string   { return "NAMES" }

func (r *restriction) Set(v string) error {
	r.set = true
	for name := range strings.SplitSeq(v, ",") {
		if name = strings.TrimSpace(name); name != "" {
			r.names = append(r.names, name)
		}
	}
	return nil
}

// choice is the value of a flag that takes one of a list.
type choice struct {
	value   string
	allowed []string
	aliases map[string]string
	set     bool
}

func (f *choice) String() string { return f.value }
func (f *choice) Type() string   { return strings.Join(f.allowed, "|") }

func (f *choice) Set(v string) error {
	if alias, ok := f.aliases[v]; ok {
		v = alias
	}
	if !slices.Contains(f.allowed, v) {
		return fmt.Errorf("available are %s", strings.Join(f.allowed, ", "))
	}
	if f.set && f.value != v {
		return fmt.Errorf("it is already %s", f.value)
	}
	f.value, f.set = v, true
	return nil
}

// shorthand is a flag that stands for one value of --format.
type shorthand struct {
	of   *choice
	name string
	on   bool
}

func (s *shorthand) String() string   { return strconv.FormatBool(s.on) }
func (s *shorthand) Type() string     { return "bool" }
func (s *shorthand) IsBoolFlag() bool { return true }

func (s *shorthand) Set(v string) error {
	if s.on = v == "true"; !s.on {
		return nil
	}
	return s.of.Set(s.name)
}

func addShorthand(flags *pflag.FlagSet, f *choice, name string) {
	flags.Var(&shorthand{of: f, name: name}, name, "short for --format "+name)
	flags.Lookup(name).NoOptDefVal = "true"
}

// addOutput adds the flags of what is printed.
func (o *common) addOutput(flags *pflag.FlagSet, formats ...string) {
	o.format = choice{value: formats[0], allowed: formats}
	flags.Var(&o.format, "format", "how to print: "+strings.Join(formats, ", "))
	addShorthand(flags, &o.format, "json")
	o.addQuiet(flags)
}

// addQuiet adds the flags of what is said beside a result.
func (o *common) addQuiet(flags *pflag.FlagSet) {
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "do not print progress, summary or warnings")
	flags.BoolVar(&o.noColor, "no-color", false, "do not use colours (also: NO_COLOR in the environment; FORCE_COLOR: use them in a pipe)")
}

// addInput adds the flags of what is read.
func (o *common) addInput(flags *pflag.FlagSet) {
	o.addTags(flags)
	flags.VarP(&environments{&o.choice}, "env", "e", "the environment `NAME` of arch.cue"+o.manyEnvironments())
	o.addRestriction(flags)
}

func (o *common) addTags(flags *pflag.FlagSet) {
	flags.VarP((*tags)(&o.tags), "tag", "t", "set a CUE tag, as `key=value` (repeatable)")
}

// tags is the value of -t.
type tags []string

func (t *tags) String() string { return strings.Join(*t, ",") }
func (t *tags) Type() string   { return "key=value" }

func (t *tags) Set(v string) error {
	if v == "" || v[0] == '=' {
		return errors.New("it needs the name of a tag")
	}
	*t = append(*t, v)
	return nil
}

func (o *common) addRestriction(flags *pflag.FlagSet) {
	flags.Var(&o.restrict, "restrict-env", "let {env: …} read only the variables `NAMES` (a,b; repeatable), and {file: …} only files below the project")
}

// environments is the value of -e.
type environments struct{ of *compiler.Choice }

func (e environments) String() string { return strings.Join(e.of.Names, ",") }
func (e environments) Type() string   { return "NAME" }

func (e environments) Set(v string) error {
	switch {
	case v == "":
		return errors.New("it needs the name of an environment")
	case e.of.First && len(e.of.Names) > 0 && e.of.Names[0] != v:
		return fmt.Errorf("it is already %s", e.of.Names[0])
	case !slices.Contains(e.of.Names, v):
		e.of.Names = append(e.of.Names, v)
	}
	return nil
}

// one makes the command one about a single environment: the first where none is named.
func (o *common) one() { o.choice.First, o.choice.Alone = true, true }

func (o *common) manyEnvironments() string {
	if o.choice.First {
		return " (default: the first)"
	}
	return " (repeatable; default: all)"
}

// checked is what came of an input, or how the command line is wrong about it.
func checked(in compiler.Input) (*compiler.Build, error) {
	b := compiler.Check(in)
	if b.Misuse != nil {
		return b, usage{b.Misuse.Message, b.Misuse.Help}
	}
	if b.Graph == nil && len(in.Args) == 1 {
		return b, astray(in)
	}
	return b, nil
}

// astray says that a component or an environment was named where the architecture is. What is no file here, and neither of them, is a file that is not there.
func astray(in compiler.Input) error {
	name := in.Args[0]
	if _, err := os.Stat(filepath.Join(in.Dir, name)); err == nil || namesInput(name) {
		return nil
	}
	in.Args, in.Environments = nil, compiler.Choice{Alone: true, First: true}
	b := compiler.Check(in)
	switch {
	case b.Graph == nil:
		return nil
	case slices.Contains(b.Graph.Environments, name):
		return usage{fmt.Sprintf("%s is an environment, and here stands a file or a folder: the architecture", name), "write -e " + name + ", once for each environment"}
	case b.Graph.Node(name) != nil:
		return usage{fmt.Sprintf("%s is a component, and here stands a file or a folder: the architecture", name), fmt.Sprintf("`platc build --only %s` writes it alone, `platc graph --focus %s` draws what is around it, `platc explain %s` describes its kind", name, name, b.Graph.Node(name).Kind.Name)}
	}
	return nil
}

func (o *common) input(c *console, args []string) compiler.Input {
	in := compiler.Input{Args: args, Dir: c.dir, Stdin: c.stdin, Tags: o.tags, Env: c.env, Hidden: c.hidden, Untraced: true, Environments: o.choice, Deny: o.deny.codes}
	if o.restrict.set {
		in.Restrict = &compiler.Restriction{Env: o.restrict.names}
	}
	return in
}

func flagNames(cmd *cobra.Command) []string {
	var all []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { all = append(all, f.Name) })
	return all
}

// noArguments is for commands that take none.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage{fmt.Sprintf("%s takes no argument, not %q", cmd.Name(), args[0]), ""}
	}
	return nil
}
