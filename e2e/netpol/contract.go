package netpol

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// row says which port of which pods a link between two kinds opens, and for which pods of its source. It is LINKS.md and OUTPUT.md by hand,
// not the rules of the library: both have to say the same.
type row struct {
	from, to string
	port     int
	pods     []string // groups of the source; "server" without
	groups   []string // groups of the target; "server" without
}

func rows() []row {
	connect, worker := []string{"connect"}, []string{"worker"}
	return []row{
		{from: "fastapi", to: "postgresql", port: 5432},
		{from: "fastapi", to: "cnpg", port: 5432},
		{from: "fastapi", to: "mongodb", port: 27017},
		{from: "fastapi", to: "rabbitmq", port: 5672},
		{from: "fastapi", to: "kafka", port: 9092, groups: []string{"broker"}},
		{from: "fastapi", to: "minio", port: 9000},
		{from: "fastapi", to: "redis", port: 6379},
		{from: "fastapi", to: "nats", port: 4222},
		{from: "celery", to: "redis", port: 6379, pods: worker},
		{from: "celery", to: "rabbitmq", port: 5672, pods: worker},
		{from: "cnpg", to: "minio", port: 9000},
		{from: "mongodb", to: "minio", port: 9000, pods: []string{"backup"}},
		{from: "postgresql", to: "minio", port: 9000, pods: []string{"backup"}},
		{from: "kafka", to: "postgresql", port: 5432, pods: connect},
		{from: "kafka", to: "cnpg", port: 5432, pods: connect},
		{from: "kafka", to: "mongodb", port: 27017, pods: connect},
		{from: "kafka", to: "minio", port: 9000, pods: connect},
		{from: "kong", to: "minio", port: 9001},
		{from: "kong", to: "rabbitmq", port: 15672},
		{from: "apisix", to: "minio", port: 9001},
		{from: "apisix", to: "rabbitmq", port: 15672},
		{from: "prometheus", to: "postgresql", port: 9187},
		{from: "prometheus", to: "cnpg", port: 9187},
		{from: "prometheus", to: "mongodb", port: 9216},
		{from: "prometheus", to: "rabbitmq", port: 15692},
		{from: "prometheus", to: "kafka", port: 9404, groups: []string{"broker", "controller", "exporter", "connect"}},
		{from: "prometheus", to: "minio", port: 9000},
		{from: "prometheus", to: "redis", port: 9121},
		{from: "prometheus", to: "kong", port: 8100},
		{from: "prometheus", to: "apisix", port: 9091},
		{from: "prometheus", to: "nats", port: 7777},
		{from: "prometheus", to: "istio", port: 15014},
	}
}

// own says what pods of one component open to each other (K8S-12): ports of a cluster, and the server's port for its own Jobs.
type own struct {
	kind     string
	from, to []string // groups
	ports    []span
}

// span is a range of ports.
type span struct{ first, last int }

func one(port int) span { return span{port, port} }

func owns() []own {
	server, bootstrap := []string{"server"}, []string{"bootstrap"}
	nodes := []string{"broker", "controller"}
	return []own{
		{"postgresql", []string{"backup", "bootstrap"}, server, []span{one(5432)}},
		{"cnpg", bootstrap, server, []span{one(5432)}},
		{"cnpg", server, server, []span{one(5432), one(8000)}},
		{"mongodb", []string{"server", "backup"}, server, []span{one(27017)}},
		{"rabbitmq", server, server, []span{one(4369), {6000, 6500}, one(25672), {35672, 35682}}},
		{"kafka", []string{"broker", "controller", "entity", "exporter"}, nodes, []span{one(9090), one(9091)}},
		{"kafka", []string{"connect"}, []string{"broker"}, []span{one(9092)}},
		{"kafka", []string{"connect"}, []string{"connect"}, []span{one(8083)}},
		{"minio", bootstrap, server, []span{one(9000)}},
		{"rabbitmq", bootstrap, server, []span{one(15672)}},
		{"redis", bootstrap, server, []span{one(6379)}},
		{"mongodb", bootstrap, server, []span{one(27017)}},
		{"kafka", bootstrap, []string{"broker"}, []span{one(9092)}},
		{"prometheus", server, server, []span{one(9090)}},
	}
}

