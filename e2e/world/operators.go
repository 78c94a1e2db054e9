package world

import (
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"platc.dev/platc/e2e/netpol"
)

// operators adds what is not emitted and yet there: what every cluster has, and what operators document to make of the custom resources.
//
//	CloudNativePG   Services NAME-rw, NAME-ro, NAME-r; ServiceAccount NAME
//	MongoDB         Service NAME-svc, with the label that its pods have
//	RabbitMQ        Services NAME and NAME-nodes; ServiceAccount NAME-server
//	Strimzi         Services NAME-kafka-bootstrap and -brokers, NAME-connect-api; ServiceAccounts; a Secret named like each KafkaUser
//	Prometheus      Service prometheus-operated
//	cert-manager    a Secret for each Certificate
//	Istio           Service istiod in the mesh's namespace, and the port http-envoy-prom of every proxy
func (w *world) operators() {
	for _, name := range []string{"default", "kube-system", "istio-system", "cnpg-system", "cert-manager"} {
		w.made[key{"Namespace", "", name}] = true
	}
	for k, o := range w.objects {
		name := k.name
		switch k.kind {
		case "Namespace":
			w.made[key{"ServiceAccount", name, "default"}] = true
		case "Service":
			w.services[k] = into[corev1.Service](o.Object)
		case "Cluster.postgresql.cnpg.io":
			set := map[string]string{"cnpg.io/cluster": name}
			for _, suffix := range []string{"-rw", "-ro", "-r"} {
				w.service(k, name+suffix, set, set, port("postgres", 5432))
			}
			w.made[key{"ServiceAccount", k.namespace, name}] = true
		case "MongoDBCommunity.mongodbcommunity.mongodb.com":
			set := map[string]string{"app": name + "-svc"}
			w.service(k, name+"-svc", set, set, port("mongodb", 27017), port("prometheus", 9216))
		case "RabbitmqCluster.rabbitmq.com":
			set, selector := map[string]string{"app.kubernetes.io/name": name, "app.kubernetes.io/component": "rabbitmq", "app.kubernetes.io/part-of": "rabbitmq"}, map[string]string{"app.kubernetes.io/name": name}
			w.service(k, name, set, selector, rabbitPorts(o)...)
			w.service(k, name+"-nodes", set, selector, port("epmd", 4369), port("cluster-rpc", 25672))
			w.made[key{"ServiceAccount", k.namespace, name + "-server"}] = true
		case "Kafka.kafka.strimzi.io":
			w.kafka(k, o)
		case "KafkaConnect.kafka.strimzi.io":
			set := map[string]string{"strimzi.io/cluster": name, "strimzi.io/name": name + "-connect"}
			w.service(k, name+"-connect-api", set, set, port("rest-api", 8083))
			w.made[key{"ServiceAccount", k.namespace, name + "-connect"}] = true
		case "KafkaUser.kafka.strimzi.io":
			w.made[key{"Secret", k.namespace, name}] = true
		case "Certificate.cert-manager.io":
			w.made[key{"Secret", k.namespace, text(o.Object, "spec", "secretName")}] = true
		case "Prometheus.monitoring.coreos.com":
			set := map[string]string{"app.kubernetes.io/name": "prometheus", "operator.prometheus.io/name": name}
			w.service(k, "prometheus-operated", nil, set, port("web", 9090))
		}
	}
	w.meshes()
}

// rabbitPorts are those of clients: with tls.disableNonTLSListeners the encrypted ones alone.
func rabbitPorts(o unstructured.Unstructured) []corev1.ServicePort {
	plain := []corev1.ServicePort{port("amqp", 5672), port("management", 15672), port("prometheus", 15692)}
	if text(o.Object, "spec", "tls", "secretName") == "" {
		return plain
	}
	encrypted := []corev1.ServicePort{port("amqps", 5671), port("management-tls", 15671), port("prometheus-tls", 15691)}
	if only, _, _ := unstructured.NestedBool(o.Object, "spec", "tls", "disableNonTLSListeners"); only {
		return encrypted
	}
	return append(plain, encrypted...)
}

func (w *world) kafka(k key, o unstructured.Unstructured) {
	set := map[string]string{"strimzi.io/cluster": k.name, "strimzi.io/name": k.name + "-kafka"}
	ports := []corev1.ServicePort{port("tcp-replication", 9091)}
	for _, listener := range each(o.Object, "spec", "kafka", "listeners") {
		if number, ok := numeral(listener["port"]); ok && listener["type"] == "internal" {
			ports = append(ports, port("tcp-"+text(listener, "name"), int32(number)))
		}
	}
	w.service(k, k.name+"-kafka-bootstrap", set, set, ports...)
	w.service(k, k.name+"-kafka-brokers", set, set, ports...)
	for _, suffix := range []string{"-kafka", "-entity-operator", "-kafka-exporter"} {
		w.made[key{"ServiceAccount", k.namespace, k.name + suffix}] = true
	}
}

// service adds one that an operator makes, unless there is one: then the operator, or what stands in for it, has made it.
func (w *world) service(of key, name string, set, selector map[string]string, ports ...corev1.ServicePort) {
	k := key{"Service", of.namespace, name}
	if _, there := w.objects[k]; there {
		return
	}
	w.made[k] = true
	w.services[k] = corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: of.namespace, Labels: set},
		Spec:       corev1.ServiceSpec{Selector: selector, Ports: ports},
	}
}

func port(name string, number int32) corev1.ServicePort {
	return corev1.ServicePort{Name: name, Port: number, Protocol: corev1.ProtocolTCP}
}

// meshes: who is in one shows at its PeerAuthentication, and every proxy has a label and a port. The control plane is no object of ours.
func (w *world) meshes() {
	for k, o := range w.objects {
		if k.kind != "PeerAuthentication.security.istio.io" {
			continue
		}
		set, _, _ := unstructured.NestedStringMap(o.Object, "spec", "selector", "matchLabels")
		for i, p := range w.pods {
			if p.Namespace == k.namespace && contains(p.Labels, set) {
				more := map[string]string{"security.istio.io/tlsMode": "istio"}
				maps.Copy(more, p.Labels)
				w.pods[i].Labels = more
				w.pods[i].Ports = append(w.pods[i].Ports[:len(p.Ports):len(p.Ports)], netpol.Port{Name: "http-envoy-prom", Number: 15090, Protocol: corev1.ProtocolTCP})
			}
		}
	}
	// wherever a mesh is installed: the namespace is an attribute of its component, and policies that need it name it
	for _, namespace := range w.meshNamespaces() {
		w.pods = append(w.pods, netpol.Pod{Group: "istiod", Namespace: namespace, Labels: map[string]string{"app": "istiod"}})
		w.made[key{"Namespace", "", namespace}] = true
		w.made[key{"Service", namespace, "istiod"}] = true
	}
}

// meshNamespaces are those that pods of istiod are looked for in; the usual one without any.
func (w *world) meshNamespaces() []string {
	all := []string{"istio-system"}
	for k, o := range w.objects {
		if k.kind == "PodMonitor.monitoring.coreos.com" && text(o.Object, "spec", "selector", "matchLabels", "app") == "istiod" && k.namespace != all[0] {
			all = append(all, k.namespace)
		}
	}
	return all
}

func contains(all, some map[string]string) bool {
	for k, v := range some {
		if all[k] != v {
			return false
		}
	}
	return true
}
