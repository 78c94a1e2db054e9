package netpol

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Labels that every emitted pod has.
const (
	labelComponent   = "app.kubernetes.io/instance"
	labelGroup       = "app.kubernetes.io/component"
	labelApplication = "platc.dev/application"
	labelMigration   = "platc.dev/migration"
	labelProcess     = "platc.dev/process"
	labelWorker      = "platc.dev/worker"
)

// Pods are the groups of pods that the objects make, one of each, by component and group: those of workloads, and those that operators make of
// their custom resources. Pod and ReplicaSet objects are left out: a workload stands for its pods, whether they run or not.
func Pods(objects []unstructured.Unstructured) []Pod {
	var all []Pod
	for _, o := range objects {
		if template := templateOf(o); template != nil {
			all = append(all, ofTemplate(o, template))
		}
		all = append(all, ofOperator(o)...)
	}
	slices.SortFunc(all, func(a, b Pod) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Namespace, b.Namespace))
	})
	// two Jobs of one group, such as the two builders, are one group of pods
	all = slices.CompactFunc(all, func(a, b Pod) bool {
		return a.Component == b.Component && a.Group == b.Group && a.Namespace == b.Namespace && maps.Equal(a.Labels, b.Labels)
	})
	for i := range all {
		all[i].Address = netip.AddrFrom4([4]byte{10, 244, byte(i / 250), byte(i%250 + 1)})
	}
	return all
}

// templateOf is the pod template of a workload; nil for other objects. What a controller made of another workload counts with that one.
func templateOf(o unstructured.Unstructured) map[string]any {
	if len(o.GetOwnerReferences()) > 0 {
		return nil
	}
	path := map[string][]string{
		"Deployment.apps":  {"spec", "template"},
		"StatefulSet.apps": {"spec", "template"},
		"DaemonSet.apps":   {"spec", "template"},
		"Job.batch":        {"spec", "template"},
		"CronJob.batch":    {"spec", "jobTemplate", "spec", "template"},
	}[o.GroupVersionKind().GroupKind().String()]
	if path == nil {
		return nil
	}
	template, _, _ := unstructured.NestedMap(o.Object, path...)
	return template
}

func ofTemplate(o unstructured.Unstructured, template map[string]any) Pod {
	var t corev1.PodTemplateSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(template, &t); err != nil {
		panic(err) // the API server, or kustomize, has read it before
	}
	p := Pod{Component: t.Labels[labelComponent], Group: t.Labels[labelGroup], Namespace: o.GetNamespace(), Labels: t.Labels}
	if of := t.Labels[labelApplication]; of != "" {
		p.Group += "-" + of
	}
	for _, label := range []string{labelMigration, labelProcess, labelWorker} {
		if name := t.Labels[label]; name != "" {
			p.Group += "-" + name
		}
	}
	for _, c := range slices.Concat(t.Spec.InitContainers, t.Spec.Containers) {
		for _, port := range c.Ports {
			p.Ports = append(p.Ports, Port{Name: port.Name, Number: int(port.ContainerPort), Protocol: cmp.Or(port.Protocol, corev1.ProtocolTCP)})
		}
	}
	return p
}

