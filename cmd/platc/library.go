package main

import (
	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/kind"
)

// library reads the kinds that an architecture in the working directory would see: the built-in ones and those of kinds/.
func (c *console) library(o *common) (*kind.Library, error) {
	l, findings := compiler.Library(c.dir)
	if err := c.reportText(o, findings.Sorted()); err != nil {
		return nil, err
	}
	if findings.HasErrors() {
		return nil, exit(exitErrors)
	}
	return l, nil
}
