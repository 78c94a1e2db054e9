package netpol_test

import (
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/e2e/netpol"
)

// labels of the pods of a component.
func labels(component, group string) string {
	return "{app.kubernetes.io/instance: " + component + ", app.kubernetes.io/component: " + group + "}"
}

func workload(namespace, component, group, port string) string {
	return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ` + component + `, namespace: ` + namespace + `}
spec: {template: {metadata: {labels: ` + labels(component, group) + `}, spec: {containers: [{name: app, ports: [{name: main, containerPort: ` + port + `}]}]}}}`
}

func guard(namespace, component, ingress, egress string) string {
	return `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ` + component + `, namespace: ` + namespace + `}
spec:
  podSelector: {matchLabels: ` + labels(component, "server") + `}
  policyTypes: [Ingress, Egress]
  ingress: [` + ingress + `]
  egress:
  - ports: [{port: 53, protocol: TCP}, {port: 53, protocol: UDP}]
    to:
    - {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}
    - {ipBlock: {cidr: 169.254.20.10/32}}
` + egress
}

func peerOf(namespace, component string) string {
	return "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: " + namespace + "}}, podSelector: {matchLabels: " + labels(component, "server") + "}}"
}

// shop is an application with a link to a database, and one without.
func shop() (*netpol.Graph, []string) {
	g := &netpol.Graph{
		Arch: defaultCluster(),
		Name: "shop",
		Components: []netpol.Component{
			{Name: "billing", Kind: "fastapi", Namespace: "shop", Attributes: map[string]any{"port": int64(8080), "service_type": "ClusterIP"}},
			{Name: "db", Kind: "postgresql", Namespace: "data"},
			{Name: "orders", Kind: "fastapi", Namespace: "shop", Attributes: map[string]any{"port": int64(8080), "service_type": "ClusterIP"}},
		},
		Links: []netpol.Link{{From: "orders", To: "db", Of: "orders -> db"}},
	}
	return g, []string{
		workload("shop", "orders", "server", "8080"),
		workload("shop", "billing", "server", "8080"),
		workload("data", "db", "server", "5432"),
		guard("shop", "orders", "", "  - {to: ["+peerOf("data", "db")+"], ports: [{port: 5432}]}"),
		guard("shop", "billing", "", ""),
		guard("data", "db", "{from: ["+peerOf("shop", "orders")+"], ports: [{port: 5432}]}", ""),
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func([]string) []string
		link   bool // a second one, from billing
		want   []string
	}{
		{"as it should be", func(o []string) []string { return o }, false, nil},
		{
			"a policy is missing",
			func(o []string) []string { return o[:5] },
			false,
			[]string{"the internet -> db (server) 1/SCTP", "db (server) -> the internet 1/SCTP", "a stranger in shop -> db (server)"},
		},
		{
			"the wrong port at one end",
			func(o []string) []string {
				return append(o[:5], guard("data", "db", "{from: ["+peerOf("shop", "orders")+"], ports: [{port: 5433}]}", ""))
			},
			false,
			[]string{"orders (server) -> db (server) 5432/TCP: closed, but needed by orders -> db"},
		},
		{
			"the link is not in the graph of the policies",
			func(o []string) []string { return o },
			true,
			[]string{"billing (server) -> db (server) 5432/TCP: closed, but needed by billing -> db"},
		},
		{
			"one caller too many",
			func(o []string) []string {
				o[4] = guard("shop", "billing", "", "  - {to: ["+peerOf("data", "db")+"], ports: [{port: 5432}]}")
				o[5] = guard("data", "db", "{from: ["+peerOf("shop", "orders")+", "+peerOf("shop", "billing")+"], ports: [{port: 5432}]}", "")
				return o
			},
			false,
			[]string{"billing (server) -> db (server) 5432/TCP: open, but no link says so"},
		},
		{
			"a range too wide",
			func(o []string) []string {
				o[3] = guard("shop", "orders", "", "  - {to: ["+peerOf("data", "db")+"], ports: [{port: 5432, endPort: 5440}]}")
				o[5] = guard("data", "db", "{from: ["+peerOf("shop", "orders")+"], ports: [{port: 5432, endPort: 5440}]}", "")
				return o
			},
			false,
			[]string{"orders (server) -> db (server) 5433/TCP 5439/TCP 5440/TCP: open, but no link says so"},
		},
		{
			"no DNS",
			func(o []string) []string {
				o[4] = strings.Replace(guard("shop", "billing", "", ""), "k8s-app: kube-dns", "k8s-app: coredns", 1)
				return o
			},
			false,
			[]string{"billing (server) -> DNS of the cluster 53/TCP 53/UDP: closed, but needed by DNS"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g, o := shop()
			if c.link {
				g.Links = append(g.Links, netpol.Link{From: "billing", To: "db", Of: "billing -> db"})
			}
			r, err := netpol.Check(objects(t, c.change(o)...), g)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.want) == 0 && len(r.Findings) > 0 || len(c.want) > 0 && len(r.Findings) == 0 {
				t.Errorf("findings: %v", r.Findings)
			}
			for _, want := range c.want {
				if !slices.ContainsFunc(r.Findings, func(f netpol.Finding) bool { return strings.HasPrefix(f.String(), want) }) {
					t.Errorf("no finding %q among\n%v", want, r.Findings)
				}
			}
		})
	}
}

// process is a worker of orders with a policy of its own.
func process(ingress, egress string) []string {
	labelled := func(text string) string {
		return strings.ReplaceAll(text, "component: worker}", "component: worker, platc.dev/process: mails}")
	}
	guarded := strings.Replace(guard("shop", "orders", ingress, egress), "component: server}", "component: worker, platc.dev/process: mails}", 1)
	return []string{labelled(workload("shop", "orders", "worker", "9000")), guarded}
}

func TestProcessesHaveTheLinksOfTheirComponentAndTheirOwn(t *testing.T) {
	t.Parallel()
	worker := strings.ReplaceAll(peerOf("shop", "orders"), "component: server}", "component: worker, platc.dev/process: mails}")
	toDB := "  - {to: [" + peerOf("data", "db") + "], ports: [{port: 5432}]}\n"
	toBus := "  - {to: [" + peerOf("data", "cache") + "], ports: [{port: 6379}]}\n"
	fromServer, fromWorker := peerOf("shop", "orders"), worker
	for _, c := range []struct {
		name, db, cache, ingress, egress string // who reaches the servers; the policy of the worker
		want                             []string
	}{
		{"as it should be", fromServer + ", " + fromWorker, fromWorker, "", toDB + toBus, nil},
		{
			"the worker lacks the component's link", fromServer, fromWorker, "", toDB + toBus,
			[]string{"orders (worker-mails) -> db (server) 5432/TCP: closed, but needed by orders -> db"},
		},
		{
			"the worker lacks its own link", fromServer + ", " + fromWorker, fromWorker, "", toDB,
			[]string{"orders (worker-mails) -> cache (server) 6379/TCP: closed, but needed by orders/worker/mails -> cache"},
		},
		{
			"the component has the worker's link", fromServer + ", " + fromWorker, fromServer + ", " + fromWorker, "", toDB + toBus,
			[]string{"orders (server) -> cache (server) 6379/TCP: open, but no link says so"},
		},
		{
			"the worker is open to a neighbour", fromServer + ", " + fromWorker, fromWorker, "{from: [{podSelector: {}}], ports: [{port: 9000}]}", toDB + toBus,
			[]string{"a stranger in shop -> orders (worker-mails) 9000/TCP: open, but no link says so"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g, o := shop()
			g.Components = append(g.Components, netpol.Component{Name: "cache", Kind: "redis", Namespace: "data"})
			g.Components[2].Processes = map[string]map[string]any{"worker-mails": {"ports": map[string]any{"main": int64(9000)}}}
			g.Links = append(g.Links, netpol.Link{From: "orders", To: "cache", Process: "worker-mails", Of: "orders/worker/mails -> cache"})
			server := toDB
			if strings.Contains(c.cache, fromServer) {
				server += toBus
			}
			o[3] = guard("shop", "orders", "", server)
			o[5] = guard("data", "db", "{from: ["+c.db+"], ports: [{port: 5432}]}", "")
			o = append(o, workload("data", "cache", "server", "6379"), guard("data", "cache", "{from: ["+c.cache+"], ports: [{port: 6379}]}", ""))
			o = append(o, process(c.ingress, c.egress)...)
			r, err := netpol.Check(objects(t, o...), g)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.want) == 0 && len(r.Findings) > 0 {
				t.Errorf("findings: %v", r.Findings)
			}
			for _, want := range c.want {
				if !slices.ContainsFunc(r.Findings, func(f netpol.Finding) bool { return strings.HasPrefix(f.String(), want) }) {
					t.Errorf("no finding %q among\n%v", want, r.Findings)
				}
			}
		})
	}
}

func TestCheckDemandsPodsAndRows(t *testing.T) {
	t.Parallel()
	g, o := shop()
	if _, err := netpol.Check(objects(t, o[:2]...), g); err == nil || !strings.Contains(err.Error(), "orders -> db") {
		t.Errorf("a link without pods: %v", err)
	}
	g.Components[1].Kind = "strange"
	if _, err := netpol.Check(objects(t, o...), g); err == nil || !strings.Contains(err.Error(), "fastapi -> strange") {
		t.Errorf("a link that no row knows: %v", err)
	}
}

func TestAListenerWithoutPeersIsOpenToAll(t *testing.T) {
	t.Parallel()
	kafka := `