// operators are the pods outside of the tree that have to reach pods of a kind (PRV-06, K8S-12).
type operator struct {
	kind   string
	pod    Pod
	groups []string
	ports  []int
}

func operators(g *Graph) []operator {
	all := []operator{
		{"cnpg", outside("operator of cnpg", "cnpg-system", map[string]string{"app.kubernetes.io/name": "cloudnative-pg"}), []string{"server"}, []int{8000}},
		{"rabbitmq", outside("operator of rabbitmq", "rabbitmq-system", map[string]string{"app.kubernetes.io/component": "rabbitmq-operator"}), []string{"server"}, []int{15672}},
		{"kafka", outside("operator of kafka", "strimzi", map[string]string{"strimzi.io/kind": "cluster-operator"}), []string{"broker", "controller"}, []int{9090, 9091, 8443}},
		{"kafka", outside("operator of kafka", "strimzi", map[string]string{"strimzi.io/kind": "cluster-operator"}), []string{"connect"}, []int{8083}},
	}
	usual := slices.Clone(all)
	for _, c := range g.Components {
		for _, o := range usual {
			// one that is installed elsewhere than it usually is
			if namespace := text(c.Attributes, "operator_namespace"); c.kindOf() == o.kind && namespace != "" && namespace != o.pod.Namespace {
				o.pod.Group, o.pod.Namespace = o.pod.Group+" in "+namespace, namespace
				all = append(all, o)
			}
		}
		if namespace := text(c.Attributes, "controller_namespace"); namespace != "" {
			admin := map[string]int{"kong": 8444, "apisix": 9180}[c.kindOf()]
			all = append(all, operator{c.kindOf(), outside("controller of "+c.kindOf(), namespace, nil), []string{"server"}, []int{admin}})
		}
	}
	return all
}

func outside(group, namespace string, set map[string]string) Pod {
	return Pod{Group: group, Namespace: namespace, Labels: set}
}

// end is a group of pods by name.
type end struct{ component, group string }

func (e end) String() string {
	if e.component == "" {
		return e.group
	}
	return e.component + " (" + e.group + ")"
}

func (p Pod) end() end { return end{p.Component, p.Group} }

// connection is one that a graph opens.
type connection struct {
	from, to end
	port     int
	protocol corev1.Protocol
}

// expected is what a graph opens: needed connections with their reasons, and what may be open besides, as documented.
type expected struct {
	needed map[connection]string
	may    []func(from, to Pod, port int, protocol corev1.Protocol) bool
}

// expect derives from the graph what has to be open between these pods. A kind that no table here knows is an error.
func expect(g *Graph, pods []Pod) (*expected, error) {
	x := &expected{needed: map[connection]string{}}
	groups := map[string][]Pod{}
	for _, p := range slices.Concat(pods, elsewhere(g)) {
		groups[p.Component] = append(groups[p.Component], p)
	}
	if err := x.links(g, groups); err != nil {
		return nil, err
	}
	if err := x.owns(g, groups); err != nil {
		return nil, err
	}
	x.operators(g, groups)
	x.resolvers(g, pods)
	x.public(g, groups)
	x.mesh(g, groups)
	x.outside(g)
	x.sameAs(g)
	return x, nil
}

// sameAs: what a connection with a component elsewhere opens is open to whoever its selector or its ranges mean.
func (x *expected) sameAs(g *Graph) {
	for c := range x.needed {
		x.permit(func(from, to Pod, port int, protocol corev1.Protocol) bool {
			return port == c.port && protocol == c.protocol && g.means(c.from, from) && g.means(c.to, to)
		})
	}
}

func (x *expected) need(from, to Pod, port int, why string) {
	c := connection{from.end(), to.end(), port, corev1.ProtocolTCP}
	if x.needed[c] == "" {
		x.needed[c] = why
	}
}

func (x *expected) permit(may func(from, to Pod, port int, protocol corev1.Protocol) bool) {
	x.may = append(x.may, may)
}

