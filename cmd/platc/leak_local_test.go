package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// localCommands are run with a stand-in of docker; a new command about containers belongs here.
func localCommands() [][]string {
	return [][]string{
		{"up"},
		{"up", "--quiet", "orders"},
		{"ps"},
		{"logs", "orders"},
		{"exec", "orders", "--", "true"},
		{"env", "orders", "--", "true"},
		{"test", "orders"},
		{"down", "--volumes"},
	}
}

// TestContainersGetSecretsInMemoryAlone looks for secrets, given and drawn, in what is printed, in the command lines of the engine, in what Compose reads, and
// in the tree: they are in the environment of the engine's program, and in a folder in memory.
func TestContainersGetSecretsInMemoryAlone(t *testing.T) {
	t.Parallel()
	programs, err := filepath.Abs("../../testdata/programs")
	if err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{strconv.Quote(inLiteral), `{env: "FROM_ENV"}`} {
		dir, engine, memory := leakFolder(t, password, `{file: "token"}`, ""), t.TempDir(), t.TempDir()
		for name, text := range map[string]string{"version": "v5.6.0\n", "containers": "", "started": ""} {
			if err := os.WriteFile(filepath.Join(engine, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var drawn []string
		for _, args := range localCommands() {
			var shown bytes.Buffer
			cmd := platc(t, dir, args...)
			cmd.Env = append(cmd.Env, "WORK="+engine, "XDG_RUNTIME_DIR="+memory, "PATH="+programs+string(filepath.ListSeparator)+os.Getenv("PATH"))
			cmd.Stdout, cmd.Stderr = &shown, &shown
			if err := cmd.Run(); err != nil && args[0] != "exec" { // which ends with a code of its own
				t.Fatalf("%q: %v\n%s", args, err, shown.String())
			}
			if args[0] == "up" {
				drawn = append(drawn, passwords(t, filepath.Join(engine, "variables"))...)
			}
			for what, text := range map[string][]byte{"output": shown.Bytes(), "calls": read(t, engine, "calls"), "added": read(t, engine, "added")} {
				found := leaks(text)
				for _, secret := range drawn {
					if bytes.Contains(text, []byte(secret)) {
						found = append(found, secret)
					}
				}
				if len(found) > 0 {
					t.Errorf("%q, %s: %q in\n%s", args, what, found, text)
				}
			}
		}
		if len(drawn) == 0 {
			t.Error("no password is drawn")
		}
		noLeaks(t, dir)
		if left, err := os.ReadDir(memory); err != nil || len(left) > 0 {
			t.Errorf("%v, %v are left in memory", left, err)
		}
	}
}

// passwords are what the engine's program got in variables that hold one.
func passwords(t *testing.T, name string) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(string(read(t, filepath.Dir(name), filepath.Base(name)))) {
		key, text, _ := strings.Cut(strings.TrimSpace(line), "=")
		if strings.Contains(key, "PASSWORD") && len(text) >= 16 {
			all = append(all, text)
		}
	}
	return all
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
