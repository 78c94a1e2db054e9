package draft

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"

	"platc.dev/platc/compiler/kind"
)

// writeApplication fills a component that runs an image of somebody's, which has its image and its ports already, with its links.
func (w *writer) writeApplication(name string) {
	s, c := w.project.Services[name], w.components[name]
	w.command(c, "command", "entrypoint", s.Entrypoint)
	w.command(c, "args", "command", s.Command)
	w.volumes(name)
	w.resources(name)
	w.health(name)
	w.user(name)
	w.mounted(name)
	w.links(name)
	w.variables(name, w.environment(name))
}

// command takes over words, unless a secret is one of them.
func (w *writer) command(c *Component, attribute, said string, words []string) {
	switch {
	case len(words) == 0:
	case w.holdsSecret(strings.Join(words, " ")):
		c.note("its %s holds a secret and is not taken over: set %s, and read the secret from a variable", said, attribute)
	default:
		c.Attrs[attribute] = texts(words)
	}
}

func texts(command []string) []any {
	var all []any
	for _, text := range command {
		all = append(all, text)
	}
	return all
}

// give sets an attribute if the kind takes the value, and says so if it does not.
func (w *writer) give(name, attribute string, v any, said string) {
	c := w.components[name]
	if t := w.kinds[name].Attributes.At(attribute); t == nil || !fits(t, v) {
		c.note("%s is not taken over: %s does not take it", said, attribute)
		return
	}
	c.Attrs[attribute] = v
}

func fits(t *kind.Type, v any) bool {
	if n, ok := v.(int); ok {
		v = int64(n)
	}
	return t.Fits(v)
}

func (w *writer) image(name string) {
	s, c := w.project.Services[name], w.components[name]
	if s.Build != nil {
		context := s.Build.Context
		dockerfile := orText(s.Build.Dockerfile, "Dockerfile")
		for _, left := range []struct {
			is   bool
			what string
		}{{len(s.Build.Args) > 0, "args"}, {s.Build.Target != "", "target"}, {len(s.Build.Secrets) > 0, "secrets"}, {len(s.Build.AdditionalContexts) > 0, "additional_contexts"}} {
			if left.is {
				c.note("build.%s is not taken over", left.what)
			}
		}
		if s.Build.DockerfileInline == "" && exists(filepath.Join(context, dockerfile)) && filepath.IsLocal(dockerfile) {
			build := map[string]any{"context": w.relative(context)}
			if dockerfile != "Dockerfile" {
				build["dockerfile"] = filepath.ToSlash(dockerfile)
			}
			c.Attrs["build"] = build
			return
		}
		c.note("its build needs a folder with a Dockerfile in it, and %s has none: name the image, or set build", w.relative(context))
		c.Attrs["image"] = w.draft.Name + "/" + c.Name + ":0.0.0"
		return
	}
	if image := w.kinds[name].Attributes.Field("image"); image.Fits(s.Image) {
		c.Attrs["image"] = s.Image
		return
	}
	repository, _ := splitImage(s.Image)
	if !w.kinds[name].Attributes.Field("image").Fits(repository + ":0.0.0") {
		repository = w.draft.Name + "/" + c.Name
	}
	c.note("the image %q has no exact version: write the one that you run in the place of 0.0.0", s.Image)
	c.Attrs["image"] = repository + ":0.0.0"
}

// ports are those of the containers. The first is called http: it is the one of gateways and of what links to the component.
func (w *writer) ports(name string) {
	s, c := w.project.Services[name], w.components[name]
	ports := map[string]any{}
	seen := map[int]bool{}
	add := func(port int, protocol string) {
		if protocol != "" && protocol != "tcp" {
			c.note("port %d is %s, and only TCP is taken over", port, protocol)
			return
		}
		if seen[port] {
			return
		}
		seen[port] = true
		label := "http"
		if len(ports) > 0 {
			label = "port-" + strconv.Itoa(port)
		}
		ports[label] = port
	}
	for _, p := range s.Ports {
		add(int(p.Target), p.Protocol)
		if p.Published != "" {
			c.note("port %d was published as %s: link a gateway to it, or set service_type, if the outside is to reach it", p.Target, p.Published)
		}
	}
	for _, e := range s.Expose {
		number, protocol, _ := strings.Cut(e, "/")
		if port, err := strconv.Atoi(number); err == nil {
			add(port, protocol)
		} else {
			c.note("expose %s is not taken over", e)
		}
	}
	for _, port := range w.called(name) {
		add(port, "")
	}
	if len(ports) > 0 {
		c.Attrs["ports"] = ports
	}
}

