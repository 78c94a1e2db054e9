package main

import (
	"bytes"
	"strings"
	"testing"

	"platc.dev/platc/compiler/pass"
)

// crash runs something that panics, as run does.
func crash(env map[string]string, f func()) (code int, stderr string) {
	var b bytes.Buffer
	c := &console{err: &b, env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	code = guarded(c, func() int { f(); return exitDone })
	return code, b.String()
}

func TestBrokenInvariantIsOneMessage(t *testing.T) {
	t.Parallel()
	var none map[string]int
	code, stderr := crash(nil, func() { none["x"] = 1 })
	if code != exitErrors || !strings.HasPrefix(stderr, "platc: internal error in cmd/platc.TestBrokenInvariantIsOneMessage.func1: assignment to entry in nil map\n") {
		t.Errorf("%d\n%s", code, stderr)
	}
	if strings.Contains(stderr, "goroutine") {
		t.Errorf("a raw trace:\n%s", stderr)
	}
	code, stderr = crash(nil, func() { panic(pass.Panic{Pass: "bind-env", Cause: "no prefix"}) })
	if code != exitErrors || !strings.HasPrefix(stderr, "platc: internal error in pass bind-env: no prefix\n") {
		t.Errorf("%d\n%s", code, stderr)
	}
	if _, stderr = crash(map[string]string{"PLATC_TRACE": "1"}, func() { panic("x") }); !strings.Contains(stderr, "goroutine") {
		t.Errorf("no trace although it was asked for:\n%s", stderr)
	}
}

// TestBoundWithin: no garbage is collected below 1 GiB, but in a container that may not use as much.
func TestBoundWithin(t *testing.T) {
	t.Parallel()
	for limit, want := range map[string]int64{"": 1 << 30, "max\n": 1 << 30, "0\n": 1 << 30, "-1": 1 << 30, "536870912\n": 536870912 / 3 * 2, "17179869184\n": 1 << 30, "x": 1 << 30} {
		if got := boundWithin(limit); got != want {
			t.Errorf("%q: %d", limit, got)
		}
	}
}
