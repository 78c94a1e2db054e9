package compiler_test

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit"
)

// TestTheBuildContextIsWhatTheDockerfileCopies holds the rows that a tag is made of to the files that BuildKit and Kaniko read: the Dockerfile, what
// leaves files out, and what is copied and not left out.
func TestTheBuildContextIsWhatTheDockerfileCopies(t *testing.T) {
	t.Parallel()
	images := 0
	for name, b := range architectures(t) {
		files := rendered(t, b)
		for _, n := range b.Graph.Components() {
			dockerfile, ok := files[n.Name+"/Dockerfile"]
			if !ok {
				continue
			}
			images++
			copied := copiedBy(t, string(dockerfile.Data))
			left := leftOut(string(files[n.Name+"/.dockerignore"].Data))
			for _, row := range b.Plan.Of[n].Rows {
				read := row.Path == "Dockerfile" || row.Path == ".dockerignore" || copied(row.Path) && !left(row.Path)
				if read != row.Context {
					t.Errorf("%s, %s: %s is read by the build: %v, and belongs to its context: %v", name, n.Name, row.Path, read, row.Context)
				}
			}
		}
	}
	if images < 3 {
		t.Errorf("%d images", images)
	}
}

// copiedBy says which files of the context a Dockerfile copies.
func copiedBy(t *testing.T, dockerfile string) func(string) bool {
	t.Helper()
	var patterns []string
	for _, m := range regexp.MustCompile(`(?m)^(?:COPY|ADD) (.*)$`).FindAllStringSubmatch(dockerfile, -1) {
		words := strings.Fields(m[1])
		if !strings.HasPrefix(words[0], "--from=") {
			patterns = append(patterns, words[:len(words)-1]...)
		}
	}
	if len(patterns) == 0 {
		t.Fatal("a Dockerfile copies nothing")
	}
	return func(name string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			matched, err := path.Match(p, name)
			return err == nil && matched || strings.HasSuffix(p, "/") && strings.HasPrefix(name, p)
		})
	}
}

// leftOut says which files a .dockerignore leaves out: paths from the root, and with **/ in front names anywhere.
func leftOut(ignore string) func(string) bool {
	var lines []string
	for line := range strings.Lines(ignore) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return func(name string) bool {
		words := strings.Split(name, "/")
		for i := range words {
			for _, line := range lines {
				pattern, anywhere := strings.CutPrefix(strings.TrimSuffix(line, "/**"), "**/")
				whole, _ := path.Match(pattern, strings.Join(words[:i+1], "/"))
				word, _ := path.Match(pattern, words[i])
				if whole || anywhere && word {
					return true
				}
			}
		}
		return false
	}
}

const imaged = `package shop

name: "shop"
config: registry: {host: "registry.example.com", project: "shop", username: "ci", password: "given"}
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: tasks: {}
		custom_api: notes: fastapi_custom_route: "from fastapi import APIRouter\n\nrouter = APIRouter()\n"}
	tasks: {kind: "celery", namespace: "orders", links: cache: {}}
	cache: {kind: "redis", namespace: "data"}
}
`

// imagesIn are the tags of an image, by file.
func imagesIn(files map[string]string, name string) map[string]string {
	tags := map[string]string{}
	for file, text := range files {
		if m := regexp.MustCompile(regexp.QuoteMeta(name) + `:([A-Za-z0-9._-]+)`).FindStringSubmatch(text); m != nil {
			tags[file] = m[1]
		}
	}
	return tags
}

// TestAChangedSourceIsAChangedImage everywhere the image is named, and nothing else of the image's name changes.
func TestAChangedSourceIsAChangedImage(t *testing.T) {
	t.Parallel()
	const image = "registry.example.com/shop/orders"
	tagOf := func(source string) string {
		files := tree(t, check(t, source))
		tags := imagesIn(files, image)
		for _, file := range []string{"orders/k8s/deploy/base/fastapi.yaml", "orders/k8s/build/base/buildkit.yaml", "orders/k8s/build/base/kaniko.yaml", "orders/day2/fastapi-test-job.yaml", "tasks/k8s/deploy/base/worker-orders.yaml"} {
			if tags[file] == "" {
				t.Errorf("%s names no image", file)
			}
		}
		first := tags["orders/k8s/deploy/base/fastapi.yaml"]
		for file, tag := range tags {
			if tag != first {
				t.Errorf("%s has the tag %s, not %s", file, tag, first)
			}
		}
		return first
	}
	base := tagOf(imaged)
	if !regexp.MustCompile(`^0[.]1[.]0-[0-9a-f]{12}$`).MatchString(base) || tagOf(imaged) != base {
		t.Errorf("tag %s", base)
	}
	change := func(old, with string) string {
		if !strings.Contains(imaged, old) {
			t.Fatal(old)
		}
		return tagOf(strings.Replace(imaged, old, with, 1))
	}
	for what, tag := range map[string]string{
		"a custom source": change("APIRouter()\\n", "APIRouter()\\nx = 1\\n"),
		"a requirement":   change("custom_api: notes: ", "custom_api: notes: requirements: [\"tzdata==2025.2\"]\n\t\tcustom_api: notes: "),
		"the Dockerfile":  change("port: 8080", "port: 8081"),
		"a link":          change("links: tasks: {}", "links: {tasks: {}, cache: {}}"),
		"the version":     change("port: 8080", `port: 8080, version: "0.2.0"`),
	} {
		if tag == base {
			t.Errorf("%s changes, and the tag stays", what)
		}
	}
	for what, tag := range map[string]string{
		"a password":           change(`"given"`, `"another"`),
		"the number of pods":   change("port: 8080", "port: 8080, replicas: 3"),
		"a namespace":          change(`namespace: "orders", port`, `namespace: "other", port`),
		"the settings of pods": change("port: 8080", `port: 8080, env: GREETING: "hello"`),
	} {
		if tag != base {
			t.Errorf("%s changes the tag to %s", what, tag)
		}
	}
	if tag := change(`name: "shop"`, "name: \"shop\"\nconfig: image_tag: \"version\""); tag != "0.1.0" {
		t.Errorf(`image_tag "version" makes the tag %s`, tag)
	}
}

// TestTheBuildContextHoldsNoSecret: whoever can pull the image would have it.
func TestTheBuildContextHoldsNoSecret(t *testing.T) {
	t.Parallel()
	for name, b := range architectures(t) {
		for _, n := range b.Graph.Components() {
			for _, row := range b.Plan.Of[n].Rows {
				if _, variables := row.Content.(kind.Environment); row.Context && (row.Secret || variables) {
					t.Errorf("%s: %s/%s", name, n.Name, row.Path)
				}
			}
		}
	}
}

// TestFilesOfTheBuildContextAreTheSameWhenWritten: those that the tag was made of, and those of a second rendering.
func TestFilesOfTheBuildContextAreTheSameWhenWritten(t *testing.T) {
	t.Parallel()
	b := check(t, imaged)
	first, second := tree(t, b), tree(t, b)
	if d := differences(first, second); len(d) > 0 {
		t.Errorf("they differ: %v", d)
	}
	for _, n := range b.Graph.Components() {
		for _, row := range b.Plan.Of[n].Rows {
			if !row.Context {
				continue
			}
			f, err := (&emit.Writer{}).File(path.Join(n.Name, row.Path), n.Name, row)
			if err != nil || string(f.Data) != first[f.Path] {
				t.Errorf("%s is not what its row says: %v", f.Path, err)
			}
		}
	}
}
