package main

import (
	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/pass"
)

// passDoc is a row of the table of passes.
type passDoc struct {
	Name     string      `json:"name"`
	Doc      string      `json:"doc"`
	Requires []pass.Fact `json:"requires"`
	Provides []pass.Fact `json:"provides"`
	Codes    []string    `json:"codes"`
}

func passesCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "passes [flags]",
		Short: "The passes that make every decision, in the order in which they run",
		Long: `Prints the table of passes as it runs: what each does, the facts that it relies on and establishes,
and the diagnostics that it may report. --dump-ir of build writes graph and plan after each of them.`,
		Example: "  platc passes\n  platc passes --json",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			var docs []passDoc
			rows := [][]string{{"PASS", "REQUIRES", "PROVIDES", "CODES", "DOES"}}
			for _, p := range compiler.Passes() {
				docs = append(docs, passDoc{p.Name, p.Doc, append([]pass.Fact{}, p.Requires...), append([]pass.Fact{}, p.Provides...), append([]string{}, p.Codes...)})
				rows = append(rows, []string{p.Name, orDash(texts(p.Requires)), orDash(texts(p.Provides)), orDash(p.Codes), p.Doc})
			}
			if o.format.value == "json" {
				return printJSON(c.out, map[string]any{"passes": docs})
			}
			return printTable(c.out, rows)
		},
	}
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}

func texts(facts []pass.Fact) []string {
	var all []string
	for _, f := range facts {
		all = append(all, string(f))
	}
	return all
}