// ofOperator are the pods that an operator makes of a custom resource, with the labels and ports that its documentation promises:
//
//	CloudNativePG   https://cloudnative-pg.io/documentation/current/labels_annotations/
//	MongoDB         app: NAME-svc (mongodb-kubernetes, statefulset of a MongoDBCommunity)
//	RabbitMQ        https://www.rabbitmq.com/kubernetes/operator/using-operator (labels app.kubernetes.io/…)
//	Strimzi         https://strimzi.io/docs/operators/latest/deploying (strimzi.io/… labels of pods)
//	Prometheus      https://prometheus-operator.dev/docs/api-reference (podMetadata and its own labels)
func ofOperator(o unstructured.Unstructured) []Pod {
	name := o.GetName()
	pod := func(group string, set map[string]string, ports ...Port) Pod {
		return Pod{Component: name, Group: group, Namespace: o.GetNamespace(), Labels: set, Ports: ports}
	}
	strimzi := func(group, part string, more map[string]string, ports ...Port) Pod {
		set := map[string]string{"strimzi.io/cluster": name, "strimzi.io/name": name + "-" + part, "strimzi.io/kind": o.GetKind()}
		maps.Copy(set, more)
		return pod(group, set, ports...)
	}
	switch o.GroupVersionKind().GroupKind().String() {
	case "Cluster.postgresql.cnpg.io":
		return []Pod{pod("server", map[string]string{"cnpg.io/cluster": name, "cnpg.io/podRole": "instance"},
			tcp("postgresql", 5432), tcp("metrics", 9187), tcp("status", 8000))}
	case "MongoDBCommunity.mongodbcommunity.mongodb.com":
		return []Pod{pod("server", map[string]string{"app": name + "-svc"}, tcp("mongodb", 27017), tcp("prometheus", 9216))}
	case "RabbitmqCluster.rabbitmq.com":
		set := map[string]string{"app.kubernetes.io/name": name, "app.kubernetes.io/component": "rabbitmq", "app.kubernetes.io/part-of": "rabbitmq"}
		if only, _, _ := unstructured.NestedBool(o.Object, "spec", "tls", "disableNonTLSListeners"); only {
			return []Pod{pod("server", set, tcp("amqps", 5671), tcp("management-tls", 15671), tcp("prometheus-tls", 15691), tcp("epmd", 4369))}
		}
		return []Pod{pod("server", set, tcp("amqp", 5672), tcp("management", 15672), tcp("prometheus", 15692), tcp("epmd", 4369))}
	case "Kafka.kafka.strimzi.io":
		all := []Pod{
			strimzi("broker", "kafka", map[string]string{"strimzi.io/broker-role": "true", "strimzi.io/controller-role": "false"}, tcp("tcp-prometheus", 9404)),
			strimzi("controller", "kafka", map[string]string{"strimzi.io/broker-role": "false", "strimzi.io/controller-role": "true"}, tcp("tcp-prometheus", 9404)),
		}
		if _, found, _ := unstructured.NestedMap(o.Object, "spec", "entityOperator"); found {
			all = append(all, strimzi("entity", "entity-operator", nil))
		}
		if _, found, _ := unstructured.NestedMap(o.Object, "spec", "kafkaExporter"); found {
			all = append(all, strimzi("exporter", "kafka-exporter", nil, tcp("tcp-prometheus", 9404)))
		}
		return all
	case "KafkaConnect.kafka.strimzi.io":
		p := strimzi("connect", "connect", nil, tcp("rest-api", 8083))
		if _, found, _ := unstructured.NestedMap(o.Object, "spec", "metricsConfig"); found {
			p.Ports = append(p.Ports, tcp("tcp-prometheus", 9404))
		}
		p.Component = o.GetLabels()[labelComponent]
		return []Pod{p}
	case "Prometheus.monitoring.coreos.com":
		set, _, _ := unstructured.NestedStringMap(o.Object, "spec", "podMetadata", "labels")
		if set == nil {
			set = map[string]string{}
		}
		maps.Copy(set, map[string]string{
			"app.kubernetes.io/name": "prometheus", "app.kubernetes.io/instance": name, "app.kubernetes.io/managed-by": "prometheus-operator",
			"operator.prometheus.io/name": name, "prometheus": name,
		})
		return []Pod{pod("server", set, tcp("web", 9090))}
	}
	return nil
}

func tcp(name string, number int) Port {
	return Port{Name: name, Number: number, Protocol: corev1.ProtocolTCP}
}

// ListenerPolicies are the policies that Strimzi itself makes for the listeners of a Kafka object. Policies only add up, so a listener without
// networkPolicyPeers is open to everyone whatever ours say. (Its policy opens the metrics port to everyone too, which no field of Kafka prevents:
// that part stays out of this comparison.)
func ListenerPolicies(objects []unstructured.Unstructured) []unstructured.Unstructured {
	var all []unstructured.Unstructured
	for _, o := range objects {
		if o.GroupVersionKind().GroupKind().String() != "Kafka.kafka.strimzi.io" {
			continue
		}
		listeners, _, _ := unstructured.NestedSlice(o.Object, "spec", "kafka", "listeners")
		var ingress []any
		for _, l := range listeners {
			listener, _ := l.(map[string]any)
			rule := map[string]any{"ports": []any{map[string]any{"port": listener["port"], "protocol": "TCP"}}}
			if peers, ok := listener["networkPolicyPeers"].([]any); ok && len(peers) > 0 {
				rule["from"] = peers
			}
			ingress = append(ingress, rule)
		}
		selector := map[string]any{"strimzi.io/cluster": o.GetName(), "strimzi.io/name": o.GetName() + "-kafka", "strimzi.io/kind": "Kafka"}
		all = append(all, unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
			"metadata": map[string]any{"name": o.GetName() + "-network-policy-kafka", "namespace": o.GetNamespace()},
			"spec":     map[string]any{"podSelector": map[string]any{"matchLabels": selector}, "ingress": ingress},
		}})
	}
	return all
}
