package load

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
)

// ownCode is the graph of an architecture whose component takes a folder, and what was found.
func ownCode(t *testing.T, dir string) (*ir.Graph, *diag.List) {
	t.Helper()
	arch := "package shop\n\nname: \"shop\"\ncomponents: api: {kind: \"fastapi\", namespace: \"n\", port: 8080, app: \"app\"}\n"
	if err := os.WriteFile(filepath.Join(dir, "arch.cue"), []byte(arch), 0o600); err != nil {
		t.Fatal(err)
	}
	return Architecture(Source{Dir: dir, Env: func(string) (string, bool) { return "", false }})
}

// packageIn makes a package app in a new folder.
func packageIn(t *testing.T) (dir, app string) {
	t.Helper()
	dir = t.TempDir()
	app = filepath.Join(dir, "app")
	if err := os.Mkdir(app, 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(app, "__init__.py"), "router = 1\n")
	return dir, app
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFoldersThatCannotBeCopiedAreFindings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		does func(app string) error
		says string
	}{
		"a pipe":            {func(app string) error { return syscall.Mkfifo(filepath.Join(app, "pipe"), 0o600) }, "app/pipe is not a regular file"},
		"a broken link":     {func(app string) error { return os.Symlink("none", filepath.Join(app, "link")) }, "app/link is a symbolic link"},
		"a link to folders": {func(app string) error { return os.Symlink("/etc", filepath.Join(app, "etc")) }, "app/etc is a symbolic link"},
		"too much": {func(app string) error {
			large := filepath.Join(app, "large")
			return errors.Join(os.WriteFile(large, nil, 0o600), os.Truncate(large, maxListing))
		}, "app has more than 64 MiB"},
		"not UTF-8":       {func(app string) error { return os.WriteFile(filepath.Join(app, "\xff.txt"), nil, 0o600) }, "has a name that not every system can hold"},
		"a control byte":  {func(app string) error { return os.WriteFile(filepath.Join(app, "a\nb"), nil, 0o600) }, "has a name that not every system can hold"},
		"only in case":    {func(app string) error { return os.WriteFile(filepath.Join(app, "__INIT__.py"), nil, 0o600) }, "would both be __init__.py, or differ only in case"},
		"no package":      {func(app string) error { return os.Remove(filepath.Join(app, "__init__.py")) }, "has no file that would be copied"},
		"a file":          {func(app string) error { return removeAnd(app, func() error { return os.WriteFile(app, nil, 0o600) }) }, "app is not a folder"},
		"nothing":         {os.RemoveAll, "app does not exist"},
		"a linked folder": {func(app string) error { return removeAnd(app, func() error { return os.Symlink("/etc", app) }) }, "app is a symbolic link"},
		"bad requirements": {func(app string) error {
			return os.WriteFile(filepath.Join(app, "requirements.txt"), []byte("-e ."), 0o600)
		}, "has the option -e"},
		"what is left out": {leftOutFiles, ""},
	}
	if os.Getuid() != 0 { // root reads everything
		test := tests["an unreadable one"]
		test.does = func(app string) error { return os.WriteFile(filepath.Join(app, "closed"), nil, 0) }
		test.says = "app/closed cannot be read: permission denied"
		tests["an unreadable one"] = test
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, app := packageIn(t)
			if err := test.does(app); err != nil {
				t.Fatal(err)
			}
			_, found := ownCode(t, dir)
			var said []string
			for _, d := range found.Sorted() {
				if d.Severity == diag.Error {
					said = append(said, d.Message)
					if d.Pos.File == "" {
						t.Errorf("%s has no place", d.Message)
					}
				}
			}
			if all := strings.Join(said, "\n"); test.says == "" && all != "" || !strings.Contains(all, test.says) || len(said) > 1 {
				t.Errorf("found %q, not %q", all, test.says)
			}
		})
	}
}

func removeAnd(name string, then func() error) error {
	if err := os.RemoveAll(name); err != nil {
		return err
	}
	return then()
}

// leftOutFiles fills what is left out with what could not be copied.
func leftOutFiles(app string) error {
	for _, folder := range []string{".git", "__pycache__", ".venv", "node_modules", "own_environment"} {
		if err := os.Mkdir(filepath.Join(app, folder), 0o755); err != nil {
			return err
		}
		if err := os.Symlink("/etc", filepath.Join(app, folder, "link")); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(app, "own_environment", "pyvenv.cfg"), nil, 0o600)
}

// A file is what was listed, or an error: never a part of two states.
func TestAFileThatChangesMeanwhileIsNotCopied(t *testing.T) {
	t.Parallel()
	dir, app := packageIn(t)
	put(t, filepath.Join(app, "main.py"), "a = 1\n")
	put(t, filepath.Join(app, "gone.py"), "a = 1\n")
	put(t, filepath.Join(app, "same.py"), "a = 1\n")
	g, found := ownCode(t, dir)
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	put(t, filepath.Join(app, "main.py"), "a = 23\n")
	if err := os.Remove(filepath.Join(app, "gone.py")); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"__init__.py": "router = 1\n", "same.py": "a = 1\n"}
	for _, f := range g.Node("api").Listings["app"].Files {
		data, err := f.Read()
		text, ok := want[f.Path]
		if ok != (err == nil) || string(data) != text {
			t.Errorf("%s: %q, %v", f.Path, data, err)
		}
		if err != nil && !strings.Contains(err.Error(), "app/"+f.Path+" changed while platc was building") {
			t.Error(err)
		}
	}
	if names := g.Node("api").Listings["app"].Names; len(names) != 1 || names[0] != "router" {
		t.Errorf("names %q", names)
	}
}
