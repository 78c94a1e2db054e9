package compiler

import (
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit/output"
	"platc.dev/platc/emit/secrets"
	"platc.dev/platc/local"
)

// Local is how the architecture runs on one machine, by a tree that was written with RenderOptions.Local: its containers, and what secrets they get.
//
// Errors: the architecture has errors; a file of secrets cannot be decrypted.
func Local(b *Build, o RenderOptions) (*local.Project, error) {
	if !b.sealed() {
		return nil, ErrFindings
	}
	old, err := output.OpenOld(o.Out, "", &b.Findings)
	if err != nil {
		return nil, err
	}
	defer old.Close()
	set := b.secretsOf()
	options := set.options(o)
	options.Old = old.Read
	plain, err := secrets.Decrypt(set.inputs, options)
	if err != nil {
		return nil, err
	}
	p := LocalProject(b, o.Out)
	folder := b.Graph.Folder()
	for _, f := range plain {
		p.Files = append(p.Files, local.File{Path: f.Path, Data: f.Data})
		within := strings.TrimPrefix(strings.TrimPrefix(f.Path, folder), "/")
		for name, text := range f.Vars {
			p.Files = append(p.Files, local.File{Path: f.Path + ".d/" + name, Data: []byte(text)})
			p.Variables[kind.LocalVariable(within, name)] = text
		}
	}
	return p, nil
}

// LocalProject is the same without secrets, of a checked build whose tree is in a folder: enough for what runs already.
func LocalProject(b *Build, tree string) *local.Project {
	name := b.Graph.PartOf()
	p := &local.Project{
		Architecture: name, Name: local.Name(name, b.Graph.Dir), Tree: tree, File: path.Join(b.Graph.Folder(), "local", "compose.yaml"),
		Services: localServices(b), Variables: map[string]string{}, PortVariable: kind.LocalPort,
	}
	for _, c := range b.Plan.Local.Certificates {
		p.Certificates = append(p.Certificates, local.Certificate{Path: c.Place + ".d", Authority: c.Authority, Common: c.Common, Names: c.Names, Usages: c.Usages})
	}
	return p
}

// localServices are the containers of a checked build, by name.
func localServices(b *Build) map[string]*local.Service {
	all := map[string]*local.Service{}
	document, _ := b.Plan.Local.Document["services"].(kind.Object)
	for name, data := range document {
		o, _ := data.(kind.Object)
		all[name] = localService(b, name, o)
	}
	return all
}

func localService(b *Build, name string, o kind.Object) *local.Service {
	s := &local.Service{Component: b.Plan.Local.Components[name].Name, Environment: map[string]string{}, Once: o["restart"] == "no", Optional: o["profiles"] != nil}
	env, _ := o["environment"].(kind.Object)
	for key, v := range env {
		s.Environment[key], _ = v.(string)
	}
	files, _ := o["env_file"].([]any)
	for _, f := range files {
		entry, _ := f.(kind.Object)
		name, _ := entry["path"].(string)
		_, within, _ := strings.Cut(name, "}/")
		s.EnvFiles = append(s.EnvFiles, within)
	}
	volumes, _ := o["volumes"].([]any)
	for _, v := range volumes {
		entry, _ := v.(kind.Object)
		if entry["type"] != "bind" {
			continue
		}
		source, _ := entry["source"].(string)
		target, _ := entry["target"].(string)
		m := local.Mount{Path: path.Join(b.Graph.Folder(), "local", source), Target: target}
		if _, within, secret := strings.Cut(source, "}/"); secret {
			m.Path, m.Secret = within, true
		}
		s.Mounts = append(s.Mounts, m)
	}
	networks, _ := o["networks"].(kind.Object)
	network, _ := networks["default"].(kind.Object)
	aliases, _ := network["aliases"].([]any)
	mode, _ := o["network_mode"].(string)
	s.Shares = strings.HasPrefix(mode, "service:")
	health, _ := o["healthcheck"].(kind.Object)
	test, _ := health["test"].([]any)
	for _, word := range test {
		text, _ := word.(string)
		s.Health = append(s.Health, text)
	}
	s.Hosts = []string{name}
	for _, alias := range aliases {
		text, _ := alias.(string)
		s.Hosts = append(s.Hosts, text)
	}
	ports, _ := o["ports"].([]any)
	for _, p := range ports {
		entry, _ := p.(kind.Object)
		port, _ := entry["target"].(int64)
		s.Ports = append(s.Ports, int(port))
	}
	slices.Sort(s.Ports)
	return s
}
