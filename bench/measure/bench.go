package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"platc.dev/platc/bench"
)

// bencher runs programs in a folder of its own.
type bencher struct {
	dir, platc string
	programs   map[string]string // the others, by name; one that could not be built is missing
	rounds     int
	slow       map[string]float64 // seconds that a program of others took for the size before
}

// command is one thing that is timed.
type command struct {
	row  string
	dir  string
	prep func() error // before the clock starts; nil: nothing
	args []string
}

// sample is one run: a whole process as its user waits for it.
type sample struct {
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"` // seconds of all processors
	MB      float64 `json:"mb"`  // peak of resident memory
}

// time runs a command, and fails when that does.
func (b *bencher) time(c command) (sample, error) {
	if c.prep != nil {
		if err := c.prep(); err != nil {
			return sample{}, err
		}
	}
	cmd := exec.Command(c.args[0], c.args[1:]...)
	var said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, io.Discard, &said
	cmd.Env = append(os.Environ(), "HOME="+filepath.Join(b.dir, "home"), "XDG_CACHE_HOME="+filepath.Join(b.dir, "cache"), "XDG_CONFIG_HOME="+filepath.Join(b.dir, "config"))
	started := time.Now() //nolint:forbidigo // this program measures
	err := cmd.Run()
	took := time.Since(started)
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w\n%s", strings.Join(c.args, " "), err, said.Bytes())
	}
	s := sample{Seconds: took.Seconds()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.MB = float64(usage.Maxrss) / 1024
		s.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	}
	return s, nil
}

// measure runs commands in turn, round after round, so that those of one round met the same machine.
func (b *bencher) measure(f *figure, commands []command, rounds int) error {
	for round := range rounds {
		for _, c := range commands {
			fmt.Fprintf(os.Stderr, "%s %d, round %d of %d: %s\n", f.Form, f.Size, round+1, rounds, c.row)
			s, err := b.time(c)
			if err != nil {
				return err
			}
			f.Rows[c.row] = append(f.Rows[c.row], s)
		}
	}
	return nil
}

func (b *bencher) roundsOf(n int) int {
	switch {
	case n > 1000:
		return 1
	case n > 100:
		return min(3, b.rounds)
	}
	return b.rounds
}

// size measures architectures of n components in both forms, and the same number of workloads with the programs of others.
func (b *bencher) size(r *results, n int) error {
	literal := map[string]string{"arch.cue": bench.Generate(n, 1)}
	if n == 1 {
		literal["arch.cue"] = bench.One()
	}
	others, err := b.others(n)
	if err != nil {
		return err
	}
	if err := b.form(r, "literal", n, literal, [2]string{"replicas: 1", "replicas: 2"}, others); err != nil || n == 1 {
		return err
	}
	if err := b.form(r, "structured", n, bench.Structured(n), [2]string{"port: 8000", "port: 18000"}, nil); err != nil || n > 1000 {
		return err // three environments of 10,000 components have more than a million files, which a tmpfs holds in memory
	}
	return b.environments(r, n)
}

// environments measures first builds of one and of three environments.
func (b *bencher) environments(r *results, n int) error {
	builds := func(row string, names ...string) (command, error) {
		dir, err := b.folder("environments-"+strconv.Itoa(len(names)), n, bench.Environments(n, names...))
		return command{row: row, dir: dir, prep: func() error { return b.forget(dir) }, args: []string{b.platc, "build", "--quiet", "."}}, err
	}
	one, err := builds(oneEnvironment, "dev")
	if err != nil {
		return err
	}
	three, err := builds(threeEnvironments, "dev", "staging", "prod")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(one.dir); _ = os.RemoveAll(three.dir) }()
	return b.measure(r.figure("environments", n), []command{one, three}, b.roundsOf(n))
}

const (
	oneEnvironment    = "build of one environment"
	threeEnvironments = "build of three environments"
)

func (b *bencher) form(r *results, form string, n int, files map[string]string, edit [2]string, more []command) error {
	dir, err := b.folder(form, n, files)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir); _ = os.RemoveAll(dir + "-copy") }()
	f := r.figure(form, n)
	f.Other = len(more) > 0
	commands := append(b.commands(dir, files, edit), more...)
	if err := b.measure(f, commands, b.roundsOf(n)); err != nil {
		return err
	}
	if b.slow == nil {
		b.slow = map[string]float64{}
	}
	for _, c := range more {
		b.slow[c.row] = median(seconds(f.Rows[c.row]))
	}
	f.Files = countFiles(filepath.Join(dir, "out"))
	return nil
}

func (b *bencher) folder(form string, n int, files map[string]string) (string, error) {
	dir := filepath.Join(b.dir, fmt.Sprintf("%s-%d", form, n))
	return dir, writeAll(dir, files)
}

func writeAll(dir string, files map[string]string) error {
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// commands are what users do with an architecture, in this order. The change of one attribute is taken back for the next round.
func (b *bencher) commands(dir string, files map[string]string, edit [2]string) []command {
	file := "arch.cue"
	if text, ok := files["applications.cue"]; ok && strings.Contains(text, edit[0]) {
		file = "applications.cue"
	}
	put := func(text string) error { return os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600) }
	fresh := func() error {
		if err := b.forget(dir); err != nil {
			return err
		}
		return put(files[file])
	}
	platc := func(row string, prep func() error, args ...string) command {
		return command{row: row, dir: dir, prep: prep, args: append([]string{b.platc}, args...)}
	}
	all := []command{
		platc("check", fresh, "check", "--quiet", "."),
		platc("check again", nil, "check", "--quiet", "."),
		platc("graph", nil, "graph", "."),
		platc("why", nil, "why", "app-0", "k8s/deploy/base/kustomization.yaml"),
		platc("build", fresh, "build", "--quiet", "."),
		platc("no-op", nil, "build", "--quiet", "."),
		{row: "cp -r", dir: dir, prep: func() error { return os.RemoveAll(dir + "-copy") }, args: []string{"cp", "-r", "out", dir + "-copy"}},
		platc("one change", func() error { return put(strings.Replace(files[file], edit[0], edit[1], 1)) }, "build", "--quiet", "."),
	}
	if cue, ok := b.programs["cue"]; ok {
		all = append(all,
			command{row: "cue export", dir: dir, prep: func() error { return put(files[file]) }, args: []string{cue, "export", "."}},
			command{row: "cue vet", dir: dir, args: []string{cue, "vet", "."}})
	}
	return all
}

// forget removes all that earlier builds of an architecture left, what they keep for the next one too.
func (b *bencher) forget(dir string) error {
	for _, name := range []string{filepath.Join(dir, "out"), filepath.Join(dir, ".platc"), filepath.Join(b.dir, "cache")} {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}
	return nil
}

// queues measures one application with n queues.
func (b *bencher) queues(r *results, n int) error {
	dir, err := b.folder("queues", n, map[string]string{"arch.cue": bench.Queues(n)})
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fresh := func() error { return b.forget(dir) }
	return b.measure(r.figure("queues", n), []command{
		{row: "check", dir: dir, prep: fresh, args: []string{b.platc, "check", "--quiet", "."}},
		{row: "build", dir: dir, prep: fresh, args: []string{b.platc, "build", "--quiet", "--new-secrets", "."}},
	}, min(3, b.rounds))
}

func countFiles(dir string) int {
	n := 0
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return nil
	})
	return n
}

// machine says what the figures were taken on.
func (b *bencher) machine() string {
	return fmt.Sprintf("%s/%s, %d processors, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
}
