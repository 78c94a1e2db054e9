package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"go.yaml.in/yaml/v3"
)

// TestAReleaseHasEverySystem reads .goreleaser.yaml, which only `make release` runs: what it builds, how the archives are called, what is in them.
func TestAReleaseHasEverySystem(t *testing.T) {
	t.Parallel()
	const root = "../.."
	data, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var release struct {
		Project string `yaml:"project_name"`
		Before  struct{ Hooks []string }
		Builds  []struct {
			Main, Binary                      string
			Env, Goos, Goarch, Flags, Ldflags []string
		}
		Archives []struct {
			Name      string `yaml:"name_template"`
			Formats   []string
			Overrides []struct {
				Goos    string
				Formats []string
			} `yaml:"format_overrides"`
			Files []struct{ Src string }
		}
		Checksum struct{ Algorithm string }
		Sboms    []struct{ Artifacts string }
	}
	if err := yaml.Unmarshal(data, &release); err != nil {
		t.Fatal(err)
	}
	if len(release.Builds) != 1 || len(release.Archives) != 1 || len(release.Sboms) != 1 {
		t.Fatalf("one build, one archive and one bill of materials are expected:\n%s", data)
	}
	build, archive := release.Builds[0], release.Archives[0]
	name, err := template.New("name").Option("missingkey=error").Parse(archive.Name)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, system := range build.Goos {
		formats := archive.Formats
		for _, o := range archive.Overrides {
			if o.Goos == system {
				formats = o.Formats
			}
		}
		for _, processor := range build.Goarch {
			var b strings.Builder
			if err := name.Execute(&b, map[string]string{"ProjectName": release.Project, "Version": "1.2.3", "Os": system, "Arch": processor}); err != nil {
				t.Fatal(err)
			}
			for _, format := range formats {
				names = append(names, b.String()+"."+format)
			}
		}
	}
	slices.Sort(names)
	if want := []string{
		"platc_1.2.3_darwin_amd64.tar.gz", "platc_1.2.3_darwin_arm64.tar.gz", "platc_1.2.3_linux_amd64.tar.gz",
		"platc_1.2.3_linux_arm64.tar.gz", "platc_1.2.3_windows_amd64.zip", "platc_1.2.3_windows_arm64.zip",
	}; !slices.Equal(names, want) {
		t.Errorf("the archives are %v, want %v", names, want)
	}
	if build.Binary != "platc" || !slices.Contains(build.Env, "CGO_ENABLED=0") || !slices.Contains(build.Flags, "-trimpath") || !slices.Contains(build.Flags, "-buildvcs=true") {
		t.Errorf("a program is to be static, to be built the same elsewhere, and to know its commit: %+v", build)
	}
	if release.Checksum.Algorithm != "sha256" || release.Sboms[0].Artifacts != "binary" {
		t.Errorf("checksums are %q, bills of materials are of %q", release.Checksum.Algorithm, release.Sboms[0].Artifacts)
	}
	made, err := os.ReadFile(filepath.Join(root, release.Before.Hooks[0]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, build.Main, "main.go")); err != nil {
		t.Error(err)
	}
	var sources []string
	for _, f := range archive.Files {
		sources = append(sources, f.Src)
		folder, isMade := strings.CutSuffix(f.Src, "/*")
		if isMade && !strings.Contains(string(made), folder) {
			t.Errorf("%s does not make %s", release.Before.Hooks[0], folder)
		}
		if _, err := os.Stat(filepath.Join(root, f.Src)); err != nil && !isMade {
			t.Error(err)
		}
	}
	if want := []string{"LICENSE", "README.md", "release/made/completions/*", "release/made/man/*"}; !slices.Equal(sources, want) {
		t.Errorf("an archive has %v, want %v", sources, want)
	}
}
