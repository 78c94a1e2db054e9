package bench

import (
	"fmt"
	"strings"
)

// Structured is an architecture of about n components as people write large ones, in three files by name: definitions with defaults, servers by a
// comprehension over a list, applications by comprehensions over what differs between them.
func Structured(n int) map[string]string {
	apps := max(1, n*6/10)
	servers := max(2, n-apps)
	var list strings.Builder
	for i := range apps {
		fmt.Fprintf(&list, "\t{i: %d, port: %d, db: %d, cache: %d},\n", i, 8000+i%1000, i%((servers+1)/2), i%(servers/2))
	}
	return map[string]string{
		"arch.cue": `package bench

name: "bench"
config: {registry: {host: "registry.example.com"}, git: {url: "https://git.example.com/bench.git"}}
components: {
	for d in #Servers if mod(d, 2) == 0 {"postgresql-\(div(d, 2))": #Database & {namespace: "data-\(mod(d, 20))"}}
	for d in #Servers if mod(d, 2) == 1 {"redis-\(div(d, 2))": #Cache & {namespace: "data-\(mod(d, 20))"}}
}
`,
		"definitions.cue": `package bench

import "list"

#Servers: list.Range(0, ` + fmt.Sprint(servers) + `, 1)
#Database: {
	kind:            "postgresql"
	namespace:       string
	max_connections: 5000
	database: {for name in ["d0", "d1"] {(name): {}}}
}
#Cache: {
	kind:      "redis"
	namespace: string
}
#Application: {
	kind:      "fastapi"
	namespace: string
	port:      >=1024 & <=65535
	replicas:  int | *1
	auth:      "api_key"
	cpu_limit: =~"^[0-9]+m$" | *"500m"
	rbac:      bool | *false
	links: {[string]: {}}
}
`,
		"applications.cue": `package bench

#Applications: [
` + list.String() + `]
components: {
	for a in #Applications {
		"app-\(a.i)": #Application & {
			namespace: "apps-\(mod(a.i, 50))"
			port:      a.port
			if mod(a.i, 3) == 0 {rbac: true}
			links: {"postgresql-\(a.db)/database/d\(mod(a.i, 2))": {}, "redis-\(a.cache)": {}}
		}
	}
}
`,
	}
}

// One is an architecture of one application that is linked to nothing.
func One() string {
	return "package bench\n\nname: \"bench\"\nconfig: {registry: {host: \"registry.example.com\"}, git: {url: \"https://git.example.com/bench.git\"}}\n" +
		"components: {\n\t\"app-0\": {\n\t\tkind: \"fastapi\"\n\t\tnamespace: \"apps\"\n\t\tport: 8000\n\t\treplicas: 1\n\t}\n}\n"
}

// Queues is one application that is linked to n queues of one broker.
func Queues(n int) string {
	var queues, links strings.Builder
	for i := range n {
		fmt.Fprintf(&queues, "\"q%d\": {}, ", i)
		fmt.Fprintf(&links, "\t\t\t\"broker/queue/q%d\": {}\n", i)
	}
	return "package bench\n\nname: \"bench\"\nconfig: {registry: {host: \"registry.example.com\"}, git: {url: \"https://git.example.com/bench.git\"}}\ncomponents: {\n" +
		"\tbroker: {\n\t\tkind: \"rabbitmq\"\n\t\tnamespace: \"data\"\n\t\tqueue: {" + queues.String() + "}\n\t}\n" +
		"\tapp: {\n\t\tkind: \"fastapi\"\n\t\tnamespace: \"apps\"\n\t\tport: 8000\n\t\tlinks: {\n" + links.String() + "\t\t}\n\t}\n}\n"
}
