package world

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"platc.dev/platc/e2e/netpol"
)

// Elsewhere are the objects of a cluster that a tree refers to and does not make, as arch.cue says that they are there: a Prometheus and what it
// selects, classes of controllers, Services of servers.
func Elsewhere(g *netpol.Graph) []unstructured.Unstructured {
	var all []unstructured.Unstructured
	add := func(version, kind, namespace, name string, spec map[string]any) {
		o := unstructured.Unstructured{Object: map[string]any{"apiVersion": version, "kind": kind}}
		o.SetNamespace(namespace)
		o.SetName(name)
		if spec != nil {
			o.Object["spec"] = spec
		}
		all = append(all, o)
	}
	for _, c := range g.Components {
		external, _ := c.Attributes["external"].(map[string]any)
		if external == nil && c.Kind != "ingress" {
			continue
		}
		switch c.Kind {
		case "ingress":
			add("networking.k8s.io/v1", "IngressClass", "", text(c.Attributes, "class"), nil)
		case "kong", "apisix":
			class := text(external, "ingress_class")
			if class == "" {
				class = text(c.Attributes, "ingress_class")
			}
			add("networking.k8s.io/v1", "IngressClass", "", class, nil)
		case "prometheus":
			spec := map[string]any{}
			for _, what := range []string{"serviceMonitor", "podMonitor", "rule", "probe"} {
				spec[what+"Selector"] = map[string]any{"matchLabels": external["monitor_labels"]}
				spec[what+"NamespaceSelector"] = map[string]any{}
			}
			add("monitoring.coreos.com/v1", "Prometheus", text(external, "namespace"), "elsewhere", spec)
		default:
			if namespace := text(external, "namespace"); namespace != "" {
				name, _, _ := strings.Cut(text(external, "host"), ".")
				port, given := numeral(external["port"])
				if !given {
					port = map[string]int{"postgresql": 5432, "mongodb": 27017, "rabbitmq": 5672, "kafka": 9092, "minio": 9000, "redis": 6379}[c.Kind]
				}
				add("v1", "Service", namespace, name, map[string]any{"ports": []any{map[string]any{"port": int64(port)}}})
			}
		}
	}
	return all
}
