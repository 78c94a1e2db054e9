package world

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"platc.dev/platc/e2e/netpol"
)

// walk follows the references that look the same in every kind of object, custom resources among them.
func (at place) walk(field string, v any) {
	switch v := v.(type) {
	case []any:
		for i, one := range v {
			at.walk(fmt.Sprintf("%s[%d]", field, i), one)
		}
	case map[string]any:
		at.reference(field, v)
		if spec, ok := podSpec(v); ok {
			at.podSpec(field, spec)
		}
		for name, one := range v {
			at.walk(field+"."+name, one)
		}
	}
}

// reference looks at one map: does it name something?
func (at place) reference(field string, v map[string]any) {
	last := field[strings.LastIndexByte(field, '.')+1:]
	name, _ := v["name"].(string)
	if optional, _ := v["optional"].(bool); optional {
		return
	}
	entry, hasKey := v["key"].(string)
	switch {
	case last == "configMapKeyRef":
		at.needKey(field, "ConfigMap", name, entry)
	case name != "" && hasKey:
		// secretKeyRef, passwordSecretRef, accessKeyId, basicAuth's username: a name and a key always mean a Secret
		at.needKey(field, "Secret", name, entry)
	case last == "secret" && name != "" && v["items"] != nil:
		at.items(field, "Secret", name, v)
	case last == "secretRef", last == "passwordSecret" && name != "", last == "secret" && name != "" && at.object.kind == "Cluster.postgresql.cnpg.io":
		at.need(field, "Secret", name)
	case last == "configMapRef", last == "configMap" && name != "":
		at.items(field, "ConfigMap", name, v)
	case strings.HasPrefix(last, "imagePullSecrets["):
		at.need(field, "Secret", name)
	case last == "persistentVolumeClaim":
		at.need(field, "PersistentVolumeClaim", text(v, "claimName"))
	}
	// that of an Ingress is a certificate, which the user, or a certificate manager, brings
	if secret, ok := v["secretName"].(string); ok && at.object.kind != "Ingress.networking.k8s.io" && at.object.kind != "ClusterIssuer.cert-manager.io" {
		if entry := text(v, "password"); entry != "" {
			at.needKey(field, "Secret", secret, entry)
		}
		at.items(field, "Secret", secret, v)
	}
	if account, ok := v["serviceAccountName"].(string); ok {
		at.need(field+".serviceAccountName", "ServiceAccount", account)
	}
}

// items are the keys that a volume picks.
func (at place) items(field, kind, name string, v map[string]any) {
	at.need(field, kind, name)
	for where, item := range each(v, "items") {
		at.needKey(field+"."+where, kind, name, text(item, "key"))
	}
}

// podSpec says whether a map is a pod's spec.
func podSpec(v map[string]any) (corev1.PodSpec, bool) {
	containers, ok := v["containers"].([]any)
	if !ok || len(containers) == 0 {
		return corev1.PodSpec{}, false
	}
	if _, named := v["serviceAccountName"]; !named && v["volumes"] == nil && v["securityContext"] == nil {
		return corev1.PodSpec{}, false
	}
	return into[corev1.PodSpec](v), true
}

// podSpec looks at what the API server does not: names of ports in probes, keys of ConfigMaps that single mounts name.
func (at place) podSpec(field string, spec corev1.PodSpec) {
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		for name, probe := range map[string]*corev1.Probe{"livenessProbe": c.LivenessProbe, "readinessProbe": c.ReadinessProbe, "startupProbe": c.StartupProbe} {
			if probe == nil {
				continue
			}
			for _, asked := range probePorts(probe) {
				at.w.asked++
				if !slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == asked || fmt.Sprint(p.ContainerPort) == asked }) {
					at.find(field+".containers."+c.Name+"."+name, "the container has no port %s", asked)
				}
			}
		}
		for _, m := range c.VolumeMounts {
			for _, v := range spec.Volumes {
				if v.Name == m.Name && m.SubPath != "" && v.ConfigMap != nil && len(v.ConfigMap.Items) == 0 {
					at.needKey(field+".containers."+c.Name+".volumeMounts."+m.Name, "ConfigMap", v.ConfigMap.Name, m.SubPath)
				}
			}
		}
	}
}

