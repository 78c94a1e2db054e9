package bench_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"platc.dev/platc/bench"
	"platc.dev/platc/compiler"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/output"
)

// recipient is an age public key whose private half was thrown away.
const recipient = "age1kzfg5cxuegtaw5xhf3h33795ddckuax5tduednnmcxyr89p6lphstve0ra"

func sizes() []int { return []int{10, 100, 1000} }

// input writes an architecture of n components.
func input(tb testing.TB, n int) compiler.Input {
	tb.Helper()
	dir := tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "arch.cue"), []byte(bench.Generate(n, 1)), 0o600); err != nil {
		tb.Fatal(err)
	}
	return compiler.Input{Args: []string{"arch.cue"}, Dir: dir, Env: func(string) (string, bool) { return "", false }}
}

func checked(tb testing.TB, in compiler.Input) *compiler.Build {
	tb.Helper()
	b := compiler.Check(in)
	if b.Findings.HasErrors() {
		tb.Fatal(b.Findings.Err())
	}
	b.Graph.Config.Recipients = []string{recipient}
	return b
}

func rendered(tb testing.TB, b *compiler.Build) []emit.File {
	tb.Helper()
	out, err := compiler.Render(b, compiler.RenderOptions{Env: func(string) (string, bool) { return "", false }, Random: rand.Reader, Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		tb.Fatal(err, b.Findings.Err())
	}
	return out.Files
}

// TestGenerate: every size compiles without an error.
func TestGenerate(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 10, 60} {
		b := checked(t, input(t, n))
		if len(rendered(t, b)) == 0 {
			t.Errorf("%d components make no files", n)
		}
	}
}

// BenchmarkCheck is loading and passes, and reports each stage.
func BenchmarkCheck(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			in := input(b, n)
			b.ReportAllocs()
			var load, passes time.Duration
			for b.Loop() {
				for _, t := range checked(b, in).Timings {
					if t.Stage == "load" {
						load += t.Took
					} else {
						passes += t.Took
					}
				}
			}
			b.ReportMetric(load.Seconds()*1000/float64(b.N), "load-ms/op")
			b.ReportMetric(passes.Seconds()*1000/float64(b.N), "passes-ms/op")
		})
	}
}

// BenchmarkEnvironments is a whole first build of one, two and three environments.
func BenchmarkEnvironments(b *testing.B) {
	const n = 100
	names := []string{"dev", "staging", "prod"}
	for count := range names {
		b.Run(fmt.Sprint(count+1), func(b *testing.B) {
			in := input(b, n)
			in.Args = nil
			for name, text := range bench.Environments(n, names[:count+1]...) {
				if err := os.WriteFile(filepath.Join(in.Dir, name), []byte(text), 0o600); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				built := checked(b, in)
				for _, e := range built.Environments {
					e.Graph.Config.Recipients = []string{recipient}
				}
				write(b, b.TempDir(), rendered(b, built))
			}
		})
	}
}

// BenchmarkEmit is everything between a checked plan and bytes, encryption included.
func BenchmarkEmit(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			built := checked(b, input(b, n))
			b.ReportAllocs()
			for b.Loop() {
				rendered(b, built)
			}
		})
	}
}

// BenchmarkWrite is the first write of a tree.
func BenchmarkWrite(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			files := rendered(b, checked(b, input(b, n)))
			b.ReportMetric(float64(len(files)), "files")
			for b.Loop() {
				write(b, b.TempDir(), files)
			}
		})
	}
}

// BenchmarkRewrite is a second write that changes nothing.
func BenchmarkRewrite(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			files := rendered(b, checked(b, input(b, n)))
			dir := b.TempDir()
			write(b, dir, files)
			for b.Loop() {
				write(b, dir, files)
			}
		})
	}
}

func write(b *testing.B, dir string, files []emit.File) {
	b.Helper()
	change, err := output.Plan(filepath.Join(dir, "out"), files, output.Options{Version: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	if err := output.Write(context.Background(), change); err != nil {
		b.Fatal(err)
	}
}
