package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler/explain"
	"platc.dev/platc/compiler/kind"
)

func kindsCommand(c *console) *cobra.Command {
	var o common
	var cost bool
	cmd := &cobra.Command{
		Use:   "kinds [KIND] [flags]",
		Short: "The kinds of components, with attributes and sub-components",
		Long: `Prints the kinds that components can have: attributes with type and default, and the kinds of their
sub-components; with KIND only that one. Kinds in the folder kinds/ of the current directory are listed too.

With --cost it prints the questions that the compiler asks of kinds, and who answers them: the evaluator of
platc, or CUE, which takes longer, and why CUE does.`,
		Example:           "  platc kinds\n  platc kinds postgresql\n  platc kinds --cost\n  platc kinds --json\n  platc explain postgresql",
		ValidArgsFunction: completeKinds(c, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return usage{fmt.Sprintf("kinds takes one kind, not %d", len(args)), ""}
			case cost && len(args) > 0:
				return usage{"kinds --cost takes no kind", ""}
			}
			l, err := c.library(&o)
			if err != nil {
				return err
			}
			if cost {
				return printCosts(c, &o, l.Costs())
			}
			kinds := explain.Kinds(l)
			if len(args) == 1 {
				k, err := findKind(l, args[0])
				if err != nil {
					return err
				}
				kinds = []explain.KindDoc{explain.DescribeKind(l, k)}
			}
			if o.format.value == "json" {
				return printJSON(c.out, map[string]any{"kinds": kinds})
			}
			return c.printTable(kindRows(kinds))
		},
	}
	o.addOutput(cmd.Flags(), "text", "json")
	cmd.Flags().BoolVar(&cost, "cost", false, "print the questions asked of kinds, who answers each, and why CUE does")
	return cmd
}

// costDoc is a question as JSON has it.
type costDoc struct {
	Question   string `json:"question"`
	Of         string `json:"of"`
	AnsweredBy string `json:"answeredBy"` // "evaluator" or "CUE"
	Reason     string `json:"reason"`     // why CUE does; "" otherwise
	File       string `json:"file"`
	Line       int    `json:"line"`
	Column     int    `json:"column"`
}

func printCosts(c *console, o *common, costs []kind.Cost) error {
	docs := make([]costDoc, len(costs))
	rows := [][]string{{"KIND OR RULE", "QUESTION", "ANSWERED BY", "BECAUSE"}}
	for i, q := range costs {
		docs[i] = costDoc{Question: q.Question, Of: q.Of, AnsweredBy: "evaluator", Reason: q.Reason, File: q.Pos.File, Line: q.Pos.Line, Column: q.Pos.Column}
		because := ""
		if q.CUE {
			docs[i].AnsweredBy = "CUE"
			because = q.Reason
			if q.Pos.IsValid() {
				because = q.Pos.String() + ": " + q.Reason
			}
		}
		rows = append(rows, []string{q.Of, q.Question, docs[i].AnsweredBy, because})
	}
	if o.format.value == "json" {
		return printJSON(c.out, map[string]any{"questions": docs})
	}
	return c.printTable(rows)
}

func kindRows(kinds []explain.KindDoc) [][]string {
	rows := [][]string{{"KIND", "ATTRIBUTE", "DEFAULT", "TYPE"}}
	for _, k := range kinds {
		rows = append(rows, []string{k.Name, "", "", k.Doc})
		rows = append(rows, attributeRows(k.Attributes, "")...)
		for _, sub := range k.SubComponents {
			rows = append(rows, []string{sub.Name, "", "", sub.Doc})
			rows = append(rows, attributeRows(sub.Attributes, "")...)
		}
	}
	return rows
}

func attributeRows(all []explain.AttributeDoc, prefix string) [][]string {
	var rows [][]string
	for _, a := range all {
		value := "-"
		switch {
		case a.Required:
			value = "required"
		case a.Default != nil:
			value = shown(a.Default)
		}
		rows = append(rows, []string{"", prefix + a.Name, value, oneLine(a.Type)})
		rows = append(rows, attributeRows(a.Attributes, prefix+a.Name+".")...)
	}
	return rows
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