// called are the ports at which variables of other services call a service, which need not say that it listens there.
func (w *writer) called(name string) []int {
	host := w.speaksOf(name)
	var all []int
	for _, other := range w.project.ServiceNames() {
		environment := w.project.Services[other].Environment
		for _, k := range slices.Sorted(maps.Keys(environment)) {
			if v := environment[k]; v != nil && other != name {
				for _, found := range host.FindAllStringSubmatch(*v, -1) {
					if port, err := strconv.Atoi(strings.TrimPrefix(found[3], ":")); err == nil && port > 0 && port < 1<<16 {
						all = append(all, port)
					}
				}
			}
		}
	}
	return all
}

func (w *writer) volumes(name string) {
	s, c := w.project.Services[name], w.components[name]
	volumes := map[string]any{}
	var writable []any
	for _, v := range s.Volumes {
		switch {
		case v.Type == "volume":
			label := dnsName(v.Source)
			if v.Source == "" {
				label = dnsName(filepath.Base(v.Target))
			}
			label = strings.Trim(label[:min(len(label), 21)], "-")
			if _, taken := volumes[label]; taken {
				c.note("the second volume %s at %s is not taken over", label, v.Target)
				continue
			}
			volumes[label] = map[string]any{"path": v.Target}
			if w.sharing(v.Source) > 1 {
				c.note("%s is a volume of its own here: others that mount %s do not see it", label, v.Source)
			}
		case v.Type == "tmpfs" && v.Target != "/tmp":
			writable = append(writable, v.Target)
		case v.Type == "tmpfs":
		default:
			c.note("the mount of %s at %s is not taken over: build it into the image, or give its text in files", w.said(v.Source), v.Target)
		}
	}
	for _, t := range s.Tmpfs {
		if path, _, _ := strings.Cut(t, ":"); path != "/tmp" {
			writable = append(writable, path)
		}
	}
	if len(volumes) > 0 {
		w.give(name, "volumes", volumes, "its volumes")
	}
	if len(writable) > 0 {
		w.give(name, "writable", writable, "tmpfs")
	}
}

// sharing is how many services mount a volume.
func (w *writer) sharing(source string) int {
	n := 0
	for _, s := range w.project.Services {
		if source != "" && slices.ContainsFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Type == "volume" && v.Source == source }) {
			n++
		}
	}
	return n
}

