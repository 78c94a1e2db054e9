package netpol

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Pod is one end of a connection: a pod, or with an empty Namespace an address outside of the cluster, which no selector matches.
type Pod struct {
	Component string // of the graph; "" for what the graph does not have
	Group     string // pods of a component that do the same: "server", "bootstrap", "connect"
	Namespace string
	Labels    map[string]string
	Ports     []Port     // that its containers name
	Address   netip.Addr // what an ipBlock compares
}

// Port is a named port of a container.
type Port struct {
	Name     string
	Number   int
	Protocol corev1.Protocol
}

// Policies are the network policies of a cluster, and the labels of its namespaces.
type Policies struct {
	of         map[string][]policy // namespace -> its policies
	namespaces map[string]labels.Set
}

// policy is a NetworkPolicy with its selectors parsed.
type policy struct {
	pods            labels.Selector
	ingress, egress bool // what it isolates
	in, out         []rule
}

// rule is one ingress or egress rule: any of its peers on any of its ports; nil means all.
type rule struct {
	peers []peer
	ports []portRange
}

type peer struct {
	own              string // the policy's namespace, where there is no namespaceSelector
	namespaces, pods labels.Selector
	block            *block
}

type block struct {
	cidr   netip.Prefix
	except []netip.Prefix
}

// portRange is numbers from first to last, or a name, or with neither all ports of the protocol.
type portRange struct {
	protocol    corev1.Protocol
	name        string
	first, last int
}

// Read takes the NetworkPolicies and Namespaces from objects. A namespace that has none of them has the label that the API server gives to all.
func Read(objects []unstructured.Unstructured) (*Policies, error) {
	all := &Policies{of: map[string][]policy{}, namespaces: map[string]labels.Set{}}
	for _, o := range objects {
		group := o.GroupVersionKind().GroupKind().String()
		switch group {
		case "Namespace":
			set := labels.Set{corev1.LabelMetadataName: o.GetName()}
			maps.Copy(set, o.GetLabels())
			all.namespaces[o.GetName()] = set
		case "NetworkPolicy.networking.k8s.io":
			var n networkingv1.NetworkPolicy
			if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, &n, true); err != nil {
				return nil, fmt.Errorf("read NetworkPolicy %s/%s: %w", o.GetNamespace(), o.GetName(), err)
			}
			p, err := parse(&n)
			if err != nil {
				return nil, fmt.Errorf("read NetworkPolicy %s/%s: %w", n.Namespace, n.Name, err)
			}
			all.of[n.Namespace] = append(all.of[n.Namespace], p)
		}
	}
	return all, nil
}

func parse(n *networkingv1.NetworkPolicy) (policy, error) {
	var p policy
	var err error
	if p.pods, err = metav1.LabelSelectorAsSelector(&n.Spec.PodSelector); err != nil {
		return p, fmt.Errorf("podSelector: %w", err)
	}
	// without policyTypes, ingress always counts, and egress where there is a rule
	p.ingress = len(n.Spec.PolicyTypes) == 0 || slices.Contains(n.Spec.PolicyTypes, networkingv1.PolicyTypeIngress)
	p.egress = slices.Contains(n.Spec.PolicyTypes, networkingv1.PolicyTypeEgress) || len(n.Spec.PolicyTypes) == 0 && len(n.Spec.Egress) > 0
	for i, r := range n.Spec.Ingress {
		parsed, err := parseRule(n.Namespace, r.From, r.Ports)
		if err != nil {
			return p, fmt.Errorf("ingress[%d]: %w", i, err)
		}
		p.in = append(p.in, parsed)
	}
	for i, r := range n.Spec.Egress {
		parsed, err := parseRule(n.Namespace, r.To, r.Ports)
		if err != nil {
			return p, fmt.Errorf("egress[%d]: %w", i, err)
		}
		p.out = append(p.out, parsed)
	}
	return p, nil
}

