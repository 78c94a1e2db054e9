package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"platc.dev/platc/e2e/binaries"
	"platc.dev/platc/e2e/cluster"
	"platc.dev/platc/e2e/crds"
	"platc.dev/platc/e2e/operators"
	"platc.dev/platc/e2e/tree"
)

// suite is what all graphs share.
type suite struct {
	cluster   *cluster.Cluster
	objects   *cluster.Objects
	recorder  *cluster.Recorder
	operators *operators.Operators
	root      string // of the project
	work      string // a folder for each graph
	platc     string
	path      string // of the programs that the emitted scripts call
	kubectl   string
	kustomize string
	sops      string
}

// row is a line of the table at the end.
type row struct {
	graph                                         string
	kustomizations, objects, live                 int
	needed, asked, references                     int // connections that links need and that were asked for; references that were followed
	warnings, refused, unready, changed, findings int
	deploy                                        string // deploy.sh, or what was done in its place
	pruned                                        string
	took                                          time.Duration
}

// TestKubernetes takes every example and every generated graph through the control plane; a subtest for each graph, and in it one for each proof.
//
//nolint:paralleltest // there is one control plane, and graphs have namespaces of one name
func TestKubernetes(t *testing.T) {
	t.Setenv("REGISTRY_PASSWORD", "known to the suite") // what architectures read of the environment
	t.Setenv("DB_ADMIN_PASSWORD", "known to the suite")
	s := start(t)
	graphs := s.graphs(t)
	t.Cleanup(func() {
		for _, each := range graphs {
			if err := each.forget(); err != nil {
				t.Error(err)
			}
		}
	})
	var rows []row
	t.Run("graphs", func(t *testing.T) {
		for i, each := range graphs {
			t.Run(each.name, func(t *testing.T) {
				begun := time.Now()
				result := row{graph: each.name}
				if i+1 < len(graphs) {
					graphs[i+1].ahead(context.WithoutCancel(t.Context()), s)
				}
				s.prove(t, each, &result)
				result.took = time.Since(begun)
				rows = append(rows, result)
			})
		}
	})
	t.Log(table(rows))
}

func start(t *testing.T) *suite {
	t.Helper()
	ctx := t.Context()
	folders, err := binaries.Folders(ctx, "kubernetes", "kwok", "kustomize", "sops")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{
		root: root, work: t.TempDir(), platc: filepath.Join(t.TempDir(), "platc"),
		path:    strings.Join([]string{folders[0], folders[2], folders[3], "/usr/bin", "/bin"}, ":"),
		kubectl: filepath.Join(folders[0], "kubectl"), kustomize: filepath.Join(folders[2], "kustomize"), sops: filepath.Join(folders[3], "sops"),
	}
	s.run(t, root, "go", "build", "-o", s.platc, "./cmd/platc")

	places, err := crds.Find()
	if err != nil {
		t.Fatal(err)
	}
	definitions, err := crds.Load(ctx, places)
	if err != nil {
		t.Fatal(err)
	}

	begun := time.Now()
	dir, err := os.MkdirTemp("", "platc-cluster-") //nolint:usetesting // its logs stay when a test fails
	if err != nil {
		t.Fatal(err)
	}
	s.cluster, err = cluster.Start(ctx, dir, cluster.Programs{Kubernetes: folders[0], Kwok: folders[1]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.cluster.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("logs of the control plane are in %s", dir)
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	t.Logf("control plane: %.1f s", time.Since(begun).Seconds())

	begun = time.Now()
	if err := s.cluster.Install(ctx, definitions); err != nil {
		t.Fatal(err)
	}
	if s.objects, err = s.cluster.Objects(ctx); err != nil {
		t.Fatal(err)
	}
	if s.recorder, err = s.objects.Record(ctx); err != nil {
		t.Fatal(err)
	}
	if s.operators, err = operators.Run(ctx, s.cluster.Config); err != nil {
		t.Fatal(err)
	}
	stood, err := operators.Kinds()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("custom resource definitions: %d, %.1f s; stand-ins for operators, which make pods, Services, Secrets and status: %s",
		len(definitions), time.Since(begun).Seconds(), strings.Join(stood, ", "))
	return s
}

// alone are graphs of one kind or of one link.
var alone = regexp.MustCompile(`^(kind|link)-`)

// graphs are the examples and what `go run ./graphs` writes. Without PLATC_E2E=full, those of one kind or one link are left to the judges: all-links has every
// link, and each kind that is deployed is in one of the others.
func (s *suite) graphs(t *testing.T) []*graph {
	t.Helper()
	generated := filepath.Join(s.work, "graphs")
	s.run(t, filepath.Join(s.root, "e2e"), "go", "run", "./graphs", generated)
	architectures, err := tree.Architectures(s.root, generated)
	if err != nil {
		t.Fatal(err)
	}
	var all []*graph
	for _, each := range architectures {
		// "examples/shop" is the subtest example-shop, "graphs/kind-redis" just kind-redis
		name := strings.ReplaceAll(strings.TrimPrefix(each.Name, "graphs/"), "examples/", "example-")
		if os.Getenv("PLATC_E2E") != "full" && alone.MatchString(name) {
			continue
		}
		dir := filepath.Join(s.work, name)
		if err := os.CopyFS(dir, os.DirFS(each.Dir)); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "want")); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(dir, "out")
		all = append(all, &graph{name: name, dir: dir, out: out, tree: each.Deployed(out), environment: each.Environment})
	}
	return all
}

