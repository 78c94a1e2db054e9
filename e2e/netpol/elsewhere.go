package netpol

import (
	"net/netip"
	"slices"
)

// external is where a component is that the tree does not deploy: the attribute external; of a controller with routes alone its namespace and the
// labels of its pods. It is nil for one that is deployed.
func (c Component) external() map[string]any {
	if kind := c.kindOf(); kind == "ingress" || kind == "gatewayapi" {
		return map[string]any{"namespace": c.Namespace, "pod_labels": c.Attributes["pod_labels"]}
	}
	e, _ := c.Attributes["external"].(map[string]any)
	return e
}

// at is the port at which a component listens, of the one that its kind has where it is deployed and does not encrypt.
func (c Component) at(port int) int {
	e := c.external()
	if e == nil && c.kindOf() == "rabbitmq" && c.Attributes["tls"] == true && slices.Contains([]int{5672, 15672, 15692}, port) {
		return port - 1
	}
	if c.kindOf() == "rabbitmq" && port == 15672 {
		if given, there := number(e, "management_port"); there {
			return given
		}
		if encrypted(e) {
			return 15671
		}
		return port
	}
	for _, name := range []string{"pod_port", "port"} {
		if given, there := number(e, name); there {
			return given
		}
	}
	if usual := map[string]int{"minio": 443, "rabbitmq": 5671}[c.kindOf()]; usual != 0 && encrypted(e) {
		return usual
	}
	return port
}

func encrypted(e map[string]any) bool { return e["tls"] == true || e["ca"] != nil }

// elsewhere are the pods, and an address of each range, of the components that the tree does not deploy.
func elsewhere(g *Graph) []Pod {
	var all []Pod
	for _, c := range g.Components {
		e := c.external()
		p := Pod{Component: c.Name, Group: "server", Namespace: text(e, "namespace"), Labels: podLabels(e)}
		if c.kindOf() == "kafka" {
			p.Group = "broker"
		}
		if p.Namespace != "" {
			all = append(all, p)
		}
		for _, block := range ranges(e) {
			all = append(all, Pod{Component: p.Component, Group: p.Group, Address: block.Addr().Next()})
		}
	}
	return all
}

// means says whether a pod is that end, or cannot be told apart from it by who only knows where a component elsewhere is.
func (g *Graph) means(e end, p Pod) bool {
	if p.end() == e {
		return true
	}
	for _, c := range g.Components {
		if c.Name == e.component && c.external() != nil && (e.group == "server" || e.group == "broker") {
			return c.selects(p)
		}
	}
	return false
}

// selects says whether the selector or the ranges of a component elsewhere mean a pod.
func (c Component) selects(p Pod) bool {
	e := c.external()
	for _, block := range ranges(e) {
		if block.Contains(p.Address) {
			return true
		}
	}
	for name, value := range podLabels(e) {
		if p.Labels[name] != value {
			return false
		}
	}
	return p.Namespace != "" && p.Namespace == text(e, "namespace")
}

func podLabels(e map[string]any) map[string]string {
	set := map[string]string{}
	given, _ := e["pod_labels"].(map[string]any)
	for name := range given {
		set[name] = text(given, name)
	}
	return set
}

// ranges are those of a server outside of the cluster.
func ranges(e map[string]any) []netip.Prefix {
	var all []netip.Prefix
	given, _ := e["cidr"].([]any)
	for _, one := range given {
		address, _ := one.(string)
		if block, err := netip.ParsePrefix(address); err == nil {
			all = append(all, block)
		}
	}
	return all
}
