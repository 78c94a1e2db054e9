package netpol

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Finding is a connection that is not as the graph says.
type Finding struct {
	From, To string // pods: component (group)
	Ports    string // one, or several
	Problem  string
}

func (f Finding) String() string {
	return fmt.Sprintf("%s -> %s %s: %s", f.From, f.To, f.Ports, f.Problem)
}

// Report is what Check found, and how much it looked at.
type Report struct {
	Pods, Needed, Asked int // groups of pods; connections that have to be open; questions that were asked
	Findings            []Finding
}

// Check compares the NetworkPolicies among the objects with a graph, for every pair of pods, and pods and addresses that the graph does not have:
// what a link needs is open on just its port, and nothing else is. Objects may come from kustomize or from an API server.
func Check(objects []unstructured.Unstructured, g *Graph) (*Report, error) {
	policies, err := Read(slices.Concat(objects, ListenerPolicies(objects)))
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(Pods(objects), func(p Pod) bool {
		return !slices.ContainsFunc(g.Components, func(c Component) bool { return c.Name == p.Component })
	})
	x, err := expect(g, own)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(own, strangers(g, own))
	ports := portsOf(policies, own, x)
	r := &Report{Pods: len(own), Needed: len(x.needed)}
	for _, from := range all {
		for _, to := range all {
			if from.Component != "" || to.Component != "" {
				r.pair(policies, x, from, to, ports)
			}
		}
	}
	return r, nil
}

// pair asks for every port of one pair, and gathers the answers that are wrong.
func (r *Report) pair(policies *Policies, x *expected, from, to Pod, ports map[corev1.Protocol][]int) {
	wrong, between := map[string][]string{}, policies.between(from, to)
	for _, protocol := range slices.Sorted(maps.Keys(ports)) {
		for _, port := range ports[protocol] {
			r.Asked++
			why, needed := x.needed[connection{from.end(), to.end(), port, protocol}]
			open := between.allows(port, protocol)
			name := fmt.Sprintf("%d/%s", port, protocol)
			switch {
			case needed && !open:
				problem := "closed, but needed by " + why
				wrong[problem] = append(wrong[problem], name)
			case open && !needed && !slices.ContainsFunc(x.may, func(may func(Pod, Pod, int, corev1.Protocol) bool) bool { return may(from, to, port, protocol) }):
				problem := "open, but no link says so"
				wrong[problem] = append(wrong[problem], name)
			}
		}
	}
	for _, problem := range slices.Sorted(maps.Keys(wrong)) {
		r.Findings = append(r.Findings, Finding{From: from.end().String(), To: to.end().String(), Ports: strings.Join(wrong[problem], " "), Problem: problem})
	}
}

// strangers are pods and addresses that no link knows: one without labels in every namespace, one elsewhere, operators, DNS, the internet.
func strangers(g *Graph, own []Pod) []Pod {
	namespaces := map[string]bool{"elsewhere": true}
	for _, p := range own {
		namespaces[p.Namespace] = true
	}
	all := slices.Concat(resolvers(), []Pod{internet()})
	for i, namespace := range slices.Sorted(maps.Keys(namespaces)) {
		all = append(all, Pod{Group: "a stranger in " + namespace, Namespace: namespace, Address: netip.AddrFrom4([4]byte{10, 245, 0, byte(i + 1)})})
	}
	for _, o := range operators(g) {
		if !slices.ContainsFunc(all, func(p Pod) bool { return p.end() == o.pod.end() && p.Namespace == o.pod.Namespace }) {
			all = append(all, o.pod)
		}
	}
	for _, c := range g.Components {
		if c.kindOf() == "istio" {
			all = append(all, istiod(c))
		}
	}
	return all
}

// portsOf are the ports worth asking for: all that a policy, a container or a link names, those on either side of them, and the ends.
func portsOf(policies *Policies, pods []Pod, x *expected) map[corev1.Protocol][]int {
	found := map[corev1.Protocol]map[int]bool{}
	add := func(protocol corev1.Protocol, ports ...int) {
		if found[protocol] == nil {
			found[protocol] = map[int]bool{}
		}
		for _, p := range ports {
			for _, near := range []int{p - 1, p, p + 1} {
				if near >= 1 && near <= 65535 {
					found[protocol][near] = true
				}
			}
		}
	}
	for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP} {
		add(protocol, 1, 53, 65535)
	}
	for _, listed := range policies.of {
		for _, p := range listed {
			for _, r := range slices.Concat(p.in, p.out) {
				for _, port := range r.ports {
					if port.first > 0 {
						add(port.protocol, port.first, port.last)
					}
				}
			}
		}
	}
	for _, p := range pods {
		for _, port := range p.Ports {
			add(port.Protocol, port.Number)
		}
	}
	for c := range x.needed {
		found[c.protocol][c.port] = true
	}
	all := map[corev1.Protocol][]int{}
	for protocol, set := range found {
		all[protocol] = slices.SortedFunc(maps.Keys(set), cmp.Compare)
	}
	return all
}
