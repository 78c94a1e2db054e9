package doctor

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ask runs a program, and gives what it says or its trouble in one line. A program that does not end in time is killed, and what it started with it.
func ask(ctx context.Context, timeout time.Duration, program string, args ...string) (answer, trouble string) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var out, failed bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &failed, time.Second
	alone(cmd)
	switch err := cmd.Run(); {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "", fmt.Sprintf("`%s` did not answer within %s", program, timeout)
	case err != nil:
		lines := strings.Split(strings.TrimSpace(failed.String()), "\n")
		return "", cmp.Or(strings.TrimSpace(lines[len(lines)-1]), err.Error())
	}
	return out.String(), ""
}

// version is the first thing in a text that reads like a version: 3.13.3 of "sops 3.13.3 (latest)". "": nothing does.
func version(text string) string { return regexp.MustCompile(`\d+(\.\d+)+`).FindString(text) }

// compare is which of two versions is newer, as far as both say: 3.5 and 3.5.13 are equal.
func compare(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		m, _ := strconv.Atoi(x[i]) // what is no number is older than any
		n, _ := strconv.Atoi(y[i])
		if m != n {
			return cmp.Compare(m, n)
		}
	}
	return 0
}
