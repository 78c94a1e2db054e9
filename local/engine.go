package local

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Engine is the program that runs containers.
type Engine struct {
	Program string // docker, or podman
	Version string // of its Compose
}

// The programs that are looked for.
const (
	docker = "docker"
	podman = "podman"
)

// The oldest Compose that reads files of variables as they are (format: raw).
const (
	oldestMajor = 2
	oldestMinor = 30
	Oldest      = "2.30"
)

const install = "install Docker Engine with the Compose plugin, " + Oldest + " or newer (docs.docker.com/engine/install), or Podman with the same Compose as its provider and its socket running (`systemctl --user enable --now podman.socket`)"

// look is how long a program may take to say what it is.
const look = 30 * time.Second

// Find is the engine that is there: the first of `docker compose` and `podman compose` that is new enough and reaches its engine.
//
// Errors: a *Trouble that says what was found, and what to install.
func Find(ctx context.Context) (Engine, error) {
	var problems []string
	for found := range engines(ctx) {
		if found.Problem == "" {
			return found.Engine, nil
		}
		problems = append(problems, found.Problem)
	}
	return Engine{}, &Trouble{"nothing here runs containers: " + strings.Join(problems, "; "), install}
}

// Found is a program that might run containers, and why it cannot be used.
type Found struct {
	Engine // its version may be "": it did not say

	Old     bool   // its Compose is older than Oldest
	Problem string // "": none
}

// Look looks at `docker compose` and `podman compose`, in this order.
func Look(ctx context.Context) []Found { return slices.Collect(engines(ctx)) }

func engines(ctx context.Context) iter.Seq[Found] {
	return func(yield func(Found) bool) {
		for _, program := range []string{docker, podman} {
			if !yield(engine(ctx, program)) {
				return
			}
		}
	}
}

// engine looks at one program.
func engine(ctx context.Context, program string) Found {
	found := Found{Engine: Engine{Program: program}}
	if _, err := exec.LookPath(program); err != nil {
		found.Problem = program + " is not installed"
		return found
	}
	version, problem := ask(ctx, program, "compose", "version", "--short")
	found.Version = version
	switch {
	case problem != "":
		found.Problem = fmt.Sprintf("`%s compose` does not run (%s)", program, problem)
		return found
	case !recent(version):
		found.Old, found.Problem = true, fmt.Sprintf("`%s compose` is version %s, older than %s", program, version, Oldest)
		return found
	}
	if _, problem := ask(ctx, program, "compose", "ls", "--quiet"); problem != "" {
		found.Problem = fmt.Sprintf("%s does not reach its engine (%s)", program, problem)
	}
	return found
}

// ask is the last line of what a program says, or its trouble.
func ask(ctx context.Context, program string, args ...string) (answer, problem string) {
	ctx, cancel := context.WithTimeout(ctx, look)
	defer cancel()
	var out, failed bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &failed
	cmd.WaitDelay = time.Second // what it started may hold the streams open
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(failed.String())
		if first, _, _ := strings.Cut(said, "\n"); first != "" {
			return "", first
		}
		return "", err.Error()
	}
	return strings.TrimSpace(lastLine(out.String())), ""
}

func recent(version string) bool {
	m := regexp.MustCompile(`(\d+)\.(\d+)`).FindStringSubmatch(version)
	if m == nil {
		return false
	}
	major, _ := strconv.Atoi(m[1]) // the pattern has digits
	minor, _ := strconv.Atoi(m[2])
	return major > oldestMajor || major == oldestMajor && minor >= oldestMinor
}
