package main

import (
	"strings"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler/explain"
)

func kindsCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "kinds [flags]",
		Short: "The kinds of components, with attributes and sub-components",
		Long: `Prints the kinds that components may have: attributes with type and default, and the kinds of their
sub-components. Kinds in the folder kinds/ of the current directory are listed too.`,
		Example: "  platc kinds\n  platc kinds --json\n  platc explain postgresql",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			l, err := c.library(&o)
			if err != nil {
				return err
			}
			kinds := explain.Kinds(l)
			if o.format.value == "json" {
				return printJSON(c.out, map[string]any{"kinds": kinds})
			}
			return printTable(c.out, kindRows(kinds))
		},
	}
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
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
