package netpol

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// section is a part of config.cluster of a graph.
func section(g *Graph, name string) map[string]any {
	cluster, _ := g.Arch["cluster"].(map[string]any)
	found, _ := cluster[name].(map[string]any)
	return found
}

// resolvers are those of the cluster, on the port of their pods, and those of the nodes on 53.
func resolvers(g *Graph) []Pod {
	dns := section(g, "dns")
	set := map[string]string{}
	labels, _ := dns["labels"].(map[string]any)
	for k, v := range labels {
		set[k] = fmt.Sprint(v)
	}
	if len(set) == 0 {
		set["k8s-app"] = "kube-dns"
	}
	all := []Pod{outside("DNS of the cluster", text(dns, "namespace"), set)}
	for _, address := range addresses(dns) {
		all = append(all, Pod{Group: "DNS of the node", Address: address.Addr()})
	}
	return all
}

// resolverPort is where a resolver answers.
func resolverPort(g *Graph, r Pod) int {
	if r.Namespace == "" {
		return 53
	}
	port, _ := number(section(g, "dns"), "port")
	return port
}

// apiServers are addresses of the API server, where the graph says them.
func apiServers(g *Graph) []Pod {
	var all []Pod
	for _, address := range addresses(section(g, "api")) {
		all = append(all, Pod{Group: "the API server", Address: address.Addr()})
	}
	return all
}

// asksServer: what an operator or Prometheus may reach, which is one of the addresses where there are some, on one of the ports.
func asksServer(g *Graph, to Pod, port int, protocol corev1.Protocol) bool {
	api := section(g, "api")
	ports, _ := api["ports"].([]any)
	ranges := addresses(api)
	return protocol == corev1.ProtocolTCP && slices.Contains(ports, any(int64(port))) &&
		(len(ranges) == 0 || slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(to.Address) }))
}

// addresses are the ranges of a section.
func addresses(section map[string]any) []netip.Prefix {
	var all []netip.Prefix
	ranges, _ := section["cidr"].([]any)
	for _, r := range ranges {
		if p, err := netip.ParsePrefix(fmt.Sprint(r)); err == nil {
			all = append(all, p)
		}
	}
	return all
}
