package explain

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/load"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/emit"
	"platc.dev/platc/passes"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // collecting garbage was a third of the time; the program collects late as well
	os.Exit(m.Run())
}

// everyRemoval asks of each removal, not only of a sample.
var everyRemoval = os.Getenv("PLATC_WHY") == "all"

// thing is what a user can leave out of an architecture: a link, an attribute of one, an attribute of a node, a sub-component, a setting of config.
type thing struct{ node, link, attr string }

func (t thing) String() string {
	return strings.Join(slices.DeleteFunc([]string{t.node, t.link, t.attr}, func(s string) bool { return s == "" }), " ")
}

func thingOf(a atom) thing {
	switch {
	case a.edge != nil:
		return thing{a.edge.Source.ID, "-> " + a.edge.As, a.name}
	case a.node != nil:
		return thing{a.node.ID, "", a.name}
	}
	return thing{attr: ofConfig + a.name}
}

const ofConfig = "config."

// inexact lists the lines of which why does not yet name just what changes them: "example | file | line", each group below its reason. Whoever mends one
// takes it out.
const inexact = "testdata/inexact.txt"

func inexactLines(t *testing.T) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(inexact)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for entry := range strings.Lines(string(data)) {
		if !strings.HasPrefix(entry, "#") {
			all[strings.TrimSuffix(entry, "\n")] = true
		}
	}
	return all
}

// world is an architecture, and what it becomes when things are left out.
type world struct {
	t     *testing.T
	graph *ir.Graph         // as loaded: passes run on copies
	plain kind.Object       // what kinds see of an architecture of that name without config
	built map[string]*built // by what is left out; nil: it is no architecture any more
}

// built is a plan with its files.
type built struct {
	plan  *ir.Plan
	files map[string]*File
	texts map[string]map[string]int    // file -> text of a line -> how often
	diffs map[string]map[string]effect // file -> paths whose values are other or gone here
}

