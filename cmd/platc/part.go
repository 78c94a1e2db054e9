package main

import (
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/explain"
)

// explainPart prints the building blocks that kinds use: all of them, or one with its parameters.
func explainPart(c *console, o *common, names []string) error {
	parts := explain.Parts()
	if len(names) == 0 {
		if o.format.value == "json" {
			return printJSON(c.out, map[string]any{"parts": parts})
		}
		rows := [][]string{{"PART", "IS"}}
		for _, p := range parts {
			rows = append(rows, []string{p.Name, p.Doc})
		}
		return c.printTable(rows)
	}
	name := strings.TrimPrefix(strings.TrimPrefix(names[0], "schema."), "#")
	i := slices.IndexFunc(parts, func(p explain.PartDoc) bool { return p.Name == name })
	if i < 0 {
		var known []string
		for _, p := range parts {
			known = append(known, p.Name)
		}
		help := "`platc explain part` lists them"
		if near := diag.Nearest(name, known); near != "" {
			help = fmt.Sprintf("did you mean %q?", near)
		}
		return usage{fmt.Sprintf("there is no part %q", name), help}
	}
	if o.format.value == "json" {
		return printJSON(c.out, parts[i])
	}
	_, err := fmt.Fprint(c.out, partText(parts[i]))
	return err
}

func partText(p explain.PartDoc) string {
	var b strings.Builder
	fmt.Fprintf(&b, "schema.%s\n\nParameters\n", p.Doc)
	for _, q := range p.Parameters {
		presence := "optional"
		switch {
		case q.Required:
			presence = "required"
		case q.Default != "":
			presence = "default " + q.Default
		}
		fmt.Fprintf(&b, "  %s (%s): %s\n      %s\n", q.Name, presence, q.Type, q.Doc)
	}
	section(&b, "Example", []string{p.Example})
	return b.String()
}
