package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"platc.dev/platc/e2e/cluster"
	"platc.dev/platc/e2e/tree"
)

// graph is one architecture, and what was made of it.
type graph struct {
	name, dir, tree string
	out             string                                // the output; the tree is a folder of it where there are environments
	environment     string                                // that is deployed; "": there are none
	plain           string                                // a copy of the tree with decrypted secrets, in memory where the system has a place for that
	warned          string                                // what platc said
	components      []component                           // in start-up order
	want            map[string]*unstructured.Unstructured // by cluster.Key: what every component's base renders to, with decrypted secrets
	extra           map[string]*unstructured.Unstructured // what the build and day-2 kustomizations render to beside that
	owner           map[string]string                     // of the objects in want but Namespaces, which are shared: their component
	begun           func() error                          // the build that was begun ahead; nil without one
	private         string                                // TMPDIR, HOME and XDG_RUNTIME_DIR of the scripts
}

// component is a line of the table in the emitted README.md.
type component struct {
	name, namespace string
	after           []string
}

// build compiles the graph with a development identity, decrypts a copy of the tree with stock sops, and renders that.
func (g *graph) build(ctx context.Context, s *suite) error {
	cmd := exec.CommandContext(ctx, s.platc, "build", "-o", g.out, ".")
	cmd.Dir = g.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("platc build: %w\n%s", err, out)
	}
	g.warned = string(out)
	g.private = filepath.Join(g.dir, "private")
	for _, dir := range []string{"tmp", "home", "runtime"} {
		if err := os.MkdirAll(filepath.Join(g.private, dir), 0o700); err != nil {
			return err
		}
	}
	if err := g.readComponents(); err != nil {
		return err
	}
	if err := g.decrypt(ctx, s); err != nil {
		return err
	}
	g.want, g.extra, g.owner = map[string]*unstructured.Unstructured{}, map[string]*unstructured.Unstructured{}, map[string]string{}
	for _, each := range g.components {
		objects, err := rendered(filepath.Join(g.plain, each.name, "k8s/deploy/base"))
		if err != nil {
			return err
		}
		for _, object := range objects {
			g.want[cluster.Key(object)] = object
			if object.GetKind() != "Namespace" {
				g.owner[cluster.Key(object)] = each.name
			}
		}
		for _, dir := range []string{"k8s/build/base", "day2"} {
			dir = filepath.Join(g.plain, each.name, dir)
			if _, err := os.Stat(dir); err != nil {
				continue
			}
			objects, err := rendered(dir)
			if err != nil {
				return err
			}
			for _, object := range objects {
				if g.want[cluster.Key(object)] == nil {
					g.extra[cluster.Key(object)] = object
				}
			}
		}
	}
	return nil
}

// ahead begins to build the graph while the one before it is proved.
func (g *graph) ahead(ctx context.Context, s *suite) {
	g.begun = sync.OnceValue(func() error { return g.build(ctx, s) })
	go func() { _ = g.begun() }() // whoever asks for it gets the error
}

// built waits for a build that was begun ahead, or builds now.
func (g *graph) built(ctx context.Context, s *suite) error {
	if g.begun == nil {
		return g.build(ctx, s)
	}
	return g.begun()
}

// forget removes the copy in clear, also of a graph that was built ahead for nothing.
func (g *graph) forget() error {
	if g.begun != nil {
		if err := g.begun(); err != nil {
			return err
		}
	}
	return os.RemoveAll(g.plain)
}

// refused says whether platc refuses the architecture for just one reason: it needs what was taken away.
func (g *graph) refused(t *testing.T, s *suite, code string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.platc, "check", "--quiet", ".")
	cmd.Dir = g.dir
	out, err := cmd.CombinedOutput()
	return err != nil && strings.Count(string(out), "error[") == 1 && strings.Contains(string(out), "error["+code+"]")
}

// readComponents reads the table below "## Components": name, kind, namespace, order, what it starts after.
func (g *graph) readComponents() error {
	text, err := os.ReadFile(filepath.Join(g.tree, "README.md"))
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(text), "\n## Components\n")
	section, _, found := strings.Cut(rest, "\n## ")
	if !found {
		return errors.New("README.md has no section Components")
	}
	g.components = nil
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 7 || strings.Contains(line, "---") || strings.TrimSpace(cells[1]) == "component" {
			continue
		}
		each := component{name: strings.TrimSpace(cells[1]), namespace: strings.TrimSpace(cells[3])}
		for name := range strings.SplitSeq(cells[5], ",") {
			if name = strings.TrimSpace(name); name != "" {
				each.after = append(each.after, name)
			}
		}
		g.components = append(g.components, each)
	}
	if len(g.components) == 0 && !strings.Contains(section, "\nIn arch.cue, but not deployed from here:\n") {
		return errors.New("README.md lists no component")
	}
	return nil
}