apiVersion: kafka.strimzi.io/v1
kind: Kafka
metadata: {name: bus, namespace: streaming}
spec: {kafka: {listeners: [{name: clients, port: 9092}]}}`
	closed := `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: bus, namespace: streaming}
spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [], egress: []}`
	g := &netpol.Graph{Arch: defaultCluster(), Components: []netpol.Component{{Name: "bus", Kind: "kafka", Namespace: "streaming"}}}
	for text, want := range map[string]bool{kafka: true, strings.Replace(kafka, "port: 9092", "port: 9092, networkPolicyPeers: [{podSelector: {}}]", 1): false} {
		r, err := netpol.Check(objects(t, text, closed), g)
		if err != nil {
			t.Fatal(err)
		}
		got := slices.ContainsFunc(r.Findings, func(f netpol.Finding) bool {
			return strings.HasPrefix(f.String(), "the internet -> bus (broker) 9092/TCP: open")
		})
		if got != want {
			t.Errorf("%s\n%v", text, r.Findings)
		}
	}
}

// defaultCluster is config without a word of the cluster.
func defaultCluster() map[string]any {
	return map[string]any{"cluster": map[string]any{
		"dns": map[string]any{"namespace": "kube-system", "labels": map[string]any{}, "port": int64(53), "cidr": []any{"169.254.20.10/32"}},
		"api": map[string]any{"cidr": []any{}, "ports": []any{int64(443), int64(6443)}},
	}}
}