func probePorts(p *corev1.Probe) []string {
	var all []string
	if p.HTTPGet != nil {
		all = append(all, p.HTTPGet.Port.String())
	}
	if p.TCPSocket != nil {
		all = append(all, p.TCPSocket.Port.String())
	}
	return all
}

// kindOf follows the references that one kind of object has.
func (at place) kindOf(o unstructured.Unstructured) {
	spec, _, _ := unstructured.NestedMap(o.Object, "spec")
	switch at.object.kind {
	case "Service":
		at.service(into[corev1.Service](o.Object))
	case "StatefulSet.apps":
		at.need("spec.serviceName", "Service", text(spec, "serviceName"))
	case "HorizontalPodAutoscaler.autoscaling":
		at.need("spec.scaleTargetRef", kindAndGroup(text(spec, "scaleTargetRef", "kind"), text(spec, "scaleTargetRef", "apiVersion")), text(spec, "scaleTargetRef", "name"))
	case "PodDisruptionBudget.policy":
		at.selector("spec.selector", spec, "selector")
	case "NetworkPolicy.networking.k8s.io":
		at.selector("spec.podSelector", spec, "podSelector")
		at.peers(spec)
	case "RoleBinding.rbac.authorization.k8s.io", "ClusterRoleBinding.rbac.authorization.k8s.io":
		at.binding(o.Object)
	case "Ingress.networking.k8s.io":
		at.ingress(o, spec)
	case "IngressClass.networking.k8s.io":
		if kind := text(spec, "parameters", "kind"); kind != "" {
			at.needIn("spec.parameters", key{kind + "." + text(spec, "parameters", "apiGroup"), text(spec, "parameters", "namespace"), text(spec, "parameters", "name")})
		}
	case "ClusterIssuer.cert-manager.io":
		at.needIn("spec.ca.secretName", key{"Secret", "cert-manager", text(spec, "ca", "secretName")})
	case "Certificate.cert-manager.io":
		if text(spec, "issuerRef", "kind") == "Issuer" {
			at.need("spec.issuerRef", "Issuer.cert-manager.io", text(spec, "issuerRef", "name"))
		}
	case "KongClusterPlugin.configuration.konghq.com":
		at.needIn("metadata.annotations", key{"IngressClass.networking.k8s.io", "", o.GetAnnotations()["kubernetes.io/ingress.class"]})
	case "GatewayProxy.apisix.apache.org":
		at.gatewayProxy(spec)
	case "ApisixRoute.apisix.apache.org":
		for where, rule := range each(spec, "http") {
			for place, upstream := range each(rule, "upstreams") {
				at.need("spec."+where+"."+place, "ApisixUpstream.apisix.apache.org", text(upstream, "name"))
			}
		}
	case "ApisixUpstream.apisix.apache.org":
		for where, node := range each(spec, "externalNodes") {
			number, _ := numeral(node["port"])
			at.named("spec."+where, text(node, "name"), strconv.Itoa(number))
		}
	case "ServiceMonitor.monitoring.coreos.com":
		at.serviceMonitor(spec)
		at.scraped(o, "serviceMonitor")
	case "PodMonitor.monitoring.coreos.com":
		// that of the cluster is there already
		if !strings.HasSuffix(o.GetName(), "-kube-state-metrics") {
			at.podMonitor(spec)
		}
		at.scraped(o, "podMonitor")
	case "PrometheusRule.monitoring.coreos.com":
		at.scraped(o, "rule")
	case "PeerAuthentication.security.istio.io", "AuthorizationPolicy.security.istio.io":
		at.meshPolicy(spec)
	case "Database.postgresql.cnpg.io", "DatabaseRole.postgresql.cnpg.io", "ScheduledBackup.postgresql.cnpg.io":
		at.need("spec.cluster", "Cluster.postgresql.cnpg.io", text(spec, "cluster", "name"))
		at.roles(spec)
	case "Cluster.postgresql.cnpg.io":
		for _, field := range []string{"serverTLSSecret", "serverCASecret"} {
			if secret := text(spec, "certificates", field); secret != "" {
				at.need("spec.certificates."+field, "Secret", secret)
			}
		}
		for where, plugin := range each(spec, "plugins") {
			if store := text(plugin, "parameters", "barmanObjectName"); store != "" {
				at.need("spec."+where, "ObjectStore.barmancloud.cnpg.io", store)
			}
		}
	case "KafkaNodePool.kafka.strimzi.io", "KafkaTopic.kafka.strimzi.io", "KafkaUser.kafka.strimzi.io":
		at.need("metadata.labels", "Kafka.kafka.strimzi.io", o.GetLabels()["strimzi.io/cluster"])
	case "KafkaConnector.kafka.strimzi.io":
		at.connector(o, spec)
	}
	if class := text(spec, "ingressClassName"); class != "" {
		at.needIn("spec.ingressClassName", key{"IngressClass.networking.k8s.io", "", class})
	}
}

