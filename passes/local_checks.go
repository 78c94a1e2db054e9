package passes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// localChecks finds what a kind of the user's own says in `local` of what is not there. The built-in kinds are tested.
type localChecks struct {
	*locals

	n       *ir.Node
	sources *podSources
	said    kind.Object
}

// wrong reports a mistake at its place in `local`.
func (l *locals) wrong(n *ir.Node, said kind.Object, at []any, help, format string, args ...any) {
	p := l.c.Of(n)
	line := step(ir.Line{Pos: p.Local.Pos, Trace: p.Local.Trace, Data: said}, at...)
	l.c.Report(diag.Diagnostic{
		Code: "E0101", Path: n.Path(), Pos: writtenAt(line), Message: "local of the kind " + n.Kind.Name + " " + fmt.Sprintf(format, args...), Help: help,
		Related: []diag.Related{{Message: n.Name + " is declared here", Pos: n.Pos}},
	})
}

// names are those of the containers that the component has.
func (l localChecks) names() []string {
	var all []string
	for _, s := range l.services[l.n] {
		all = append(all, s.name)
	}
	slices.Sort(all)
	return all
}

func (l localChecks) check() {
	services, _ := l.said["services"].(kind.Object)
	for _, name := range slices.Sorted(maps.Keys(services)) {
		o, _ := services[name].(kind.Object)
		for i, other := range strs(o["after"]) {
			l.other(name, "waits for", other, "services", name, "after", i)
		}
		if beside := word(o, "beside"); beside != "" {
			l.other(name, "shares the network of", beside, "services", name, "beside")
		}
		l.inits(name, o)
		l.files(name, o)
	}
	l.circles(services)
}

// other is a service that another one names.
func (l localChecks) other(name, does, other string, at ...any) {
	switch names := l.names(); {
	case other == name:
		l.wrong(l.n, l.said, at, "name another service of the component, or leave it out", "has the service %s, which %s itself", name, does)
	case !slices.Contains(names, other):
		l.wrong(l.n, l.said, at, named("other services", other, slices.DeleteFunc(names, func(n string) bool { return n == name })), "has the service %s, which %s %q, and there is no such service", name, does, other)
	}
}

// named is the help about a name that does not exist.
func named(what, name string, there []string) string {
	if near := diag.Nearest(name, there); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(there) == 0 {
		return "it has no " + what
	}
	return "the " + what + " are " + strings.Join(there, ", ")
}

// inits are the init containers that run before a service.
func (l localChecks) inits(name string, o kind.Object) {
	var there []string
	if pod := l.sources.pods[name]; pod != nil && o["pod"] != false {
		list, _ := pod.spec["initContainers"].([]any)
		for _, data := range list {
			init, _ := data.(kind.Object)
			there = append(there, word(init, "name"))
		}
	}
	for i, init := range strs(o["init"]) {
		if !slices.Contains(there, init) {
			l.wrong(l.n, l.said, []any{"services", name, "init", i}, named("init containers of its pods", init, there), "has the service %s, before which the init container %q runs, and there is none", name, init)
		}
	}
}

// files are those of the component that a service reads.
func (l localChecks) files(name string, o kind.Object) {
	files, _ := o["files"].(kind.Object)
	for _, target := range slices.Sorted(maps.Keys(files)) {
		f, _ := files[target].(kind.Object)
		if from := word(f, "from"); from != "" {
			l.file(name, from, word(f, "key"), false, "services", name, "files", target)
		}
	}
	for i, from := range strs(o["env_files"]) {
		l.file(name, from, "", true, "services", name, "env_files", i)
	}
	env, _ := o["env"].(kind.Object)
	for _, variable := range slices.Sorted(maps.Keys(env)) {
		f, ok := env[variable].(kind.Object)
		if _, json := f["json"]; !ok || json {
			continue
		}
		l.file(name, word(f, "file"), word(f, "key"), true, "services", name, "env", variable)
	}
}

// file is a file of the component that a service names, and a variable in it. Of variables is one that has some.
func (l localChecks) file(name, file, key string, ofVariables bool, at ...any) {
	var paths []string
	for _, row := range l.c.Of(l.n).Rows {
		paths = append(paths, row.Path)
		if row.Path != file {
			continue
		}
		variables := variablesIn(row)
		_, dotenv := row.Content.(kind.Dotenv)
		_, environment := row.Content.(kind.Environment)
		switch {
		case (ofVariables || key != "") && !dotenv && !environment:
			l.wrong(l.n, l.said, at, "name a file that is a dotenv or an environment", "has the service %s, which takes variables of %q, and that is no file of variables", name, file)
		case key != "" && !slices.Contains(variables, key):
			l.wrong(l.n, l.said, at, named("variables", key, variables), "has the service %s, which takes the variable %s of %q, and there is none", name, key, file)
		}
		return
	}
	slices.Sort(paths)
	l.wrong(l.n, l.said, at, named("files of the component", file, paths), "has the service %s, which reads the file %q, and the component has none", name, file)
}

// circles are services of the component that wait for each other.
func (l localChecks) circles(services kind.Object) {
	seen := map[string]bool{}
	var walk func(name string, way []string) bool
	walk = func(name string, way []string) bool {
		if i := slices.Index(way, name); i >= 0 {
			if circle := slices.Concat(way[i:], []string{name}); len(circle) > 2 {
				l.wrong(l.n, l.said, []any{"services", name, "after"}, "remove one of the after", "has services that wait for each other: %s", strings.Join(circle, " -> "))
			}
			return true
		}
		if seen[name] {
			return false
		}
		seen[name] = true
		o, _ := services[name].(kind.Object)
		return slices.ContainsFunc(strs(o["after"]), func(other string) bool { return walk(other, append(way, name)) })
	}
	for _, name := range slices.Sorted(maps.Keys(services)) {
		if walk(name, nil) {
			return
		}
	}
}
