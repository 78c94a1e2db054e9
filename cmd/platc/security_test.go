package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every promise of SECURITY.md names a test or a script that exists.
func TestEverySecurityPromiseHasATest(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(page), "| guarantee | proved by |\n|---|---|\n")
	if !ok {
		t.Fatal("SECURITY.md has no table of promises")
	}
	tests := testNames(t)
	rows := 0
	for line := range strings.SplitSeq(table, "\n") {
		if !strings.HasPrefix(line, "| ") {
			break
		}
		rows++
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		for name := range strings.SplitSeq(cells[len(cells)-1], ", ") {
			if !tests[strings.Trim(name, "`")] {
				t.Errorf("%q is held by %s, which does not exist", cells[0], name)
			}
		}
	}
	if rows == 0 {
		t.Error("SECURITY.md promises nothing")
	}
}

// testNames are the tests of the project: functions, and files of scripts and suites by their paths.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	function := regexp.MustCompile(`(?m)^(?:func |\s*def )((?:Test|Fuzz|test_)\w+)\(`)
	names := map[string]bool{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" || d.Name() == "want" {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		names[filepath.ToSlash(rel)] = true
		if !strings.HasSuffix(path, "_test.go") && !strings.HasPrefix(d.Name(), "test_") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range function.FindAllSubmatch(data, -1) {
			names[string(m[1])] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
