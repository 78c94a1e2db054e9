package main

import (
	"embed"
	"os"
	"path/filepath"
	"strings"

	"platc.dev/platc/emit"
	"platc.dev/platc/emit/output"
)

// pipelines are what init --ci writes. The scripts stand in both.
//
//go:embed pipelines
var pipelines embed.FS

// initPipeline writes a pipeline into the repository that an architecture is in.
func initPipeline(c *console, o *initOptions, dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.cue"))
	if err != nil || len(names) == 0 {
		return failed{"there is no architecture in " + c.named(dir), "`platc init` writes one; name the folder that has it, as in `platc init --ci " + o.ci.value + " deploy`"}
	}
	root := repository(dir)
	name := map[string]string{"github": ".github/workflows/platc.yml", "gitlab": ".gitlab-ci.yml"}[o.ci.value]
	if _, err := os.Lstat(filepath.Join(root, filepath.FromSlash(name))); err == nil {
		return failed{c.named(filepath.Join(root, name)) + " is there already", "the pipeline is yours: init never changes it; move it away to get a new one"}
	}
	text, err := pipelineText(o.ci.value, root, dir)
	if err != nil {
		return err
	}
	made := []emit.File{starterFile(name, []byte(text))}
	if err := output.Create(root, made); err != nil {
		return err
	}
	return o.printed(c, root, made, nil, nil, "read "+c.named(filepath.Join(root, name))+", which says what it needs, and commit it")
}

func pipelineText(of, root, dir string) (string, error) {
	folder, err := filepath.Rel(root, dir)
	if err != nil {
		return "", err
	}
	version := platcVersion()
	if !strings.HasPrefix(version, "v") {
		version = "latest"
	}
	data, err := pipelines.ReadFile("pipelines/" + of + ".yml")
	if err != nil {
		return "", err
	}
	text := strings.NewReplacer("VERSION: \"VERSION\"", "VERSION: \""+version+"\"", "[BRANCH]", "["+branch(root)+"]", "FOLDER", quoteYAML(filepath.ToSlash(folder))).Replace(string(data))
	for mark, name := range map[string]string{"IMAGES": "images.sh", "RELEASE": "release.sh"} {
		script, err := pipelines.ReadFile("pipelines/" + name)
		if err != nil {
			return "", err
		}
		margin := "      "
		if of == "github" {
			margin = "          "
		}
		lines := strings.Split(strings.TrimSuffix(string(script), "\n"), "\n")
		text = strings.Replace(text, "\n"+mark+"\n", "\n"+margin+strings.Join(lines, "\n"+margin)+"\n", 1)
	}
	return text, nil
}

// quoteYAML is a path as both YAML and a shell read it.
func quoteYAML(path string) string {
	if strings.Trim(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-") == "" {
		return path
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(path) + `"`
}

// repository is the nearest folder with a .git, dir or above it; dir without.
func repository(dir string) string {
	for folder := dir; ; folder = filepath.Dir(folder) {
		if _, err := os.Lstat(filepath.Join(folder, ".git")); err == nil {
			return folder
		}
		if folder == filepath.Dir(folder) {
			return dir
		}
	}
}

// branch is the one that releases are made of: the default one of origin, main where git does not know it.
func branch(root string) string {
	out, err := git(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
	name := strings.TrimPrefix(strings.TrimSpace(string(out)), "origin/")
	if err == nil && name != "" && quoteYAML(name) == name {
		return name
	}
	return "main"
}