func parseRule(namespace string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) (rule, error) {
	var r rule
	for i, given := range peers {
		p := peer{own: namespace}
		var err error
		if given.NamespaceSelector != nil {
			if p.namespaces, err = metav1.LabelSelectorAsSelector(given.NamespaceSelector); err != nil {
				return r, fmt.Errorf("peer %d: %w", i, err)
			}
		}
		p.pods = labels.Everything()
		if given.PodSelector != nil {
			if p.pods, err = metav1.LabelSelectorAsSelector(given.PodSelector); err != nil {
				return r, fmt.Errorf("peer %d: %w", i, err)
			}
		}
		if given.IPBlock != nil {
			if p.block, err = parseBlock(given.IPBlock); err != nil {
				return r, fmt.Errorf("peer %d: %w", i, err)
			}
		}
		r.peers = append(r.peers, p)
	}
	for i, given := range ports {
		p := portRange{protocol: corev1.ProtocolTCP}
		if given.Protocol != nil {
			p.protocol = *given.Protocol
		}
		switch {
		case given.Port == nil:
		case given.Port.Type == intstr.String:
			p.name = given.Port.StrVal
		default:
			p.first = given.Port.IntValue()
			p.last = p.first
			if given.EndPort != nil {
				p.last = int(*given.EndPort)
			}
		}
		if given.EndPort != nil && (p.first == 0 || p.last < p.first) {
			return r, fmt.Errorf("port %d: endPort %d is not behind a number that is smaller", i, *given.EndPort)
		}
		r.ports = append(r.ports, p)
	}
	return r, nil
}

func parseBlock(given *networkingv1.IPBlock) (*block, error) {
	cidr, err := netip.ParsePrefix(given.CIDR)
	if err != nil {
		return nil, err
	}
	b := &block{cidr: cidr}
	for _, e := range given.Except {
		except, err := netip.ParsePrefix(e)
		if err != nil {
			return nil, err
		}
		b.except = append(b.except, except)
	}
	return b, nil
}

// Allows says whether from can connect to a port of to: the egress of the one and the ingress of the other have to agree.
func (all *Policies) Allows(from, to Pod, port int, protocol corev1.Protocol) bool {
	return all.between(from, to).allows(port, protocol)
}

// path is what lies between two pods, whatever the port.
type path struct {
	to      Pod
	out, in side
}

// side is what the policies of one end say of the other: nothing, where none isolates it, or the ports of the rules that match.
type side struct {
	isolated bool
	open     []rule
}

func (all *Policies) between(from, to Pod) path {
	return path{
		to:  to,
		out: all.side(from, to, func(p policy) (bool, []rule) { return p.egress, p.out }),
		in:  all.side(to, from, func(p policy) (bool, []rule) { return p.ingress, p.in }),
	}
}

func (all *Policies) side(own, other Pod, rules func(policy) (bool, []rule)) side {
	var s side
	if own.Namespace == "" {
		return s
	}
	for _, p := range all.of[own.Namespace] {
		applies, listed := rules(p)
		if !applies || !p.pods.Matches(labels.Set(own.Labels)) {
			continue
		}
		s.isolated = true
		for _, r := range listed {
			if r.matchesPeer(all, other) {
				s.open = append(s.open, r)
			}
		}
	}
	return s
}

// allows: a name of a port is one of the pod that listens, on both ends.
func (p path) allows(port int, protocol corev1.Protocol) bool {
	for _, s := range []side{p.out, p.in} {
		if s.isolated && !slices.ContainsFunc(s.open, func(r rule) bool { return r.matchesPort(p.to, port, protocol) }) {
			return false
		}
	}
	return true
}

func (r rule) matchesPort(listener Pod, port int, protocol corev1.Protocol) bool {
	if len(r.ports) == 0 {
		return true
	}
	for _, p := range r.ports {
		if p.protocol != protocol {
			continue
		}
		switch {
		case p.name != "":
			if slices.Contains(listener.Ports, Port{Name: p.name, Number: port, Protocol: protocol}) {
				return true
			}
		case p.first == 0 || p.first <= port && port <= p.last:
			return true
		}
	}
	return false
}

func (r rule) matchesPeer(all *Policies, other Pod) bool {
	if len(r.peers) == 0 {
		return true
	}
	for _, p := range r.peers {
		if p.block != nil {
			if p.block.contains(other.Address) {
				return true
			}
			continue
		}
		if other.Namespace != "" && p.inNamespace(all, other.Namespace) && p.pods.Matches(labels.Set(other.Labels)) {
			return true
		}
	}
	return false
}

func (p peer) inNamespace(all *Policies, namespace string) bool {
	if p.namespaces == nil {
		return p.own == namespace
	}
	set, known := all.namespaces[namespace]
	if !known {
		set = labels.Set{corev1.LabelMetadataName: namespace}
	}
	return p.namespaces.Matches(set)
}

func (b block) contains(a netip.Addr) bool {
	if !a.IsValid() || !b.cidr.Contains(a) {
		return false
	}
	return !slices.ContainsFunc(b.except, func(e netip.Prefix) bool { return e.Contains(a) })
}
