package diag

import "strings"

// Code is what there is to say about a code: `platc explain` and the reference print it.
type Code struct {
	ID      string // "E0201"
	Title   string // a clause, as in the table of the language
	Cause   string // why it happens
	Example string // an arch.cue that gives it; a shell session ("$ …") where the architecture alone cannot
	Fix     string // what to do
}

// Severity follows from the first letter of the code.
func (c Code) Severity() Severity { return severity(c.ID) }

func severity(code string) Severity {
	if strings.HasPrefix(code, "W") {
		return Warning
	}
	return Error
}

// Lookup is the entry of a code, in upper or lower case.
func Lookup(id string) (Code, bool) {
	for _, c := range Codes() {
		if strings.EqualFold(c.ID, id) {
			return c, true
		}
	}
	return Code{}, false
}

// Codes is every code, errors before warnings, in order. A code is for ever: it is never used for something else.
func Codes() []Code {
	return []Code{
		{
			ID:    "E0101",
			Title: "CUE: syntax, reference or evaluation error",
			Cause: "CUE itself cannot read or evaluate the files: a bracket is missing, a name is not defined, two values of your own contradict each other, or the evaluation has no end. The text is CUE's, without values: the excerpt shows the place.",
			Example: `
name: "shop"
components: db: {kind: "postgresql", namespace: nowhere}
`,
			Fix: "Correct the place that is shown. `cue vet -c=false` of the same files shows the same mistake.",
		},
		{
			ID:    "E0102",
			Title: "field that the schema does not know",
			Cause: "A field of this name does not exist at this place: it is misspelt, belongs to another kind, or a closed definition of your own does not allow it.",
			Example: `
name: "shop"
components: db: {kind: "postgresql", namespace: "data", storage_sise: "10Gi"}
`,
			Fix: "Use the name that the help suggests; `platc explain KIND` lists all attributes. A field of your own may be hidden (`_x`), a definition (`#X`) or a `let`. Where your own definition is closed, open it with `...`.",
		},
		{
			ID:    "E0103",
			Title: "required field missing",
			Cause: "A field that has no default was not given. The place is the key of the component that lacks it.",
			Example: `
name: "shop"
components: db: kind: "postgresql"
`,
			Fix: "Add the field. `platc explain KIND` shows which attributes are required.",
		},
		{
			ID:    "E0104",
			Title: "value of the wrong type, out of bounds, or not matching its pattern",
			Cause: "The value is not one that this field takes.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 80}
`,
			Fix: "Write a value that the help describes.",
		},
		{
			ID:    "E0105",
			Title: "unknown kind",
			Cause: "No kind of this name is in the library.",
			Example: `
name: "shop"
components: db: {kind: "postgres", namespace: "data"}
`,
			Fix: "Use a name that `platc kinds` lists.",
		},
		{
			ID:    "E0106",
			Title: "value is not concrete",
			Cause: "The field holds a type, a bound or an open choice, so there is no value to build with. This holds also where the field has a default: once it is given, it has to be given fully.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: int}
`,
			Fix: "Give one value, mark a default in your own definition (`*8080 | int`), or set the tag that it comes from with `-t key=value`.",
		},
		{
			ID:    "E0107",
			Title: "a setting is needed by something used",
			Cause: "Something in the architecture needs a setting that is not there, or an environment variable or a file that the configuration names cannot be read by the build that needs it, or may not be read with `--restrict-env`. The message names what needs it.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080}
	edge: {
		kind:      "kong"
		namespace: "edge"
		gateway: public: links: orders: subdomain: "api"
	}
}
`,
			Fix: "Add the setting, or leave out what needs it.",
		},
		{
			ID:    "E0108",
			Title: "a name breaks its rule",
			Cause: "Names become names of objects in the cluster, of databases, queues and modules, and have to follow their rules.",
			Example: `
name: "shop"
components: Orders: {kind: "fastapi", namespace: "orders", port: 8080}
`,
			Fix: "Choose a name as the help describes.",
		},
		{
			ID:    "E0109",
			Title: "a kind of your own reaches beyond its component",
			Cause: "A kind beside arch.cue may only read its own folder, write files below its component's folder, and use secrets of its component or of components that a link connects it to.",
			Example: `
name: "shop"
components: note: {kind: "note", namespace: "notes"}
-- kinds/note/kind.cue --
package note

kind: {
	name: "note"
	doc:  "A note."
	attributes: {
		// Kubernetes namespace.
		namespace!: string
	}
}
-- kinds/note/manifests.cue --
package note

manifests: files: ".git/config": verbatim: "[core]"
`,
			Fix: "Link the components, and use the credential of the link; or change the kind.",
		},
		{
			ID:    "E0201",
			Title: "link target not found",
			Cause: "No component or sub-component has the name that the link gives.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "db/ordrs": {}}
	db: {kind: "postgresql", namespace: "data", database: orders: {}}
}
`,
			Fix: "Correct the name, or declare what is missing. A target is written `component`, `component/name` or `component/sub-kind/name`.",
		},
		{
			ID:    "E0202",
			Title: "link target ambiguous",
			Cause: "Two sub-components of the component have this name.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "events/placed": {}}
	events: {kind: "rabbitmq", namespace: "messaging", queue: placed: {}, exchange: placed: {}}
}
`,
			Fix: "Write the kind of the sub-component too: `events/queue/placed`.",
		},
		{
			ID:    "E0203",
			Title: "no rule for a link between these kinds",
			Cause: "The library has no rule from the kind of the source to the kind of the target, so the link would mean nothing.",
			Example: `
name: "shop"
components: {
	db: {kind: "postgresql", namespace: "data", links: cache: {}}
	cache: {kind: "redis", namespace: "data"}
}
`,
			Fix: "Remove the link, or turn it round. `platc explain KIND` lists the kinds that a kind may link to.",
		},
		{
			ID:    "E0204",
			Title: "cycle of start-up dependencies",
			Cause: "A link makes its source wait for its target. Here components wait for each other, so none could start. The shortest cycle is shown.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: billing: {}}
	billing: {kind: "fastapi", namespace: "billing", port: 8080, links: orders: {}}
}
`,
			Fix: "Set `startup: false` on one of the links, where the source can do without the target for a while.",
		},
		{
			ID:    "E0205",
			Title: "two components claim the same thing in the cluster",
			Cause: "Both would make an object of the same kind, namespace and name, or take the same name that exists once in a cluster, such as an ingress class.",
			Example: `
name: "shop"
components: {
	public: {kind: "kong", namespace: "public"}
	internal: {kind: "kong", namespace: "internal"}
}
`,
			Fix: "Give one of them another name, namespace or class.",
		},
		{
			ID:    "E0206",
			Title: "wrong number of links",
			Cause: "A celery needs exactly one redis as its broker, and an application works for at most one celery.",
			Example: `
name: "shop"
components: worker: {kind: "celery", namespace: "jobs"}
`,
			Fix: "Add the missing link, or remove the one too many.",
		},
		{
			ID:    "E0207",
			Title: "two gateway links route the same host and path",
			Cause: "A request to this host and path could go to either target. Links without a host share one host per gateway component.",
			Example: `
name: "shop"
config: domain: "shop.example.com"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080}
	billing: {kind: "fastapi", namespace: "billing", port: 8080}
	edge: {
		kind:      "kong"
		namespace: "edge"
		gateway: public: links: {
			orders: subdomain:  "api"
			billing: subdomain: "api"
		}
	}
}
`,
			Fix: "Give one of the links another `subdomain` or `path`.",
		},
		{
			ID:    "E0208",
			Title: "attributes that exclude each other",
			Cause: "Each value is allowed by itself, but not together with the other one.",
			Example: `
name: "shop"
components: orders: {
	kind:      "fastapi"
	namespace: "orders"
	port:      8080
	pvc:       true
	hpa:       true
}
`,
			Fix: "Change one of the two, as the help says.",
		},
		{
			ID:    "E0301",
			Title: "two edges set one environment variable to different values",
			Cause: "Two links, or a link and `env`, give the same variable different values, and neither may win silently.",
			Example: `
name: "shop"
components: {
	orders: {
		kind:      "fastapi"
		namespace: "orders"
		port:      8080
		links: {
			"db/orders": primary:   true
			"other/orders": primary: true
		}
	}
	db: {kind: "postgresql", namespace: "data", database: orders: {}}
	other: {kind: "postgresql", namespace: "data", database: orders: {}}
}
`,
			Fix: "Rename one of them with `env` on the link, or set `primary: true` on just one link of that kind.",
		},
		{
			ID:    "E0302",
			Title: "two sources pin one Python requirement to different versions",
			Cause: "An environment holds one version of a distribution. A module of your own pins another one than a link or the application itself.",
			Example: `
name: "shop"
components: orders: {
	kind:      "fastapi"
	namespace: "orders"
	port:      8080
	custom_api: {
		a: requirements: ["rich==13.9.4"]
		b: requirements: ["rich==14.0.0"]
	}
}
`,
			Fix: "Use one version on both sides.",
		},
		{
			ID:    "E0303",
			Title: "custom_api collides with a built-in module, or differs from another only in case",
			Cause: "Both would be the same folder or the same route of the application.",
			Example: `
name: "shop"
components: orders: {
	kind:      "fastapi"
	namespace: "orders"
	port:      8080
	custom_api: kafka: {}
}
`,
			Fix: "Choose another name for the custom module.",
		},
		{
			ID:    "E0401",
			Title: "no SOPS recipient and no key to create secrets with",
			Cause: "Secrets are written encrypted only, and there is nobody to encrypt them to.",
			Example: `
$ platc build --no-dev-key
`,
			Fix: "Make a key with `age-keygen -o keys.txt`, write its public half into `config.secrets.recipients`, and keep the file where SOPS looks (SOPS_AGE_KEY_FILE).",
		},
		{
			ID:    "E0402",
			Title: "a secret changed but no private key can decrypt the existing file",
			Cause: "A link was added or removed, so a file of secrets needs other entries; the ones to keep are in a file that cannot be opened here.",
			Example: `
$ SOPS_AGE_KEY_FILE= platc build
`,
			Fix: "Build where a private key of one of the recipients is: set SOPS_AGE_KEY_FILE, SOPS_AGE_KEY or SOPS_AGE_KEY_CMD. A file that is damaged, or in the middle of a merge, comes back from version control: `git checkout HEAD -- FILE`.",
		},
		{
			ID:    "E0403",
			Title: "credentials would be drawn anew that a running system may have",
			Cause: "The files of the last build are the only place where generated credentials are. Here they are missing: the folder has no record of a build though recipients are configured, an archive is made without `--state`, or a file is gone whose password a running server keeps.",
			Example: `
$ platc build -o shop.tar
`,
			Fix: "Build into the tree that version control has, restore the file (`git checkout HEAD -- FILE`), or name the tree or archive of the last build with `--state`. For the first build of all, where nothing runs yet: `--new-secrets`.",
		},
		{
			ID:    "E0501",
			Title: "a file that platc wrote was edited since",
			Cause: "The file differs from what was written last, and a build would lose the edit. In files of secrets the values are named that were set, added or removed, as far as a private key is at hand.",
			Example: `
$ platc build
$ echo "# mine" >> out/orders/Dockerfile
$ platc build
`,
			Fix: "Move the change into arch.cue or into an overlay of your own outside the output directory; `platc secrets set` sets a secret, `config.secrets.recipients` says who reads them; `platc build --force` overwrites the file and lists it. After a merge with conflicts take either side for the whole output directory (`git checkout --ours -- out`), resolve arch.cue and build again.",
		},
		{
			ID:    "E0502",
			Title: "a file is in the way that platc did not write",
			Cause: "A file or folder stands where one of the output has to be, and platc has no record of it.",
			Example: `
$ mkdir -p out/orders && touch out/orders/Dockerfile
$ platc build
`,
			Fix: "Move it away, or build into another directory with `-o`. What platc made itself, and only its record is lost, `--force` takes over; better is the record from version control.",
		},
		{
			ID:    "E0503",
			Title: "the output directory holds the tree of another architecture, or of other tags",
			Cause: "A build would replace the files and secrets of something else: of an architecture with another name, or of the same one built with other tags of those that `@if` reads. Values, as in `-t key=value`, do not count.",
			Example: `
$ platc build
$ platc build -t prod
`,
			Fix: "Give each architecture, and each set of tags, an output directory of its own with `-o`. Where the tree is to be the one of this build from now on, `platc build --adopt` takes it over; its credentials are kept.",
		},
		{
			ID:    "E0504",
			Title: "data would be left behind",
			Cause: "A component or sub-component that owns data, such as a server with a volume, a database, a bucket, a topic or a queue, is gone, has another name, or is in another namespace. What has its name now begins empty; the data, and often the only password to it, would be left behind.",
			Example: `
$ platc build
$ sed -i 's/database: orders:/database: sales:/' arch.cue
$ platc build
`,
			Fix: "Undo the change; or move or give up the data, and say so in arch.cue: `retired: \"db/database/orders\": \"moved to sales on 2026-12-01\"`. A key covers what is below it. `--force` does not help here.",
		},
		{
			ID:    "E0505",
			Title: "data in a format that the new version does not read",
			Cause: "The version, or another attribute, has changed so that the server would not start on the volume that it has, or not read what is on it.",
			Example: `
$ platc build
$ sed -i 's|kind: "redis"|kind: "redis", image: "redis:8.10.1"|' arch.cue
$ platc build
`,
			Fix: "Go back to the old version, or upgrade as the help says; then write `retired: \"cache\": \"upgraded on 2026-12-01\"` into arch.cue. `--force` does not help here.",
		},
		{
			ID:    "W0110",
			Title: "placeholder registry",
			Cause: "`config.registry.host` is not set, so that images are named after a registry that does not exist.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 8080}
`,
			Fix: "Set `config: registry: {host: \"registry.example.com\", project: \"shop\"}`.",
		},
		{
			ID:    "W0111",
			Title: "placeholder git context",
			Cause: "`config.git.url` is not set, so that the build Jobs clone from a place that does not exist.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 8080}
`,
			Fix: "Set `config: git: {url: \"https://git.example.com/shop.git\", ref: \"main\"}`.",
		},
		{
			ID:    "W0112",
			Title: "gateway without auth",
			Cause: "A gateway makes an application public that asks nobody who they are.",
			Example: `
name: "shop"
config: domain: "shop.example.com"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080}
	edge: {
		kind:      "kong"
		namespace: "edge"
		gateway: public: links: orders: subdomain: "api"
	}
}
`,
			Fix: "Set `auth: \"api_key\"` on the application, or let the gateway check requests and accept the warning.",
		},
		{
			ID:    "W0113",
			Title: "component that no link touches",
			Cause: "Nothing links to the component and it links to nothing: no policy lets anybody reach it.",
			Example: `
name: "shop"
components: db: {kind: "postgresql", namespace: "data"}
`,
			Fix: "Add the link that was meant, or remove the component.",
		},
		{
			ID:    "W0114",
			Title: "Prometheus or gateway outside a STRICT mesh",
			Cause: "The target takes only mutual TLS from inside the mesh; this source is not in it, so its requests are refused.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080}
	prom: {kind: "prometheus", namespace: "monitoring", links: orders: {}}
	mesh: {kind: "istio", links: orders: {}}
}
`,
			Fix: "Link the mesh to the source too, or set `mtls: \"PERMISSIVE\"` on the mesh's link.",
		},
		{
			ID:    "W0115",
			Title: "upstream image no longer maintained",
			Cause: "The project behind the image publishes no more updates, so that security fixes stop.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "files/invoices": {}}
	files: {kind: "minio", namespace: "storage", bucket: invoices: {}}
}
`,
			Fix: "Set `image` to one that you maintain, or plan a replacement.",
		},
		{
			ID:    "W0116",
			Title: "development identity in use",
			Cause: "No recipient is configured, so secrets are encrypted to a key that lies beside arch.cue, on this machine only.",
			Example: `
$ platc build
`,
			Fix: "Write public keys of the team and of the cluster into `config.secrets.recipients` before anything is deployed. " +
				"Until then the key is `.platc/dev.agekey` beside arch.cue: keep a copy of it, and in that folder say `export SOPS_AGE_KEY_FILE=$PWD/.platc/dev.agekey` before you run `sops`. " +
				"`scripts/deploy.sh` finds the key by itself where the output is below that folder.",
		},
		{
			ID:    "W0117",
			Title: "namespace enforces less than `restricted`",
			Cause: "Something in the namespace cannot run under the pod security level `restricted`, so the whole namespace gets a weaker one.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 8080, pod_level_security: false}
`,
			Fix: "Remove what needs more rights, or give it a namespace of its own.",
		},
		{
			ID:    "W0118",
			Title: "gateway link without host",
			Cause: "The route answers to any host name, because the link has no `subdomain`.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080}
	edge: {
		kind:      "kong"
		namespace: "edge"
		gateway: public: links: orders: {}
	}
}
`,
			Fix: "Set `subdomain` on the link or on the gateway, and `config.domain`.",
		},
		{
			ID:    "W0119",
			Title: "registry without credentials",
			Cause: "`config.registry` has no user name and password, so that only a public registry can be pulled from, and none pushed to.",
			Example: `
