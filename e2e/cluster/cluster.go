package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"
)

// Cluster is a control plane that runs.
type Cluster struct {
	Dir        string       // certificates, data and logs of the programs
	Kubeconfig string       // for the programs of a user: all rights, and its requests are in Audit
	Config     *rest.Config // for the suite: all rights, no throttling, not in Audit
	Audit      string       // every request of Kubeconfig's user that changes something, a JSON object a line, in the order of the server

	processes []*process // in the order in which they were started
}

// Programs are the folders that hold the programs.
type Programs struct {
	Kubernetes string // etcd, kube-apiserver, kube-controller-manager, kube-scheduler
	Kwok       string // kwok, its stages.yaml and storage-class.yaml
}

// Start runs a control plane with three nodes in dir, which must be empty, and returns when it serves. What runs is stopped again when one part fails.
func Start(ctx context.Context, dir string, programs Programs) (_ *Cluster, err error) {
	c := &Cluster{Dir: dir, Audit: filepath.Join(dir, "audit.log")}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Stop())
		}
	}()
	if err := certificates(dir); err != nil {
		return nil, err
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	etcd, server, kwok := ports[0], "https://127.0.0.1:"+ports[1], ports[2]
	users := []string{"suite", "user", "controllers", "scheduler", "kwok"}
	if err := c.credentials(users, server); err != nil {
		return nil, err
	}
	if err := c.settings(); err != nil {
		return nil, err
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	run := func(program string, args ...string) error {
		p, err := start(dir, program, args...)
		if err != nil {
			return err
		}
		c.processes = append(c.processes, p)
		return nil
	}

	if err := run(filepath.Join(programs.Kubernetes, "etcd"),
		"--data-dir="+at("etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=http://127.0.0.1:"+etcd, "--advertise-client-urls=http://127.0.0.1:"+etcd,
		"--listen-peer-urls=http://127.0.0.1:0"); err != nil {
		return nil, err
	}
	if err := run(filepath.Join(programs.Kubernetes, "kube-apiserver"),
		"--etcd-servers=http://127.0.0.1:"+etcd,
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port="+ports[1],
		"--tls-cert-file="+at("server.crt"), "--tls-private-key-file="+at("server.key"),
		"--token-auth-file="+at("tokens.csv"), "--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+at("sa.pub"), "--service-account-signing-key-file="+at("sa.key"),
		"--service-cluster-ip-range=10.96.0.0/16", "--endpoint-reconciler-type=none",
		"--audit-policy-file="+at("audit-policy.yaml"), "--audit-log-path="+c.Audit,
		"--allow-privileged", "--profiling=false"); err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	if err := c.wait(ctx, "the API server", func(ctx context.Context) (bool, error) {
		_, err := client.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil, nil
	}); err != nil {
		return nil, err
	}
	// the namespace controller waits five seconds before it empties one: the suite empties them itself, see Empty
	if err := run(filepath.Join(programs.Kubernetes, "kube-controller-manager"),
		"--kubeconfig="+at("controllers.kubeconfig"), "--leader-elect=false", "--secure-port=0",
		"--service-account-private-key-file="+at("sa.key"), "--root-ca-file="+at("ca.crt"),
		"--controllers=*,-namespace-controller",
		"--horizontal-pod-autoscaler-sync-period=1s",
		"--node-monitor-grace-period=24h", // no kubelet renews a lease here
		"--kube-api-qps=1000", "--kube-api-burst=1000", "--profiling=false"); err != nil {
		return nil, err
	}
	if err := run(filepath.Join(programs.Kubernetes, "kube-scheduler"),
		"--config="+at("scheduler.yaml"), "--secure-port=0"); err != nil {
		return nil, err
	}
	if err := run(filepath.Join(programs.Kwok, "kwok"),
		"--kubeconfig="+at("kwok.kubeconfig"), "--config="+filepath.Join(programs.Kwok, "stages.yaml"),
		"--manage-all-nodes", "--cidr=10.0.0.1/16", "--node-ip=127.0.0.1", "--server-address=127.0.0.1:"+kwok); err != nil {
		return nil, err
	}
	if err := c.populate(ctx, client, programs); err != nil {
		return nil, err
	}
	return c, nil
}

// Stop ends the programs, last started first.
func (c *Cluster) Stop() error {
	var failed error
	for _, p := range slices.Backward(c.processes) {
		failed = errors.Join(failed, p.stop())
	}
	c.processes = nil
	return failed
}

// Alive is an error when a program of the control plane is over.
func (c *Cluster) Alive() error {
	var failed error
	for _, p := range c.processes {
		failed = errors.Join(failed, p.ended())
	}
	return failed
}

// credentials writes a token and a kubeconfig for each user. All may do everything: what the suite proves is not who may.
func (c *Cluster) credentials(users []string, server string) error {
	var tokens strings.Builder
	for _, user := range users {
		token := user + "-token"
		fmt.Fprintf(&tokens, "%s,%s,%s,system:masters\n", token, user, user)
		config := clientcmdapi.NewConfig()
		config.Clusters["e2e"] = &clientcmdapi.Cluster{Server: server, CertificateAuthority: filepath.Join(c.Dir, "ca.crt")}
		config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token}
		config.Contexts["e2e"] = &clientcmdapi.Context{Cluster: "e2e", AuthInfo: user}
		config.CurrentContext = "e2e"
		if err := clientcmd.WriteToFile(*config, filepath.Join(c.Dir, user+".kubeconfig")); err != nil {
			return fmt.Errorf("write the kubeconfig of %s: %w", user, err)
		}
	}
	c.Kubeconfig = filepath.Join(c.Dir, "user.kubeconfig")
	c.Config = &rest.Config{
		Host:            server,
		BearerToken:     "suite-token",
		TLSClientConfig: rest.TLSClientConfig{CAFile: filepath.Join(c.Dir, "ca.crt")},
		QPS:             -1,
		WarningHandler:  rest.NoWarnings{}, // those to the user's programs are judged
	}
	return os.WriteFile(filepath.Join(c.Dir, "tokens.csv"), []byte(tokens.String()), 0o600)
}

// settings writes the files that the API server and the scheduler read.
func (c *Cluster) settings() error {
	audit := `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: [user]
  verbs: [create, update, patch, delete, deletecollection]
- level: None
`
	scheduler := `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {leaderElect: false}
clientConnection: {kubeconfig: ` + strconv.Quote(filepath.Join(c.Dir, "scheduler.kubeconfig")) + `, qps: 1000, burst: 1000}
`
	if err := os.WriteFile(filepath.Join(c.Dir, "audit-policy.yaml"), []byte(audit), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.Dir, "scheduler.yaml"), []byte(scheduler), 0o600)
}

