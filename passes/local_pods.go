package passes

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// security is that of the pod: its user, a root that nobody writes to, no capabilities.
func (s *localService) security() {
	contexts, from := s.container.field("securityContext")
	own, _ := contexts.(kind.Object)
	var ofPod kind.Object
	if s.pod != nil {
		ofPod, _ = s.pod.spec["securityContext"].(kind.Object)
	}
	if s.container == nil {
		own = kind.Object{"readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false, "capabilities": kind.Object{"drop": []any{"ALL"}}}
		if uid, ok := s.said["user"]; ok {
			own["runAsUser"], own["runAsGroup"] = uid, uid
		}
		from = s.own("user")
	}
	get := func(name string) any {
		if v, ok := own[name]; ok {
			return v
		}
		return ofPod[name]
	}
	if uid := get("runAsUser"); uid != nil {
		s.uid = fmt.Sprint(uid)
		if gid := get("runAsGroup"); gid != nil {
			s.uid += ":" + fmt.Sprint(gid)
		}
		s.set("user", s.uid, from)
	}
	if get("readOnlyRootFilesystem") == true {
		s.set("read_only", true, from)
	}
	if get("allowPrivilegeEscalation") == false {
		s.set("security_opt", []any{"no-new-privileges:true"}, from)
	}
	if capabilities, ok := own["capabilities"].(kind.Object); ok {
		for field, name := range map[string]string{"drop": "cap_drop", "add": "cap_add"} {
			if list := capabilities[field]; list != nil {
				s.set(name, list, from)
			}
		}
	}
}

// limits are those of the container. More processors than the machine has are no mistake: the limit is a share of time.
func (s *localService) limits() {
	resources, from := s.container.field("resources")
	o, _ := resources.(kind.Object)
	limits, _ := o["limits"].(kind.Object)
	cpu, memory := limits["cpu"], limits["memory"]
	if v, ok := s.said["cpu"]; ok {
		cpu, from = v, s.own("cpu")
	}
	if v, ok := s.said["memory"]; ok {
		memory = v
	}
	const period = 100000
	if q, ok := kind.Quantity(cpu); ok {
		s.set("cpu_period", int64(period), from)
		s.set("cpu_quota", number(digits(new(big.Rat).Mul(q, big.NewRat(period, 1)))), from)
	}
	if q, ok := kind.Quantity(memory); ok {
		s.set("mem_limit", number(digits(q)), from)
	}
}

func number(text string) any {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// digits are a quantity as a whole number.
func digits(q *big.Rat) string {
	return new(big.Int).Quo(q.Num(), q.Denom()).String()
}

// ready is how Compose finds out that a container is ready: the program that the kind or a probe names.
func (s *localService) ready() {
	if s.once {
		return
	}
	budget := 120
	if probe, _ := s.container.field("startupProbe"); probe != nil {
		o, _ := probe.(kind.Object)
		every, _ := o["periodSeconds"].(int64)
		often, _ := o["failureThreshold"].(int64)
		budget = max(budget, int(every*often))
	}
	check := func(program any, from ir.Line) {
		words, _ := program.([]any)
		s.set("healthcheck", kind.Object{
			"test": append([]any{"CMD"}, words...), "interval": "2s", "timeout": "5s", "retries": int64(15), "start_period": fmt.Sprintf("%ds", budget),
		}, from)
		for i := range words {
			s.lines[lineKey("services", s.name, "healthcheck", "test", i+1)] = step(from, i)
		}
	}
	if program, ok := s.said["ready"]; ok {
		check(program, s.own("ready"))
		return
	}
	for _, name := range []string{"readinessProbe", "startupProbe", "livenessProbe"} {
		probe, from := s.container.field(name)
		o, _ := probe.(kind.Object)
		if exec, ok := o["exec"].(kind.Object); ok {
			check(exec["command"], step(from, "exec", "command"))
			return
		}
	}
}

// net is the network: the names by which the others find the container, and the ports that the machine sees. A container beside another one is in its network.
func (s *localService) net() {
	if s.beside != nil {
		s.set("network_mode", "service:"+s.beside.name, s.container[0].line)
		return
	}
	if word(s.said, "beside") != "" {
		return // as soon as that has a name
	}
	hosts, ports := map[string]ir.Line{}, s.said["ports"]
	for i, host := range strs(s.said["hosts"]) {
		hosts[host] = s.own("hosts", i)
	}
	from := s.own("ports")
	of := func(i int) ir.Line { return step(from, i) }
	if s.pod != nil && !s.once {
		listed, lines := s.served(hosts)
		if ports == nil {
			ports, of = listed, func(i int) ir.Line { return lines[i] }
			_, from = s.container.list("ports")
		}
	}
	if len(hosts) > 0 {
		aliases := slices.Sorted(maps.Keys(hosts))
		s.set("networks", kind.Object{"default": kind.Object{"aliases": anyStrings(aliases)}}, from)
		for i, host := range aliases {
			s.lines[lineKey("services", s.name, "networks", "default", "aliases", i)] = hosts[host]
		}
	}
	list, _ := ports.([]any)
	var published []any
	for i, port := range list {
		n, _ := port.(int64)
		s.lines[lineKey("services", s.name, "ports", i)] = of(i)
		name := kind.LocalPort(s.name, int(n))
		published = append(published, kind.Object{"host_ip": "127.0.0.1", "target": n, "published": "${" + name + ":-}", "protocol": "tcp"})
		if n < 1024 {
			s.doc["sysctls"] = kind.Object{"net.ipv4.ip_unprivileged_port_start": "0"}
		}
	}
	if len(published) > 0 {
		s.doc["ports"] = published
		s.lines[lineKey("services", s.name, "ports")] = from
	}
}

// served are the ports of the container to which Services lead, each with where it is from; the names of these are added to hosts.
func (s *localService) served(hosts map[string]ir.Line) (ports []any, lines []ir.Line) {
	list, _ := s.container.list("ports")
	byName := map[string]any{}
	for _, item := range list {
		o, _ := item.(kind.Object)
		byName[word(o, "name")] = o["containerPort"]
	}
	for _, o := range s.sources.services {
		spec, _ := o.Object["spec"].(kind.Object)
		meta, _ := o.Object["metadata"].(kind.Object)
		if !leadsTo(spec["selector"], s.pod.labels) {
			continue
		}
		cluster, _ := s.c.Graph.Arch["cluster"].(kind.Object)
		short := word(meta, "name") + "." + s.n.Namespace() + ".svc"
		hosts[short] = step(o.of, "metadata", "name")
		long := hosts[short]
		long.Also = []ir.Line{{By: []ir.Origin{s.c.OfSetting("cluster.domain")}}}
		hosts[short+"."+word(cluster, "domain")] = long
		all, _ := spec["ports"].([]any)
		for i, item := range all {
			port, _ := item.(kind.Object)
			number := port["targetPort"]
			if name, ok := number.(string); ok {
				number = byName[name]
			}
			if number != nil && !slices.Contains(ports, number) {
				ports, lines = append(ports, number), append(lines, step(o.of, "spec", "ports", i))
			}
		}
	}
	return ports, lines
}

// leadsTo says whether a selector finds pods with these labels.
func leadsTo(selector any, labels kind.Object) bool {
	o, _ := selector.(kind.Object)
	for key, v := range o {
		if labels[key] != v {
			return false
		}
	}
	return len(o) > 0
}