func newWorld(t *testing.T, dir string) *world {
	t.Helper()
	g, findings := load.Architecture(load.Source{Dir: dir, Env: func(string) (string, bool) { return "", false }, Hidden: &diag.Hidden{}})
	if findings.HasErrors() {
		t.Fatal(findings.Err())
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "arch.cue"), []byte("package plain\n\nname: \""+g.Name+"\"\ncomponents: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	plain, _ := load.Architecture(load.Source{Dir: dir, Env: func(string) (string, bool) { return "", false }, Hidden: &diag.Hidden{}})
	return &world{t, g, plain.Arch, map[string]*built{}}
}

// things are all that may be left out.
func (w *world) things() []thing {
	var all []thing
	for _, l := range w.graph.Links {
		all = append(all, thing{l.Source.ID, "-> " + l.Target, ""})
		for _, f := range l.Given.Fields {
			all = append(all, thing{l.Source.ID, "-> " + l.Target, f.Key})
		}
	}
	for _, n := range w.graph.Nodes {
		for _, f := range n.Given.Fields {
			if n.Kind.Attributes.Field(f.Key) != nil && f.Key != "namespace" {
				all = append(all, thing{n.ID, "", f.Key})
			}
		}
		if n.Parent != nil && !n.Implied {
			all = append(all, thing{n.ID, "", ""})
		}
	}
	if w.graph.ConfigGiven != nil {
		for _, f := range w.graph.ConfigGiven.Fields {
			all = append(all, thing{attr: ofConfig + f.Key})
		}
	}
	return all
}

// without is the architecture without some things; nil where it is none any more.
func (w *world) without(gone ...thing) *built {
	key := keyOf(gone)
	if b, ok := w.built[key]; ok {
		return b
	}
	findings := &diag.List{}
	g := copied(w.graph, gone, findings)
	w.configure(g, gone)
	p := ir.NewPlan(g)
	if !findings.HasErrors() {
		pass.Run(passes.Table(), &pass.Context{Graph: g, Plan: p, Findings: findings, Digest: digest}, nil)
	}
	w.built[key] = nil
	if p.Sealed && !findings.HasErrors() {
		w.built[key] = &built{p, allFiles(p), map[string]map[string]int{}, map[string]map[string]effect{}}
	}
	return w.built[key]
}

// configure leaves settings out of the config of a copy.
func (w *world) configure(g *ir.Graph, gone []thing) {
	for _, t := range gone {
		name, ok := strings.CutPrefix(t.attr, ofConfig)
		if !ok {
			continue
		}
		g.ConfigGiven = except(g.ConfigGiven, func(key string) bool { return key == name })
		seen := map[string]string{"images": "third_party"}[name] // how kinds see it
		if seen == "" {
			seen = name
		}
		g.Arch = maps.Clone(g.Arch)
		if g.Arch[seen] = w.plain[seen]; g.Arch[seen] == nil {
			delete(g.Arch, seen)
		}
		if name == "secrets" {
			g.Config.Recipients = nil
		}
	}
}

// digest is the hash of the bytes of a file.
func digest(_ string, row kind.Row) ([sha256.Size]byte, error) {
	f, err := (&emit.Writer{}).File(row.Path, "", row)
	return sha256.Sum256(f.Data), err
}

func keyOf(gone []thing) string {
	var words []string
	for _, t := range gone {
		words = append(words, t.String())
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// copied is a graph that passes may work on, without some things.
func copied(g *ir.Graph, gone []thing, findings *diag.List) *ir.Graph {
	c := &ir.Graph{
		Name: g.Name, Arch: g.Arch, Given: g.Given, GivenBy: g.GivenBy, Config: g.Config, Retired: g.Retired, Tags: g.Tags, Pos: g.Pos, Library: g.Library,
		Dir: g.Dir, Failed: maps.Clone(g.Failed), ComponentsPos: g.ComponentsPos, ConfigGiven: g.ConfigGiven,
	}
	nodes := map[*ir.Node]*ir.Node{}
	for _, n := range g.Nodes {
		if slices.Contains(gone, thing{n.ID, "", ""}) {
			continue
		}
		m := *n
		nodes[n] = &m
		c.Nodes = append(c.Nodes, &m)
		given := except(n.Given, func(key string) bool { return slices.Contains(gone, thing{n.ID, "", key}) })
		if len(given.Fields) == len(n.Given.Fields) {
			continue
		}
		m.Given = given
		known := except(given, func(key string) bool { return n.Kind.Attributes.Field(key) == nil })
		m.Attrs, _ = n.Kind.Attributes.Complete(known, kind.Place{Path: n.Path(), Subject: n.ID, KeyPos: n.Given.KeyPos}, findings).(kind.Object)
	}
	for _, m := range c.Nodes {
		m.Parent = nodes[m.Parent]
		var subs []*ir.Node
		for _, sub := range m.Subs {
			if nodes[sub] != nil {
				subs = append(subs, nodes[sub])
			}
		}
		m.Subs = subs
	}
	for _, l := range g.Links {
		if slices.Contains(gone, thing{l.Source.ID, "-> " + l.Target, ""}) || nodes[l.Source] == nil {
			continue
		}
		l.Given = except(l.Given, func(key string) bool { return slices.Contains(gone, thing{l.Source.ID, "-> " + l.Target, key}) })
		l.Source = nodes[l.Source]
		c.Links = append(c.Links, l)
	}
	return c
}

func except(g *kind.Given, gone func(key string) bool) *kind.Given {
	c := *g
	c.Fields = slices.DeleteFunc(slices.Clone(g.Fields), func(f *kind.Given) bool { return gone(f.Key) })
	return &c
}

// all are the files of a plan, each with its key.
func allFiles(p *ir.Plan) map[string]*File {
	all := map[string]*File{}
	for _, n := range append(p.Graph.Components(), nil) {
		for _, f := range files(p, n) {
			if f.decided.Value() {
				all[f.String()] = f
			}
		}
	}
	return all
}

// effect says what a removal does to a line.
type effect int

const (
	same effect = iota
	perhaps
	changed
)

// does says what a removal does to a line: it is changed where the value of its path is another or gone, or where no line of its file has its text any
// more. Where other lines have the same text, it is perhaps one that went.
func (w *world) does(f *File, l line, gone ...thing) effect {
	b := w.without(gone...)
	if b == nil {
		return perhaps
	}
	name := f.String()
	other := b.files[name]
	if other == nil {
		return changed
	}
	if document := documentOf(f); document != nil && l.path != nil {
		if b.diffs[name] == nil {
			b.diffs[name] = map[string]effect{}
			compare(document, documentOf(other), "", b.diffs[name])
		}
		if did := b.diffs[name][pathText(l.path)]; did != changed {
			return did
		}
		if l.to == 0 {
			return changed
		}
	}
	now, before := b.counted(w.t, other)[l.text], w.without().counted(w.t, f)[l.text]
	switch {
	case now == 0:
		return changed
	case now < before:
		return perhaps
	}
	return same
}

// counted is how often a file has each line.
func (b *built) counted(t *testing.T, f *File) map[string]int {
	name := f.String()
	if b.texts[name] != nil {
		return b.texts[name]
	}
	all := map[string]int{}
	b.texts[name] = all
	if !f.row.Secret && !sealed(f) {
		written, err := (&emit.Writer{}).File(f.Path, "", f.row)
		if err != nil {
			t.Fatal(err)
		}
		for text := range strings.Lines(string(written.Data)) {
			all[strings.TrimSuffix(text, "\n")]++
		}
		return all
	}
	lines, err := newOrigins(b.plan).lines(f)
	if err != nil && !errors.Is(err, errSealed) {
		t.Fatal(f, err)
	}
	for _, l := range lines {
		all[l.text]++
	}
	return all
}

// sealed says whether the lines of a file are known only when all else is written.
func sealed(f *File) bool {
	switch f.row.Content.(type) {
	case kind.Record, kind.Recipients, kind.Picture:
		return true
	}
	return false
}

func documentOf(f *File) any {
	switch c := f.row.Content.(type) {
	case kind.Objects:
		all := make([]any, len(c))
		for i, o := range c {
			all[i] = o
		}
		return kind.Object{"objects": all}
	case kind.Kustomization:
		return kind.Object{"kustomization": c.Object}
	case kind.JSON:
		return kind.Object{"json": c.Data}
	}
	return nil
}

func pathText(path []any) string {
	var b strings.Builder
	for _, word := range path {
		fmt.Fprintf(&b, "/%v", word)
	}
	return b.String()
}

// compare enters the paths of all values that are other or gone; items of lists are found again by what they are, by their names, or by their order.
func compare(before, after any, path string, other map[string]effect) {
	switch b := before.(type) {
	case map[string]any:
		a, ok := after.(map[string]any)
		if !ok || len(a) == 0 && len(b) > 0 {
			lost(before, path, changed, other)
			return
		}
		for key, item := range b {
			if next, ok := a[key]; ok {
				compare(item, next, path+"/"+key, other)
			} else {
				lost(item, path+"/"+key, changed, other)
			}
		}
	case []any:
		a, ok := after.([]any)
		if !ok || len(a) == 0 && len(b) > 0 {
			lost(before, path, changed, other)
			return
		}
		found := aligned(b, a)
		for i, item := range b {
			if at := fmt.Sprintf("%s/%d", path, i); found[i] < 0 {
				lost(item, at, changed, other)
			} else {
				compare(item, a[found[i]], at, other)
			}
		}
		for i, j := range twins(b, a, found) { // one of two equal items is gone: nobody knows which
			lost(b[i], fmt.Sprintf("%s/%d", path, i), perhaps, other)
			lost(b[j], fmt.Sprintf("%s/%d", path, j), perhaps, other)
		}
	default:
		if !reflect.DeepEqual(before, after) {
			other[path] = changed
		}
	}
}

// twins are the items that are gone or other, each with an equal one that is still there.
func twins(before, after []any, found []int) map[int]int {
	all := map[int]int{}
	stays := func(i int) bool { return found[i] >= 0 && reflect.DeepEqual(before[i], after[found[i]]) }
	for i, item := range before {
		if stays(i) {
			continue
		}
		for j, other := range before {
			if i != j && stays(j) && reflect.DeepEqual(item, other) {
				all[i] = j
			}
		}
	}
	return all
}

// aligned finds for each item of a list the one that it has become, -1 where there is none.
func aligned(before, after []any) []int {
	found, taken := make([]int, len(before)), map[int]bool{}
	for i := range found {
		found[i] = -1
	}
	for _, alike := range []func(x, y any) bool{reflect.DeepEqual, func(x, y any) bool { return nameOf(x) != "" && nameOf(x) == nameOf(y) }, renamed, func(x, y any) bool {
		_, xMap := x.(map[string]any)
		_, yMap := y.(map[string]any)
		return xMap && yMap && nameOf(x) == "" && nameOf(y) == ""
	}} {
		for i, x := range before {
			for j, y := range after {
				if found[i] < 0 && !taken[j] && alike(x, y) {
					found[i], taken[j] = j, true
				}
			}
		}
	}
	return found
}

// renamed says whether two objects are of one kind: one may have become the other.
func renamed(x, y any) bool {
	a, _ := x.(map[string]any)
	b, _ := y.(map[string]any)
	return a["metadata"] != nil && b["metadata"] != nil && a["kind"] == b["kind"]
}

// nameOf is what tells an item from others: the name of an object with its kind, or a name.
func nameOf(v any) string {
	o, _ := v.(map[string]any)
	if meta, ok := o["metadata"].(map[string]any); ok {
		return fmt.Sprint(o["kind"], meta["name"])
	}
	name, _ := o["name"].(string)
	return name
}

func lost(v any, path string, how effect, other map[string]effect) {
	other[path] = how
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			lost(item, path+"/"+key, how, other)
		}
	case []any:
		for i, item := range v {
			lost(item, fmt.Sprintf("%s/%d", path, i), how, other)
		}
	}
}

// examine asks of every line what it depends on, and holds it against what removals do; of one file, and one thing, in step.
func (w *world) examine(step int) {
	w.t.Helper()
	base := w.without()
	if base == nil {
		w.t.Fatal("the architecture has errors")
	}
	o, things := newOrigins(base.plan), w.things()
	known, found := inexactLines(w.t), map[string]bool{}
	lines := 0
	fail := func(file, text, format string, args ...any) {
		entry := path.Base(w.t.Name()) + " | " + file + " | " + text
		if found[entry] = true; !known[entry] {
			w.t.Errorf("%s | "+format, append([]any{entry}, args...)...)
		}
	}
	for i, name := range sorted(base.files) {
		if i%step != 0 {
			continue
		}
		f := base.files[name]
		written, err := o.lines(f)
		if err != nil && !errors.Is(err, errSealed) {
			w.t.Fatalf("%s: %v", name, err)
		}
		for _, l := range written {
			lines++
			if (l.at.File == "" || l.at.Line == 0) && name != "kustomization.yaml" && (name != "local/compose.yaml" || strings.HasPrefix(l.text, " ")) {
				fail(name, l.text, "it has no place in a kind")
			}
			named, ends := map[thing]bool{}, map[string]bool{} // whoever names a link, or an attribute, names the sub-component that it is of
			needed, either := causesOf(all(o.file(f), l.on))
			for _, c := range append(needed, either...) {
				named[thingOf(c.of)] = true
				ends[thingOf(c.of).node] = true
			}
			var extra, stuck []thing // named beyond what is needed; named and not to be left out alone
			isLink := false
			for k, t := range things {
				if k%step != 0 && !named[t] {
					continue
				}
				switch w.does(f, l, t) {
				case changed:
					if !named[t] && (t.link != "" || t.attr != "" || !ends[t.node]) {
						fail(name, l.text, "it does not name %s, but %v", t, sortedThings(named))
					}
				case same:
					if named[t] {
						extra, isLink = append(extra, t), isLink || t.attr == ""
					}
				case perhaps: // its name is neither missing nor too much
					if named[t] && w.without(t) == nil {
						stuck = append(stuck, t)
					}
				}
			}
			if isLink && len(stuck) == 0 && w.does(f, l, extra...) == same {
				fail(name, l.text, "it names %v, without which it is the same", extra)
			}
		}
	}
	w.t.Logf("%d lines, %d things, %d builds, %d lines inexact", lines, len(things), len(w.built), len(found))
	for entry := range known {
		if step == 1 && strings.HasPrefix(entry, path.Base(w.t.Name())+" | ") && !found[entry] {
			w.t.Errorf("%s is exact now: take it out of %s", entry, inexact)
		}
	}
}

func sortedThings(m map[thing]bool) []string {
	var all []string
	for t := range m {
		all = append(all, t.String())
	}
	slices.Sort(all)
	return all
}

func TestWhyNamesWhatChangesALine(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Glob("../../examples/*/arch.cue")
	if err != nil || len(examples) == 0 {
		t.Fatal(err)
	}
	if testing.Short() {
		examples = []string{"../../examples/shop/arch.cue"}
	}
	for _, file := range examples {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			t.Parallel()
			newWorld(t, filepath.Dir(file)).examine(stepOf(23))
		})
	}
	for name, source := range map[string]string{"words": words1, "common": words2, "own-code": ownCode, "metadata": words3, "stores": stores, "encrypted": encrypted} {
		if testing.Short() && name != "words" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "arch.cue"), []byte(source), 0o600); err != nil {
				t.Fatal(err)
			}
			newWorld(t, dir).examine(1)
		})
	}
}

