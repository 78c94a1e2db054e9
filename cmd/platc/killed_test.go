//go:build unix

package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"platc.dev/platc/compiler"
	"platc.dev/platc/emit/output"
)

// snapshot is every file below a folder with its mode and content.
func (w *workshop) snapshot(folder string) map[string]string {
	w.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(filepath.Join(w.dir, folder), func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		relative, _ := filepath.Rel(w.dir, name)
		all[relative] = info.Mode().String() + string(data)
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.Fatal(err)
	}
	return all
}

func equal(a, b map[string]string) bool {
	for name, text := range a {
		if b[name] != text {
			return false
		}
	}
	return len(a) == len(b)
}

// A build that a signal ends at any moment leaves the old tree or the new one, and no credential is lost. Where it can still speak it says
// that nothing was changed.
func TestSignalsAtAnyMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long: `make test-long` has it")
	}
	t.Parallel()
	w := newWorkshop(t)
	few := []string{application("a", "one"), application("b", "one")}
	many := append([]string{application("b", "one", "two")}, few[0])
	for i := range 8 {
		many = append(many, application(fmt.Sprintf("c%d", i), "three"))
	}
	w.arch(few...)
	w.run("platc", "build", "--new-secrets")
	before, credentials := w.snapshot("out"), w.credentials("out")
	w.arch(many...)
	signals := []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT}
	stopped := 0
	for i := range 8 {
		s := signals[i%len(signals)]
		cmd, out := w.start("platc", "build")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		begun := []string{"out/.platc/new", "out/.platc/journal.json"}[i/len(signals)]
		err := w.interrupt(cmd, s, begun, ended)
		text := out.String()
		w.run("platc", "build", "--check", "--only", "a") // it recovers what was left, and writes nothing else
		after := w.snapshot("out")
		switch {
		case err == nil:
			w.run("platc", "build", "--check")
		case !equal(after, before):
			w.run("platc", "build", "--check") // killed after the commit: the new tree
		default:
			stopped++
		}
		if err != nil && cmd.ProcessState.ExitCode() == exitErrors && !strings.Contains(text, "platc: interrupted; nothing was changed") {
			t.Errorf("%v: %s", s, text)
		}
		keeps(t, s.String(), credentials, w.credentials("out"))
		for name := range after {
			if strings.HasPrefix(name, "out/.platc/") && name != "out/.platc/manifest.json" {
				t.Errorf("%v: %s is left", s, name)
			}
		}
		// back, so that the next round has as much to do
		if err := os.RemoveAll(filepath.Join(w.dir, "out")); err != nil {
			t.Fatal(err)
		}
		for name, text := range before {
			w.put(name, text[len("-rw-r--r--"):])
			if strings.HasPrefix(text, "-rwx") {
				if err := os.Chmod(filepath.Join(w.dir, name), 0o755); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	t.Logf("%d of 8 stopped in time", stopped)
}

// interrupt waits until a build has begun to write, or has ended, and sends the signal then, or a moment later.
func (w *workshop) interrupt(cmd *exec.Cmd, s syscall.Signal, begun string, ended chan error) error {
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-tick.C:
			if _, err := os.Lstat(filepath.Join(w.dir, begun)); err != nil {
				continue
			}
			if begun == "out/.platc/new" {
				time.Sleep(time.Duration(mrand.IntN(60000)) * time.Microsecond)
			}
			_ = cmd.Process.Signal(s) // it may have ended
			return <-ended
		}
	}
}

// nohup means what it says.
func TestHangupThatIsIgnored(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.arch(application("a", "one"))
	cmd, out := w.start("sh", "-c", `trap '' HUP; exec platc build --new-secrets --watch`)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	wait(t, "the first build", func() bool {
		_, err := os.Stat(filepath.Join(w.dir, "out/.platc/manifest.json"))
		return err == nil
	})
	_ = cmd.Process.Signal(syscall.SIGHUP)
	w.arch(application("a", "one", "two"))
	wait(t, "the second build", func() bool {
		data, err := os.ReadFile(filepath.Join(w.dir, "out/README.md"))
		return err == nil && strings.Contains(string(data), "db/database/two")
	})
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := <-ended; err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A build beside one that watches: one of them writes, and both end with the same tree.
func TestBuildBesideAWatch(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.arch(application("a", "one"))
	w.run("platc", "build", "--new-secrets")
	credentials := w.credentials("out")
	watching, out := w.start("platc", "build", "--watch")
	if err := watching.Start(); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		w.arch(application("a", "one"), application(fmt.Sprintf("b%d", i), "two"))
		beside, text := w.start("platc", "build")
		if err := beside.Run(); err != nil && !strings.Contains(text.String(), "platc: another") && !strings.Contains(text.String(), "build again") && !strings.Contains(text.String(), "interrupted") {
			t.Errorf("%v: %s", err, text)
		}
		keeps(t, "beside", credentials, w.credentials("out"))
	}
	_ = watching.Process.Signal(syscall.SIGTERM)
	if err := watching.Wait(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	w.run("platc", "build")
	w.run("platc", "build", "--check")
	keeps(t, "at the end", credentials, w.credentials("out"))
}

// A development identity that was written once stays, whatever becomes of the build: another one may have used it meanwhile.
func TestAFailedBuildLeavesTheIdentity(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	c := &console{out: io.Discard, err: io.Discard, env: func(string) (string, bool) { return "", false }, dir: w.dir, random: rand.Reader}
	w.put("arch.cue", "package shop\n\nname: \"shop\"\ncomponents: {\n\t"+application("a", "one")+"\n\tdb: {kind: \"postgresql\", namespace: \"data\", database: one: {}}\n}\n")
	o := &buildOptions{out: filepath.Join(w.dir, "first")}
	b := compiler.Check(o.input(c, []string{filepath.Join(w.dir, "arch.cue")}))
	rendered, err := compiler.Render(b, o.rendering(c))
	if err != nil {
		t.Fatal(err)
	}
	// the first build has written its key, the second one finds it, and then the first one fails
	full := errors.New("no space left on device")
	second := filepath.Join(w.dir, "second")
	err = o.keeping(b, rendered.DevKey, func() error {
		other := &buildOptions{out: second}
		other.format.value = "text"
		if err := build(t.Context(), c, other, []string{filepath.Join(w.dir, "arch.cue")}); err != nil {
			t.Fatal(err)
		}
		return full
	})
	if !errors.Is(err, full) {
		t.Fatal(err)
	}
	// a changed architecture needs the key
	w.put("arch.cue", strings.Replace(w.read("arch.cue"), `"db/one"`, `cache: {}, "db/one"`, 1))
	w.put("arch.cue", strings.Replace(w.read("arch.cue"), "\tdb:", "\tcache: {kind: \"redis\", namespace: \"data\"}\n\tdb:", 1))
	again := &buildOptions{out: second}
	again.format.value = "text"
	if err := build(t.Context(), c, again, []string{filepath.Join(w.dir, "arch.cue")}); err != nil {
		t.Errorf("nobody can open the tree of the second build: %v", err)
	}
	if err := output.WriteDevKey(w.dir, []byte("x")); !errors.Is(err, output.ErrDevKeyExists) {
		t.Errorf("got %v", err)
	}
}

func (w *workshop) read(name string) string {
	w.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.Fatal(err)
	}
	return string(data)
}
