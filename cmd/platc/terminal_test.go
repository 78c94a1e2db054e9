package main

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
)

func TestNoArchiveOnATerminal(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.arch(application("a", "one"))
	var out, err bytes.Buffer
	c := &console{out: &out, err: &err, outTerminal: true, env: func(string) (string, bool) { return "", false }, dir: w.dir, random: rand.Reader}
	if code := run([]string{"build", "-o", "-", "--new-secrets"}, c); code != exitUsage || out.Len() > 0 || !strings.Contains(err.String(), "stdout is a terminal") {
		t.Errorf("code %d, %d bytes, %s", code, out.Len(), err.String())
	}
}
