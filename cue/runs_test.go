package library_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// maxRun is how many lines one after the other two kinds may have alike. More of them are a building block of the schema.
const maxRun = 5

// lineOf is a line of a kind that says something.
type lineOf struct {
	kind, file, text string
	number           int
}

// TestKindsShareBuildingBlocks finds what kinds, those of the examples too, repeat to the letter. Imports and the first lines of each section, in which all
// kinds begin alike, do not count; neither do brackets and comments.
func TestKindsShareBuildingBlocks(t *testing.T) {
	t.Parallel()
	first := map[string]lineOf{}
	for _, dir := range []string{"kinds/*/*.cue", "../examples/*/kinds/*/*.cue"} {
		files, err := filepath.Glob(dir)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v %v", dir, files, err)
		}
		for _, file := range files {
			lines := saying(t, file)
			for i := range len(lines) - maxRun {
				run := make([]string, maxRun+1)
				for j := range run {
					run[j] = lines[i+j].text
				}
				key, here := strings.Join(run, "\n"), lines[i]
				if other, met := first[key]; !met {
					first[key] = here
				} else if other.kind != here.kind {
					t.Errorf("%s:%d and %s:%d have more than %d lines alike: %s", other.file, other.number, here.file, here.number, maxRun, run[0])
				}
			}
		}
	}
}

// saying are the lines of a file that count.
func saying(t *testing.T, file string) []lineOf {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?ms)^import \(.*?^\)$`).ReplaceAllStringFunc(string(data), func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) })
	silent := regexp.MustCompile(`^([\[\]{}(), ]*|//.*|package .*|import .*|#\w+: _|let (self|arch) = #(self|arch)|(kind|links|manifests|files|describe): \{)$`)
	var all []lineOf
	for i, line := range strings.Split(text, "\n") {
		if line = strings.Join(strings.Fields(line), " "); !silent.MatchString(line) {
			all = append(all, lineOf{kind: filepath.Dir(file), file: file, text: line, number: i + 1})
		}
	}
	return all
}

// TestManifestsBeginAlike holds the manifests of all kinds to one dialect: the component is self, the architecture is arch.
func TestManifestsBeginAlike(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"kinds/*/manifests.cue", "../examples/*/kinds/*/manifests.cue"} {
		files, err := filepath.Glob(dir)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v %v", dir, files, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, body, _ := strings.Cut(string(data), "\nmanifests: {\n")
			body, _, _ = strings.Cut(body, "\n}\n")
			lines := strings.Split(body, "\n")
			want := []string{"\t#self: _", "\t#arch: _", "\tlet self = #self"}
			if strings.Contains(body, "#arch: arch") || strings.Contains(body, "arch.") {
				want = append(want, "\tlet arch = #arch")
			}
			if len(lines) < len(want) || !slices.Equal(lines[:len(want)], want) {
				t.Errorf("%s begins with %q, not %q", file, lines[:min(4, len(lines))], want)
			}
			for i, line := range lines[len(want):] {
				if strings.Contains(line, "#self") || strings.Contains(line, "#arch.") {
					t.Error(fmt.Sprintf("%s, line %d of manifests", file, len(want)+i+1), "names #self or #arch:", strings.TrimSpace(line))
				}
			}
		}
	}
}
