package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// The names of checks that are no program and no prerequisite.
const (
	theKey     = "key"
	theCluster = "cluster"
)

// need is what a purpose cannot do without: one of several checks.
type need struct {
	of    Purpose
	anyOf []string
}

func (n Needs) table() []need {
	all := []need{
		{Deploy, []string{"kubectl"}},
		{Deploy, []string{"kustomize", "kubectl kustomize"}},
		{Deploy, []string{"sh"}},
		{Deploy, []string{"tar"}},
		{Deploy, []string{"awk"}},
		{Deploy, []string{"mktemp"}},
		{Up, []string{"docker compose", "podman compose"}},
		{GitOps, []string{"git"}},
	}
	images := need{Images, []string{"docker", "podman", "buildctl"}}
	if n.Cluster {
		images.anyOf = append(images.anyOf, theCluster) // kubectl alone builds nothing, and a cluster answers nobody without it
	} else {
		images.anyOf = append(images.anyOf, "kubectl")
	}
	all = append(all, images)
	if n.Secrets {
		all = append(all, need{Deploy, []string{"sops"}})
	}
	if n.Key.Needed {
		all = append(all, need{Deploy, []string{theKey}})
	}
	if n.Cluster {
		all = append(all, need{Deploy, []string{theCluster}})
	}
	return all
}

// Look looks at all that is needed. Each program that it runs is given Options.Timeout, and no more than five run one after the other.
func Look(ctx context.Context, n Needs, o Options) Report {
	r := Report{Checks: look(ctx, n, o), Missing: map[Purpose][]string{}}
	if n.Key.State != "" {
		r.Checks = append(r.Checks, Check{Name: theKey, State: n.Key.State, For: []Purpose{Deploy}, Note: n.Key.Note})
	}
	var needed []Check
	if deploy := slices.Contains(n.Purposes, Deploy); n.Cluster && (deploy || slices.Contains(n.Purposes, Images)) {
		c := newCluster(ctx, o)
		r.Checks = append(r.Checks, c.check(n))
		if deploy {
			needed = c.prerequisites(n)
		}
	}
	for _, p := range n.Purposes {
		r.Missing[p] = []string{}
	}
	for _, one := range n.table() {
		if _, asked := r.Missing[one.of]; asked && !r.has(one.anyOf) {
			r.Missing[one.of] = append(r.Missing[one.of], r.lacks(one.anyOf))
		}
	}
	for _, c := range needed {
		if c.State == Missing || c.State == Old {
			r.Missing[Deploy] = append(r.Missing[Deploy], c.told())
		}
	}
	r.Checks = slices.DeleteFunc(append(r.Checks, needed...), func(c Check) bool {
		return !slices.ContainsFunc(c.For, func(p Purpose) bool { return slices.Contains(n.Purposes, p) })
	})
	return r
}

// has says whether one of several checks found what is needed, or may have.
func (r Report) has(names []string) bool {
	return slices.ContainsFunc(r.Checks, func(c Check) bool { return slices.Contains(names, c.Name) && (c.State == OK || c.State == Unknown) })
}

// lacks is what to say of several that are all missing, which they are then called.
func (r Report) lacks(names []string) string {
	var told []string
	for _, name := range names {
		i := slices.IndexFunc(r.Checks, func(c Check) bool { return c.Name == name })
		if c := &r.Checks[i]; c.State == Absent {
			c.State = Missing
		}
		told = append(told, r.Checks[i].told())
	}
	return strings.Join(told, " or ")
}

// told is what is missing, in a list.
func (c Check) told() string {
	switch {
	case c.State == Old:
		return fmt.Sprintf("%s %s (there is %s)", c.Name, c.Wants, c.Version)
	case c.Wants != "":
		return c.Name + " " + c.Wants
	}
	return c.Name
}

// Done says whether nothing is missing.
func (r Report) Done() bool {
	for _, missing := range r.Missing {
		if len(missing) > 0 {
			return false
		}
	}
	return true
}
