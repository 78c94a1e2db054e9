package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Project is an architecture that runs on one machine.
type Project struct {
	Architecture string
	Name         string // by which the engine knows its containers
	Tree         string // the folder of the tree
	File         string // in it, for Compose; slash-separated
	Memory       string // the folder of secrets
	Services     map[string]*Service
	Files        []File // of secrets
	Certificates []Certificate
	Variables    map[string]string                     // of secrets, as the file names them
	PortVariable func(service string, port int) string // the variable in which the file expects a port
	Engine       Engine
	Ports        []Port // once Prepare has chosen them

	In       io.Reader
	Out, Err io.Writer
	Random   io.Reader
	Now      func() time.Time
}

// Name is that of the project of an architecture, or of one of its environments, in a folder: each folder has containers and data of its own.
func Name(architecture, folder string) string {
	if followed, err := filepath.EvalSymlinks(folder); err == nil {
		folder = followed
	}
	sum := sha256.Sum256([]byte(folder))
	return architecture + "-" + hex.EncodeToString(sum[:4])
}

// Service is a container.
type Service struct {
	Component   string
	Hosts       []string          // names by which others reach it
	Ports       []int             // that it publishes
	Environment map[string]string // as Compose reads it
	EnvFiles    []string          // files of variables, by their path in the tree
	Mounts      []Mount
	Health      []string // the test of its health check, as Compose reads it
	Shares      bool     // it is in the network of another
	Once        bool     // it ends by itself
	Optional    bool     // nothing starts it by itself
}

// Mount is a file that a container reads.
type Mount struct {
	Path   string // in the tree; slash-separated
	Secret bool   // it is at this path in the folder of secrets
	Target string // in the container
}