func stepOf(sample int) int {
	if everyRemoval {
		return 1
	}
	return sample
}

// Names that are in files anyway.
const words1 = `package demo
name: "demo"
config: {registry: host: "r.example.com", git: url: "https://git.example.com/x.git"}
components: {
	app: {kind: "fastapi", namespace: "app", port: 8080, links: {cache: {}, "db/orders": access: "read", "bus/events": access: "write"}}
	cache: {kind: "redis", namespace: "app"}
	db: {kind: "postgresql", namespace: "data", database: orders: {}}
	bus: {kind: "kafka", namespace: "data", topic: events: {}}
}
`

const words2 = `package demo
name: "v1"
config: {registry: host: "r.example.com", git: url: "https://git.example.com/x.git"}
components: {
	server: {kind: "fastapi", namespace: "name", port: 8080, replicas: 3, links: {name: {}, "v1/app": {}, "v1/name": access: "read"}}
	app: {kind: "fastapi", namespace: "name", port: 8080, links: {name: {}, server: {}, "v1/app": access: "read"}}
	name: {kind: "redis", namespace: "v1"}
	v1: {kind: "postgresql", namespace: "v1", database: {app: {}, name: {}}}
	http: {kind: "prometheus", namespace: "http", links: {app: {}, v1: {}}}
}
`