name: "shop"
config: registry: {host: "registry.example.com", project: "shop"}
components: orders: {kind: "fastapi", namespace: "orders", port: 8080}
`,
			Fix: "Set `username` and `password: {env: \"REGISTRY_PASSWORD\"}` or `{file: \"registry-password\"}`.",
		},
		{
			ID:    "W0120",
			Title: "secret in clear in arch.cue",
			Cause: "A password, or a token in `git.url`, stands in a file that is likely to be committed.",
			Example: `
name: "shop"
config: registry: {host: "registry.example.com", project: "shop", username: "robot", password: "hunter2"}
components: orders: {kind: "fastapi", namespace: "orders", port: 8080}
`,
			Fix: "Write `{env: NAME}` or `{file: PATH}` in its place, and change the password.",
		},
		{
			ID:    "W0121",
			Title: "gateway path that also covers /metrics, /health or /ready",
			Cause: "The path of the link is a prefix of addresses that only the cluster should reach.",
			Example: `
name: "shop"
config: domain: "shop.example.com"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, auth: "api_key"}
	edge: {
		kind:      "kong"
		namespace: "edge"
		gateway: public: links: orders: {subdomain: "api", path: "/"}
	}
}
`,
			Fix: "Use a longer path, such as `/api`.",
		},
		{
			ID:    "W0122",
			Title: "queue and exchange of one name",
			Cause: "A queue and an exchange of the same name are easily taken for each other, in links and in permissions.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "events/queue/placed": {}}
	events: {kind: "rabbitmq", namespace: "messaging", queue: placed: {}, exchange: placed: {}}
}
`,
			Fix: "Name one of them differently, for example after what it is for.",
		},
		{
			ID:    "W0123",
			Title: "what an application kept below its old name",
			Cause: "An application has another name, and its name is part of names that it uses elsewhere: keys and queues in a redis begin with it, a consumer group is called like it. What is there below the old name is not found any more.",
			Example: `
