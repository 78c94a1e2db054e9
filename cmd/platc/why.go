package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
)

func whyCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "why COMPONENT THING [flags] [arch.cue | directory | package]",
		Short: "Why a variable, requirement, module, file or line is there, or is not",
		Long: `Explains one decision of the compiler: the links and rules behind it, the pass that took it, and the
place in arch.cue. THING is a variable, a Python requirement, a module, a file (its path from the component's
folder) or a line of one (FILE:LINE). What is absent is explained too, when a link could bring it.`,
		Example: "  platc why orders POSTGRES_HOST\n  platc why orders kafka_module\n  platc why orders k8s/deploy/base/networkpolicy.yaml:31",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usage{"why needs a component and a thing", "for example `platc why orders POSTGRES_HOST`"}
			}
			b := compiler.Check(o.input(c, args[2:]))
			if b.Findings.HasErrors() {
				return c.refuse(&o, b.Findings.Sorted())
			}
			answer, err := compiler.Why(b, args[0], args[1])
			if unknown, ok := errors.AsType[*compiler.Unknown](err); ok {
				return usage{unknown.Message, unknown.Help}
			}
			if err != nil {
				return err
			}
			if o.format.value == "json" {
				var text strings.Builder
				if err := printJSON(&text, answer); err != nil {
					return err
				}
				_, err = fmt.Fprint(c.out, c.hidden.Text(text.String()))
				return err
			}
			_, err = fmt.Fprint(c.out, c.hidden.Text(answerText(answer)))
			return err
		},
	}
	o.addInput(cmd.Flags())
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}

func answerText(a compiler.Answer) string {
	var b strings.Builder
	verb := "does not have"
	if a.Present {
		verb = "has"
	}
	fmt.Fprintf(&b, "%s %s the %s %s", a.Component, verb, a.What, a.Thing)
	if a.Value != "" && a.Value != a.Thing {
		fmt.Fprintf(&b, ": %s", a.Value)
	}
	b.WriteByte('\n')
	for _, by := range a.Because {
		where := diag.Pos{File: by.File, Line: by.Line, Column: by.Column}.String()
		if by.Edge == "" {
			fmt.Fprintf(&b, "  %s\n", by.Reason)
		} else {
			fmt.Fprintf(&b, "  link %s: %s\n", by.Edge, by.Reason)
		}
		var from []string
		if by.Rule != "" {
			from = append(from, "rule "+by.Rule)
		}
		if by.Pass != "" {
			from = append(from, "pass "+by.Pass)
		}
		if where != "" {
			from = append(from, "at "+where)
		}
		fmt.Fprintf(&b, "    %s\n", strings.Join(from, ", "))
	}
	return b.String()
}