// links opens what each link says, for the pods of its source and for those that act for it.
func (x *expected) links(g *Graph, groups map[string][]Pod) error {
	for _, l := range g.Links {
		from, to := g.component(l.From), g.component(l.To)
		r, err := rowOf(g, l)
		if err != nil {
			return err
		}
		if r == nil {
			continue
		}
		sources := pick(groups[from.Name], r.pods)
		if r.from == "celery" {
			// workers of every application, which are groups of their own
			sources = groups[from.Name]
		}
		switch {
		case l.Process != "":
			sources = pick(groups[from.Name], []string{l.Process})
		case isApplication(from):
			sources = slices.Concat(sources, processesOf(from, groups), workersOf(g, groups, from.Name, ""))
			if l.Attributes["migrate"] != nil {
				sources = append(sources, pick(groups[from.Name], []string{"migrate-" + from.Name + "-migrate-" + l.Of[strings.LastIndex(l.Of, "/")+1:]})...)
			}
		}
		targets := pick(groups[to.Name], r.groups)
		if r.to == "istio" {
			targets = []Pod{istiod(to)}
		}
		if len(targets) == 0 || len(sources) == 0 && r.from != "celery" {
			return fmt.Errorf("%s: there are no pods for it: %d at its source, %d at its target", l.Of, len(sources), len(targets))
		}
		for _, s := range sources {
			for _, t := range targets {
				x.need(s, t, to.at(r.port), l.Of)
			}
		}
	}
	return nil
}

// rowOf is what a link opens; nil for one that opens nothing between its ends.
func rowOf(g *Graph, l Link) (*row, error) {
	from, to := g.component(l.From), g.component(l.To)
	r := row{from: from.kindOf(), to: to.kindOf()}
	switch {
	case r.from == "istio", r.from == "fastapi" && r.to == "celery":
		return nil, nil // see mesh; and the broker below
	case isApplication(to):
		r.port = portOf(from, to, l)
	default:
		source := r.from
		if isApplication(from) {
			source = "fastapi" // rows are those of every application
		}
		i := slices.IndexFunc(rows(), func(known row) bool { return known.from == source && known.to == r.to })
		if i < 0 {
			return nil, fmt.Errorf("%s: netpol's table has no row for %s -> %s", l.Of, r.from, r.to)
		}
		r = rows()[i]
	}
	if r.from == "prometheus" {
		if port, given := number(l.Attributes, "port"); given {
			r.port = port
		}
		// INT-02: a strict mesh refuses a scraper without a certificate, so the proxy is asked
		if meshMode(g, l.To) == "STRICT" {
			r.port = 15020
		}
	}
	return &r, nil
}

func isApplication(c Component) bool { return c.kindOf() == "fastapi" || c.kindOf() == "service" }

// portOf is the port of an application that a link means.
func portOf(from, to Component, l Link) int {
	if to.kindOf() == "fastapi" {
		port, _ := number(to.Attributes, "port")
		return port
	}
	ports, _ := to.Attributes["ports"].(map[string]any)
	metrics, _ := to.Attributes["metrics"].(map[string]any)
	if port, given := number(metrics, "port"); given && from.kindOf() == "prometheus" {
		return port
	}
	name := text(l.Attributes, "port")
	if _, given := ports["http"]; name == "" && given {
		name = "http"
	}
	if name == "" {
		name = slices.Min(slices.Collect(maps.Keys(ports)))
	}
	port, _ := number(ports, name)
	return port
}

// workersOf are the pods that act for an application: those of celery that run its image. Without a celery component, of all of them.
func workersOf(g *Graph, groups map[string][]Pod, application, celery string) []Pod {
	var all []Pod
	for _, l := range g.Links {
		if l.From != application || g.component(l.To).kindOf() != "celery" || celery != "" && l.To != celery {
			continue
		}
		for _, p := range groups[l.To] {
			if g.actsFor(p, application) && !slices.ContainsFunc(all, func(q Pod) bool { return q.end() == p.end() }) {
				all = append(all, p)
			}
		}
	}
	return all
}

