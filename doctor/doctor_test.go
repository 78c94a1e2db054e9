package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestProgramsOfScriptsAreLookedFor compares the table of programs with those that the emitted scripts ask for themselves.
func TestProgramsOfScriptsAreLookedFor(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, p := range programs("") {
		known[p.name] = true
	}
	scripts, err := filepath.Glob("../cue/tree/*.sh.tmpl")
	if err != nil || len(scripts) == 0 {
		t.Fatal(scripts, err)
	}
	asked := 0
	for _, name := range scripts {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var wanted []string
		for _, m := range regexp.MustCompile(`command -v ([a-z]+)`).FindAllStringSubmatch(string(data), -1) {
			wanted = append(wanted, m[1])
		}
		_, table, _ := strings.Cut(string(data), "\ncheck_tools() {")
		if _, table, ok := strings.Cut(table, "<<'TABLE'\n"); ok {
			table, _, _ = strings.Cut(table, "\nTABLE\n")
			for line := range strings.Lines(table) {
				tool, _, _ := strings.Cut(line, " ")
				wanted = append(wanted, tool)
			}
		}
		for _, tool := range wanted {
			asked++
			if !known[tool] {
				t.Errorf("%s needs %s, which doctor does not look for", filepath.Base(name), tool)
			}
		}
	}
	if asked < 6 {
		t.Errorf("only %d programs were found in the scripts", asked)
	}
}

// TestNeedsNameChecks keeps the table of what a purpose needs and the table of programs together.
func TestNeedsNameChecks(t *testing.T) {
	t.Parallel()
	known := []string{"docker compose", "podman compose", theKey, theCluster}
	for _, p := range programs("flux") {
		known = append(known, p.name)
	}
	for _, one := range (Needs{Secrets: true, Cluster: true, Key: Key{Needed: true}}).table() {
		for _, name := range one.anyOf {
			if !slices.Contains(known, name) {
				t.Errorf("%s needs %q, which is no check", one.of, name)
			}
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"sops 3.13.3 (latest)": "3.13.3", "v5.8.1": "5.8.1", "v1.36.2+k3s1": "1.36.2", "flux version 2.9.0\n": "2.9.0", "none": "", "sha256": "",
		"github.com/docker/buildx v0.29.1 abc": "0.29.1", "1.31.1-distroless": "1.31.1",
	} {
		if got := version(said); got != want {
			t.Errorf("%q: %q, not %q", said, got, want)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"1.9.0", "1.10.0", -1}, {"2.0", "1.99.9", 1}, {"3.5", "3.5.13", 0}, {"1.30.0", "1.30.0", 0}, {"10.0", "9.9", 1}} {
		if got := compare(c.a, c.b); got != c.want {
			t.Errorf("%s beside %s: %d, not %d", c.a, c.b, got, c.want)
		}
	}
}

func TestSeenVersionIsThatOfTheController(t *testing.T) {
	t.Parallel()
	s := sight{
		images: []string{"a.example.com:5000/x/op:1.2.3", "x/op:1.10.0@sha256:00", "x/op@sha256:00", "other-x/op:9.9.9", "x/op-helper:8.8.8", "a.example.com:5000/x/op"},
		crds:   map[string]map[string]string{"things.example.com": {"example.com/version": "v2.4.1"}},
	}
	for _, c := range []struct {
		p    Prerequisite
		want string
	}{
		{Prerequisite{Images: []string{"x/op"}}, "1.10.0"},
		{Prerequisite{Images: []string{"y/op"}}, ""},
		{Prerequisite{CRDs: []string{"things.example.com"}, Annotation: "example.com/version"}, "2.4.1"},
		{Prerequisite{CRDs: []string{"things.example.com"}}, ""},
		{Prerequisite{CRDs: []string{"others.example.com"}, Annotation: "example.com/version"}, ""},
	} {
		if got := s.version(c.p); got != c.want {
			t.Errorf("%+v: %q, not %q", c.p, got, c.want)
		}
	}
	if got := s.check(Prerequisite{Name: "of your own", NeededBy: []string{"edge"}}); got.State != Unknown || !strings.Contains(got.Note, "look yourself") {
		t.Errorf("%+v", got)
	}
	if got := s.check(Prerequisite{Name: "op", Version: "9.0", Images: []string{"y/op"}}); got.State != Missing {
		t.Errorf("%+v", got)
	}
}
