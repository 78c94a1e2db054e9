package judges

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"platc.dev/platc/e2e/binaries"
	"platc.dev/platc/e2e/netpol"
	"platc.dev/platc/e2e/tree"
	"platc.dev/platc/e2e/world"
)

// Judge looks at one tree.
type Judge struct {
	Name string
	Find func(context.Context, *Case) ([]string, error) // findings; an error is a judge that could not do its work
}

// Case is a tree with what several judges read of it.
type Case struct {
	Tree  *tree.Tree
	Graph *netpol.Graph

	tools   *Tools
	folders []string                    // that Kustomize builds, without overlays
	text    map[string][]byte           // folder -> what it renders to
	objects []unstructured.Unstructured // of all folders, each once
}

// Tools are where the programs are.
type Tools struct {
	kubeScore, promtool, istioctl, dockerlint, sops, hadolint, checkov string

	yamllint    string // its settings
	pythonImage string // the one base image
}

// Find finds the programs. One that is missing is an error that says how to get it.
func Find(ctx context.Context, platc string) (*Tools, error) {
	folders, err := binaries.Folders(ctx, "kube-score", "prometheus", "dockerlint", "sops", "istio")
	if err != nil {
		return nil, err
	}
	cache := os.Getenv("PLATC_CACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		cache = filepath.Join(home, ".cache", "platc")
	}
	t := &Tools{
		kubeScore:  filepath.Join(folders[0], "kube-score"),
		promtool:   filepath.Join(folders[1], "promtool"),
		dockerlint: filepath.Join(folders[2], "dockerlint"),
		sops:       filepath.Join(folders[3], "sops"),
		istioctl:   filepath.Join(folders[4], "istioctl"),
		hadolint:   filepath.Join(cache, "hadolint-2.15.1", "bin", "hadolint"),
		checkov:    filepath.Join(cache, "checkov-3.3.30", "bin", "checkov"),
	}
	for _, program := range []string{t.kubeScore, t.promtool, t.istioctl, t.dockerlint, t.sops, t.hadolint, t.checkov, "shellcheck", "yamllint"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("a judge is missing, run e2e/judges/setup.sh: %w", err)
		}
	}
	if t.yamllint, err = filepath.Abs("yamllint.yaml"); err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, platc, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("ask platc for its versions: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "versions.images.python" {
			t.pythonImage = fields[1]
		}
	}
	if t.pythonImage == "" {
		return nil, errors.New("platc version names no image of Python")
	}
	return t, nil
}

// NewCase reads what judges need of a tree.
func NewCase(t *tree.Tree, tools *Tools) (*Case, error) {
	c := &Case{Tree: t, tools: tools, text: map[string][]byte{}}
	all, err := t.Kustomizations()
	if err != nil {
		return nil, err
	}
	// an overlay has the objects of its base
	c.folders = slices.DeleteFunc(all, func(folder string) bool { return filepath.Base(filepath.Dir(folder)) == "overlays" })
	for _, folder := range c.folders {
		if c.text[folder], err = t.Render(folder); err != nil {
			return nil, err
		}
	}
	if c.objects, err = tree.Objects(c.folders, c.text); err != nil {
		return nil, err
	}
	c.Graph, err = netpol.ReadGraph(t.Dir, t.Environment)
	return c, err
}

// All lists the judges, in the order of the table.
func All() []Judge {
	return []Judge{
		{"kube-score", kubeScore},
		{"rules", rules},
		{"istioctl", istioctl},
		{"buildkit", buildkit},
		{"hadolint", hadolint},
		{"sh", scripts},
		{"yamllint", yamllint},
		{"sops", secrets},
		{"builders", builders},
		{"network", network},
		{"world", closedWorld},
		{"compose", compose},
	}
}

// network: the policies open what the links need and nothing else.
func network(_ context.Context, c *Case) ([]string, error) {
	r, err := netpol.Check(c.objects, c.Graph)
	if err != nil {
		return nil, err
	}
	return texts(r.Findings), nil
}

// closedWorld: what is referred to exists.
func closedWorld(_ context.Context, c *Case) ([]string, error) {
	return texts(world.Check(slices.Concat(c.objects, givenSecrets(c.objects), world.Elsewhere(c.Graph))).Findings), nil
}

// givenSecrets are the Secrets that are made by hand: those that arch.cue only names, with pull_secret (those of config.registry are called
// <component>-registry), and the keys of GitOps engines.
func givenSecrets(objects []unstructured.Unstructured) []unstructured.Unstructured {
	var all []unstructured.Unstructured
	for _, o := range objects {
		names := slices.DeleteFunc(pullSecrets(o.Object), func(name string) bool { return strings.HasSuffix(name, "-registry") })
		// the key that Flux decrypts with is made by hand
		if name, found, err := unstructured.NestedString(o.Object, "spec", "decryption", "secretRef", "name"); found && err == nil {
			names = append(names, name)
		}
		for _, name := range names {
			secret := unstructured.Unstructured{}
			secret.SetAPIVersion("v1")
			secret.SetKind("Secret")
			secret.SetNamespace(o.GetNamespace())
			secret.SetName(name)
			all = append(all, secret)
		}
	}
	return all
}