// actsFor says whether workers of celery run tasks of an application: those that are called like it, and those with a name of their own that say so, or need not.
func (g *Graph) actsFor(p Pod, application string) bool {
	if p.Labels[labelWorker] == "" {
		return p.Labels[labelApplication] == application
	}
	of := g.component(p.Component).Processes[p.Group]["application"]
	return of == nil || of == application
}

// processesOf are the pods of the workers and jobs of an application, which have its links beside their own.
func processesOf(c Component, groups map[string][]Pod) []Pod {
	if len(c.Processes) == 0 {
		return nil
	}
	return pick(groups[c.Name], slices.Collect(maps.Keys(c.Processes)))
}

// pick are the pods of some groups.
func pick(pods []Pod, groups []string) []Pod {
	if len(groups) == 0 {
		groups = []string{"server"}
	}
	var all []Pod
	for _, p := range pods {
		if slices.Contains(groups, p.Group) {
			all = append(all, p)
		}
	}
	return all
}

// owns opens what a component needs within itself, and what an application's queue needs: its broker.
func (x *expected) owns(g *Graph, groups map[string][]Pod) error {
	for _, c := range g.Components {
		for _, o := range owns() {
			if o.kind != c.kindOf() {
				continue
			}
			for _, from := range pick(groups[c.Name], o.from) {
				for _, to := range pick(groups[c.Name], o.to) {
					for _, s := range o.ports {
						s = span{c.at(s.first), c.at(s.last)}
						x.need(from, to, s.first, "the cluster of "+c.Name)
						x.need(from, to, s.last, "the cluster of "+c.Name)
						x.permit(func(f, t Pod, port int, protocol corev1.Protocol) bool {
							return f.end() == from.end() && t.end() == to.end() && s.first <= port && port <= s.last && protocol == corev1.ProtocolTCP
						})
					}
				}
			}
		}
		server := pick(groups[c.Name], nil)
		replicas, _ := number(c.Attributes, "replicas")
		for _, p := range server {
			switch {
			case c.kindOf() == "minio" && replicas > 1:
				x.need(p, p, 9000, "the cluster of "+c.Name)
			case c.kindOf() == "nats" && replicas > 1:
				x.need(p, p, 6222, "the cluster of "+c.Name)
			}
			for _, day2 := range pick(groups[c.Name], []string{"day2"}) {
				port, _ := number(c.Attributes, "port")
				x.need(day2, p, port, "day 2 of "+c.Name)
			}
		}
	}
	// tasks are enqueued on the broker itself, by the application and by workers that start further ones
	for _, l := range g.Links {
		if g.component(l.To).kindOf() != "celery" {
			continue
		}
		callers := slices.Concat(pick(groups[l.From], nil), processesOf(g.component(l.From), groups))
		if l.Process != "" {
			callers = pick(groups[l.From], []string{l.Process})
		}
		for _, broker := range g.Links {
			if broker.From != l.To {
				continue
			}
			r, err := rowOf(g, broker)
			if err != nil {
				return err
			}
			for _, to := range pick(groups[broker.To], nil) {
				for _, from := range slices.Concat(callers, workersOf(g, groups, l.From, l.To)) {
					x.need(from, to, g.component(broker.To).at(r.port), l.Of+" through "+broker.To)
				}
			}
		}
	}
	return nil
}

func (x *expected) operators(g *Graph, groups map[string][]Pod) {
	for _, o := range operators(g) {
		for _, c := range g.Components {
			if c.kindOf() != o.kind || !runsIn(c, "controller_namespace", o) || !runsIn(c, "operator_namespace", o) {
				continue
			}
			for _, to := range pick(groups[c.Name], o.groups) {
				for _, port := range o.ports {
					x.need(o.pod, to, c.at(port), o.pod.Group)
				}
				if c.kindOf() == "cnpg" {
					// its policy names the namespace alone, since installations label the operator's pods in several ways
					x.permit(func(from, other Pod, port int, protocol corev1.Protocol) bool {
						return from.Namespace == o.pod.Namespace && other.end() == to.end() && port == 8000 && protocol == corev1.ProtocolTCP
					})
				}
			}
		}
	}
}

// runsIn says whether an operator is in the namespace that an attribute of a component names, if it does.
func runsIn(c Component, attribute string, o operator) bool {
	namespace := text(c.Attributes, attribute)
	return namespace == "" || namespace == o.pod.Namespace
}

