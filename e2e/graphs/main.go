// Command graphs writes the architectures of the end-to-end suites: each kind alone, as it is and with its switches the other way,
// each link alone, all together, and those of byhand/.
//
//	graphs DIR        DIR/<name>/arch.cue
//
// Of links alone there are enough for each kind to be the source and the target of one, and with PLATC_E2E=full all.
// One of byhand/ is a file, or a folder where its components have sources.
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

//go:embed all:byhand
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
	graphs, err := fixture.Graphs(os.Getenv("PLATC_E2E") == "full")
	if err != nil {
		return err
	}
	all := map[string][]byte{} // files by path
	for name, data := range graphs {
		all[name+"/arch.cue"] = data
	}
	if err := readByHand(all); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, all[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// readByHand adds the files of byhand/: of byhand/NAME.cue NAME/arch.cue, of a folder what is in it.
func readByHand(all map[string][]byte) error {
	return fs.WalkDir(byHand, "byhand", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := byHand.ReadFile(name)
		if err != nil {
			return err
		}
		to := strings.TrimPrefix(name, "byhand/")
		if !strings.Contains(to, "/") {
			to = strings.TrimSuffix(to, ".cue") + "/arch.cue"
		}
		all[to] = data
		return nil
	})
}
