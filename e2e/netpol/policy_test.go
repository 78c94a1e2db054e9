package netpol_test

import (
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"platc.dev/platc/e2e/netpol"
)

// objects reads YAML documents.
func objects(t *testing.T, documents ...string) []unstructured.Unstructured {
	t.Helper()
	var all []unstructured.Unstructured
	for _, d := range documents {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(d), &o.Object); err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

// policy is a NetworkPolicy in namespace "data" on the pods app=db, with this spec.
func policy(spec string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: data}\nspec:\n  podSelector: {matchLabels: {app: db}}\n" + spec
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	db := netpol.Pod{Namespace: "data", Labels: map[string]string{"app": "db"}, Ports: []netpol.Port{{Name: "sql", Number: 5432, Protocol: corev1.ProtocolTCP}}}
	other := netpol.Pod{Namespace: "data", Labels: map[string]string{"app": "other"}}
	web := netpol.Pod{Namespace: "shop", Labels: map[string]string{"app": "web"}, Address: netip.MustParseAddr("10.0.0.7")}
	stray := netpol.Pod{Namespace: "shop", Labels: map[string]string{"app": "stray"}}
	far := netpol.Pod{Address: netip.MustParseAddr("203.0.113.9")}
	near := netpol.Pod{Address: netip.MustParseAddr("203.0.113.200")}
	const anyone = "  ingress: [{}]"
	for _, c := range []struct {
		name     string
		spec     string
		from, to netpol.Pod
		port     int
		protocol corev1.Protocol
		want     bool
	}{
		{"no policy selects the pod", "  ingress: []", web, other, 1, "TCP", true},
		{"an empty list of rules closes", "  ingress: []", web, db, 5432, "TCP", false},
		{"an empty rule opens all", anyone, stray, db, 9, "UDP", true},
		{"without policyTypes egress stays open", "  ingress: []", db, web, 80, "TCP", true},
		{"without policyTypes a rule for egress isolates it", "  egress: [{ports: [{port: 80}]}]", db, web, 81, "TCP", false},
		{"that rule opens its port", "  egress: [{ports: [{port: 80}]}]", db, web, 80, "TCP", true},
		{"and ingress is isolated too", "  egress: [{ports: [{port: 80}]}]", web, db, 80, "TCP", false},
		{"egress alone leaves ingress open", "  policyTypes: [Egress]", web, db, 80, "TCP", true},
		{"egress alone closes it", "  policyTypes: [Egress]", db, web, 80, "TCP", false},
		{"a pod selector means the own namespace", "  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]", web, db, 1, "TCP", false},
		{"a pod selector in the own namespace", "  ingress: [{from: [{podSelector: {}}]}]", other, db, 1, "TCP", true},
		{"a namespace selector means all its pods", "  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]}]", stray, db, 1, "TCP", true},
		{"a label of the Namespace object", "  ingress: [{from: [{namespaceSelector: {matchLabels: {tier: front}}}]}]", stray, db, 1, "TCP", true},
		{"both selectors of one peer have to match", "  ingress: [{from: [{namespaceSelector: {matchLabels: {tier: front}}, podSelector: {matchLabels: {app: web}}}]}]", stray, db, 1, "TCP", false},
		{"and then they open", "  ingress: [{from: [{namespaceSelector: {matchLabels: {tier: front}}, podSelector: {matchLabels: {app: web}}}]}]", web, db, 1, "TCP", true},
		{"two peers are alternatives", "  ingress: [{from: [{namespaceSelector: {matchLabels: {tier: front}}}, {podSelector: {matchLabels: {app: web}}}]}]", stray, db, 1, "TCP", true},
		{"an expression", "  ingress: [{from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}]}]", web, db, 1, "TCP", false},
		{"a port by number", "  ingress: [{ports: [{port: 5432}]}]", web, db, 5432, "TCP", true},
		{"another port", "  ingress: [{ports: [{port: 5432}]}]", web, db, 5433, "TCP", false},
		{"another protocol", "  ingress: [{ports: [{port: 5432}]}]", web, db, 5432, "UDP", false},
		{"a protocol without a port", "  ingress: [{ports: [{protocol: UDP}]}]", web, db, 5, "UDP", true},
		{"a port by name", "  ingress: [{ports: [{port: sql}]}]", web, db, 5432, "TCP", true},
		{"a name that is another number", "  ingress: [{ports: [{port: sql}]}]", web, db, 5433, "TCP", false},
		{"a name that the pod does not have", "  ingress: [{ports: [{port: web}]}]", web, db, 5432, "TCP", false},
		{"the first of a range", "  ingress: [{ports: [{port: 6000, endPort: 6010}]}]", web, db, 6000, "TCP", true},
		{"the last of a range", "  ingress: [{ports: [{port: 6000, endPort: 6010}]}]", web, db, 6010, "TCP", true},
		{"behind a range", "  ingress: [{ports: [{port: 6000, endPort: 6010}]}]", web, db, 6011, "TCP", false},
		{"a block", "  ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]", far, db, 1, "TCP", true},
		{"its exception", "  ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.128/25]}}]}]", near, db, 1, "TCP", false},
		{"a block holds pods too", "  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]", web, db, 1, "TCP", true},
		{"an address is in no namespace", "  ingress: [{from: [{namespaceSelector: {}}]}]", far, db, 1, "TCP", false},
		{"a rule for all admits addresses", anyone, far, db, 1, "TCP", true},
		{"the port and the peer stand in one rule", "  ingress: [{from: [{podSelector: {}}]}, {ports: [{port: 80}]}]", web, db, 81, "TCP", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			all, err := netpol.Read(objects(t, policy(c.spec), "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {tier: front}}"))
			if err != nil {
				t.Fatal(err)
			}
			if got := all.Allows(c.from, c.to, c.port, c.protocol); got != c.want {
				t.Errorf("allowed: %v, want %v", got, c.want)
			}
		})
	}
}

