package main

import (
	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
)

// passDoc is a row of the table of passes.
type passDoc struct {
	Name    string   `json:"name"`
	Doc     string   `json:"doc"`
	After   []string `json:"after"`   // passes whose promises this one relies on
	Promise string   `json:"promise"` // what holds from then on
	Codes   []string `json:"codes"`
}

func passesCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "passes [flags]",
		Short: "The passes that make every decision, in the order in which they run",
		Long: `Prints the table of passes as it runs: what each does, the passes that it relies on,
and the diagnostics that it may report; with --json also what holds once it has run. --dump-ir of build writes graph and plan after each of them.`,
		Example: "  platc passes\n  platc passes --json",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			var docs []passDoc
			rows := [][]string{{"PASS", "AFTER", "CODES", "DOES"}}
			for _, p := range compiler.Passes() {
				docs = append(docs, passDoc{p.Name, p.Doc, append([]string{}, p.After...), p.Promise, append([]string{}, p.Codes...)})
				rows = append(rows, []string{p.Name, orDash(p.After), orDash(p.Codes), p.Doc})
			}
			if o.format.value == "json" {
				return printJSON(c.out, map[string]any{"passes": docs})
			}
			return c.printTable(rows)
		},
	}
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}