// pullSecrets are the Secrets that images are pulled with, wherever an object names them.
func pullSecrets(data any) []string {
	var all []string
	switch data := data.(type) {
	case map[string]any:
		named, _ := data["imagePullSecrets"].([]any)
		for _, each := range named {
			if o, ok := each.(map[string]any); ok {
				all = append(all, fmt.Sprint(o["name"]))
			}
		}
		for _, inner := range data {
			all = append(all, pullSecrets(inner)...)
		}
	case []any:
		for _, inner := range data {
			all = append(all, pullSecrets(inner)...)
		}
	}
	return all
}

func texts[T fmt.Stringer](findings []T) []string {
	all := make([]string, len(findings))
	for i, f := range findings {
		all[i] = f.String()
	}
	return all
}

// istioctl analyses all objects together, where there is a mesh among them.
func istioctl(ctx context.Context, c *Case) ([]string, error) {
	if !slices.ContainsFunc(c.objects, func(o unstructured.Unstructured) bool {
		return strings.HasSuffix(o.GroupVersionKind().Group, ".istio.io")
	}) {
		return nil, nil
	}
	file := filepath.Join(c.Tree.Dir, "rendered.yaml")
	if err := os.WriteFile(file, c.text["."], 0o644); err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, c.tools.istioctl, "analyze", "--use-kube=false", "--all-namespaces", "--color=false", "--output", "json", file).Output()
	var messages []struct{ Code, Level, Origin, Message string }
	if jsonErr := json.Unmarshal(out, &messages); jsonErr != nil {
		return nil, fmt.Errorf("istioctl: %w", cmp.Or(err, jsonErr))
	}
	var findings []string
	for _, m := range messages {
		findings = append(findings, fmt.Sprintf("%s %s: %s %s", m.Code, m.Origin, m.Level, m.Message))
	}
	return findings, nil
}

// yamllint reads every YAML file.
func yamllint(ctx context.Context, c *Case) ([]string, error) {
	files, err := c.files(func(path string) bool { return strings.HasSuffix(path, ".yaml") || path == ".sops.yaml" })
	if err != nil {
		return nil, err
	}
	return c.run(ctx, "yamllint", append([]string{"--strict", "--format", "parsable", "-c", c.tools.yamllint}, files...)...)
}

// buildkit reads every Dockerfile as BuildKit does, which the build Jobs run, with all rules of its linter.
func buildkit(ctx context.Context, c *Case) ([]string, error) {
	base := c.tools.pythonImage
	for _, o := range c.objects {
		// an architecture with a mirror has all images from there (graphs/byhand/knobs.cue)
		if mirror := "mirror.example.com:5000/proxy/"; strings.Contains(fmt.Sprint(o.Object), mirror) {
			base = mirror + "library/" + c.tools.pythonImage
			break
		}
	}
	return c.dockerfiles(ctx, c.tools.dockerlint, base)
}

func hadolint(ctx context.Context, c *Case) ([]string, error) {
	return c.dockerfiles(ctx, c.tools.hadolint, "--no-color")
}

// dockerfiles runs a program over the Dockerfiles that are emitted: one in a context is its team's.
func (c *Case) dockerfiles(ctx context.Context, program string, args ...string) ([]string, error) {
	files, err := c.files(func(path string) bool {
		return strings.HasPrefix(filepath.Base(path), "Dockerfile") && !strings.HasSuffix(path, ".dockerignore") && !strings.Contains(path, "/context/")
	})
	if err != nil || len(files) == 0 {
		return nil, err
	}
	return c.run(ctx, program, append(args, files...)...)
}

// files lists files of the output with their whole paths.
func (c *Case) files(picks func(path string) bool) ([]string, error) {
	files, err := c.Tree.Files(picks)
	for i, f := range files {
		files[i] = filepath.Join(c.Tree.Out, f)
	}
	return files, err
}

// run runs a judge whose lines of output are its findings and whose exit code 1 says that there are some.
func (c *Case) run(ctx context.Context, program string, args ...string) ([]string, error) {
	var out, trouble bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &trouble
	err := cmd.Run()
	var findings []string
	for line := range strings.Lines(strings.ReplaceAll(out.String(), c.Tree.Out+"/", "")) {
		if line = strings.TrimSpace(line); line != "" {
			findings = append(findings, line)
		}
	}
	var exit *exec.ExitError
	switch {
	case err == nil && len(findings) == 0:
		return nil, nil
	case len(findings) > 0 && (err == nil || errors.As(err, &exit)):
		return findings, nil
	}
	return nil, fmt.Errorf("%s: %w\n%s", filepath.Base(program), cmp.Or(err, errors.New("it says nothing")), trouble.String())
}
