package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
)

// report prints findings: text on stderr; JSON and SARIF, which are complete documents, on stdout even when there are none.
// SARIF has those that are accepted too, as suppressed ones.
func (c *console) report(o *common, findings *diag.List) error {
	switch o.format.value {
	case "json":
		return diag.JSON(c.out, findings.Sorted(), c.source)
	case "sarif":
		return diag.SARIF(c.out, slices.Concat(findings.Sorted(), findings.Accepted()), c.source, platcVersion(), c.below())
	}
	return c.reportText(o, findings.Sorted())
}

// refuse reports findings that leave a command without its result, and ends it.
func (c *console) refuse(o *common, findings []diag.Diagnostic) error {
	if o.format.value == "json" {
		if err := diag.JSON(c.out, findings, c.source); err != nil {
			return err
		}
		return exit(exitErrors)
	}
	if err := c.reportText(o, findings); err != nil {
		return err
	}
	return exit(exitErrors)
}

// reportText prints findings on stderr, for commands whose result is on stdout.
func (c *console) reportText(o *common, findings []diag.Diagnostic) error {
	shown, known := findings, 0
	if o.quiet {
		shown = nil
		for _, d := range findings {
			if d.Severity == diag.Error {
				shown = append(shown, d)
			}
		}
	} else if o.watch != nil {
		shown, known = o.watch.fresh(findings)
	}
	if err := diag.Text(c.err, shown, c.source, c.colour(o)); err != nil {
		return err
	}
	if known > 0 {
		c.say("%s as before\n", plural(known, "warning"))
	}
	if n := count(findings, diag.Error); n > 0 && !o.quiet {
		c.say("\n%s; see `platc explain %s`\n", tally(findings), firstError(findings))
	}
	return nil
}

func firstError(findings []diag.Diagnostic) string {
	for _, d := range findings {
		if d.Severity == diag.Error {
			return d.Code
		}
	}
	return ""
}

func count(findings []diag.Diagnostic, s diag.Severity) int {
	n := 0
	for _, d := range findings {
		if d.Severity == s {
			n++
		}
	}
	return n
}

// tally is "2 errors, 1 warning".
func tally(findings []diag.Diagnostic) string {
	errors, warnings := count(findings, diag.Error), count(findings, diag.Warning)
	switch {
	case warnings == 0:
		return plural(errors, "error")
	case errors == 0:
		return plural(warnings, "warning")
	}
	return plural(errors, "error") + ", " + plural(warnings, "warning")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (c *console) colour(o *common) bool {
	if v, _ := c.env("NO_COLOR"); o.noColor || v != "" {
		return false
	}
	for _, name := range []string{"FORCE_COLOR", "CLICOLOR_FORCE"} {
		if v, _ := c.env(name); v != "" && v != "0" && v != "false" {
			return true
		}
	}
	v, _ := c.env("TERM")
	return c.errTerminal && v != "dumb"
}

// source reads a file for an excerpt; positions are relative to the working directory.
func (c *console) source(file string) []byte {
	if file == compiler.Stdin && c.stdin != nil {
		data, _ := c.stdin() // what went wrong was reported
		return c.hidden.Source(data)
	}
	file = c.path(file)
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return c.hidden.Source(data)
}

// below is the working directory as a path from the root of the repository that it is in, "" where it is the root or there is none: whoever reads a
// log of findings knows files from there.
func (c *console) below() string {
	for dir, rel := c.dir, ""; ; {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return filepath.ToSlash(rel)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir, rel = up, filepath.Join(filepath.Base(dir), rel)
	}
}

// path is a path as the user named it, from the working directory.
func (c *console) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.dir, name)
}
