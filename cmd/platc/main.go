package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/term"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/local"
)

// Exit codes of the command line's contract.
const (
	exitDone      = 0
	exitErrors    = 1 // the architecture has errors, or a conflict stopped the build
	exitUsage     = 2
	exitDifferent = 3
)

func main() {
	collectLate()
	os.Exit(run(os.Args[1:], system()))
}

// collectLate collects no garbage before the memory in use reaches a bound: a run is short, and a quarter of its time went into collecting. Go's own variables count.
func collectLate() {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if _, set := os.LookupEnv(name); set {
			return
		}
	}
	limit, _ := os.ReadFile("/sys/fs/cgroup/memory.max") // of the container; there need be none
	bound := boundWithin(string(limit))
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(bound)
	raiseBound(new(collected), bound)
}

// boundWithin is 1 GiB, or two thirds of what a container may use where that is less. limit is as the kernel tells it: bytes, or "max".
func boundWithin(limit string) int64 {
	const most = 1 << 30
	if bytes, err := strconv.ParseInt(strings.TrimSpace(limit), 10, 64); err == nil && bytes > 0 {
		return min(most, bytes/3*2)
	}
	return most
}

// collected becomes garbage with each collection.
type collected struct{ _ [16]byte }

// raiseBound keeps the bound at twice what is in use, where that is more, from one collection to the next. Close to a bound the collector would run all the time.
func raiseBound(c *collected, least int64) {
	runtime.SetFinalizer(c, func(c *collected) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		debug.SetMemoryLimit(max(least, 2*int64(live[0].Value.Uint64())))
		raiseBound(c, least)
	})
}

// console is everything outside the process that a command touches.
type console struct {
	in          io.Reader
	prompt      func(question string) (string, error) // asks on the terminal without an echo; nil: stdin is none
	out, err    io.Writer
	outTerminal bool
	errTerminal bool
	env         func(string) (string, bool)
	home        string                 // of the user; "": unknown
	dir         string                 // the working directory
	stdin       func() ([]byte, error) // all of in, which is read once, as an architecture
	random      io.Reader
	hidden      *diag.Hidden // what nothing that is printed may show
}

func system() *console {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	home, _ := os.UserHomeDir() // without one, no keys are looked for there
	c := &console{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		outTerminal: term.IsTerminal(int(os.Stdout.Fd())), errTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		env: os.LookupEnv, home: home, dir: dir, random: rand.Reader, hidden: &diag.Hidden{},
	}
	c.stdin = sync.OnceValues(func() ([]byte, error) { return io.ReadAll(c.in) })
	if term.IsTerminal(int(os.Stdin.Fd())) {
		c.prompt = c.askHidden
	}
	return c
}

// exit ends a command whose output is complete with a code.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// usage is wrong use of the command line: a message, and what to type in its place.
type usage struct{ message, help string }

func (u usage) Error() string { return u.message }

// run runs one command and gives its exit code.
func run(args []string, c *console) int {
	return guarded(c, func() int { return command(args, c) })
}

// guarded ends a broken invariant, so that users never see a raw trace.
func guarded(c *console, f func() int) (code int) {
	defer func() {
		if r := recover(); r != nil {
			internal(c, r, debug.Stack())
			code = exitErrors
		}
	}()
	return f()
}

func command(args []string, c *console) int {
	root := newRoot(c)
	root.SetArgs(args)
	// the flags of a misspelt command are not the mistake
	root.FParseErrWhitelist.UnknownFlags = slices.ContainsFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") })
	used, err := root.ExecuteC()
	var ended exit
	var wrong usage
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &ended):
		return int(ended)
	case errors.As(err, &wrong):
		if wrong.help == "" {
			wrong.help = fmt.Sprintf("see `%s --help`", used.CommandPath())
		}
		c.say("platc: %s\n  = help: %s\n", wrong.message, wrong.help)
		return exitUsage
	}
	if trouble, ok := errors.AsType[*local.Trouble](err); ok {
		c.say("platc: %s\n  = help: %s\n", trouble.Message, trouble.Help)
		return exitErrors
	}
	c.say("platc: %v\n", err)
	if help := helpOf(err); help != "" {
		c.say("  = help: %s\n", help)
	}
	return exitErrors
}

// internal reports a broken invariant. The trace is for whoever mends it, and printed when asked for.
func internal(c *console, cause any, stack []byte) {
	if p, ok := cause.(pass.Panic); ok {
		c.say("platc: %s\n", p.Error())
	} else {
		c.say("platc: internal error in %s: %v\n", origin(string(stack)), cause)
	}
	if p, ok := cause.(interface{ Trace() []byte }); ok {
		stack = p.Trace() // of another goroutine
	}
	if _, ok := c.env("PLATC_TRACE"); ok {
		c.say("%s", stack)
		return
	}
	c.say("  = help: this is a bug in platc, and nothing was written; PLATC_TRACE=1 shows where it happened\n")
}

// say prints to stderr. When even that fails there is nobody left to tell.
func (c *console) say(format string, args ...any) {
	_, _ = io.WriteString(c.err, c.hidden.Text(fmt.Sprintf(format, args...)))
}

// origin is the function of ours that panicked: the first one in the trace below the panic.
func origin(stack string) string {
	_, below, ok := strings.Cut(stack, "\npanic(")
	if !ok {
		below = stack
	}
	for line := range strings.SplitSeq(below, "\n") {
		name, ok := strings.CutPrefix(line, "platc.dev/platc/")
		if !ok {
			continue
		}
		if i := strings.LastIndexByte(name, '('); i > 0 {
			name = name[:i]
		}
		return name
	}
	return "platc"
}
