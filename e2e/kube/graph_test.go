package kube

import (
	"bytes"
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
	plain           string                                // a copy of the tree with decrypted secrets, in memory where the system has a place for that
	warned          string                                // what platc said
	components      []component                           // in start-up order
	want            map[string]*unstructured.Unstructured // by cluster.Key: what every component's base renders to, with decrypted secrets
	extra           map[string]*unstructured.Unstructured // what the build and day-2 kustomizations render to beside that
	owner           map[string]string                     // of the objects in want but Namespaces, which are shared: their component
	private         string                                // TMPDIR, HOME and XDG_RUNTIME_DIR of the scripts
}

// component is a line of the table in the emitted README.md.
type component struct {
	name, namespace string
	after           []string
}

// build compiles the graph with a development identity, and decrypts a copy of the tree with stock sops.
func (g *graph) build(t *testing.T, s *suite) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.platc, "build", "-o", g.tree, ".")
	cmd.Dir = g.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("platc build: %v\n%s", err, out)
	}
	g.warned = string(out)
	g.private = filepath.Join(g.dir, "private")
	for _, dir := range []string{"tmp", "home", "runtime"} {
		if err := os.MkdirAll(filepath.Join(g.private, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	g.readComponents(t)
	g.decrypt(t, s)
	g.want, g.extra, g.owner = map[string]*unstructured.Unstructured{}, map[string]*unstructured.Unstructured{}, map[string]string{}
	for _, each := range g.components {
		for _, object := range rendered(t, filepath.Join(g.plain, each.name, "k8s/deploy/base")) {
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
			for _, object := range rendered(t, dir) {
				if g.want[cluster.Key(object)] == nil {
					g.extra[cluster.Key(object)] = object
				}
			}
		}
	}
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
func (g *graph) readComponents(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(g.tree, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n## Components\n")
	section, _, found := strings.Cut(rest, "\n## ")
	if !found {
		t.Fatal("README.md has no section Components")
	}
	g.components = nil
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 7 || strings.Contains(line, "---") || strings.TrimSpace(cells[1]) == "component" {
			continue
		}
		each := component{name: strings.TrimSpace(cells[1]), namespace: strings.TrimSpace(cells[3])}
		for _, name := range strings.Split(cells[5], ",") {
			if name = strings.TrimSpace(name); name != "" {
				each.after = append(each.after, name)
			}
		}
		g.components = append(g.components, each)
	}
	if len(g.components) == 0 {
		t.Fatal("README.md lists no component")
	}
}

// decrypt makes the copy g.plain.
func (g *graph) decrypt(t *testing.T, s *suite) {
	t.Helper()
	parent := ""
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		parent = "/dev/shm"
	}
	plain, err := os.MkdirTemp(parent, "platc-suite-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(plain); err != nil {
			t.Error(err)
		}
	})
	g.plain = plain
	if err := os.CopyFS(plain, os.DirFS(g.tree)); err != nil {
		t.Fatal(err)
	}
	secrets := g.secretFiles(t)
	each(secrets, func(file string) {
		cmd := exec.CommandContext(t.Context(), s.sops, "-d", filepath.Join(g.tree, file))
		cmd.Env = append(os.Environ(), "SOPS_AGE_KEY_FILE="+g.key())
		var problems bytes.Buffer
		cmd.Stderr = &problems
		text, err := cmd.Output()
		if err != nil {
			t.Errorf("sops -d %s: %v\n%s", file, err, &problems)
			return
		}
		if err := os.WriteFile(filepath.Join(plain, file), text, 0o600); err != nil {
			t.Error(err)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
}

// example says whether the graph is one of the examples, which are taken through every use of the emitted scripts.
func (g *graph) example() bool { return strings.HasPrefix(g.name, "example-") }

// large says whether the graph is the union of others, too large to go through deploy.sh: that would take minutes, and show nothing that
// its parts do not.
func (g *graph) large() bool { return len(g.components) > 40 }

func (g *graph) key() string { return filepath.Join(g.dir, ".platc", "dev.agekey") }

// secretFiles are the paths of all files in folders secret/, relative to the tree, sorted.
func (g *graph) secretFiles(t *testing.T) []string {
	t.Helper()
	return g.find(t, func(path string) bool { return filepath.Base(filepath.Dir(path)) == "secret" })
}

func (g *graph) find(t *testing.T, wanted func(path string) bool) []string {
	t.Helper()
	files, err := (&tree.Tree{Out: g.tree}).Files(wanted)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// each calls do for every item, two at a time, and returns when all are done.
func each(items []string, do func(string)) {
	slots := make(chan struct{}, 2)
	var group sync.WaitGroup
	for _, item := range items {
		slots <- struct{}{}
		group.Go(func() {
			do(item)
			<-slots
		})
	}
	group.Wait()
}

// rendered are the objects of a kustomization.
func rendered(t *testing.T, dir string) []*unstructured.Unstructured {
	t.Helper()
	text, err := (&tree.Tree{Out: dir}).Render(".")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := tree.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var all []*unstructured.Unstructured
	for i := range objects {
		all = append(all, &objects[i])
	}
	return all
}

// renderAlike builds every kustomization of the tree without any key: by the library, by kustomize, and the top one by kubectl too.
func (s *suite) renderAlike(t *testing.T, g *graph, result *row) {
	files := g.find(t, func(path string) bool { return filepath.Base(path) == "kustomization.yaml" })
	result.kustomizations = len(files)
	if !slices.Contains(files, "kustomization.yaml") {
		t.Fatal("the tree has no kustomization.yaml at its top")
	}
	each(files, func(file string) {
		dir := filepath.Dir(filepath.Join(g.tree, file))
		want, err := (&tree.Tree{Out: dir}).Render(".")
		if err != nil {
			t.Error(err)
			return
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
				t.Errorf("%s of %s: %v, and says\n%s", program[0], file, err, &problems)
			}
			if !bytes.Equal(out.Bytes(), want) {
				t.Errorf("%s renders %s in another way than the library:\n%s\nthe library:\n%s", program[0], file, &out, want)
			}
		}
	})
}
