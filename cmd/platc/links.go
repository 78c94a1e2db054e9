package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/explain"
	"platc.dev/platc/compiler/kind"
)

func linksCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "links [FROM [TO]] [flags]",
		Short: "The rules of links: which kinds can link to which, and what that changes",
		Long: `Prints the rules that links follow: a link between two kinds needs one. Each changes its source
(outbound) and its target (inbound). A sub-component's rules apply on top of those of its component. FROM and TO are kinds, or capabilities as
"@metrics": then only the links from one, or from one to the other, are printed.`,
		Example:           "  platc links\n  platc links fastapi\n  platc links fastapi postgresql --json",
		ValidArgsFunction: completeKinds(c, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 2 {
				return usage{fmt.Sprintf("links takes two kinds, not %d", len(args)), ""}
			}
			l, err := c.library(&o)
			if err != nil {
				return err
			}
			ends, err := readEnds(l, args)
			if err != nil {
				return err
			}
			links, err := ends.among(explain.Links(l))
			if err != nil {
				return err
			}
			if o.format.value == "json" {
				return printJSON(c.out, map[string]any{"links": links})
			}
			return c.printTable(linkRows(links, ends))
		},
	}
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}

func linkRows(links []explain.LinkDoc, ends linkEnds) [][]string {
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
			if !ends.of(pair) {
				continue
			}
			rows = append(rows, []string{pair, orDash(names), orDash(d.Ports), waits, identity, orDash(d.Fields), orDash(slices.Concat(d.Variables, effects(d.Outbound))), orDash(effects(d.Inbound))})
		}
	}
	return rows
}

func effects(s explain.SideDoc) []string {
	return slices.Concat(s.Requirements, s.Modules, s.Parts)
}

// linkEnds are the names of the ends of links that are asked for: none, that of the source, or those of both. A kind stands for its sub-kinds too.
type linkEnds []string

func readEnds(l *kind.Library, args []string) (linkEnds, error) {
	var ends linkEnds
	for _, arg := range args {
		if !strings.HasPrefix(arg, "@") {
			k, err := findKind(l, arg)
			if err != nil {
				return nil, err
			}
			arg = k.Name
		} else if names := capabilities(l); !slices.Contains(names, arg) {
			help := "the capabilities in rules are " + strings.Join(names, ", ")
			if near := diag.Nearest(arg, names); near != "" {
				help = fmt.Sprintf("did you mean %q?", near)
			}
			return nil, usage{fmt.Sprintf("no rule has the capability %q", arg), help}
		}
		ends = append(ends, arg)
	}
	return ends, nil
}

// of says whether a pair, "fastapi -> postgresql", has these ends.
func (e linkEnds) of(pair string) bool {
	from, to, _ := strings.Cut(pair, " -> ")
	for i, end := range []string{from, to}[:len(e)] {
		if end != e[i] && !strings.HasPrefix(end, e[i]+"/") {
			return false
		}
	}
	return true
}

// among are the links with these ends. Of a rule of a capability the pairs that it serves are narrowed.
func (e linkEnds) among(all []explain.LinkDoc) ([]explain.LinkDoc, error) {
	found := []explain.LinkDoc{}
	for _, d := range all {
		if !e.of(d.Rule) {
			d.Serves = slices.DeleteFunc(slices.Clone(d.Serves), func(pair string) bool { return !e.of(pair) })
		}
		if e.of(d.Rule) || len(d.Serves) > 0 {
			found = append(found, d)
		}
	}
	if len(found) == 0 {
		help := "`platc links` lists the links that there are"
		for _, d := range all {
			if from, to, _ := strings.Cut(d.Rule, " -> "); len(e) == 1 && to == e[0] {
				help = fmt.Sprintf("links lead to it: `platc links %s %s`", from, to)
				break
			}
		}
		return nil, usage{"there is no rule for a link from " + strings.Join(e, " to "), help}
	}
	return found, nil
}

// capabilities are those that rules have at an end, "@metrics".
func capabilities(l *kind.Library) []string {
	var all []string
	for _, r := range l.Rules {
		for _, end := range []string{r.From, r.To} {
			if strings.HasPrefix(end, "@") {
				all = append(all, end)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
