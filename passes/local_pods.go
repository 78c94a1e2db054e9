package passes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"path"
	"slices"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// secretsFolder is where decrypted files are when the containers start: a folder in memory, whose name is in a variable.
const secretsFolder = "${PLATC_SECRETS:?platc up sets it}"

// place is where the file of a row is, seen from local/compose.yaml.
func (s *localService) place(row kind.Row) string {
	name, _ := s.c.Plan.Place(s.n, row)
	if row.Secret {
		return path.Join(secretsFolder, name)
	}
	return path.Join(s.root(), name)
}

// root is the root of the output, seen from the document.
func (l *locals) root() string {
	folder := path.Join(l.c.Graph.Folder(), "local")
	return path.Join(slices.Repeat([]string{".."}, strings.Count(folder, "/")+1)...)
}

// row is a file of the component, by its path.
func (s *localService) row(name string) kind.Row {
	rows := s.c.Of(s.n).Rows
	if i := slices.IndexFunc(rows, func(r kind.Row) bool { return r.Path == name }); i >= 0 {
		return rows[i]
	}
	return kind.Row{Path: name}
}

// variables are the environment: what is in clear by its value, a single secret by the variable that has it, and whole files of them.
func (s *localService) variables() {
	env, files := kind.Object{}, []any{}
	line := func(name string, from ir.Line) { s.lines[lineKey("services", s.name, "environment", name)] = from }
	whole := func(row kind.Row, from ir.Line) {
		s.lines[lineKey("services", s.name, "env_file", len(files))] = from
		files = append(files, kind.Object{"path": s.place(row), "format": "raw"})
	}
	if list, from := s.container.field("envFrom"); list != nil {
		for i, item := range list.([]any) {
			s.from(item, step(from, i), func(name string, v any, at ir.Line) {
				env[name] = escaped(v)
				line(name, at)
			}, whole)
		}
	}
	if list, from := s.container.field("env"); list != nil {
		for i, item := range list.([]any) {
			o, _ := item.(kind.Object)
			if v, ok := s.variable(o); ok {
				env[word(o, "name")] = v
				at := step(from, i)
				if _, ok := o["value"]; ok {
					at = step(at, "value")
				}
				line(word(o, "name"), at)
			}
		}
	}
	said, _ := s.said["env"].(kind.Object)
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if said[name] == nil {
			delete(env, name)
			continue
		}
		env[name] = s.saidVariable(said[name])
		line(name, s.own("env", name))
	}
	for i, name := range strs(s.said["env_files"]) {
		whole(s.row(name), s.own("env_files", i))
	}
	if len(env) > 0 {
		s.doc["environment"] = env
	}
	if len(files) > 0 {
		s.doc["env_file"] = files
	}
}

// step is the line of an item of a list.
func step(l ir.Line, at ...any) ir.Line {
	l.At = append(slices.Clone(l.At), at...)
	for _, key := range at {
		l.Data = item(l.Data, key)
	}
	return l
}

// item is a field of an object, or an item of a list.
func item(data, key any) any {
	switch d := data.(type) {
	case kind.Object:
		name, _ := key.(string)
		return d[name]
	case []any:
		if i, ok := key.(int); ok && i < len(d) {
			return d[i]
		}
	}
	return nil
}

// from takes the variables of a ConfigMap or Secret.
func (s *localService) from(item any, at ir.Line, one func(string, any, ir.Line), whole func(kind.Row, ir.Line)) {
	o, _ := item.(kind.Object)
	if ref, ok := o["configMapRef"].(kind.Object); ok {
		from := s.sources.settings[word(ref, "name")]
		for name, v := range from.data {
			one(name, v, step(from.line, name))
		}
	}
	if ref, ok := o["secretRef"].(kind.Object); ok {
		for _, row := range s.sources.envs["secretGenerator "+word(ref, "name")] {
			whole(row, at)
		}
	}
}

// variable is the value of a variable of a container, where one machine has it.
func (s *localService) variable(o kind.Object) (any, bool) {
	if v, ok := o["value"]; ok {
		return escaped(v), true
	}
	from, _ := o["valueFrom"].(kind.Object)
	if ref, ok := from["secretKeyRef"].(kind.Object); ok {
		file, ok := s.sources.made["secretGenerator "+word(ref, "name")][word(ref, "key")]
		return s.secret(file.row.Path, file.key), ok
	}
	if ref, ok := from["configMapKeyRef"].(kind.Object); ok {
		v, ok := s.sources.settings[word(ref, "name")].data[word(ref, "key")]
		return escaped(v), ok
	}
	return nil, false
}