// populate makes three nodes in three zones and the storage class of kwok's volumes, and waits until a pod could run.
func (c *Cluster) populate(ctx context.Context, client kubernetes.Interface, programs Programs) error {
	text, err := os.ReadFile(filepath.Join(programs.Kwok, "storage-class.yaml"))
	if err != nil {
		return fmt.Errorf("read kwok's storage class: %w", err)
	}
	var class storagev1.StorageClass
	if err := yaml.UnmarshalStrict(text, &class); err != nil {
		return fmt.Errorf("decode kwok's storage class: %w", err)
	}
	if _, err := client.StorageV1().StorageClasses().Create(ctx, &class, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("make the storage class: %w", err)
	}
	// what the architecture with every wish for pods asks for (graphs/byhand/knobs.cue)
	for _, name := range []string{"data", "batch"} {
		priority := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Value: 1000}
		if _, err := client.SchedulingV1().PriorityClasses().Create(ctx, priority, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("make the priority class: %w", err)
		}
	}
	// without ephemeral storage a node takes none of the pods that ask for some
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("1k"),
		corev1.ResourceMemory:           resource.MustParse("1Ti"),
		corev1.ResourceEphemeralStorage: resource.MustParse("100Ti"),
		corev1.ResourcePods:             resource.MustParse("10k"),
	}
	for _, zone := range []string{"a", "b", "c"} {
		node := &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{
				Name: "node-" + zone,
				Labels: map[string]string{
					"kubernetes.io/hostname":      "node-" + zone,
					"kubernetes.io/os":            "linux",
					"kubernetes.io/arch":          "amd64",
					"topology.kubernetes.io/zone": "zone-" + zone,
					"disk":                        "ssd",
					"example.com/pool":            "data",
					"gpu":                         "true",
				},
			},
			Status: corev1.NodeStatus{Capacity: capacity, Allocatable: capacity},
		}
		if _, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("make the node %s: %w", node.Name, err)
		}
	}
	if err := c.wait(ctx, "ready nodes", func(ctx context.Context) (bool, error) {
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		for _, node := range nodes.Items {
			ready := slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
				return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
			})
			if !ready || len(node.Spec.Taints) != 0 {
				return false, nil
			}
		}
		return true, nil
	}); err != nil {
		return err
	}
	return c.wait(ctx, "the controllers", func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
}

// Patience is a time that no machine needs for what the suites wait for, however busy it is; Quiet is the time without any progress that
// is a failure before that.
const (
	Patience = 15 * time.Minute
	Quiet    = 2 * time.Minute
)

// wait asks until done, a program of the control plane is over, or Patience has passed.
func (c *Cluster) wait(ctx context.Context, what string, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	for {
		ok, err := done(ctx)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		if ok {
			return nil
		}
		if err := c.Alive(); err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: not there after %s, logs are in %s: %w", what, Patience, c.Dir, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// freePorts asks the system for ports of loopback that nobody uses now.
func freePorts(n int) ([]string, error) {
	var ports []string
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = listener.Close() }()
		_, port, err := net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		ports = append(ports, port)
	}
	return ports, nil
}
