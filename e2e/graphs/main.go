// Command graphs writes the architectures of the end-to-end suites: each kind alone, as it is and with its switches the other way,
// each link alone, all together, and those of byhand/.
//
//	graphs DIR        DIR/<name>/arch.cue
package main

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"platc.dev/platc/compiler/fixture"
	"platc.dev/platc/compiler/kind"
)

//go:embed byhand
var byHand embed.FS

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: graphs DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "graphs:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	all, err := generate()
	if err != nil {
		return err
	}
	files, err := fs.Glob(byHand, "byhand/*.cue")
	if err != nil {
		return err
	}
	for _, file := range files {
		data, err := byHand.ReadFile(file)
		if err != nil {
			return err
		}
		all[strings.TrimSuffix(filepath.Base(file), ".cue")] = data
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name, "arch.cue"), all[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate gives the generated architectures by name.
func generate() (map[string][]byte, error) {
	w, err := fixture.New()
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for name, fill := range fillings(w) {
		w.Components = fixture.Object{}
		fill()
		if all[name], err = w.Source(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// fillings say how the world of each architecture comes about.
func fillings(w *fixture.World) map[string]func() {
	all := map[string]func(){
		"all-links":   func() { allLinks(w) },
		"application": func() { application(w) },
	}
	for _, k := range fixture.Components(w.Library) {
		all["kind-"+k.Name] = func() { w.Add(k, k.Name) }
		if len(switches(w, k)) > 0 {
			all["switches-"+k.Name] = func() { switched(w, k) }
		}
	}
	for _, p := range fixture.Rules(w.Library) {
		all["link-"+fixture.Short(p.Source)+"-to-"+fixture.Short(p.Target)] = func() { link(w, p, "a") }
	}
	return all
}

// link makes one link and its ends.
func link(w *fixture.World, p fixture.Pair, prefix string) {
	made := w.Pair(p.Rule, p.Source, p.Target, prefix)
	w.Client(made)
	w.Connect(made)
}

func allLinks(w *fixture.World) {
	for i, p := range fixture.Rules(w.Library) {
		link(w, p, fmt.Sprintf("p%d", i))
	}
}

// application is one with every link that it may have: two of each kind that has parts, by the whole and by the part.
func application(w *fixture.World) {
	k := w.Library.Kinds["fastapi"]
	_, app := w.Add(k, "app")
	for _, p := range fixture.Rules(w.Library) {
		if p.Source != k {
			continue
		}
		p.From, p.To, p.SourceNode = "app", "to-"+fixture.Short(p.Target), app
		_, p.TargetNode = w.Add(p.Target, p.To)
		w.Connect(&p)
	}
}

// switches are the attributes of a kind that are on or off.
func switches(w *fixture.World, k *kind.Kind) []kind.Field {
	return slices.DeleteFunc(slices.Clone(k.Attributes.Fields), func(f kind.Field) bool {
		_, is := f.Type.Default.(bool)
		return !is || w.Hint(k.Name, f.Name).Code != ""
	})
}

func switched(w *fixture.World, k *kind.Kind) {
	_, node := w.Add(k, k.Name)
	for _, f := range switches(w, k) {
		maps.Copy(node, w.Hint(k.Name, f.Name).With)
		node[f.Name] = f.Type.Default == false
	}
}