const words3 = `package demo
name: "value"
config: {registry: host: "r.example.com", git: url: "https://git.example.com/x.git", domain: "example.org"}
components: {
	name: {kind: "fastapi", namespace: "metadata", port: 9000, hpa: true, links: {"spec/data": access: "write", "kind/q": {}, "kind/e": access: "write"}}
	spec: {kind: "mongodb", namespace: "spec", mongo_db: data: {}}
	kind: {kind: "rabbitmq", namespace: "spec", queue: {q: dead_letter: "dead", dead: {}}, exchange: e: {}}
	port: {kind: "apisix", namespace: "port", gateway: public: {}, links: name: {}}
	"k8s": {kind: "prometheus", namespace: "http", links: {name: {}, spec: {}, kind: {}}}
}
`

// Buckets with policies, a cluster of replicas, a service, a mesh.
const stores = `package demo
name: "base"
config: {registry: host: "r.example.com", git: url: "https://git.example.com/x.git", domain: "example.org"}
components: {
	web: {kind: "ingress", namespace: "edge", class: "nginx", links: {app: {}, svc: subdomain: "s"}}
	app: {kind: "fastapi", namespace: "app", port: 8080, custom_api: orders: {}, links: {"files/inbox": access: "read", "files/outbox": access: "write", "pg/main": access: "owner"}}
	svc: {kind: "service", namespace: "app", image: "nginx:1.27.1", ports: http: 8080, health: "/", links: app: {}}
	files: {kind: "minio", namespace: "store", bucket: {inbox: {}, outbox: {versioning: true}}}
	pg: {kind: "cnpg", namespace: "store", instances: 3, db: main: {}}
	mesh: {kind: "istio", namespace: "istio-system"}
}
`

