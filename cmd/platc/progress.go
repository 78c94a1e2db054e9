package main

import "fmt"

// progress is one line on a terminal that says what a build is doing; nothing elsewhere.
type progress struct {
	c     *console
	on    bool
	shown bool
}

func (c *console) progress(o *common) *progress {
	return &progress{c: c, on: c.errTerminal && !o.quiet}
}

func (p *progress) stage(format string, args ...any) {
	if p.on {
		p.c.say("\r\x1b[K%s …", fmt.Sprintf(format, args...))
		p.shown = true
	}
}

// done clears the line, so that what follows stands where it was.
func (p *progress) done() {
	if p.shown {
		p.c.say("\r\x1b[K")
		p.shown = false
	}
}
