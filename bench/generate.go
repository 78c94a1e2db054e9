package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Generate writes an architecture of about n components, the same for the same n and seed: six in ten are applications with two to four links,
// the rest the servers that they share. It obeys the connection budget of OUTPUT.md, ENV-16, and has no cycles.
func Generate(n int, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	g := &generator{r: r}
	apps := max(1, n*6/10)
	g.servers(max(1, n-apps-1))
	for i := range apps {
		g.application(i)
	}
	g.monitoring(apps)
	return "package bench\n\nname: \"bench\"\nconfig: {registry: {host: \"registry.example.com\"}, git: {url: \"https://git.example.com/bench.git\"}}\ncomponents: {\n" + g.b.String() + "}\n"
}

// monitoring writes a Prometheus for each two thousand applications: the NetworkPolicy of one for many more is larger than an object of Kubernetes may be.
func (g *generator) monitoring(apps int) {
	const most = 2000
	for first := 0; first < apps; first += most {
		suffix := ""
		if first > 0 {
			suffix = fmt.Sprintf("-%d", first/most)
		}
		fmt.Fprintf(&g.b, "\t\"prom%s\": {\n\t\tkind: \"prometheus\"\n\t\tnamespace: \"monitoring%s\"\n\t\tlinks: {", suffix, suffix)
		for i := first; i < min(apps, first+most); i++ {
			fmt.Fprintf(&g.b, "%q: {}, ", appName(i))
		}
		g.b.WriteString("}\n\t}\n")
	}
}

type generator struct {
	r       *rand.Rand
	b       strings.Builder
	targets [][]string // by family of server: what applications may link to
}

func appName(i int) string { return fmt.Sprintf("app-%d", i) }

// servers writes n servers of the kinds in turn, each with a few sub-components.
func (g *generator) servers(n int) {
	families := []struct {
		kind string
		subs func(server string) (text string, targets []string)
	}{
		{"postgresql", g.subs("database", "d", 3)},
		{"rabbitmq", g.subs("queue", "q", 4)},
		{"kafka", g.subs("topic", "t", 4)},
		{"redis", func(server string) (string, []string) { return "", []string{server} }},
		{"minio", g.subs("bucket", "bucket-", 3)},
		{"mongodb", g.subs("mongo_db", "m", 3)},
	}
	g.targets = make([][]string, len(families))
	for i := range n {
		f := families[i%len(families)]
		name := fmt.Sprintf("%s-%d", f.kind, i)
		text, targets := f.subs(name)
		capacity := ""
		if f.kind == "postgresql" {
			capacity = "\t\tmax_connections: 5000\n"
		}
		fmt.Fprintf(&g.b, "\t%q: {\n\t\tkind: %q\n\t\tnamespace: \"data-%d\"\n%s%s\t}\n", name, f.kind, i%20, capacity, text)
		g.targets[i%len(families)] = append(g.targets[i%len(families)], targets...)
	}
}

func (g *generator) subs(kind, prefix string, most int) func(string) (string, []string) {
	return func(server string) (string, []string) {
		var b strings.Builder
		var targets []string
		fmt.Fprintf(&b, "\t\t%s: {", kind)
		for i := range 1 + g.r.IntN(most) {
			fmt.Fprintf(&b, "%q: {}, ", fmt.Sprintf("%s%d", prefix, i))
			targets = append(targets, fmt.Sprintf("%s/%s/%s%d", server, kind, prefix, i))
		}
		b.WriteString("}\n")
		return b.String(), targets
	}
}

// application writes an application with two to four links, each to another family, so that names of variables stay plain.
func (g *generator) application(i int) {
	fmt.Fprintf(&g.b, "\t%q: {\n\t\tkind: \"fastapi\"\n\t\tnamespace: \"apps-%d\"\n\t\tport: %d\n\t\treplicas: 1\n\t\tauth: \"api_key\"\n\t\tcpu_limit: \"%dm\"\n\t\trbac: %t\n\t\tlinks: {\n", appName(i), i%50, 8000+i%1000, 500+i%10*100, i%3 == 0)
	for _, family := range g.r.Perm(len(g.targets))[:2+g.r.IntN(3)] {
		if targets := g.targets[family]; len(targets) > 0 {
			fmt.Fprintf(&g.b, "\t\t\t%q: {}\n", targets[g.r.IntN(len(targets))])
		}
	}
	g.b.WriteString("\t\t}\n\t}\n")
}