func TestPoliciesAddUp(t *testing.T) {
	t.Parallel()
	all, err := netpol.Read(objects(t, policy("  ingress: [{ports: [{port: 1}]}]"), policy("  ingress: [{ports: [{port: 2}]}]"), policy("  policyTypes: [Egress]")))
	if err != nil {
		t.Fatal(err)
	}
	db := netpol.Pod{Namespace: "data", Labels: map[string]string{"app": "db"}}
	for port, want := range map[int]bool{1: true, 2: true, 3: false} {
		if got := all.Allows(netpol.Pod{Namespace: "shop"}, db, port, corev1.ProtocolTCP); got != want {
			t.Errorf("port %d: %v, want %v", port, got, want)
		}
	}
}

func TestBothEndsHaveToAgree(t *testing.T) {
	t.Parallel()
	out := "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 5432}]}]}"
	web, db := netpol.Pod{Namespace: "shop"}, netpol.Pod{Namespace: "data", Labels: map[string]string{"app": "db"}}
	for _, c := range []struct {
		in   string
		want bool
	}{{policy("  ingress: [{ports: [{port: 5432}]}]"), true}, {policy("  ingress: [{ports: [{port: 5433}]}]"), false}} {
		all, err := netpol.Read(objects(t, out, c.in))
		if err != nil {
			t.Fatal(err)
		}
		if got := all.Allows(web, db, 5432, corev1.ProtocolTCP); got != c.want {
			t.Errorf("%s: %v", c.in, got)
		}
		if all.Allows(web, db, 5433, corev1.ProtocolTCP) {
			t.Error("5433 is not among the egress")
		}
	}
}

func TestReadRefusesAMisspeltField(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{"  ingres: []", "  ingress: [{form: []}]", "  ingress: [{ports: [{port: 5, endPort: 4}]}]", "  ingress: [{from: [{ipBlock: {cidr: x}}]}]"} {
		if _, err := netpol.Read(objects(t, policy(spec))); err == nil {
			t.Errorf("%s is no mistake", spec)
		}
	}
}
