package compiler_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/ir"
)

// system is a public system as testdata/systems draws it.
type system struct {
	Source     string            `json:"source"`
	Components map[string]string `json:"components"` // of the system -> the ID of the node that stands for it
	Links      map[string]string `json:"links"`      // of the system -> the edge, or the node that does the same; "": none
	Left       map[string]string `json:"left"`       // what is not expressed -> why
}

// Systems that others have published are expressed with built-in kinds alone: docs/systems.md has the table, which PLATC_UPDATE=1 rewrites.
func TestPublicSystemsAreExpressed(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("../testdata/systems/*/arch.cue")
	if err != nil || len(dirs) < 20 {
		t.Fatalf("%d systems, %v", len(dirs), err)
	}
	var rows, left []string
	components, links, found, linked := 0, 0, 0, 0
	kinds, known := &compiler.Kinds{}, &answers{}
	for _, file := range dirs {
		s := read(t, filepath.Join(filepath.Dir(file), "system.json"))
		name := filepath.Base(filepath.Dir(file))
		b := compiler.Check(compiler.Input{Dir: filepath.Dir(file), Env: env(), Kinds: kinds, Answers: known, Untraced: true})
		if err := b.Findings.Err(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		drawn, joined := s.expressed(t, name, b.Graph)
		rows = append(rows, fmt.Sprintf("| [%s](../testdata/systems/%s/arch.cue) | %s | %d / %d | %d / %d |", name, name, s.Source, drawn, len(s.Components), joined, len(s.Links)))
		for _, what := range slices.Sorted(maps.Keys(s.Left)) {
			left = append(left, fmt.Sprintf("| %s | %s | %s |", name, what, s.Left[what]))
		}
		components, links, found, linked = components+len(s.Components), links+len(s.Links), found+drawn, linked+joined
	}
	rows = append(rows, fmt.Sprintf("| **%d** | | **%d / %d** | **%d / %d** |", len(dirs), found, components, linked, links))
	if components != 137 || links != 167 || found < 130 || linked < 160 {
		t.Errorf("%d of %d components, %d of %d links", found, components, linked, links)
	}
	golden(t, "../docs/systems.md", strings.Join([]string{
		"# Public systems",
		"",
		"Twenty systems that others have published, redrawn with built-in kinds alone: what runs in them, and what leads where. Counted are the processes and servers of",
		"the file named, and the dependencies between them.",
		"",
		"| system | source | components | links |",
		"|---|---|---|---|",
		strings.Join(rows, "\n"),
		"",
		"What is left:",
		"",
		"| system | what | why |",
		"|---|---|---|",
		strings.Join(left, "\n"),
		"",
	}, "\n"))
}

func read(t *testing.T, file string) system {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var s system
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return s
}

// expressed counts what is expressed, and fails where the graph has not what is said to express it, or where what is left has no reason.
func (s system) expressed(t *testing.T, name string, g *ir.Graph) (components, links int) {
	t.Helper()
	edges := map[string]bool{}
	for _, e := range g.Edges {
		edges[e.Source.ID+" -> "+e.Target.ID] = true
	}
	known := func(what, expressed string) int {
		if expressed == "" {
			if s.Left[what] == "" {
				t.Errorf("%s: %s is left without a reason", name, what)
			}
			return 0
		}
		if g.Node(expressed) == nil && !edges[expressed] {
			t.Errorf("%s: %s is said to be %s, which is not there", name, what, expressed)
		}
		return 1
	}
	for what, node := range s.Components {
		components += known(what, node)
	}
	for what, edge := range s.Links {
		links += known(what, edge)
	}
	if len(s.Left) != len(s.Components)+len(s.Links)-components-links {
		t.Errorf("%s: what is left: %v", name, s.Left)
	}
	return components, links
}

func golden(t *testing.T, file, text string) {
	t.Helper()
	if os.Getenv("PLATC_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != text {
		t.Errorf("%s is not current: run the tests with PLATC_UPDATE=1", file)
	}
}
