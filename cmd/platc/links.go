package main

import (
	"slices"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler/explain"
)

func linksCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "links [flags]",
		Short: "The rules of links: which kinds can link to which, and what that changes",
		Long: `Prints the rules that links follow: a link between two kinds needs one. Each changes its source
(outbound) and its target (inbound). A sub-component's rules apply on top of those of its component.`,
		Example: "  platc links\n  platc links --json\n  platc explain 'fastapi -> postgresql'",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			l, err := c.library(&o)
			if err != nil {
				return err
			}
			links := explain.Links(l)
			if o.format.value == "json" {
				return printJSON(c.out, map[string]any{"links": links})
			}
			return printTable(c.out, linkRows(links))
		},
	}
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}

func linkRows(links []explain.LinkDoc) [][]string {
	rows := [][]string{{"RULE", "ATTRIBUTES", "PORTS", "WAITS", "IDENTITY", "FIELDS", "OUTBOUND", "INBOUND"}}
	for _, d := range links {
		var names []string
		for _, a := range d.Attributes {
			names = append(names, a.Name)
		}
		waits, identity := "yes", "-"
		if !d.Startup {
			waits = "no"
		}
		if d.Identity != "" {
			identity = d.Identity
		}
		// a rule of a capability is listed for each pair of kinds that it serves as well
		for _, pair := range append([]string{d.Rule}, d.Serves...) {
			rows = append(rows, []string{pair, orDash(names), orDash(d.Ports), waits, identity, orDash(d.Fields), orDash(slices.Concat(d.Variables, effects(d.Outbound))), orDash(effects(d.Inbound))})
		}
	}
	return rows
}

func effects(s explain.SideDoc) []string {
	return slices.Concat(s.Requirements, s.Modules, s.Parts)
}
