package doctor

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"

	"platc.dev/platc/local"
)

// program is a row of the table of programs.
type program struct {
	name     string   // as it is told
	run      []string // what says its version; nil: nothing does
	behind   string   // the text that its version stands behind, in what it says
	oldest   string
	what     string
	purposes []Purpose
}

// programs are those that platc, the scripts that it emits and the guides call.
func programs(gitops string) []program {
	all := []program{
		{"docker", []string{"docker", "version", "--format", "{{.Server.Version}}"}, "", "", "builds images", []Purpose{Images}},
		{"docker buildx", []string{"docker", "buildx", "version"}, "", "", "builds images with BuildKit, also for other processors", []Purpose{Images}},
		{"podman", []string{"podman", "--version"}, "", "", "builds images", []Purpose{Images}},
		{"buildctl", []string{"buildctl", "--version"}, "", "", "builds images with a BuildKit elsewhere", []Purpose{Images}},
		{"kubectl", []string{"kubectl", "version", "--client", "--output=json"}, `"gitVersion": "`, "", "applies what was built; `deploy.sh --build` builds images in a cluster", []Purpose{Deploy, Images}},
		{"kustomize", []string{"kustomize", "version"}, "", "5.5", "renders what is applied", []Purpose{Deploy}},
		{"kubectl kustomize", []string{"kubectl", "version", "--client", "--output=json"}, `"kustomizeVersion": "`, "5.5", "renders what is applied, where there is no kustomize", []Purpose{Deploy}},
		{"sops", []string{"sops", "--version", "--disable-version-check"}, "", "", "opens the secrets: https://github.com/getsops/sops", []Purpose{Deploy}},
		{"sh", nil, "", "", "runs deploy.sh", []Purpose{Deploy}},
		{"tar", nil, "", "", "copies the tree in deploy.sh", []Purpose{Deploy}},
		{"awk", nil, "", "", "reads the tables of deploy.sh", []Purpose{Deploy}},
		{"mktemp", nil, "", "", "makes the folder of the copy in deploy.sh", []Purpose{Deploy}},
		{"git", []string{"git", "--version"}, "", "", "hands the output to a GitOps engine, and `platc diff --against` older revisions", []Purpose{GitOps}},
	}
	switch gitops {
	case "":
	case "argocd":
		all = append(all, program{gitops, []string{gitops, "version", "--client"}, "", "", "shows what the engine does", []Purpose{GitOps}})
	default:
		all = append(all, program{gitops, []string{gitops, "--version"}, "", "", "shows what the engine does", []Purpose{GitOps}})
	}
	return all
}

// check looks at one program.
func (p program) check(ctx context.Context, o Options) Check {
	c := Check{Name: p.name, State: OK, Wants: p.oldest, For: p.purposes, Note: p.what}
	first := p.name
	if len(p.run) > 0 {
		first = p.run[0]
	}
	if _, err := exec.LookPath(first); err != nil {
		c.State, c.Note = Absent, "not installed; it "+p.what
		return c
	}
	if len(p.run) == 0 {
		return c
	}
	said, trouble := ask(ctx, o.Timeout, p.run[0], p.run[1:]...)
	if _, behind, ok := strings.Cut(said, p.behind); ok {
		c.Version = version(behind)
	}
	switch {
	case trouble != "":
		c.State, c.Note = Absent, trouble
	case p.oldest != "" && c.Version != "" && compare(c.Version, p.oldest) < 0:
		c.State, c.Note = Old, fmt.Sprintf("older than %s", p.oldest)
	}
	return c
}

// composes are the programs that run containers on one machine, as `platc up` looks for them.
func composes(ctx context.Context, o Options) []Check {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	var all []Check
	for _, found := range local.Look(ctx) {
		c := Check{Name: found.Program + " compose", State: OK, Version: found.Version, Wants: local.Oldest, For: []Purpose{Up}, Note: "runs the containers of `platc up`"}
		switch {
		case found.Old:
			c.State, c.Note = Old, found.Problem
		case found.Problem != "":
			c.State, c.Note = Absent, found.Problem
		}
		all = append(all, c)
	}
	return all
}

// look asks all programs at once; what it gives is in the order of the tables.
func look(ctx context.Context, n Needs, o Options) []Check {
	table := programs(n.GitOps)
	all := make([]Check, len(table))
	var containers []Check
	var group sync.WaitGroup
	for i, p := range table {
		group.Go(func() { all[i] = p.check(ctx, o) })
	}
	group.Go(func() { containers = composes(ctx, o) })
	group.Wait()
	return append(containers, all...)
}
