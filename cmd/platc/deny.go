package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler/diag"
)

const denyAll = "all"

// denial is the value of --deny: codes of warnings joined by commas, or all.
type denial struct{ codes []string }

func (d *denial) String() string { return strings.Join(d.codes, ",") }
func (d *denial) Type() string   { return "CODES" }

func (d *denial) Set(v string) error {
	for id := range strings.SplitSeq(v, ",") {
		id = strings.TrimSpace(id)
		code, known := diag.Lookup(id)
		switch {
		case id == denyAll:
		case !known:
			return usage{fmt.Sprintf("--deny: there is no warning %q", id), denyHelp(id)}
		case code.Severity() == diag.Error:
			return usage{fmt.Sprintf("--deny: %s is an error already", code.ID), ""}
		default:
			id = code.ID
		}
		d.codes = append(d.codes, id)
	}
	return nil
}

func denyHelp(id string) string {
	if near := diag.Nearest(strings.ToUpper(id), diag.Warnings()); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return "name codes as they are reported, such as --deny W0112,W0120, or --deny all"
}

// addDeny adds the flag of the commands that report warnings.
func (o *common) addDeny(cmd *cobra.Command) {
	cmd.Flags().Var(&o.deny, "deny", "count the warnings `CODES` as errors (W0112,W0120; repeatable), or all; accepted ones stay accepted")
	_ = cmd.RegisterFlagCompletionFunc("deny", completeCodes) // it fails only where it was registered before
}

// completeCodes completes the last of codes that are joined by commas.
func completeCodes(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndex(typed, ",")+1]
	var all []string
	for _, code := range slices.Concat(diag.Warnings(), []string{denyAll}) {
		all = append(all, before+code)
	}
	return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