// resolvers: every pod asks DNS, in the cluster and on the node.
func (x *expected) resolvers(g *Graph, pods []Pod) {
	for _, p := range pods {
		for _, r := range resolvers(g) {
			for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP} {
				x.needed[connection{p.end(), r.end(), resolverPort(g, r), protocol}] = "DNS"
			}
		}
	}
}

// public: proxies of gateways, and applications whose Service is not only for the cluster, are open to everyone; an application to whom it says.
func (x *expected) public(g *Graph, groups map[string][]Pod) {
	for _, c := range g.Components {
		var open []int
		switch c.kindOf() {
		case "kong":
			open = []int{8000, 8443}
			x.given(end{c.Name, "server"}, c.Attributes)
		case "apisix":
			open = []int{9080, 9443}
			if c.Attributes["proxy_protocol"] == true {
				open = []int{9181, 9182}
			}
			x.given(end{c.Name, "server"}, c.Attributes)
		case "fastapi":
			port, _ := number(c.Attributes, "port")
			if text(c.Attributes, "service_type") != "ClusterIP" {
				open = []int{port}
			}
			x.given(end{c.Name, "server"}, c.Attributes, port)
		case "service":
			ports, _ := c.Attributes["ports"].(map[string]any)
			for name := range ports {
				port, _ := number(ports, name)
				if text(c.Attributes, "service_type") != "ClusterIP" {
					open = append(open, port)
				}
				x.given(end{c.Name, "server"}, c.Attributes, port)
			}
		default:
			group := "server"
			if c.kindOf() == "kafka" {
				group = "broker"
			}
			var served []int
			for _, port := range servers()[c.kindOf()] {
				served = append(served, c.at(port))
			}
			x.given(end{c.Name, group}, c.Attributes, served...)
		}
		for group, attributes := range c.Processes {
			ports, _ := attributes["ports"].(map[string]any)
			x.given(end{c.Name, group}, attributes, numbers(ports)...)
		}
		for _, to := range pick(groups[c.Name], nil) {
			for _, port := range open {
				x.need(internet(), to, port, c.Name+" is open to everyone")
				x.permit(func(_, other Pod, p int, protocol corev1.Protocol) bool {
					return other.end() == to.end() && p == port && protocol == corev1.ProtocolTCP
				})
			}
		}
	}
}

// numbers are the ports of an attribute, in no order.
func numbers(ports map[string]any) []int {
	var all []int
	for name := range ports {
		port, _ := number(ports, name)
		all = append(all, port)
	}
	return all
}

// servers are the ports that ingress_from of a server opens.
func servers() map[string][]int {
	return map[string][]int{
		"postgresql": {5432}, "cnpg": {5432}, "mongodb": {27017}, "redis": {6379}, "rabbitmq": {5672, 15672}, "kafka": {9092}, "minio": {9000, 9001}, "prometheus": {9090},
	}
}

// given are the attributes egress and ingress_from of an application, or of one of its processes: of their pods, and of the ports that these serve.
func (x *expected) given(of end, attributes map[string]any, served ...int) {
	callers, _ := attributes["ingress_from"].([]any)
	for _, one := range callers {
		f, _ := one.(map[string]any)
		set, _ := f["pod_labels"].(map[string]any)
		x.permit(func(from, to Pod, p int, protocol corev1.Protocol) bool {
			for k, v := range set {
				if from.Labels[k] != v {
					return false
				}
			}
			return to.end() == of && from.Namespace == f["namespace"] && slices.Contains(served, p) && protocol == corev1.ProtocolTCP
		})
	}
	destinations, _ := attributes["egress"].([]any)
	for _, one := range destinations {
		e, _ := one.(map[string]any)
		cidr, err := netip.ParsePrefix(text(e, "cidr"))
		ports, _ := e["ports"].([]any)
		x.permit(func(from, to Pod, p int, protocol corev1.Protocol) bool {
			listed := len(ports) == 0 || protocol == corev1.ProtocolTCP && slices.ContainsFunc(ports, func(port any) bool { return fmt.Sprint(port) == fmt.Sprint(p) })
			return err == nil && from.end() == of && cidr.Contains(to.Address) && listed
		})
	}
}