// Of are the services of components, sorted; nil for none.
func (p *Project) Of(components []string) []string {
	var all []string
	for name, s := range p.Services {
		if slices.Contains(components, s.Component) && !s.Optional {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// Prepare makes certificates, hands secrets over and chooses ports.
func (p *Project) Prepare(ctx context.Context) error {
	containers, err := p.containers(ctx)
	if err != nil {
		return err
	}
	running := map[string]map[int]int{}
	for _, c := range containers {
		running[c.Service] = map[int]int{}
		for _, port := range c.Publishers {
			if port.PublishedPort > 0 {
				running[c.Service][port.TargetPort] = port.PublishedPort
			}
		}
	}
	p.Ports = p.ports(running, free)
	if err := private(p.Memory); err != nil {
		return err
	}
	if err := p.certify(p.Now()); err != nil {
		return err
	}
	return handOver(p.Memory, p.Files)
}

// Up builds images and starts containers, with all that they wait for; without services, all.
func (p *Project) Up(ctx context.Context, services []string, quiet bool) error {
	if p.Engine.Program == podman {
		shared, err := p.unshare(ctx)
		if err != nil {
			return err
		}
		if len(services) > 0 {
			services = slices.Compact(slices.Sorted(slices.Values(slices.Concat(services, shared))))
		}
	}
	args := []string{"--progress", "plain", "--file", filepath.Join(p.Tree, filepath.FromSlash(p.File)), "--file", "-"}
	up := append(slices.Concat(args, []string{"up", "--detach", "--build", "--remove-orphans"}), services...)
	if quiet {
		up = slices.Insert(up, len(args)+1, "--quiet-build", "--quiet-pull")
	}
	var said bytes.Buffer
	out := io.MultiWriter(p.Err, &said)
	if quiet {
		out = &said
	}
	cmd := p.compose(ctx, up...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(p.override()), out, out
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if context.Cause(ctx) != nil {
		return p.late(context.WithoutCancel(ctx), ctx)
	}
	if broken := p.broken(ctx); broken != nil {
		return broken
	}
	return &Trouble{fmt.Sprintf("`%s compose up` failed: %s", p.Engine.Program, lastLine(said.String())), "`platc logs` prints what the containers say"}
}

// unshare removes the containers that are in the network of another, and names those of them that ran: Podman makes no container anew while others are in its network.
func (p *Project) unshare(ctx context.Context) ([]string, error) {
	containers, err := p.containers(ctx)
	if err != nil {
		return nil, err
	}
	var all, ran []string
	for _, c := range containers {
		if s := p.Services[c.Service]; s != nil && s.Shares {
			all = append(all, c.Service)
			if !s.Once {
				ran = append(ran, c.Service)
			}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	var said bytes.Buffer
	cmd := p.compose(ctx, append([]string{"--progress", "plain", "rm", "--force", "--stop"}, all...)...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s compose rm: %w: %s", p.Engine.Program, err, strings.TrimSpace(said.String()))
	}
	return ran, nil
}

// lastLine is what a program said last.
func lastLine(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return lines[len(lines)-1]
}

// between is the time between two looks at the containers.
const between = time.Second

// Wait waits until containers are ready, and those that end by themselves have ended well; told hears of what is waited for.
func (p *Project) Wait(ctx context.Context, services []string, told func(waiting []string)) error {
	for {
		waiting, err := p.waiting(ctx, services)
		switch {
		case ctx.Err() != nil:
			return p.late(context.WithoutCancel(ctx), ctx)
		case err != nil || len(waiting) == 0:
			return err
		}
		told(waiting)
		select {
		case <-ctx.Done():
			return p.late(context.WithoutCancel(ctx), ctx)
		case <-time.After(between):
		}
	}
}

// waiting names services that are not ready, and how they are.
func (p *Project) waiting(ctx context.Context, services []string) ([]string, error) {
	containers, err := p.containers(ctx)
	if err != nil {
		return nil, err
	}
	var waiting []string
	for _, c := range containers {
		s := p.Services[c.Service]
		switch {
		case s == nil, len(services) > 0 && !slices.Contains(services, c.Service):
		case c.failed(s):
			return nil, p.failure(ctx, c)
		case !c.ready(s):
			waiting = append(waiting, c.Service+" ("+c.how()+")")
		}
	}
	slices.Sort(waiting)
	return waiting, nil
}

// late is the end of a wait by its bound, or by a signal.
func (p *Project) late(ctx, ended context.Context) error {
	if !errors.Is(context.Cause(ended), context.DeadlineExceeded) {
		return &Trouble{"interrupted; what was started runs on", "`platc down` ends it"}
	}
	waiting, err := p.waiting(ctx, nil)
	if err != nil {
		return err
	}
	return &Trouble{"not ready in time: " + strings.Join(waiting, ", "), "give more with --timeout; `platc logs` prints what the containers say"}
}

// broken is the first container that failed, nil for none.
func (p *Project) broken(ctx context.Context) error {
	containers, err := p.containers(ctx)
	if err != nil {
		return err
	}
	for _, c := range containers {
		if s := p.Services[c.Service]; s != nil && c.failed(s) {
			return p.failure(ctx, c)
		}
	}
	return nil
}

func (p *Project) failure(ctx context.Context, c container) error {
	var logs bytes.Buffer
	cmd := p.compose(ctx, "logs", "--no-color", "--no-log-prefix", "--tail", "10", c.Service)
	cmd.Stdout, cmd.Stderr = &logs, &logs
	_ = cmd.Run() // what it says is shown as far as it goes
	return &Trouble{fmt.Sprintf("%s %s; it said last:\n%s", c.Service, c.how(), strings.TrimSpace(logs.String())), "`platc logs " + p.Services[c.Service].Component + "` prints all of it"}
}

// Run is any other command of Compose, with the terminal of the user.
func (p *Project) Run(ctx context.Context, args ...string) error {
	cmd := p.compose(ctx, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.In, p.Out, p.Err
	return cmd.Run()
}

// ending is how long containers may take to end: a server writes down what it has in memory.
const ending = 10 * time.Minute

// Down ends and removes all containers, and what was handed over to them; volumes, if asked for, too.
func (p *Project) Down(ctx context.Context, volumes bool) error {
	ctx, cancel := context.WithTimeout(ctx, ending)
	defer cancel()
	args := []string{"--progress", "plain", "down", "--remove-orphans"}
	if volumes {
		args = append(args, "--volumes")
	}
	var said bytes.Buffer
	cmd := p.compose(ctx, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &Trouble{fmt.Sprintf("the containers have not ended in %s: %s", ending, lastLine(said.String())), "`platc ps` lists those that are left"}
	case err != nil:
		return fmt.Errorf("%s compose down: %w: %s", p.Engine.Program, err, strings.TrimSpace(said.String()))
	}
	return os.RemoveAll(p.Memory)
}

// compose is a call of Compose. The variables that it replaces are in the memory of the process alone.
func (p *Project) compose(ctx context.Context, args ...string) *exec.Cmd {
	cmd := p.command(ctx, slices.Concat([]string{"compose", "--project-name", p.Name}, args)...)
	cmd.Env = append(os.Environ(), "PLATC_SECRETS="+p.Memory)
	for _, name := range slices.Sorted(maps.Keys(p.Variables)) {
		cmd.Env = append(cmd.Env, name+"="+p.Variables[name])
	}
	for _, port := range p.Ports {
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", p.PortVariable(port.Service, port.Container), port.Machine))
	}
	return cmd
}

// patience is how long a program may take to end once it was told to.
const patience = 10 * time.Second

// command is a call of the engine, which a signal to platc ends.
func (p *Project) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.Engine.Program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = patience
	return cmd
}