func kindAndGroup(kind, apiVersion string) string {
	if group, _, grouped := strings.Cut(apiVersion, "/"); grouped {
		return kind + "." + group
	}
	return kind
}

func (at place) selector(field string, spec map[string]any, name string) {
	given, _, _ := unstructured.NestedMap(spec, name)
	at.selects(field, at.own(), given)
}

func (at place) service(s corev1.Service) {
	for _, p := range s.Spec.Ports {
		at.named("spec.externalName", s.Spec.ExternalName, strconv.Itoa(int(p.Port)))
	}
	if len(s.Spec.Selector) == 0 {
		return
	}
	set := map[string]any{}
	for k, v := range s.Spec.Selector {
		set[k] = v
	}
	pods := at.selects("spec.selector", at.own(), map[string]any{"matchLabels": set})
	for i, p := range s.Spec.Ports {
		target := p.TargetPort.String()
		if target == "0" || target == "" {
			target = fmt.Sprint(p.Port)
		}
		for _, pod := range pods {
			at.w.asked++
			found := false
			for _, open := range pod.Ports {
				found = found || open.Name == target || fmt.Sprint(open.Number) == target
			}
			// an operator's pods have ports that its documentation does not name
			if !found && pod.Labels["app.kubernetes.io/managed-by"] == "platc" {
				at.find(fmt.Sprintf("spec.ports[%d]", i), "the pods of %s (%s) have no port %s", pod.Component, pod.Group, target)
			}
		}
	}
}

// withoutSinks: Kafka Connect runs while a topic has a sink, and a Prometheus may ask it from then on (connect_image of kafka).
func (w *world) withoutSinks(namespaces []string, connect string) bool {
	of, suffixed := strings.CutSuffix(connect, "-connect")
	return suffixed && len(namespaces) == 1 && w.has(key{"Kafka.kafka.strimzi.io", namespaces[0], of}) &&
		!w.has(key{"KafkaConnect.kafka.strimzi.io", namespaces[0], connect})
}

// peers of a policy select pods too, where their namespace is one of ours.
func (at place) peers(spec map[string]any) {
	for direction, side := range map[string]string{"ingress": "from", "egress": "to"} {
		for where, rule := range each(spec, direction) {
			for peer, given := range each(rule, side) {
				pods, ok := given["podSelector"].(map[string]any)
				if !ok {
					continue
				}
				namespaces := at.own()
				if selector, ok := given["namespaceSelector"].(map[string]any); ok {
					namespace := text(selector, "matchLabels", corev1.LabelMetadataName)
					if namespace == "" || !at.emitted(namespace) {
						continue // DNS, operators, the pods of ingress_from
					}
					namespaces = []string{namespace}
				}
				if at.w.withoutSinks(namespaces, text(pods, "matchLabels", "strimzi.io/cluster")) {
					continue
				}
				at.selects("spec."+where+"."+peer, namespaces, pods)
			}
		}
	}
}

func (at place) emitted(namespace string) bool {
	_, there := at.w.objects[key{"Namespace", "", namespace}]
	return there
}

// comesLater: the pods of day 2 are no part of what is deployed, and workers come with the first application that links to their component.
func (w *world) comesLater(selector map[string]any) bool {
	const group, kind = "app.kubernetes.io/component", "app.kubernetes.io/name"
	set, _, _ := unstructured.NestedStringMap(selector, "matchLabels")
	workers := slices.ContainsFunc(w.pods, func(p netpol.Pod) bool {
		return p.Labels[group] == "worker" && p.Component == set["app.kubernetes.io/instance"]
	})
	return set[group] == "day2" || set[kind] == "celery" && set[group] == "worker" && !workers
}