// mesh: IST-03. Proxies reach their control plane, and are asked for metrics by each Prometheus that scrapes the mesh. The kubelet asks for their
// health, which no policy stops.
func (x *expected) mesh(g *Graph, groups map[string][]Pod) {
	for _, l := range g.Links {
		mesh := g.component(l.From)
		if mesh.kindOf() != "istio" {
			continue
		}
		servers := slices.DeleteFunc(slices.Clone(groups[l.To]), func(p Pod) bool { return slices.Contains(jobs(), p.Group) })
		for _, p := range servers {
			x.need(p, istiod(mesh), 15012, l.Of)
		}
		x.permit(func(from, to Pod, port int, protocol corev1.Protocol) bool {
			return from.Component == l.To && to.end() == istiod(mesh).end() && port == 15012 && protocol == corev1.ProtocolTCP
		})
		for _, scrape := range g.Links {
			if g.component(scrape.From).kindOf() != "prometheus" || scrape.To != mesh.Name {
				continue
			}
			for _, from := range pick(groups[scrape.From], nil) {
				for _, to := range servers {
					x.need(from, to, 15020, scrape.Of)
				}
				// the proxy of a backup too, while it runs
				x.permit(func(f, to Pod, port int, protocol corev1.Protocol) bool {
					return f.end() == from.end() && to.Component == l.To && port == 15020 && protocol == corev1.ProtocolTCP
				})
			}
		}
	}
}

// jobs are the groups of pods that end: in a mesh they are clients, at most.
func jobs() []string { return []string{"backup", "bootstrap", "build", "day2"} }

// outside: pods of operators, and Prometheus, reach the API server, which is no pod, so these ports are open to wherever they are listened on;
// builds fetch sources and packages.
func (x *expected) outside(g *Graph) {
	for _, c := range g.Components {
		if slices.Contains([]string{"cnpg", "mongodb", "rabbitmq", "kafka", "prometheus"}, c.kindOf()) {
			x.permit(func(from, to Pod, port int, protocol corev1.Protocol) bool {
				return from.Component == c.Name && !slices.Contains(jobs(), from.Group) && asksServer(g, to, port, protocol)
			})
		}
		if isApplication(c) {
			ports := buildPorts(g)
			x.permit(func(from, _ Pod, port int, protocol corev1.Protocol) bool {
				return from.end() == (end{c.Name, "build"}) && slices.Contains(ports, port) && protocol == corev1.ProtocolTCP
			})
		}
	}
}

// buildPorts are those of git, packages and registries (BLD-01), and what the addresses of the architecture's own name.
func buildPorts(g *Graph) []int {
	ports := []int{22, 80, 443}
	git, _ := g.Arch["git"].(map[string]any)
	registry, _ := g.Arch["registry"].(map[string]any)
	for _, address := range []string{text(git, "url"), text(registry, "host")} {
		_, behind, _ := strings.Cut(address, "://")
		if behind == "" {
			behind = address
		}
		host, _, _ := strings.Cut(behind, "/")
		if _, port, named := strings.Cut(host, ":"); named {
			if n, err := strconv.Atoi(port); err == nil {
				ports = append(ports, n)
			}
		}
	}
	return ports
}

// meshMode is what a component's membership of a mesh asks of its callers; "" without one.
func meshMode(g *Graph, component string) string {
	for _, l := range g.Links {
		if l.To == component && g.component(l.From).kindOf() == "istio" {
			return text(l.Attributes, "mtls")
		}
	}
	return ""
}

// istiod is the control plane of a mesh, which its installation owns.
func istiod(mesh Component) Pod {
	return Pod{Component: mesh.Name, Group: "istiod", Namespace: mesh.Namespace, Labels: map[string]string{"app": "istiod", "istio": "pilot"}, Ports: []Port{tcp("http-monitoring", 15014)}}
}

// internet is an address outside of the cluster.
func internet() Pod {
	return Pod{Group: "the internet", Address: netip.AddrFrom4([4]byte{192, 0, 2, 7})}
}
