package world

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"platc.dev/platc/e2e/netpol"
)

// namespaces are those that a monitor looks in, each of which has to be there.
func (at place) namespaces(spec map[string]any) []string {
	names, _, _ := unstructured.NestedStringSlice(spec, "namespaceSelector", "matchNames")
	if len(names) == 0 {
		return at.own()
	}
	for _, name := range names {
		at.w.asked++
		if !at.w.namespace(name) {
			at.find("spec.namespaceSelector", "there is no Namespace %s", name)
		}
	}
	return names
}

func (at place) serviceMonitor(spec map[string]any) {
	namespaces := at.namespaces(spec)
	given, _, _ := unstructured.NestedMap(spec, "selector")
	selector := into[metav1.LabelSelector](given)
	s, err := metav1.LabelSelectorAsSelector(&selector)
	if err != nil {
		at.find("spec.selector", "is no selector: %v", err)
		return
	}
	for where, endpoint := range each(spec, "endpoints") {
		// PRM-03: the port stands on exactly one Service, or everything would be scraped twice
		var on []string
		for k, service := range at.w.services {
			if !slices.Contains(namespaces, k.namespace) || !s.Matches(labels.Set(service.Labels)) {
				continue
			}
			for _, p := range service.Spec.Ports {
				if p.Name == text(endpoint, "port") {
					on = append(on, k.name)
				}
			}
		}
		at.w.asked++
		if len(on) != 1 {
			slices.Sort(on)
			at.find("spec."+where, "the port %s is on %d Services, not on one: %s", text(endpoint, "port"), len(on), strings.Join(on, " "))
		}
	}
}

func (at place) podMonitor(spec map[string]any) {
	given, _, _ := unstructured.NestedMap(spec, "selector")
	pods := at.selects("spec.selector", at.namespaces(spec), given)
	for where, endpoint := range each(spec, "podMetricsEndpoints") {
		name := text(endpoint, "port")
		if name == "" {
			continue // an address that relabeling makes
		}
		at.w.asked++
		// pods without the port are not scraped: entity operators beside brokers
		if !slices.ContainsFunc(pods, func(p netpol.Pod) bool {
			return slices.ContainsFunc(p.Ports, func(port netpol.Port) bool { return port.Name == name })
		}) {
			at.find("spec."+where, "no pod that it selects has a port %s", name)
		}
	}
}

// scraped: PRM-01. A monitor or rules that no Prometheus selects are never read.
func (at place) scraped(o unstructured.Unstructured, what string) {
	at.w.asked++
	for k, prometheus := range at.w.objects {
		if k.kind != "Prometheus.monitoring.coreos.com" {
			continue
		}
		if at.matches(prometheus, what+"Selector", o.GetLabels()) && at.matches(prometheus, what+"NamespaceSelector", map[string]string{"kubernetes.io/metadata.name": o.GetNamespace()}) {
			return
		}
	}
	at.find("metadata.labels", "no Prometheus selects it")
}

func (at place) matches(prometheus unstructured.Unstructured, field string, set map[string]string) bool {
	given, found, _ := unstructured.NestedMap(prometheus.Object, "spec", field)
	if !found {
		return false
	}
	selector := into[metav1.LabelSelector](given)
	s, err := metav1.LabelSelectorAsSelector(&selector)
	return err == nil && s.Matches(labels.Set(set))
}

// meshPolicy: pods by selector, callers by the account of their pods, ports that the pods have.
func (at place) meshPolicy(spec map[string]any) {
	given, _, _ := unstructured.NestedMap(spec, "selector")
	pods := at.selects("spec.selector", at.own(), given)
	levels, _, _ := unstructured.NestedMap(spec, "portLevelMtls")
	for number := range levels {
		at.podPort("spec.portLevelMtls", pods, number)
	}
	for where, rule := range each(spec, "rules") {
		for place, from := range each(rule, "from") {
			principals, _, _ := unstructured.NestedStringSlice(from, "source", "principals")
			for _, p := range principals {
				// cluster.local/ns/NAMESPACE/sa/ACCOUNT
				parts := strings.Split(p, "/")
				if len(parts) != 5 {
					at.find("spec."+where+"."+place, "%s is no principal", p)
					continue
				}
				at.needIn("spec."+where+"."+place, key{"ServiceAccount", parts[2], parts[4]})
			}
		}
		for place, to := range each(rule, "to") {
			ports, _, _ := unstructured.NestedStringSlice(to, "operation", "ports")
			for _, number := range ports {
				at.podPort("spec."+where+"."+place, pods, number)
			}
		}
	}
}

// podPort asks the pods of a policy for a port. Those that an operator makes have ports that its documentation does not name.
func (at place) podPort(field string, pods []netpol.Pod, number string) {
	at.w.asked++
	n, err := strconv.Atoi(number)
	if err != nil {
		at.find(field, "%s is no port", number)
		return
	}
	for _, p := range pods {
		ours := p.Labels["app.kubernetes.io/managed-by"] == "platc"
		if ours && !slices.ContainsFunc(p.Ports, func(port netpol.Port) bool { return port.Number == n }) {
			at.find(field, "the pods of %s (%s) have no port %s", p.Component, p.Group, fmt.Sprint(n))
		}
	}
}