func (at place) binding(object map[string]any) {
	role := key{text(object, "roleRef", "kind") + "." + text(object, "roleRef", "apiGroup"), "", text(object, "roleRef", "name")}
	if text(object, "roleRef", "kind") == "Role" {
		role.namespace = at.object.namespace
	}
	at.needIn("roleRef", role)
	for where, subject := range each(object, "subjects") {
		at.needIn(where, key{text(subject, "kind"), text(subject, "namespace"), text(subject, "name")})
	}
}

func (at place) ingress(o unstructured.Unstructured, spec map[string]any) {
	for _, plugin := range strings.FieldsFunc(o.GetAnnotations()["konghq.com/plugins"], func(r rune) bool { return r == ',' }) {
		at.need("metadata.annotations", "KongPlugin.configuration.konghq.com", plugin)
	}
	for where, rule := range each(spec, "rules") {
		for path, backend := range each(rule, "http", "paths") {
			field := "spec." + where + "." + path
			name := text(backend, "backend", "service", "name")
			at.need(field, "Service", name)
			wanted, _, _ := unstructured.NestedFieldNoCopy(backend, "backend", "service", "port")
			ports, _ := wanted.(map[string]any)
			at.servicePort(field, key{"Service", at.object.namespace, name}, text(ports, "name"), ports["number"])
		}
	}
}

// servicePort asks a Service for a port, by name or by number.
func (at place) servicePort(field string, k key, name string, number any) {
	s, there := at.w.services[k]
	if !there {
		return // a finding already
	}
	at.w.asked++
	wanted, _ := numeral(number)
	if name == "" {
		name = strconv.Itoa(wanted)
	}
	if !slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == name || strconv.Itoa(int(p.Port)) == name }) {
		at.find(field, "%s has no port %s", k, name)
	}
}

func (at place) gatewayProxy(spec map[string]any) {
	service, _, _ := unstructured.NestedMap(spec, "provider", "controlPlane", "service")
	name := text(service, "name")
	at.need("spec.provider.controlPlane.service", "Service", name)
	at.servicePort("spec.provider.controlPlane.service", key{"Service", at.object.namespace, name}, "", service["port"])
	if namespace, name, ok := strings.Cut(text(spec, "publishService"), "/"); ok {
		at.needIn("spec.publishService", key{"Service", namespace, name})
	}
}

func (at place) roles(spec map[string]any) {
	known := map[string]bool{}
	for k, o := range at.w.objects {
		if k.kind == "DatabaseRole.postgresql.cnpg.io" && k.namespace == at.object.namespace && text(o.Object, "spec", "cluster", "name") == text(spec, "cluster", "name") {
			known[text(o.Object, "spec", "name")] = true
		}
	}
	named, _, _ := unstructured.NestedStringSlice(spec, "inRoles")
	if at.object.kind == "Database.postgresql.cnpg.io" {
		named = append(named, text(spec, "owner"))
	}
	for _, role := range named {
		at.w.asked++
		if !known[role] && !strings.HasPrefix(role, "pg_") {
			at.find("spec", "the cluster %s has no role %s", text(spec, "cluster", "name"), role)
		}
	}
}

func (at place) connector(o unstructured.Unstructured, spec map[string]any) {
	cluster := key{"KafkaConnect.kafka.strimzi.io", at.object.namespace, o.GetLabels()["strimzi.io/cluster"]}
	at.needIn("metadata.labels", cluster)
	given := map[string]bool{}
	for _, variable := range each(at.w.objects[cluster].Object, "spec", "template", "connectContainer", "env") {
		given[text(variable, "name")] = true
	}
	config, _, _ := unstructured.NestedMap(spec, "config")
	for setting, value := range config {
		_, variable, found := strings.Cut(fmt.Sprint(value), "${env:")
		if variable, _, _ = strings.Cut(variable, "}"); found {
			at.w.asked++
			if !given[variable] {
				at.find("spec.config."+setting, "%s has no variable %s", cluster, variable)
			}
		}
	}
}
