// Command sizes writes architectures of some sizes, as the benchmarks have them.
//
//	sizes DIR N …      DIR/<N>/arch.cue
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"platc.dev/platc/bench"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: sizes DIR N …")
		os.Exit(2)
	}
	for _, arg := range os.Args[2:] {
		if err := write(os.Args[1], arg); err != nil {
			fmt.Fprintln(os.Stderr, "sizes:", err)
			os.Exit(1)
		}
	}
}

func write(dir, size string) error {
	n, err := strconv.Atoi(size)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, size, "arch.cue")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(bench.Generate(n, 1)), 0o644)
}