$ platc build
$ sed -i 's/orders:/sales:/' arch.cue
$ platc check --against out
`,
			Fix: "Keep the name; or let the application finish its work before it gets the new one.",
		},
		{
			ID:    "W0124",
			Title: "variables that a second instance takes away",
			Cause: "An application links to a second component of one kind, so that its variables are named after both (`POSTGRES_DB_HOST`, `POSTGRES_PG_HOST`), and the plain names (`POSTGRES_HOST`) are gone. Generated modules read both; code of your own may read the plain names.",
			Example: `
$ platc build
$ sed -i 's/links: db: {}/links: {db: {}, pg: {}}/' arch.cue
$ platc check --against out
`,
			Fix: "Set `primary: true` on the link to the component that keeps the plain names.",
		},
		{
			ID:    "W0125",
			Title: "something that a kind of one's own declares and nothing uses",
			Cause: "A kind in kinds/ beside arch.cue declares what has no effect: a slot whose parts its manifests do not read, an attribute or a derived value that nothing reads, a port that nothing opens or serves, a capability that no rule names, a credential, a module or a file that nothing uses, pods without a NetworkPolicy, a secret that no object reads. What links bring, or users write, is then lost without a word.",
			Example: `
$ cat kinds/cache/kind.cue
package cache

kind: {
	name: "cache"
	doc:  "A cache."
	attributes: {
		// Kubernetes namespace.
		namespace!: string
		// Size of the cache.
		size: *"1Gi" | string
	}
}
$ platc check
`,
			Fix: "Use it where the help says, or leave it out.",
		},
	}
}