// prove takes one graph through all proofs. Each is a subtest; those that follow need what the one before left.
func (s *suite) prove(t *testing.T, g *graph, result *row) {
	t.Helper()
	s.recorder.Forget()
	t.Cleanup(func() {
		if err := s.objects.Empty(context.Background()); err != nil {
			t.Error(err)
		}
		if err := s.operators.Failed(); err != nil {
			t.Error(err)
		}
	})
	if err := g.built(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	s.prerequisites(t, g)
	t.Run("the library and the programs render alike", func(t *testing.T) { s.renderAlike(t, g, result) })
	t.Run("deploy.sh applies all and waits for it", func(t *testing.T) { s.deploy(t, g, result) })
	t.Run("objects started in the emitted order", func(t *testing.T) { s.inOrder(t, g) })
	t.Run("secrets reach the cluster", func(t *testing.T) { s.secretsArrive(t, g) })
	t.Run("what runs is ready", func(t *testing.T) { s.ready(t, g, result) })
	t.Run("links are open and nothing else", func(t *testing.T) { s.connectivity(t, g, result) })
	t.Run("every reference leads somewhere", func(t *testing.T) { s.closedWorld(t, g, result) })
	t.Run("applied again strictly nothing changes", func(t *testing.T) { s.strictly(t, g, result) })
	t.Run("namespaces enforce their level", func(t *testing.T) { s.podSecurity(t, g) })
	if g.example() {
		t.Run("deploy.sh again changes nothing", func(t *testing.T) { s.deployAgain(t, g, result) })
		t.Run("verify.sh is content with what deploy.sh applied", func(t *testing.T) { s.verify(t, g) })
	}
	if g.name == "example-shop" { // the scripts are the same everywhere
		t.Run("images are built and day 2 is tested", func(t *testing.T) { s.buildAndTest(t, g, result) })
		t.Run("the scripts go where they are told to, with the development key", func(t *testing.T) { s.elsewhere(t, g) })
		t.Run("deploy.sh applies an overlay in order", func(t *testing.T) { s.overlay(t, g) })
		t.Run("deploy.sh takes nothing from another architecture", func(t *testing.T) { s.foreign(t, g) })
		t.Run("verify.sh finds ciphertext that was applied", func(t *testing.T) { s.tamper(t, g) })
		t.Run("an interrupted deploy.sh leaves nothing", func(t *testing.T) { s.interrupt(t, g) })
	}
	t.Run("without a link its objects go and no others", func(t *testing.T) { s.prune(t, g, result) })
	if g.name == "link-kong-to-fastapi" {
		t.Run("without a component what it had in its namespace goes", func(t *testing.T) { s.vanish(t, g, "a-kong") })
	}
	if err := s.cluster.Alive(); err != nil {
		t.Fatal(err)
	}
}

// prerequisites makes what no tree makes: the namespaces of what README.md wants installed, such as a mesh, and the Secrets that arch.cue only names.
func (s *suite) prerequisites(t *testing.T, g *graph) {
	t.Helper()
	client, err := kubernetes.NewForConfig(s.cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	spaces := map[string]bool{}
	for _, each := range g.components {
		spaces[each.namespace] = true
	}
	for _, object := range g.want {
		spaces[object.GetNamespace()] = true
	}
	delete(spaces, "")
	for name := range spaces {
		if g.want["/Namespace//"+name] != nil {
			continue
		}
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	for _, object := range g.want {
		for _, name := range pullSecrets(object.Object) {
			s.pullSecret(t, g, client, object.GetNamespace(), name)
		}
	}
}

// pullSecrets are the Secrets that images are pulled with, wherever an object names them.
func pullSecrets(data any) []string {
	var all []string
	switch data := data.(type) {
	case map[string]any:
		named, _ := data["imagePullSecrets"].([]any)
		for _, each := range named {
			if name, ok := each.(map[string]any)["name"].(string); ok {
				all = append(all, name)
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

// pullSecret makes a Secret that the tree has not, and its namespace.
func (s *suite) pullSecret(t *testing.T, g *graph, client kubernetes.Interface, namespace, name string) {
	t.Helper()
	if g.want["/Secret/"+namespace+"/"+name] != nil {
		return
	}
	space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: map[string]string{"app.kubernetes.io/managed-by": "platc"}}, Type: corev1.SecretTypeDockerConfigJson, Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(`{"auths":{}}`)}}
	_, err := client.CoreV1().Namespaces().Create(t.Context(), space, metav1.CreateOptions{})
	if err == nil || apierrors.IsAlreadyExists(err) {
		_, err = client.CoreV1().Secrets(namespace).Create(t.Context(), secret, metav1.CreateOptions{})
	}
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

func table(rows []row) string {
	var cells, text strings.Builder
	fmt.Fprintln(&cells, "\ngraph\tkustomizations\tobjects\tlive\twarnings\trefused\tnot ready\tconnections\treferences\tfindings\tsecond apply\tdeployed by\tprune\ttook")
	for _, each := range rows {
		fmt.Fprintf(&cells, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d of %d\t%d\t%d\t%d\t%s\t%s\t%.1fs\n", each.graph, each.kustomizations, each.objects, each.live,
			each.warnings, each.refused, each.unready, each.needed, each.asked, each.references, each.findings, each.changed, each.deploy, each.pruned, each.took.Seconds())
	}
	writer := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, err := io.WriteString(writer, cells.String())
	if err := errors.Join(err, writer.Flush()); err != nil {
		return err.Error()
	}
	return text.String()
}

// run runs a program that must succeed and returns its output.
func (s *suite) run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}
