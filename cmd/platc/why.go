package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/explain"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

func whyCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "why {COMPONENT THING | FILE[:LINE]} [flags] [arch.cue | directory | package]",
		Short: "Why a variable, requirement, module, file, line, attribute or link is there, or is not",
		Long: `Explains one decision of the compiler: the links, attributes and rules behind it, the pass that took it,
the place in arch.cue and the place in the kind. THING is a variable, a Python requirement, a module, a file
(its path or its last name), a line of one (FILE:LINE), an attribute, another component, a sub-component, an
attribute of a sub-component or a link (NAME.ATTRIBUTE), or the name of a user. A path in the output needs no
component. What is absent is explained too, when a link could bring it. "either" is what any one of several is
enough for.`,
		Example: "  platc why orders POSTGRES_HOST\n  platc why orders hpa.yaml\n  platc why orders networkpolicy.yaml:31\n  platc why out/orders/k8s/deploy/base/fastapi.yaml:60\n  platc why orders db\n  platc why orders db/orders.access",
		RunE: func(_ *cobra.Command, args []string) error {
			q, err := questionOf(args)
			if err != nil {
				return err
			}
			b, err := q.checked(c, &o)
			if err != nil {
				return err
			}
			if b.Findings.HasErrors() {
				return c.refuse(&o, b.Findings.Sorted())
			}
			answer, err := q.answer(b.Plan)
			if unknown, ok := errors.AsType[*explain.Unknown](err); ok {
				return usage{unknown.Message, unknown.Help}
			}
			if own, ok := errors.AsType[*kind.Mistakes](err); ok {
				b.Findings.Add(own.Found[0])
				return c.refuse(&o, b.Findings.Sorted())
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
	o.one()
	o.addInput(cmd.Flags())
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}

// whyQuestion is what `why` is asked: of a thing of a component, or of a file of the output where that is empty.
type whyQuestion struct {
	component, thing string
	input            []string // where the architecture is
}

// questionOf reads the arguments. The architecture may stand in front of a component, as one would say it of a file.
func questionOf(args []string) (whyQuestion, error) {
	switch {
	case len(args) == 0, len(args) == 1 && !strings.ContainsAny(args[0], "./:"),
		len(args) == 2 && namesInput(args[0]) && !namesInput(args[1]),
		len(args) < 3 && strings.HasSuffix(args[0], ".cue"):
		return whyQuestion{}, usage{"why needs a component and a thing, or a file of the output", "for example `platc why orders POSTGRES_HOST`"}
	case len(args) == 1 || len(args) == 2 && namesInput(args[0]):
		return whyQuestion{thing: args[0], input: args[1:]}, nil
	case len(args) == 3 && namesInput(args[0]) && !namesInput(args[1]):
		return whyQuestion{args[1], args[2], args[:1]}, nil
	}
	return whyQuestion{args[0], args[1], args[2:]}, nil
}

// checked is the architecture in the environment that is asked for, by -e or by the path of the file.
func (q whyQuestion) checked(c *console, o *common) (*compiler.Build, error) {
	in := o.input(c, q.input)
	in.Untraced = false
	b, err := checked(in)
	if err != nil || q.component != "" || b.Findings.HasErrors() {
		return b, err
	}
	for _, name := range b.Plan.Graph.Environments {
		if name == b.Plan.Graph.Environment || !ofEnvironment(q.thing, name) {
			continue
		}
		if len(o.choice.Names) > 0 {
			return nil, usage{fmt.Sprintf("%s is of the environment %s, and -e says %s", q.thing, name, b.Plan.Graph.Environment), "leave out -e"}
		}
		in.Environments.Names = []string{name}
		return checked(in)
	}
	return b, nil
}

// ofEnvironment says whether a path of the output is that of a file of an environment.
func ofEnvironment(file, name string) bool {
	file = "/" + filepath.ToSlash(file)
	return strings.Contains(file, "/env/"+name+"/") || strings.Contains(file, "/gitops/"+name+"/")
}

func (q whyQuestion) answer(p *ir.Plan) (explain.Answer, error) {
	if q.component == "" {
		return explain.WhyFile(p, q.thing)
	}
	return explain.Why(p, q.component, q.thing)
}

func answerText(a explain.Answer) string {
	var b strings.Builder
	verb := "does not have"
	if a.Present {
		verb = "has"
	}
	if a.Environment != "" {
		fmt.Fprintf(&b, "%s: ", a.Environment)
	}
	fmt.Fprintf(&b, "%s %s the %s %s", a.Component, verb, a.What, a.Thing)
	if a.Value != "" && a.Value != a.Thing {
		fmt.Fprintf(&b, ": %s", a.Value)
	}
	b.WriteByte('\n')
	for i, by := range a.Because {
		b.WriteString(reasonText(by, i > 0 && a.Because[i-1].Either))
	}
	if a.Kind != nil {
		fmt.Fprintf(&b, "  written in %s\n", placesText(a.Kind, a.Part))
	}
	return b.String()
}

// reasonText is a reason and where it comes from; of several that are each enough, all but the first begin with "or".
func reasonText(by explain.Because, more bool) string {
	reason := by.Reason
	if by.Edge != "" {
		reason = fmt.Sprintf("link %s: %s", by.Edge, by.Reason)
	}
	switch {
	case by.Either && more:
		reason = "or " + reason
	case by.Either:
		reason = "either " + reason
	}
	var from []string
	if by.Rule != "" {
		from = append(from, "rule "+by.Rule)
	}
	if by.Pass != "" {
		from = append(from, "pass "+by.Pass)
	}
	if where := (diag.Pos{File: by.File, Line: by.Line, Column: by.Column}).String(); where != "" {
		from = append(from, "at "+where)
	}
	if by.Kind != nil {
		from = append(from, "in "+placesText(by.Kind, by.Part))
	}
	return fmt.Sprintf("  %s\n    %s\n", reason, strings.Join(from, ", "))
}

// placesText is a place in a kind, with that of the building block that it uses there.
func placesText(ofKind, ofPart *explain.Place) string {
	if ofPart == nil {
		return placeText(ofKind)
	}
	return placeText(ofKind) + " through " + placeText(ofPart)
}

func placeText(p *explain.Place) string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}
