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
	inject(g, own)
	x, err := expect(g, own)
	if err != nil {
		return nil, err
	}
	others := slices.Concat(strangers(g, own), elsewhere(g))
	r := &Report{Pods: len(own), Needed: len(x.needed)}
	for _, p := range own {
		for _, q := range own {
			r.pair(policies, x, p, q)
		}
		for _, q := range others {
			r.pair(policies, x, p, q)
			r.pair(policies, x, q, p)
		}
	}
	return r, nil
}

// inject gives the pods of a mesh the label that its injection adds, which Prometheus finds proxies by.
func inject(g *Graph, pods []Pod) {
	for i, p := range pods {
		if meshMode(g, p.Component) != "" && p.Labels["sidecar.istio.io/inject"] != "false" {
			pods[i].Labels = maps.Clone(p.Labels)
			pods[i].Labels["security.istio.io/tlsMode"] = "istio"
		}
	}
}

// pair asks for every port of one pair that can make a difference, and gathers the answers that are wrong.
func (r *Report) pair(policies *Policies, x *expected, from, to Pod) {
	wrong, between := map[string][]string{}, policies.between(from, to)
	for _, q := range questions(between, x.needed, from, to) {
		r.Asked++
		why, needed := x.needed[connection{from.end(), to.end(), q.port, q.protocol}]
		open := between.allows(q.port, q.protocol)
		name := fmt.Sprintf("%d/%s", q.port, q.protocol)
		switch {
		case needed && !open:
			problem := "closed, but needed by " + why
			wrong[problem] = append(wrong[problem], name)
		case open && !needed && !slices.ContainsFunc(x.may, func(may func(Pod, Pod, int, corev1.Protocol) bool) bool { return may(from, to, q.port, q.protocol) }):
			problem := "open, but no link says so"
			wrong[problem] = append(wrong[problem], name)
		}
	}
	for _, problem := range slices.Sorted(maps.Keys(wrong)) {
		r.Findings = append(r.Findings, Finding{From: from.end().String(), To: to.end().String(), Ports: some(wrong[problem]), Problem: problem})
	}
}

// some are the first of a list that may be long: a pod that nothing isolates is open on all that was asked.
func some(ports []string) string {
	if shown := 6; len(ports) > shown {
		return fmt.Sprintf("%s and %d more", strings.Join(ports[:shown], " "), len(ports)-shown)
	}
	return strings.Join(ports, " ")
}

// question is a port of a pair.
type question struct {
	protocol corev1.Protocol
	port     int
}

// questions are the ports worth asking for: those that a rule of this pair, a container or a link names, the ones on either side of them, and the
// ends. Between two of these no answer can change.
func questions(between path, needed map[connection]string, from, to Pod) []question {
	found := map[question]bool{}
	add := func(protocol corev1.Protocol, ports ...int) {
		for _, p := range ports {
			for near := max(1, p-1); near <= min(65535, p+1); near++ {
				found[question{protocol, near}] = true
			}
		}
	}
	for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP} {
		add(protocol, 1, 53, 65535)
	}
	for _, r := range slices.Concat(between.out.open, between.in.open) {
		for _, port := range r.ports {
			if port.first > 0 {
				add(port.protocol, port.first, port.last)
			}
		}
	}
	for _, port := range to.Ports {
		add(port.Protocol, port.Number)
	}
	for c := range needed {
		if c.from == from.end() && c.to == to.end() {
			add(c.protocol, c.port)
		}
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b question) int {
		return cmp.Or(cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.port, b.port))
	})
}

// strangers are pods and addresses that no link knows: one without labels in every namespace, one elsewhere, operators, DNS, the internet.
func strangers(g *Graph, own []Pod) []Pod {
	namespaces := map[string]bool{"elsewhere": true}
	for _, p := range own {
		namespaces[p.Namespace] = true
	}
	all := slices.Concat(resolvers(g), apiServers(g), []Pod{internet()})
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