// secret is a variable of an encrypted file, as Compose reads it.
func (s *localService) secret(file, name string) string {
	return "${" + kind.LocalVariable(s.n.Name+"/"+file, name) + ":?platc up sets it}"
}

// saidVariable is a variable as a kind says it: a text, data as JSON, or a variable of an encrypted file.
func (s *localService) saidVariable(v any) any {
	if o, ok := v.(kind.Object); ok {
		if data, ok := o["json"]; ok {
			return escaped(indented(data))
		}
		return s.secret(word(o, "file"), word(o, "key"))
	}
	return escaped(fmt.Sprint(v))
}

// indented is data as JSON that people can read.
func indented(data any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(data); err != nil {
		panic("data of a kind: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// mounts are files of the tree, volumes, and folders in memory.
func (s *localService) mounts() {
	var volumes, memory []any
	add := func(from ir.Line, v kind.Object) {
		s.lines[lineKey("services", s.name, "volumes", len(volumes))] = from
		volumes = append(volumes, v)
	}
	file := func(from ir.Line, row kind.Row, key, target string) {
		source := s.place(row)
		if key != "" {
			source += ".d/" + key
		}
		add(from, kind.Object{"type": "bind", "source": source, "target": target, "read_only": true, "bind": kind.Object{"create_host_path": false}})
	}
	volume := func(from ir.Line, name string) {
		if s.volumes[name] == nil {
			s.volumes[name] = kind.Object{}
			s.lines[lineKey("volumes", name)] = from
		}
	}
	claim := func(from ir.Line, name, target string, readOnly bool) {
		v := kind.Object{"type": "volume", "source": name, "target": target, "volume": kind.Object{"nocopy": true}}
		if readOnly {
			v["read_only"] = true
		}
		add(from, v)
		s.claimed = append(s.claimed, name)
		volume(from, name)
	}
	// a new volume has what the image has there, and belongs to whom it does there
	filled := func(from ir.Line, name, target string) {
		add(from, kind.Object{"type": "volume", "source": name, "target": target})
		volume(from, name)
	}
	folder := func(from ir.Line, target string, size any) {
		s.lines[lineKey("services", s.name, "tmpfs", len(memory))] = from
		options := target + ":mode=1777,exec"
		if q, ok := kind.Quantity(size); ok {
			options += ",size=" + digits(q)
		}
		memory = append(memory, options)
	}
	if list, from := s.container.field("volumeMounts"); list != nil {
		for i, item := range list.([]any) {
			mount, _ := item.(kind.Object)
			s.mount(mount, step(from, i), file, claim, folder)
		}
	}
	files, _ := s.said["files"].(kind.Object)
	for _, target := range slices.Sorted(maps.Keys(files)) {
		o, _ := files[target].(kind.Object)
		if f, ok := s.saidFile(target, o); ok {
			file(s.own("files", target), f.row, f.key, target)
		}
	}
	said, _ := s.said["volumes"].(kind.Object)
	for _, name := range slices.Sorted(maps.Keys(said)) {
		target, ok := said[name].(string)
		if !ok {
			o, _ := said[name].(kind.Object)
			filled(s.own("volumes", name), s.n.Name+"-"+name, word(o, "filled"))
			continue
		}
		claim(s.own("volumes", name), s.n.Name+"-"+name, target, false)
	}
	writable, _ := s.said["writable"].(kind.Object)
	for _, target := range slices.Sorted(maps.Keys(writable)) {
		folder(s.own("writable", target), target, writable[target])
	}
	if len(volumes) > 0 {
		s.doc["volumes"] = volumes
	}
	if len(memory) > 0 {
		s.doc["tmpfs"] = memory
	}
}

// mount is a mount of a container of a pod. What only a cluster has is left out.
func (s *localService) mount(mount kind.Object, from ir.Line, file func(ir.Line, kind.Row, string, string), claim func(ir.Line, string, string, bool), folder func(ir.Line, string, any)) {
	name, target := word(mount, "name"), word(mount, "mountPath")
	templates, _ := s.pod.object["spec"].(kind.Object)["volumeClaimTemplates"].([]any)
	for _, t := range templates {
		o, _ := t.(kind.Object)
		if meta, _ := o["metadata"].(kind.Object); word(meta, "name") == name {
			claim(from, s.n.Name+"-"+name, target, mount["readOnly"] == true)
			return
		}
	}
	volumes, _ := s.pod.spec["volumes"].([]any)
	for _, v := range volumes {
		o, _ := v.(kind.Object)
		if word(o, "name") != name {
			continue
		}
		if claimed, ok := o["persistentVolumeClaim"].(kind.Object); ok {
			claim(from, word(claimed, "claimName"), target, mount["readOnly"] == true)
		}
		if empty, ok := o["emptyDir"].(kind.Object); ok {
			folder(from, target, empty["sizeLimit"])
		}
		sources := []any{o}
		if projected, ok := o["projected"].(kind.Object); ok {
			sources, _ = projected["sources"].([]any)
		}
		for _, source := range sources {
			one, _ := source.(kind.Object)
			if config, ok := one["configMap"].(kind.Object); ok {
				s.keys(s.sources.made["configMapGenerator "+word(config, "name")], config, mount, from, file)
			}
			if secret, ok := one["secret"].(kind.Object); ok {
				s.keys(s.secretFiles(cmp.Or(word(secret, "secretName"), word(secret, "name"))), secret, mount, from, file)
			}
		}
	}
}

// keys mounts the keys of a ConfigMap or Secret, as files of a folder or a single one of them.
func (s *localService) keys(made map[string]madeFile, source, mount kind.Object, from ir.Line, file func(ir.Line, kind.Row, string, string)) {
	names := map[string]string{} // below the volume: key
	for key := range made {
		names[key] = key
	}
	if items, ok := source["items"].([]any); ok {
		clear(names)
		for _, item := range items {
			o, _ := item.(kind.Object)
			names[word(o, "path")] = word(o, "key")
		}
	}
	target := word(mount, "mountPath")
	if sub := word(mount, "subPath"); sub != "" {
		if f, ok := made[names[sub]]; ok {
			file(from, f.row, f.key, target)
		}
		return
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if f, ok := made[names[name]]; ok {
			file(from, f.row, f.key, path.Join(target, name))
		}
	}
}

// digits are a quantity as a whole number.
func digits(q *big.Rat) string {
	return new(big.Int).Quo(q.Num(), q.Denom()).String()
}

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
		s.set("healthcheck", kind.Object{
			"test": append([]any{"CMD"}, program.([]any)...), "interval": "2s", "timeout": "5s", "retries": int64(15), "start_period": fmt.Sprintf("%ds", budget),
		}, from)
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
	if other := word(s.said, "beside"); other != "" {
		s.set("network_mode", "service:"+other, s.own("beside"))
		return
	}
	hosts, ports := strs(s.said["hosts"]), s.said["ports"]
	from := s.own("ports")
	if s.pod != nil && !s.once {
		named, listed, at := s.served()
		hosts = append(hosts, named...)
		if ports == nil {
			ports, from = listed, at
		}
	}
	if len(hosts) > 0 {
		slices.Sort(hosts)
		s.set("networks", kind.Object{"default": kind.Object{"aliases": anyStrings(slices.Compact(hosts))}}, from)
	}
	list, _ := ports.([]any)
	var published []any
	for _, port := range list {
		n, _ := port.(int64)
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

// served are the names of the Services that lead to the pod, and the ports of the container to which they lead.
func (s *localService) served() (hosts []string, ports []any, from ir.Line) {
	list, from := s.container.field("ports")
	byName := map[string]any{}
	items, _ := list.([]any)
	for _, item := range items {
		o, _ := item.(kind.Object)
		byName[word(o, "name")] = o["containerPort"]
	}
	for _, o := range s.sources.services {
		spec, _ := o["spec"].(kind.Object)
		meta, _ := o["metadata"].(kind.Object)
		if !leadsTo(spec["selector"], s.pod.labels) {
			continue
		}
		cluster, _ := s.c.Graph.Arch["cluster"].(kind.Object)
		short := word(meta, "name") + "." + s.n.Namespace() + ".svc"
		hosts = append(hosts, short, short+"."+word(cluster, "domain"))
		all, _ := spec["ports"].([]any)
		for _, item := range all {
			port, _ := item.(kind.Object)
			number := port["targetPort"]
			if name, ok := number.(string); ok {
				number = byName[name]
			}
			if number != nil && !slices.Contains(ports, number) {
				ports = append(ports, number)
			}
		}
	}
	return hosts, ports, from
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
