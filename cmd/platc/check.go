package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit/output"
)

func checkCommand(c *console) *cobra.Command {
	var o common
	against, accepted := "", false
	cmd := &cobra.Command{
		Use:   "check [flags] [arch.cue | directory | package]",
		Short: "Check an architecture; nothing is written",
		Long: `Reads an architecture and runs every check. All errors are reported together, and nothing is written,
not even the development identity that a build would create. A check without errors is remembered in the user's
cache: the next one of the same input says the same at once.`,
		Example: "  platc check\n  platc check --against out\n  platc check -t env=production arch.cue\n  platc check --deny W0112,W0120\n  platc check --format sarif > platc.sarif",
		RunE: func(_ *cobra.Command, args []string) error {
			in := o.input(c, args)
			var verdict *compiler.Verdict
			if against == "" {
				verdict = o.verdict(c, in)
			}
			if findings, summary, same := verdict.Same(); same {
				list := &diag.List{}
				o.again(list, findings)
				return c.checked(&o, list, summary, accepted)
			}
			b, err := checked(in)
			if err != nil {
				return err
			}
			if against != "" && !b.Findings.HasErrors() {
				if err := c.compare(b, against); err != nil {
					return err
				}
			}
			var summary []string
			for _, e := range b.Environments {
				if e.Graph != nil {
					summary = append(summary, fmt.Sprintf("%s: %s", e.Graph.PartOf(), size(e.Graph)))
				}
			}
			verdict.Keep(b, summary, time.Now())
			return c.checked(&o, &b.Findings, summary, accepted)
		},
	}
	o.choice.Alone = true
	o.addInput(cmd.Flags())
	cmd.Flags().StringVar(&against, "against", "", "also report what a build into `DIR` would leave behind there")
	cmd.Flags().BoolVar(&accepted, "accepted", false, "also list the warnings that arch.cue accepts, with the reasons")
	o.addDeny(cmd)
	o.addOutput(cmd.Flags(), "text", "json", "sarif")
	return cmd
}

// verdict is that of a whole architecture; nil for every other.
func (o *common) verdict(c *console, in compiler.Input) *compiler.Verdict {
	cache := c.cache()
	if cache == "" || len(o.choice.Names) > 0 || in.Restrict != nil || slices.Contains(in.Args, compiler.Stdin) {
		return nil
	}
	return compiler.OpenVerdict(in, platcVersion(), cache)
}

// again adds what was found in the same input before.
func (o *common) again(list *diag.List, findings []diag.Diagnostic) {
	list.Deny(o.deny.codes)
	for _, d := range findings {
		list.Add(d)
	}
}

// compare adds what a build into a folder would leave behind there.
func (c *console) compare(b *compiler.Build, against string) error {
	if info, err := os.Stat(c.path(against)); err != nil || !info.IsDir() {
		return usage{"--against " + against + ": there is no such folder", "name the folder of an earlier build"}
	}
	old, found, err := output.Recorded(against)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("--against %s: there is no record of a build (.platc/manifest.json)", against)
	}
	compiler.Compare(b, old, owners.Options{Tree: against})
	return nil
}

// checked ends a check.
func (c *console) checked(o *common, findings *diag.List, summary []string, accepted bool) error {
	if err := c.reportCheck(o, findings, accepted); err != nil {
		return err
	}
	if findings.HasErrors() {
		return exit(exitErrors)
	}
	if o.format.value != "text" || o.quiet {
		return nil
	}
	for _, line := range summary {
		if _, err := fmt.Fprintln(c.out, line); err != nil {
			return err
		}
	}
	return nil
}

// reportCheck is report, with the warnings that are accepted where these are asked for.
func (c *console) reportCheck(o *common, findings *diag.List, accepted bool) error {
	switch {
	case !accepted || o.format.value == "sarif": // which has them in any case
		return c.report(o, findings)
	case o.format.value == "json":
		return diag.JSONWith(c.out, findings.Sorted(), c.source, map[string]any{"accepted": diag.InJSON(findings.Accepted(), c.source)})
	}
	if err := c.report(o, findings); err != nil {
		return err
	}
	if err := diag.Text(c.out, findings.Accepted(), c.source, false); err != nil || len(findings.Accepted()) == 0 {
		return err
	}
	_, err := fmt.Fprintln(c.out)
	return err
}

// size is "3 components, 2 links".
func size(g *ir.Graph) string {
	return plural(len(g.Components()), "component") + ", " + plural(len(g.Edges), "link")
}
