package main

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
)

// receipt is that of a build which brings a whole directory to what the input says; nil for every other. What --force, --adopt and --new-secrets allow
// there is nothing of in a tree that is as it was left.
func (o *buildOptions) receipt(c *console, in compiler.Input) *compiler.Receipt {
	if o.archive() || o.check || o.state != "" || len(o.only) > 0 || slices.Contains(in.Args, compiler.Stdin) || len(o.choice.Names) > 0 || o.dump != "" {
		return nil
	}
	cache := c.cache()
	if cache == "" {
		return nil
	}
	return compiler.OpenReceipt(in, platcVersion(), o.out, cache, compiler.RenderOptions{NoDevKey: o.noDevKey, Jobs: o.jobs})
}

// cache is where platc may keep what can be lost, "" where nobody knows.
func (c *console) cache() string {
	base, _ := c.env("XDG_CACHE_HOME")
	home, _ := c.env("HOME")
	switch {
	case filepath.IsAbs(base):
	case !filepath.IsAbs(home):
		return ""
	case runtime.GOOS == "darwin":
		base = filepath.Join(home, "Library", "Caches")
	default:
		base = filepath.Join(home, ".cache")
	}
	return filepath.Join(base, "platc", "builds")
}

// unchanged ends a build that would do what the last one did.
func (o *buildOptions) unchanged(c *console, p *progress, findings []diag.Diagnostic, files int, started time.Time) error {
	b := &compiler.Build{Hidden: c.hidden, Timings: []compiler.Timing{{Stage: "unchanged", Took: time.Since(started)}}}
	o.again(&b.Findings, findings)
	if b.Findings.HasErrors() {
		return o.stopped(c, p, b, nil)
	}
	return o.finished(c, p, b, fmt.Sprintf("%s: %s, nothing changed", o.out, plural(files, "file")), news{files: keptIn(o.out, files)})
}
