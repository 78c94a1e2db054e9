package compiler_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
)

const module = "platc.dev/platc"

// layer is a row of the table of packages in ARCHITECTURE.md.
type layer struct {
	pkg   string // "emit/graph"
	may   []string
	walls []string // libraries that only this package imports
}

func tableRows(t *testing.T, heading string) [][]string {
	t.Helper()
	data, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(data), "\n"+heading+"\n|---")
	if !ok {
		t.Fatalf("ARCHITECTURE.md has no table %q", heading)
	}
	var rows [][]string
	for line := range strings.SplitSeq(table, "\n") {
		if !strings.HasPrefix(line, "| ") {
			if len(rows) > 0 {
				break
			}
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

func layers(t *testing.T) []layer {
	t.Helper()
	quoted := regexp.MustCompile("`([^`]+)`")
	var all []layer
	var above []string
	for _, cells := range tableRows(t, "| package | owns | never | may import (ours) | wall for |") {
		l := layer{pkg: strings.Trim(cells[0], "`")}
		may, except, _ := strings.Cut(cells[3], " but ")
		switch {
		case may == "all above":
			l.may = slices.DeleteFunc(slices.Clone(above), func(name string) bool { return path.Base(name) == except })
		case may != "–":
			for name := range strings.FieldsSeq(may) {
				i := slices.IndexFunc(above, func(p string) bool { return path.Base(p) == name })
				if i < 0 {
					t.Errorf("%s may import %s, which has no row above it", l.pkg, name)
					continue
				}
				l.may = append(l.may, above[i])
			}
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[4], -1) {
			l.walls = append(l.walls, m[1])
		}
		above = append(above, l.pkg)
		all = append(all, l)
	}
	return all
}

// imported is the imports of the packages of this module, without those of tests.
func imported(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath       string
			Imports, GoFiles []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 { // a package of tests alone is no layer
			all[strings.TrimPrefix(p.ImportPath, module+"/")] = p.Imports
		}
	}
}

func TestPackagesImportWhatArchitectureAllows(t *testing.T) {
	t.Parallel()
	table := layers(t)
	packages := imported(t)
	for pkg, imports := range packages {
		i := slices.IndexFunc(table, func(l layer) bool { return l.pkg == pkg })
		if i < 0 {
			t.Errorf("%s has no row in ARCHITECTURE.md", pkg)
			continue
		}
		for _, imp := range imports {
			if name, ours := strings.CutPrefix(imp, module+"/"); ours {
				if !slices.Contains(table[i].may, name) {
					t.Errorf("%s imports %s, which its row does not allow", pkg, name)
				}
				continue
			}
			if first, _, _ := strings.Cut(imp, "/"); strings.Contains(first, ".") && !slices.ContainsFunc(table[i].walls, within(imp)) {
				t.Errorf("%s imports %s, which is not behind its wall", pkg, imp)
			}
		}
	}
	seen := map[string]string{}
	for _, l := range table {
		if _, ok := packages[l.pkg]; !ok {
			t.Errorf("ARCHITECTURE.md has a row for %s, which is no package", l.pkg)
		}
		for _, wall := range l.walls {
			if other := seen[wall]; other != "" {
				t.Errorf("%s is behind the walls of %s and of %s", wall, other, l.pkg)
			}
			seen[wall] = l.pkg
			if !slices.ContainsFunc(packages[l.pkg], func(imp string) bool { return within(imp)(wall) }) {
				t.Errorf("%s is a wall for %s, and does not import it", l.pkg, wall)
			}
		}
	}
}

func within(imp string) func(string) bool {
	return func(wall string) bool { return imp == wall || strings.HasPrefix(imp, wall+"/") }
}

func TestArchitectureListsThePasses(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, p := range compiler.Passes() {
		want = append(want, p.Name)
	}
	for _, cells := range tableRows(t, "| pass | does |") {
		got = append(got, cells[0])
	}
	if !slices.Equal(got, want) {
		t.Errorf("ARCHITECTURE.md lists\n%v\nthe table has\n%v", got, want)
	}
}