// decrypt makes the copy g.plain. Whoever calls build removes it.
func (g *graph) decrypt(ctx context.Context, s *suite) error {
	parent := ""
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		parent = "/dev/shm"
	}
	plain, err := os.MkdirTemp(parent, "platc-suite-")
	if err != nil {
		return err
	}
	if g.plain != "" {
		if err := os.RemoveAll(g.plain); err != nil {
			return err
		}
	}
	g.plain = plain
	if err := os.CopyFS(plain, os.DirFS(g.tree)); err != nil {
		return err
	}
	secrets, err := g.secretFiles()
	if err != nil {
		return err
	}
	return each(secrets, func(file string) error {
		cmd := exec.CommandContext(ctx, s.sops, "-d", filepath.Join(g.tree, file))
		cmd.Env = append(os.Environ(), "SOPS_AGE_KEY_FILE="+g.key())
		var problems bytes.Buffer
		cmd.Stderr = &problems
		text, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("sops -d %s: %w\n%s", file, err, &problems)
		}
		return os.WriteFile(filepath.Join(plain, file), text, 0o600)
	})
}

// example says whether the graph is one of the examples, on which the emitted scripts are run once more.
func (g *graph) example() bool { return strings.HasPrefix(g.name, "example-") }

// large says whether the graph is the union of others, too large to go through deploy.sh: that would take minutes, and show nothing that
// its parts do not.
func (g *graph) large() bool { return len(g.components) > 40 }

func (g *graph) key() string { return filepath.Join(g.dir, ".platc", "dev.agekey") }

// secretFiles are the paths of all files in folders secret/, relative to the tree, sorted.
func (g *graph) secretFiles() ([]string, error) {
	return g.find(func(path string) bool { return filepath.Base(filepath.Dir(path)) == "secret" })
}

func (g *graph) find(wanted func(path string) bool) ([]string, error) {
	return (&tree.Tree{Out: g.tree}).Files(wanted)
}

// each calls do for every item, two at a time, and returns what failed when all are done.
func each(items []string, do func(string) error) error {
	slots, failed := make(chan struct{}, 2), make([]error, len(items))
	var group sync.WaitGroup
	for i, item := range items {
		slots <- struct{}{}
		group.Go(func() {
			failed[i] = do(item)
			<-slots
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

// rendered are the objects of a kustomization.
func rendered(dir string) ([]*unstructured.Unstructured, error) {
	text, err := (&tree.Tree{Out: dir}).Render(".")
	if err != nil {
		return nil, err
	}
	objects, err := tree.Parse(text)
	if err != nil {
		return nil, err
	}
	var all []*unstructured.Unstructured
	for i := range objects {
		all = append(all, &objects[i])
	}
	return all, nil
}

// renderAlike builds every kustomization of the tree without any key: by the library, by kustomize, and the top one by kubectl too.
func (s *suite) renderAlike(t *testing.T, g *graph, result *row) {
	files, err := g.find(func(path string) bool { return filepath.Base(path) == "kustomization.yaml" })
	if err != nil {
		t.Fatal(err)
	}
	result.kustomizations = len(files)
	if !slices.Contains(files, "kustomization.yaml") {
		t.Fatal("the tree has no kustomization.yaml at its top")
	}
	if err := each(files, func(file string) error {
		dir := filepath.Dir(filepath.Join(g.tree, file))
		want, err := (&tree.Tree{Out: dir}).Render(".")
		if err != nil {
			return err
		}
		programs := [][]string{{s.kustomize, "build", dir}}
		if file == "kustomization.yaml" {
			programs = append(programs, []string{s.kubectl, "kustomize", dir})
		}
		for _, program := range programs {
			cmd := exec.CommandContext(t.Context(), program[0], program[1:]...)
			var out, problems bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &problems
			if err := cmd.Run(); err != nil || problems.Len() != 0 {
				return fmt.Errorf("%s of %s: %v, and says\n%s", program[0], file, err, &problems) //nolint:errorlint // it may be nil
			}
			if !bytes.Equal(out.Bytes(), want) {
				return fmt.Errorf("%s renders %s in another way than the library:\n%s\nthe library:\n%s", program[0], file, &out, want)
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}
