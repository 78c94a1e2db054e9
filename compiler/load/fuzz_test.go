package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzLowering: whatever a file holds, there is a graph or a finding, and never a panic. The library is read once, so that it is fast.
func FuzzLowering(f *testing.F) {
	examples, err := filepath.Glob("../../examples/*/arch.cue")
	if err != nil || len(examples) == 0 {
		f.Fatal(examples, err)
	}
	for _, name := range examples {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	for _, source := range []string{
		arch(good), arch(`	a: #App & {port: *8080 | int, links: [string]: {}, links: b: {}}` + "\n}\n#App: {kind: \"fastapi\", ...}\nx: {"),
		arch(`	for n in ["a", "b"] {(n): {kind: "redis", namespace: n, if n == "a" {maxmemory: 1Gi}}}`),
		arch(`	a: {kind: "postgresql", namespace: "a", database: [=~"x"]: {owner: _|_}, database: x: {}}`),
		arch(good) + `config: {registry: {host: string, password: {env: int} | {file: "x"}}, labels: {a: 1, "b/c": null}}`,
		arch(`	a: {kind: "service", namespace: "a", image: "a:1", command: ["a" & "b"], egress: [{ports: [80 & 81]}], tolerations: [1/0], extra: [_x[3]], patches: "b": [error("x")]}` + "\n}\n_x: [0 & 1, {y: [2 & 3]}]\nconfig: secrets: recipients: [_x[4]]\nx: {"),
		"components: [string]: kind: string", "\x00\xff{[(", "name: name", "components: components: components", "let x = {a: x}\ncomponents: x",
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		// a comprehension over a large range is no mistake of ours, and takes for ever
		if len(source) > 1<<14 || strings.Contains(source, "list.") || strings.Contains(source, "strings.Repeat") {
			return
		}
		g, list := files{"arch.cue": source}.load(t)
		if g == nil && !list.HasErrors() {
			t.Fatal("neither a graph nor an error")
		}
		if g == nil {
			return
		}
		for _, n := range g.Nodes {
			if n.Kind == nil || n.Attrs == nil || n.Path() == "" || !n.Pos.IsValid() {
				t.Fatalf("%+v", n)
			}
		}
		for _, l := range g.Links {
			if l.Source == nil || l.Given == nil || !l.Pos.IsValid() {
				t.Fatalf("%+v", l)
			}
		}
	})
}
