package compiler_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// drawn are the paths of the two trees of OUTPUT.md, as patterns: of an output, and of one with environments.
func drawn(t *testing.T) (plain, staged []*regexp.Regexp) {
	t.Helper()
	data, err := os.ReadFile("../docs/reference/OUTPUT.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(data), "\n## The tree\n")
	first, second, ok := strings.Cut(section, "\n### With environments\n")
	if !ok {
		t.Fatal("OUTPUT.md has no trees")
	}
	return patterns(first), patterns(second)
}

// patterns reads a drawing: paths are two blanks apart, what is further right says something of them, and a line of one folder is what those indented below it are in.
func patterns(drawing string) []*regexp.Regexp {
	var all []*regexp.Regexp
	folder, within := "", 0
	for line := range strings.Lines(drawing) {
		text := strings.TrimLeft(line, " ")
		depth := len(line) - len(text)
		if depth == 0 && strings.TrimSpace(text) != "" && len(all) > 0 {
			break // behind the drawing
		}
		if depth < 6 {
			continue
		}
		if depth <= within {
			folder, within = "", 0
		}
		text, _, _ = strings.Cut(strings.TrimSpace(text), "   ")
		if strings.HasSuffix(text, "/") {
			folder, within = text, depth
			continue
		}
		for path := range strings.SplitSeq(text, "  ") {
			all = append(all, pattern(folder+path))
		}
	}
	return all
}

// pattern is a path as a regular expression: <x> is one name, {a,b} one of several, … one that is not named, and at the end all that is in a folder.
func pattern(path string) *regexp.Regexp {
	path = strings.TrimSuffix(path, "…")
	e := regexp.QuoteMeta(path)
	e = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(e, `[^/]+`)
	e = strings.NewReplacer(`\{`, "(", `\}`, ")", ",", "|", "…", `[^/]+`).Replace(e)
	if strings.HasSuffix(path, "/") {
		e += ".+"
	}
	return regexp.MustCompile("^" + e + "$")
}

// goldenFiles are the files of the golden tree of an example: those on disk, those that secrets.txt shows in place of ciphertext, and the two that differ from build to build.
func goldenFiles(t *testing.T, tree string) []string {
	t.Helper()
	all := []string{".sops.yaml", ".platc/manifest.json"}
	err := filepath.WalkDir(tree, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(tree, name)
		if rel != "secrets.txt" {
			all = append(all, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := os.ReadFile(filepath.Join(tree, "secrets.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^== (\S+)$`).FindAllStringSubmatch(string(shown), -1) {
		all = append(all, m[1])
	}
	return all
}

// TestOutputPageDrawsTheTree compares the trees that OUTPUT.md draws with those of the examples: each path there is one that some example has, and each file of an
// example is drawn.
func TestOutputPageDrawsTheTree(t *testing.T) {
	t.Parallel()
	plain, staged := drawn(t)
	used := map[*regexp.Regexp]bool{}
	trees, err := filepath.Glob("../examples/*/want")
	if err != nil || len(trees) < 5 {
		t.Fatal(trees, err)
	}
	for _, tree := range trees {
		own := plain
		if _, err := os.Stat(filepath.Join(tree, "env")); err == nil {
			own = staged
		}
		for _, file := range goldenFiles(t, tree) {
			if !slices.ContainsFunc(own, func(p *regexp.Regexp) bool { return p.MatchString(file) }) {
				t.Errorf("OUTPUT.md does not draw %s of %s", file, tree)
			}
			for _, p := range slices.Concat(plain, staged) {
				used[p] = used[p] || p.MatchString(file)
			}
		}
	}
	for _, p := range slices.Concat(plain, staged) {
		if !used[p] {
			t.Errorf("OUTPUT.md draws %s, which no example has", p)
		}
	}
}
