package main

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestWatchBuildsAgainAfterAChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	arch := filepath.Join(dir, "arch.cue")
	write := func(size string) {
		text := "package shop\n\nname: \"shop\"\ncomponents: cache: {kind: \"redis\", namespace: \"data\", storage_size: \"" + size + "\"}\n"
		if err := os.WriteFile(arch, []byte(text), 0o644); err != nil {
			t.Error(err)
		}
	}
	write("1Gi")
	stop := startWatch(t, dir, io.Discard)

	holds := func(text string) func() bool {
		return func() bool {
			data, err := os.ReadFile(filepath.Join(dir, "out/cache/k8s/deploy/base/redis.yaml"))
			return err == nil && strings.Contains(string(data), text)
		}
	}
	wait(t, "the first build", holds("1Gi"))
	write("2Gi")
	wait(t, "the second build", holds("2Gi"))
	stop()
}

// said is what a command prints, which another goroutine may read meanwhile.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// TestWatchSaysWhatItDoes: that it watches, what changed and when; a warning that is still there is counted, and a new one printed.
func TestWatchSaysWhatItDoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "arch.cue"), []byte("package shop\n\nname: \"shop\"\n"+text), 0o644); err != nil {
			t.Error(err)
		}
	}
	write("components: {cache: {kind: \"redis\", namespace: \"data\"}, other: {kind: \"redis\", namespace: \"data\"}}\n")
	var err said
	stop := startWatch(t, dir, &err)
	holds := func(pattern string) func() bool {
		return func() bool { return regexp.MustCompile(pattern).MatchString(err.String()) }
	}
	wait(t, "the first line", holds(`(?m)^watching \.; end it with Ctrl-C$`))
	write("components: {cache: {kind: \"redis\", namespace: \"data\", storage_size: \"2Gi\"}, other: {kind: \"redis\", namespace: \"data\"}}\n")
	wait(t, "the second round", holds(`(?m)^\d\d:\d\d:\d\d arch\.cue changed\n\d+ warnings? as before$`))
	write("components: cache: {kind: \"redis\", namespace: \"data\", prots: 1}\n")
	wait(t, "a mistake", holds(`error\[E0102\]`))
	stop()
	if n := strings.Count(err.String(), "warning[W0113]: cache"); n != 1 {
		t.Errorf("a known warning is printed %d times:\n%s", n, err.String())
	}
}

// startWatch builds the architecture of a folder into out there whenever it changes, until it is stopped; err takes what is said.
func startWatch(t *testing.T, dir string, err io.Writer) (stop func()) {
	t.Helper()
	c := &console{out: io.Discard, err: err, env: func(string) (string, bool) { return "", false }, dir: dir, random: rand.Reader}
	o := &buildOptions{out: filepath.Join(dir, "out")}
	o.format.value = "text"
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- watch(ctx, c, o, nil) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("an interrupted watch is no error: %v", err)
		}
	}
}

// wait polls until something holds.
func wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s did not come", what)
		}
	}
}

// TestWatchFollowsTheUsersFolders: also those beside the folder of the architecture.
func TestWatchFollowsTheUsersFolders(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	put := func(name, text string) {
		if err := os.MkdirAll(filepath.Join(base, filepath.Dir(name)), 0o755); err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(filepath.Join(base, name), []byte(text), 0o644); err != nil {
			t.Error(err)
		}
	}
	put("deploy/arch.cue", "package shop\n\nname: \"shop\"\ncomponents: api: {kind: \"fastapi\", namespace: \"n\", port: 8080, app: \"../code/shop\"}\n")
	put("code/shop/__init__.py", "")
	put("code/shop/deep/main.py", "a = 1\n")
	stop := startWatch(t, filepath.Join(base, "deploy"), io.Discard)

	holds := func(name, text string) func() bool {
		return func() bool {
			data, err := os.ReadFile(filepath.Join(base, "deploy/out/api/shop", name))
			return err == nil && string(data) == text
		}
	}
	wait(t, "the first build", holds("deep/main.py", "a = 1\n"))
	put("code/shop/deep/main.py", "a = 2\n")
	wait(t, "the second build", holds("deep/main.py", "a = 2\n"))
	put("code/shop/fresh/new.py", "b = 1\n")
	wait(t, "the build of a new folder", holds("fresh/new.py", "b = 1\n"))
	stop()
}

// TestWatchBuildsEveryEnvironment: a file that one environment alone reads is watched as well, and changes that one.
func TestWatchBuildsEveryEnvironment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Error(err)
		}
	}
	prod := func(size string) {
		put("prod.cue", "@if(prod)\n\npackage shop\n\ncomponents: cache: storage_size: \""+size+"\"\n")
	}
	put("arch.cue", "package shop\n\nname: \"shop\"\nenvironments: [\"dev\", \"prod\"]\ncomponents: cache: {kind: \"redis\", namespace: \"data\", storage_size: *\"1Gi\" | string}\n")
	prod("2Gi")
	stop := startWatch(t, dir, io.Discard)

	holds := func(environment, text string) func() bool {
		return func() bool {
			data, err := os.ReadFile(filepath.Join(dir, "out/env", environment, "cache/k8s/deploy/base/redis.yaml"))
			return err == nil && strings.Contains(string(data), text)
		}
	}
	wait(t, "the first build of dev", holds("dev", "1Gi"))
	wait(t, "the first build of prod", holds("prod", "2Gi"))
	prod("3Gi")
	wait(t, "the second build of prod", holds("prod", "3Gi"))
	if !holds("dev", "1Gi")() {
		t.Error("a file that prod alone reads changed dev")
	}
	stop()
}