// Certificates, a server that is there already, two applications with workers.
const encrypted = `package demo
name: "ext"
config: {registry: host: "r.example.com", git: url: "https://git.example.com/x.git"}
components: {
	app: {kind: "fastapi", namespace: "app", port: 8080, links: {"old/orders": {access: "read", credentials: {user: "u", password: {env: "PW"}}}, queue: {}, "bus/events": access: "write"}}
	old: {kind: "postgresql", namespace: "app", external: {host: "db.example.net", cidr: ["10.0.0.0/24"]}, database: orders: {}}
	queue: {kind: "redis", namespace: "app", tls: true}
	bus: {kind: "kafka", namespace: "data", tls: true, topic: {events: {kafka_partition_size: 3}, logs: {}}}
	w: {kind: "celery", namespace: "app", links: queue: {}}
	s: {kind: "fastapi", namespace: "other", port: 8081, auth: "api_key", links: {app: {}, w: {}, "bus/logs": access: "write"}}
	r: {kind: "gatewayapi", namespace: "edge", gateway: {name: "main", namespace: "infra"}, links: {s: subdomain: "s", app: subdomain: "a"}}
}
config: domain: "x.example.com"
`

// Code of one's own: processes with links of their own, secrets, variables of links, a migration, keys of callers, an image whose tag is a hash.
const ownCode = `package demo
name: "own"
config: {registry: host: "r.example.com", git: url: "https://git.example.com/x.git"}
components: {
	api: {
		kind: "fastapi", namespace: "app", port: 8080, auth: "api_key", secrets: SIGNING_KEY: length: 50
		command: ["python", "-m", "uvicorn"], requirements: ["httpx==0.28.1"]
		links: {"db/orders": {access: "owner", migrate: ["alembic", "upgrade", "head"], variables: DATABASE_URL: "{url}"}, work: {}}
		worker: consume: {command: ["python", "-m", "consume"], links: "bus/queue/jobs": access: "read"}
		job: tidy: {command: ["python", "-m", "tidy"], schedule: "0 3 * * *", links: cache: {}}
	}
	caller: {kind: "fastapi", namespace: "app", port: 8081, links: {api: {}, cache: {}}}
	web: {
		kind: "service", namespace: "web", image: "registry.example.com/web:1.4.0", ports: http: 8080, health: "/healthz"
		secrets: TOKEN: {}, links: {api: {}, "db/orders": {access: "read", variables: DSN: "{user}@{host}"}}
		worker: mail: {command: ["mail"], links: cache: {}}
	}
	work: {kind: "celery", namespace: "app", queues: ["work", "slow"], routes: "app.slow.*": "slow", beat: clean: {task: "app.clean", schedule: "0 3 * * *"}, links: cache: {}}
	cache: {kind: "redis", namespace: "data"}
	db: {kind: "postgresql", namespace: "data", database: orders: {}}
	bus: {kind: "rabbitmq", namespace: "data", queue: jobs: {}}
}
`

// TestLinesAreTheLinesOfTheFile holds what answers speak of against what is written.
func TestLinesAreTheLinesOfTheFile(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"own-kind", "everything"} {
		if testing.Short() && dir == "everything" {
			break
		}
		p := newWorld(t, filepath.Join("../../examples", dir)).without()
		o, writer := newOrigins(p.plan), &emit.Writer{}
		for name, f := range p.files {
			lines, err := o.lines(f)
			if f.row.Secret || errors.Is(err, errSealed) {
				continue
			}
			written, wrong := writer.File(f.Path, "", f.row)
			if err != nil || wrong != nil {
				t.Fatal(name, err, wrong)
			}
			var texts []string
			for _, l := range lines {
				texts = append(texts, l.text)
			}
			if got := strings.Join(texts, "\n"); got != strings.TrimSuffix(string(written.Data), "\n") {
				t.Errorf("%s: got\n%s\nwant\n%s", name, got, written.Data)
			}
		}
	}
}
