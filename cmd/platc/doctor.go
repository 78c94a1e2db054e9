package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/doctor"
)

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	common
	out      string
	purposes []string
	context  string
	timeout  time.Duration
}

// defaultPatience is how long a program may take that is asked for its version, or for what a cluster has.
const defaultPatience = 10 * time.Second

func doctorCommand(c *console) *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor [flags] [arch.cue | directory | package]",
		Short: "What this machine and the cluster have of what an architecture needs",
		Long: `Looks for the programs that deploy an architecture (deploy), run it in containers here (up), build its images (images) and hand it
to a GitOps engine (gitops), for a key that opens its secrets, and in the cluster for the operators that it needs: which version there is,
which one is needed. It changes nothing, and shows no key. Without an architecture it looks at programs and keys alone. Programs are
also looked for where another one does the same: of those any one is enough. It ends with 1 if something that is needed is missing.`,
		Example: "  platc doctor\n  platc doctor --for up\n  platc doctor --for deploy --context prod arch.cue",
		RunE: func(_ *cobra.Command, args []string) error {
			if o.timeout <= 0 {
				return usage{fmt.Sprintf("--timeout %s: it must be more than nothing", o.timeout), "for example --timeout 10s"}
			}
			ctx, stop := interruptible(context.Background())
			defer stop()
			needs, err := o.needs(c, args)
			if err != nil {
				return err
			}
			return o.print(c, doctor.Look(ctx, needs, doctor.Options{Context: o.context, Timeout: o.timeout}))
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.purposes, "for", nil, "look only at what is needed for `PURPOSE`: "+strings.Join(purposes(), ", ")+" (repeatable; default: all that the architecture asks for)")
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(purposes(), cobra.ShellCompDirectiveNoFileComp))
	flags.StringVarP(&o.out, "output", "o", "out", "the `DIR` of the tree, whose .sops.yaml counts if nothing else says who opens the secrets")
	flags.StringVar(&o.context, "context", "", "the context `NAME` of kubectl (default: the current one)")
	flags.DurationVar(&o.timeout, "timeout", defaultPatience, "how long each program may take, `TIME`")
	o.one()
	o.addInput(flags)
	o.addOutput(flags, "text", "json")
	return cmd
}

func purposes() []string {
	var all []string
	for _, p := range doctor.Purposes() {
		all = append(all, string(p))
	}
	return all
}

// needs are those of the architecture, or of any where there is none.
func (o *doctorOptions) needs(c *console, args []string) (doctor.Needs, error) {
	for _, p := range o.purposes {
		if !slices.Contains(purposes(), p) {
			return doctor.Needs{}, usage{fmt.Sprintf("--for %s: there is no such purpose", p), "one of " + strings.Join(purposes(), ", ")}
		}
	}
	b, err := o.architecture(c, args)
	if err != nil {
		return doctor.Needs{}, err
	}
	out := c.path(o.out)
	if b == nil {
		out = c.dir
	}
	needs, err := compiler.Needs(b, compiler.RenderOptions{Out: out, Env: c.env, Home: c.home})
	if err != nil {
		return needs, err
	}
	if len(o.purposes) > 0 {
		needs.Purposes = slices.DeleteFunc(needs.Purposes, func(p doctor.Purpose) bool { return !slices.Contains(o.purposes, string(p)) })
	}
	return needs, nil
}

// architecture is the one that is named, or that is here; nil: there is none.
func (o *doctorOptions) architecture(c *console, args []string) (*compiler.Build, error) {
	if len(args) == 0 {
		if here, _ := filepath.Glob(filepath.Join(c.dir, "*.cue")); len(here) == 0 { // the pattern is a valid one
			return nil, nil //nolint:nilnil // no architecture is no mistake
		}
	}
	b, err := checked(o.input(c, args))
	if err != nil {
		return nil, err
	}
	if b.Findings.HasErrors() {
		return nil, c.refuse(&o.common, b.Findings.Sorted())
	}
	return b, nil
}

func (o *doctorOptions) print(c *console, r doctor.Report) error {
	printed := o.printText
	if o.format.value == "json" {
		printed = func(c *console, r doctor.Report) error { return printJSON(c.out, r) }
	}
	if err := printed(c, r); err != nil {
		return err
	}
	if !r.Done() {
		return exit(exitErrors)
	}
	return nil
}

func (o *doctorOptions) printText(c *console, r doctor.Report) error {
	if !o.quiet {
		rows := [][]string{{"STATE", "WHAT", "VERSION", "NEEDED", "FOR", "NOTE"}}
		for _, check := range r.Checks {
			var of []string
			for _, p := range check.For {
				of = append(of, string(p))
			}
			rows = append(rows, []string{string(check.State), check.Name, dash(check.Version), dash(check.Wants), orDash(of), check.Note})
		}
		if err := printTable(c.out, rows); err != nil {
			return err
		}
	}
	for _, p := range doctor.Purposes() {
		missing, asked := r.Missing[p]
		switch {
		case len(missing) > 0:
			if _, err := fmt.Fprintf(c.out, "missing for %s: %s\n", p, strings.Join(missing, ", ")); err != nil {
				return err
			}
		case asked && !o.quiet:
			if _, err := fmt.Fprintf(c.out, "nothing is missing for %s\n", p); err != nil {
				return err
			}
		}
	}
	return nil
}

func dash(s string) string { return cmp.Or(s, "-") }
