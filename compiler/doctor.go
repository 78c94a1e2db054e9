package compiler

import (
	"strings"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/doctor"
	"platc.dev/platc/emit/output"
	"platc.dev/platc/emit/secrets"
)

// Needs are what a checked build needs of a machine and of a cluster, without the values of its secrets. Without a build (nil) they are what any may need.
// Of an architecture with environments they are those of the first one that was asked for.
//
// Errors: the architecture has errors; recipients that cannot be understood.
func Needs(b *Build, o RenderOptions) (doctor.Needs, error) {
	n := doctor.Needs{Purposes: []doctor.Purpose{doctor.Deploy, doctor.Up, doctor.Images}, Secrets: true}
	versions, _ := Versions()["versions"].(kind.Object)
	supported, _ := versions["kubernetes"].(kind.Object)
	n.Oldest, _ = supported["oldest"].(string)
	n.Newest, _ = supported["newest"].(string)
	if b == nil {
		sight, err := secrets.Look(secrets.Options{ArchDir: o.Out, Env: o.Env, Home: o.Home}, nil)
		n.Key = keyOf(sight)
		return n, err
	}
	if !b.sealed() {
		return n, ErrFindings
	}
	n.Purposes = nil
	add := func(p doctor.Purpose, asked bool) {
		if asked {
			n.Purposes = append(n.Purposes, p)
		}
	}
	add(doctor.Deploy, len(b.Plan.Tree.Entries) > 0)
	add(doctor.Up, len(localServices(b)) > 0)
	built := false
	for _, i := range Images(b) {
		built = built || i.Built != ""
	}
	add(doctor.Images, built)
	settings, _ := b.Graph.Arch["gitops"].(kind.Object)
	n.GitOps, _ = settings["tool"].(string)
	add(doctor.GitOps, n.GitOps != "")
	n.Cluster = len(b.Plan.Tree.Entries) > 0
	for _, d := range b.Plan.Tree.Prerequisites {
		p := d.Value()
		n.Prerequisites = append(n.Prerequisites, doctor.Prerequisite{Name: p.Name, Version: p.Version, NeededBy: p.NeededBy, CRDs: p.CRDs, Images: p.Images, Annotation: p.Annotation})
	}
	own := b.secretsOf()
	if n.Secrets = len(own.inputs) > 0; !n.Secrets {
		return n, nil
	}
	old, err := output.OpenOld(o.Out, "", &b.Findings)
	if err != nil {
		return n, err
	}
	defer old.Close()
	options := own.options(o)
	options.Old = old.Read
	var paths []string
	for _, in := range own.inputs {
		paths = append(paths, in.Path)
	}
	sight, err := secrets.Look(options, paths)
	n.Key = keyOf(sight)
	return n, err
}

// keyOf is what is told of keys.
func keyOf(s secrets.Sight) doctor.Key {
	found := strings.Join(s.Found, ", ")
	switch {
	case s.Opens:
		return doctor.Key{State: doctor.OK, Note: found, Needed: true}
	case s.Perhaps:
		return doctor.Key{State: doctor.Unknown, Note: "not tried: " + found, Needed: true}
	case !s.Encrypted:
		return doctor.Key{State: doctor.Absent, Note: "none is needed yet: without config.secrets.recipients, the first build makes .platc/dev.agekey"}
	case found != "":
		return doctor.Key{State: doctor.Absent, Note: "none of those found opens the secrets: " + found, Needed: true}
	}
	return doctor.Key{State: doctor.Absent, Note: "looked at " + strings.Join(s.Looked, ", "), Needed: true}
}
