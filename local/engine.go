package local

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Engine is the program that runs containers.
type Engine struct {
	Program string // docker or podman
	Version string // of its Compose
}

// The oldest Compose that reads files of variables as they are (format: raw).
const (
	oldestMajor = 2
	oldestMinor = 30
	Oldest      = "2.30"
)

const install = "install Docker Engine with the Compose plugin, " + Oldest + " or newer (docs.docker.com/engine/install), or Podman with the same Compose as its provider"

// look is how long a program may take to say what it is.
const look = 30 * time.Second

// Find is the engine that is there: the first of `docker compose` and `podman compose` that is new enough and reaches its engine.
//
// Errors: a *Trouble that says what was found, and what to install.
func Find(ctx context.Context) (Engine, error) {
	var found []string
	for _, program := range []string{"docker", "podman"} {
		e, problem := engine(ctx, program)
		if problem == "" {
			return e, nil
		}
		found = append(found, problem)
	}
	return Engine{}, &Trouble{"nothing here runs containers: " + strings.Join(found, "; "), install}
}

// engine looks at one program, and says why it cannot be used.
func engine(ctx context.Context, program string) (Engine, string) {
	if _, err := exec.LookPath(program); err != nil {
		return Engine{}, program + " is not installed"
	}
	version, problem := ask(ctx, program, "compose", "version", "--short")
	switch {
	case problem != "":
		return Engine{}, fmt.Sprintf("`%s compose` does not run (%s)", program, problem)
	case !recent(version):
		return Engine{}, fmt.Sprintf("`%s compose` is version %s, older than %s", program, version, Oldest)
	}
	if _, problem := ask(ctx, program, "info", "--format", "{{.ID}}"); problem != "" && program == "docker" {
		return Engine{}, fmt.Sprintf("docker does not reach its engine (%s)", problem)
	}
	return Engine{program, version}, ""
}

// ask is the last line of what a program says, or its trouble.
func ask(ctx context.Context, program string, args ...string) (answer, problem string) {
	ctx, cancel := context.WithTimeout(ctx, look)
	defer cancel()
	var out, failed bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &failed
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
