// Command measure times platc as its users run it, beside the programs of others, and writes the tables and plots of docs/performance.md.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run() error {
	sizes := flag.String("sizes", "1 10 100 1000 10000", "components, `N …`")
	queues := flag.String("queues", "100 400", "queues of one application, `N …`")
	rounds := flag.Int("rounds", 5, "rounds of up to 100 components; 3 of 1,000, and 1 of more")
	platc := flag.String("platc", "./platc", "the `PROGRAM` to measure")
	tools := flag.String("tools", "bench/tools/build.sh", "`SCRIPT` that says where the other programs are; empty: none is run")
	work := flag.String("dir", "/dev/shm", "`FOLDER` to work in, on a tmpfs")
	page := flag.String("page", "docs/performance.md", "the `FILE` whose tables are written; plots go into a folder beside it; empty: none")
	figures := flag.String("figures", "", "`FILE` for the figures as JSON; with -render they are read from it")
	render := flag.Bool("render", false, "measure nothing")
	flag.Parse()

	r := &results{}
	if *render {
		data, err := os.ReadFile(*figures)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(data, r); err != nil {
			return err
		}
		return r.publish(*page)
	}
	b, err := newBench(*platc, *tools, *work, *rounds)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	r.Machine = b.machine()
	for _, kind := range []struct {
		sizes   string
		measure func(*results, int) error
	}{{*sizes, b.size}, {*queues, b.queues}} {
		for field := range strings.FieldsSeq(kind.sizes) {
			n, err := strconv.Atoi(field)
			if err != nil {
				return err
			}
			if err := kind.measure(r, n); err != nil {
				return err
			}
			if err := r.save(*figures); err != nil {
				return err
			}
		}
	}
	return r.publish(*page)
}

func (r *results) save(name string) error {
	if name == "" {
		return nil
	}
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o600)
}

// newBench finds the programs.
func newBench(platc, tools, work string, rounds int) (*bencher, error) {
	program, err := filepath.Abs(platc)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(work); err != nil || !info.IsDir() {
		work = os.TempDir()
	}
	dir, err := os.MkdirTemp(work, "platc-bench-")
	if err != nil {
		return nil, err
	}
	b := &bencher{dir: dir, platc: program, rounds: rounds, programs: map[string]string{}}
	if tools == "" {
		return b, nil
	}
	for _, name := range []string{"cue", "helm", "kustomize", "kompose", "cdk8s"} {
		out, err := exec.Command(tools, "--where", name).Output()
		if err != nil {
			return nil, fmt.Errorf("%s --where %s: %w", tools, name, err)
		}
		file := filepath.Join(strings.TrimSpace(string(out)), name)
		if name == "cdk8s" {
			file = filepath.Join(filepath.Dir(file), "synth.js")
		}
		if _, err := os.Stat(file); err == nil {
			b.programs[name] = file
		}
	}
	return b, nil
}
