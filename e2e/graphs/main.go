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
	all, err := fixture.Graphs()
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