func (w *writer) resources(name string) {
	s, c := w.project.Services[name], w.components[name]
	if replicas := s.GetScale(); s.Deploy != nil && s.Deploy.Replicas != nil || s.Scale != nil {
		if _, volumes := c.Attrs["volumes"]; volumes && replicas > 1 {
			c.note("%d replicas are not taken over: its volumes are mounted by one pod", replicas)
		} else {
			w.give(name, "replicas", replicas, fmt.Sprintf("%d replicas", replicas))
		}
	}
	cpu, memory := float64(s.CPUS), int64(s.MemLimit)
	if s.Deploy != nil && s.Deploy.Resources.Reservations != nil && len(s.Deploy.Resources.Reservations.Devices) > 0 {
		c.note("not taken over: the devices of deploy.resources")
	}
	var leastCPU float64
	leastMemory := int64(s.MemReservation)
	if s.Deploy != nil {
		if l := s.Deploy.Resources.Limits; l != nil {
			cpu, memory = max(cpu, float64(l.NanoCPUs)), max(memory, int64(l.MemoryBytes))
		}
		if r := s.Deploy.Resources.Reservations; r != nil {
			leastCPU, leastMemory = float64(r.NanoCPUs), max(leastMemory, int64(r.MemoryBytes))
		}
	}
	attributes := w.kinds[name].Attributes
	quantity := func(attribute string, v float64, unit string) {
		if v > 0 && attributes.Field(attribute) != nil {
			c.Attrs[attribute] = strconv.FormatInt(int64(math.Ceil(v)), 10) + unit
		}
	}
	// a request above the limit does not hold, and defaults are requests too
	if cpu > 0 && (leastCPU == 0 || leastCPU > cpu) {
		leastCPU = min(cpu, 0.1)
	}
	if memory > 0 && (leastMemory == 0 || leastMemory > memory) {
		leastMemory = min(memory, 128<<20)
	}
	if cpu == 0 && leastCPU > 0 {
		cpu = max(leastCPU, 0.5)
	}
	if memory == 0 && leastMemory > 0 {
		memory = max(leastMemory, 512<<20)
	}
	quantity("cpu_request", leastCPU*1000, "m")
	quantity("cpu_limit", cpu*1000, "m")
	quantity("mem_request", float64(leastMemory)/(1<<20), "Mi")
	quantity("mem_limit", float64(memory)/(1<<20), "Mi")
}

// asked is a URL of the container itself in a health check.
var asked = regexp.MustCompile(`https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\d+)?(/[^\s'"|;?]*)?`)

func (w *writer) health(name string) {
	s := w.project.Services[name]
	h := s.HealthCheck
	if h == nil || h.Disable || len(h.Test) == 0 || h.Test[0] == "NONE" {
		return
	}
	words := []string(h.Test[1:])
	if found := asked.FindStringSubmatch(strings.Join(words, " ")); found != nil && w.components[name].Attrs["ports"] != nil {
		path := found[1]
		if path == "" {
			path = "/"
		}
		if startup := patience(h); startup > 0 {
			w.give(name, "health", map[string]any{"path": path, "startup": startup}, "its health check of "+path)
		} else {
			w.give(name, "health", path, "its health check of "+path)
		}
		w.asks(name)
		return
	}
	if w.holdsSecret(strings.Join(words, " ")) {
		w.components[name].note("its health check holds a secret and is not taken over")
		return
	}
	if h.Test[0] == "CMD-SHELL" {
		words = append([]string{"sh", "-c"}, words...)
	}
	health := map[string]any{"exec": texts(words)}
	if startup := patience(h); startup > 0 {
		health["startup"] = startup
	}
	w.give(name, "health", health, "its health check "+strings.Join(words, " "))
	w.asks(name)
}

// asks notes a health check whose times a draft has no place for.
func (w *writer) asks(name string) {
	if h := w.project.Services[name].HealthCheck; h.Interval != nil || h.Timeout != nil || h.Retries != nil || h.StartInterval != nil {
		w.asked = append(w.asked, w.components[name].Name)
	}
}

// patience is how many seconds a container with a health check may take to start, where its file says so: what does not count, and the failures that do.
func patience(h *types.HealthCheckConfig) int64 {
	if h.StartPeriod == nil {
		return 0
	}
	interval, retries := 30*time.Second, 3 // what Compose takes if nothing is said
	if h.Interval != nil && *h.Interval > 0 {
		interval = time.Duration(*h.Interval)
	}
	if h.Retries != nil && *h.Retries > 0 {
		retries = int(min(*h.Retries, 3600)) //nolint:gosec // it is small
	}
	return int64(min(time.Duration(*h.StartPeriod)+min(interval, time.Hour)*time.Duration(retries), time.Hour).Seconds())
}

func (w *writer) user(name string) {
	s, c := w.project.Services[name], w.components[name]
	if s.User == "" {
		if s.Build == nil {
			w.users = append(w.users, c.Name)
		}
		return
	}
	number, _, _ := strings.Cut(s.User, ":")
	if number == "root" {
		number = "0"
	}
	if id, err := strconv.Atoi(number); err == nil {
		w.give(name, "user_id", id, "the user "+s.User)
		return
	}
	c.note("the user %q is a name: set user_id to its number", s.User)
}

