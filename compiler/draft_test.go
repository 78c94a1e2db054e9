package compiler_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
)

// TestDraftsOfComposeFilesAreArchitectures: each is what stands beside its Compose file, is the same each time, passes the checks, and has no secret of its source.
func TestDraftsOfComposeFilesAreArchitectures(t *testing.T) {
	t.Parallel()
	library, findings := compiler.Library("")
	if findings.HasErrors() {
		t.Fatal(findings.Err())
	}
	files, err := filepath.Glob("../testdata/compose/*/*compose.y*ml")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d Compose files: %v", len(files), err)
	}
	known := &answers{}
	for _, file := range files {
		dir, err := filepath.Abs(filepath.Dir(file))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			drafted := func() []byte {
				o := compiler.DraftOptions{Library: library, Name: filepath.Base(dir), Package: "arch", Dir: dir, Shown: filepath.Base(file)}
				text, notes, err := compiler.Draft(file, o)
				if err != nil {
					t.Fatal(err)
				}
				for _, note := range notes {
					if !strings.Contains(string(text), strings.TrimSpace(note[strings.Index(note, ": ")+1:])) && !strings.Contains(string(text), note) {
						t.Errorf("the draft does not say %q", note)
					}
				}
				return text
			}
			text := drafted()
			if again := drafted(); !bytes.Equal(text, again) {
				t.Errorf("a second draft differs:\n%s", again)
			}
			in := compiler.Input{Args: []string{compiler.Stdin}, Dir: dir, Stdin: func() ([]byte, error) { return text, nil }, Env: env(), Answers: known, Untraced: true}
			b := compiler.Check(in)
			for _, f := range b.Findings.Sorted() {
				if f.Severity == diag.Error || f.Code == "W0120" {
					t.Errorf("%s: %s: %s", f.Pos, f.Code, f.Message)
				}
			}
			for _, secret := range []string{"not-for-the-draft", "site-pass", "minio123", "example\"", "guest", "=two", "DJANGO_SECRET_KEY=abc"} {
				if strings.Contains(string(text), secret) {
					t.Errorf("%q is in the draft", secret)
				}
			}
			want := filepath.Join(dir, "want.cue")
			if os.Getenv("PLATC_UPDATE") != "" {
				if err := os.WriteFile(want, text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(golden, text) {
				t.Errorf("the draft is not %s:\n%s", want, text)
			}
		})
	}
}
