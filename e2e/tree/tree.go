package tree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Architecture is one that is built: an example, or a graph.
type Architecture struct {
	Name        string // unique: "examples/shop", "graphs/redis", "examples/stages-prod"
	Dir         string // with arch.cue
	Environment string // that is built; "": the architecture has none
}

// Deployed is the folder of an output that is applied: the output itself, or that of the environment in it.
func (a Architecture) Deployed(out string) string {
	if a.Environment == "" {
		return out
	}
	return filepath.Join(out, "env", a.Environment)
}

// ofOther says whether a file of the output is one of another environment.
func (a Architecture) ofOther(name string) bool {
	top, rest, _ := strings.Cut(filepath.ToSlash(name), "/")
	of, _, below := strings.Cut(rest, "/")
	return a.Environment != "" && (top == "env" || top == "gitops") && below && of != a.Environment
}

// Tree is the output of one architecture, in a place of its own, with the development identity that its secrets are encrypted to.
type Tree struct {
	Architecture
	Out string // the output
	Key string // the file of the age identity
}

// Architectures lists the examples of the project in root, and the graphs in a folder that `go run ./graphs` filled; one that has environments once for each.
func Architectures(root, graphs string) ([]Architecture, error) {
	var all []Architecture
	for prefix, dir := range map[string]string{"examples": filepath.Join(root, "examples"), "graphs": graphs} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("list architectures: %w", err)
		}
		for _, e := range entries {
			text, err := os.ReadFile(filepath.Join(dir, e.Name(), "arch.cue"))
			if err != nil {
				continue
			}
			one := Architecture{Name: prefix + "/" + e.Name(), Dir: filepath.Join(dir, e.Name())}
			environments := environments(text)
			for _, environment := range environments {
				all = append(all, Architecture{Name: one.Name + "-" + environment, Dir: one.Dir, Environment: environment})
			}
			if len(environments) == 0 {
				all = append(all, one)
			}
		}
	}
	slices.SortFunc(all, func(a, b Architecture) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// environments are those that an arch.cue lists in one line of its own.
func environments(text []byte) []string {
	line := regexp.MustCompile(`(?m)^environments: \[(.*)\]$`).FindSubmatch(text)
	if line == nil {
		return nil
	}
	return strings.FieldsFunc(string(line[1]), func(r rune) bool { return strings.ContainsRune(`", `, r) })
}

// Build copies an architecture below work and builds it there with the program platc.
func Build(ctx context.Context, platc string, a Architecture, work string) (*Tree, error) {
	dir := filepath.Join(work, a.Name)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	source := os.DirFS(a.Dir)
	entries, err := fs.ReadDir(source, ".")
	if err != nil {
		return nil, fmt.Errorf("copy %s: %w", a.Name, err)
	}
	for _, e := range entries {
		if e.Name() == "want" {
			continue // the golden tree of an example
		}
		if err := copyInto(filepath.Join(dir, e.Name()), filepath.Join(a.Dir, e.Name()), e); err != nil {
			return nil, fmt.Errorf("copy %s: %w", a.Name, err)
		}
	}
	t := &Tree{Architecture: Architecture{Name: a.Name, Dir: dir, Environment: a.Environment}, Out: filepath.Join(dir, "out"), Key: filepath.Join(dir, ".platc", "dev.agekey")}
	cmd := exec.CommandContext(ctx, platc, "build", "--quiet", "-o", t.Out, ".")
	cmd.Dir = dir
	// the only variables that an architecture here reads
	cmd.Env = append(os.Environ(), "REGISTRY_PASSWORD=registry-password-of-the-suite", "DB_ADMIN_PASSWORD=database-password-of-the-suite")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("platc build %s: %w\n%s", a.Name, err, out)
	}
	return t, nil
}

func copyInto(to, from string, e fs.DirEntry) error {
	if e.IsDir() {
		return os.CopyFS(to, os.DirFS(from))
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// Kustomizations lists the folders below the output that Kustomize can build, relative to it, sorted: "." is the whole.
func (t *Tree) Kustomizations() ([]string, error) {
	files, err := t.Files(func(path string) bool { return filepath.Base(path) == "kustomization.yaml" })
	if err != nil {
		return nil, err
	}
	folders := make([]string, len(files))
	for i, f := range files {
		folders[i] = filepath.Dir(f)
	}
	return folders, nil
}

// Files lists the files of the output, relative to it, sorted, that a function picks.
func (t *Tree) Files(picks func(path string) bool) ([]string, error) {
	var all []string
	err := fs.WalkDir(os.DirFS(t.Out), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !t.ofOther(path) && picks(path) {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list files of %s: %w", t.Name, err)
	}
	slices.Sort(all)
	return all, nil
}

// Render builds one folder in process, as `kustomize build` does, and gives its text.
func (t *Tree) Render(folder string) ([]byte, error) {
	options := krusty.MakeDefaultOptions()
	// as the program without its flag --reorder: the kustomization says the order
	options.Reorder = krusty.ReorderOptionUnspecified
	resources, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), filepath.Join(t.Out, folder))
	if err != nil {
		return nil, fmt.Errorf("render %s of %s: %w", folder, t.Name, err)
	}
	text, err := resources.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("render %s of %s: %w", folder, t.Name, err)
	}
	return text, nil
}

// Objects reads what folders render to, each object once: day 2 contains its component's base.
func Objects(folders []string, text map[string][]byte) ([]unstructured.Unstructured, error) {
	type id struct{ kind, namespace, name string }
	var all []unstructured.Unstructured
	seen := map[id]bool{}
	for _, folder := range folders {
		objects, err := Parse(text[folder])
		if err != nil {
			return nil, fmt.Errorf("read what %s renders to: %w", folder, err)
		}
		for _, o := range objects {
			key := id{o.GroupVersionKind().String(), o.GetNamespace(), o.GetName()}
			if !seen[key] {
				seen[key] = true
				all = append(all, o)
			}
		}
	}
	return all, nil
}

// Parse reads the documents of a YAML text.
func Parse(text []byte) ([]unstructured.Unstructured, error) {
	var all []unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		var o unstructured.Unstructured
		err := decoder.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if len(o.Object) > 0 {
			all = append(all, o)
		}
	}
}