// environment are the variables of a service: those of its files, which its own win over.
func (w *writer) environment(name string) map[string]*string {
	s, c := w.project.Services[name], w.components[name]
	all := map[string]*string{}
	for _, f := range s.EnvFiles {
		read, err := dotenv.Read(f.Path)
		if err != nil {
			if bool(f.Required) || exists(f.Path) {
				c.note("its env_file %s cannot be read", w.relative(f.Path))
			}
			continue
		}
		for k, v := range read {
			all[k] = &v
		}
	}
	maps.Copy(all, s.Environment)
	return all
}

// variables hands out the variables of a service: to its links what they offer, to secrets what looks like one, and the rest to env.
func (w *writer) variables(name string, environment map[string]*string) {
	c := w.components[name]
	env, secrets := map[string]any{}, map[string]any{}
	left := w.linkVariables(name, environment)
	t := w.kinds[name].Attributes
	for _, k := range left {
		v := environment[k]
		switch {
		case secret(k, v) || v != nil && w.holdsSecret(*v):
			if one := map[string]any{k: map[string]any{"env": k}}; !t.Field("secrets").Fits(one) {
				c.note("the secret %s is not taken over", k)
				continue
			}
			secrets[k] = map[string]any{"env": k}
			if v != nil && *v != "" {
				c.note("%s looks like a secret: its value is not in here, the build reads it from the variable %s", k, k)
			}
		case v == nil:
			c.note("the variable %s has no value in the Compose file", k)
		case !t.Field("env").Fits(map[string]any{k: *v}):
			c.note("the variable %s is not taken over: env does not take it", k)
		default:
			env[k] = *v
		}
	}
	if len(env) > 0 {
		c.Attrs["env"] = env
	}
	if given, ok := c.Attrs["secrets"].(map[string]any); ok {
		maps.Copy(secrets, given)
	}
	if len(secrets) > 0 {
		c.Attrs["secrets"] = secrets
	}
}

// mounted are secrets and configs, which are files.
func (w *writer) mounted(name string) {
	s, c := w.project.Services[name], w.components[name]
	t := w.kinds[name].Attributes
	files, secrets := map[string]any{}, map[string]any{}
	for _, m := range s.Secrets {
		target := m.Target
		if !strings.HasPrefix(target, "/") {
			target = "/run/secrets/" + orText(target, m.Source)
		}
		label := strings.ToUpper(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(m.Source, "_"))
		given := map[string]any{"env": label}
		if of := w.project.Secrets[m.Source]; of.File != "" {
			given = map[string]any{"file": w.relative(of.File)}
		} else if of.Environment != "" {
			given = map[string]any{"env": of.Environment}
		}
		if !t.Field("secrets").Fits(map[string]any{label: given}) || !t.Field("files").Fits(map[string]any{target: map[string]any{"secret": label}}) {
			c.note("the secret %s is not taken over", m.Source)
			continue
		}
		secrets[label] = given
		files[target] = map[string]any{"secret": label}
	}
	for _, m := range s.Configs {
		target := m.Target
		if !strings.HasPrefix(target, "/") {
			target = "/" + orText(target, m.Source)
		}
		of := w.project.Configs[m.Source]
		if of.Content == "" || !t.Field("files").Fits(map[string]any{target: of.Content}) {
			c.note("the config %s is not taken over: give its text in files, at %s", m.Source, target)
			continue
		}
		files[target] = of.Content
	}
	if len(files) > 0 {
		c.Attrs["files"] = files
	}
	if len(secrets) > 0 {
		c.Attrs["secrets"] = secrets
	}
}

func orText(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// said is a path as a note names it: one that is far away as it is.
func (w *writer) said(name string) string {
	if rel := w.relative(name); !strings.HasPrefix(rel, "../../..") {
		return rel
	}
	return name
}

// relative is a path as arch.cue names it.
func (w *writer) relative(name string) string {
	rel, err := filepath.Rel(w.Dir, name)
	if err != nil {
		return name
	}
	return filepath.ToSlash(rel)
}
