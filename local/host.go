package local

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Host is the environment of a service for a program on the machine itself: the service's variables, with names of services replaced by
// 127.0.0.1, their ports by those of the machine, and paths of mounted files by those on the machine.
func (p *Project) Host(service string) map[string]string {
	s := p.Services[service]
	env := map[string]string{}
	for _, name := range s.EnvFiles {
		maps.Copy(env, p.variablesOf(name))
	}
	for name, text := range s.Environment {
		env[name] = p.replaced(text)
	}
	at := map[string]string{} // host -> service
	for name, other := range p.Services {
		for _, host := range other.Hosts {
			at[host] = name
		}
	}
	ports := map[string]string{}
	for name, text := range env {
		if other, ok := at[text]; ok {
			stem := strings.TrimSuffix(name, "HOST")
			if port := p.machine(other, env[stem+"PORT"]); port != "" {
				ports[stem+"PORT"] = port
			}
		}
		env[name] = p.withFiles(p.onMachine(text, at), s.Mounts)
	}
	maps.Copy(env, ports)
	return env
}

// replaced is a text with the variables that Compose replaces in it.
func (p *Project) replaced(text string) string {
	return regexp.MustCompile(`\$\$|\$\{([A-Z0-9_]+)[^}]*\}`).ReplaceAllStringFunc(text, func(found string) string {
		if found == "$$" {
			return "$"
		}
		name, _, _ := strings.Cut(strings.Trim(found, "${}"), ":")
		return p.Variables[name]
	})
}

func (p *Project) variablesOf(name string) map[string]string {
	vars := map[string]string{}
	for _, f := range p.Files {
		if key, ok := strings.CutPrefix(f.Path, name+".d/"); ok {
			vars[key] = string(f.Data)
		}
	}
	return vars
}

// onMachine is a text in which services are reached by 127.0.0.1, and where a port follows, by that of the machine. Without one, an address of http has 80.
func (p *Project) onMachine(text string, at map[string]string) string {
	hosts := slices.SortedFunc(maps.Keys(at), func(x, y string) int { return len(y) - len(x) })
	for _, host := range hosts {
		if !strings.Contains(host, ".") { // a short name may be any word
			if text == host {
				return "127.0.0.1"
			}
			continue
		}
		pattern := regexp.MustCompile(`(http://)?` + regexp.QuoteMeta(host) + `(?::(\d+))?`)
		text = pattern.ReplaceAllStringFunc(text, func(found string) string {
			m := pattern.FindStringSubmatch(found)
			port := m[2]
			if port == "" && m[1] != "" {
				port = "80"
			}
			if machine := p.machine(at[host], port); machine != "" {
				return m[1] + "127.0.0.1:" + machine
			}
			return m[1] + "127.0.0.1"
		})
	}
	return text
}

// machine is the port of the machine for one of a service, "" for none.
func (p *Project) machine(service, port string) string {
	for _, known := range p.Ports {
		if known.Service == service && strconv.Itoa(known.Container) == port {
			return strconv.Itoa(known.Machine)
		}
	}
	return ""
}
