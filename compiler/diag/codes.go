package diag

import "strings"

// Code is what there is to say about a code: `platc explain` and the reference print it.
type Code struct {
	ID      string // "E0201"
	Title   string // a clause, as in the table of the language
	Cause   string // why it happens
	Example string // an arch.cue that gives it; a shell session ("$ …") where the architecture alone cannot
	Fix     string // what to do

	Outside bool // it depends on more than the architecture: on the tree that is there, or on keys at hand
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

// Codes is every code, errors before warnings, in order. A code never changes its meaning, and is never reused.
func Codes() []Code {
	return []Code{
		{
			ID:    "E0101",
			Title: "CUE: syntax, reference or evaluation error",
			Cause: "CUE itself cannot read or evaluate the files: a bracket is missing, a name is not defined, two values of your own contradict each other, or the evaluation does not end. The message is CUE's, without values: the excerpt shows the place.",
			Example: `
name: "shop"
components: db: {kind: "postgresql", namespace: nowhere}
`,
			Fix: "Correct the place that is shown. `cue vet -c=false` of the same files shows the same mistake.",
		},
		{
			ID:    "E0102",
			Title: "field that the schema does not know",
			Cause: "There is no such field here: it is misspelt, belongs to another kind, or a closed definition of your own does not allow it.",
			Example: `
name: "shop"
components: db: {kind: "postgresql", namespace: "data", storage_sise: "10Gi"}
`,
			Fix: "Use the name that the help suggests; `platc explain KIND` lists all attributes. A field of your own may be hidden (`_x`), a definition (`#X`) or a `let`. Where your own definition is closed, open it with `...`.",
		},
		{
			ID:    "E0103",
			Title: "required field missing",
			Cause: "A field without a default is not set. The position is the key of the component that lacks it.",
			Example: `
name: "shop"
components: db: kind: "postgresql"
`,
			Fix: "Add the field. `platc explain KIND` shows which attributes are required.",
		},
		{
			ID:    "E0104",
			Title: "value of the wrong type, out of bounds, or not matching its pattern",
			Cause: "The field does not accept this value.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 80}
`,
			Fix: "Use a value that the help describes.",
		},
		{
			ID:    "E0105",
			Title: "unknown kind",
			Cause: "The library has no kind with this name.",
			Example: `
name: "shop"
components: db: {kind: "postgres", namespace: "data"}
`,
			Fix: "Use a name that `platc kinds` lists.",
		},
		{
			ID:    "E0106",
			Title: "value is not concrete",
			Cause: "The field holds a type, a bound or an open choice, so there is no value to build with. A default does not help: a field that you set needs a full value.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: int}
`,
			Fix: "Give one value, mark a default in your own definition (`*8080 | int`), or set the tag that it comes from with `-t key=value`.",
		},
		{
			ID:    "E0107",
			Title: "a setting that something needs is missing",
			Cause: "Something in the architecture needs a setting that is missing; or the build needs an environment variable or a file that it cannot read, or may not read under `--restrict-env`. The message names what needs it.",
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
			Fix: "Add the setting, or remove what needs it.",
		},
		{
			ID:    "E0108",
			Title: "invalid name",
			Cause: "Names are used for Kubernetes objects, databases, queues and modules, and must be valid there.",
			Example: `
name: "shop"
components: Orders: {kind: "fastapi", namespace: "orders", port: 8080}
`,
			Fix: "Choose a name that the help describes.",
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
			ID:    "E0110",
			Title: "a folder or file of your own that cannot be copied",
			Cause: "An attribute such as `app` names a folder or a file that is copied into the output. It must exist, be below 64 MiB and 10,000 files, and hold regular files that can be read alone: a symbolic link, a device or a socket is not copied. It must not change while platc builds. A Python package has an __init__.py. The path is relative to the file that says it, and never absolute.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 8080, app: "orders/app"}
`,
			Fix: "Do what the help says. Caches, bytecode, virtual environments, node_modules, .git and trees that platc wrote are left out, and may hold anything.",
		},
		{
			ID:    "E0111",
			Title: "a requirements.txt of your own that is not a list of pins",
			Cause: "The requirements.txt of an application's own package is merged with the pins of platc, so that the image is the same whenever it is built. Options of pip, other files, addresses and ranges of versions are not pins.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 8080, app: "app"}
-- app/__init__.py --
-- app/requirements.txt --
requests>=2
`,
			Fix: "Write one exact pin a line, such as httpx==0.28.1; `pip freeze` and `uv export` do.",
		},
		{
			ID:    "E0112",
			Title: "patches or extra files that do not fit",
			Cause: "A patch names a file or an object that the component does not have, or makes of its pods what Kubernetes cannot read, or a file of extra holds something else than Kubernetes objects that can be deployed with it.",
			Example: `
name: "shop"
components: orders: {
	kind: "fastapi", namespace: "orders", port: 8080
	patches: "fastapi.yaml": [{kind: "Deployment", metadata: name: "order", spec: minReadySeconds: 5}]
}
`,
			Fix: "Name a file of objects as it is below k8s/deploy/base of the component, and an object in it by kind and metadata.name. Secrets do not belong into files of extra.",
		},
		{
			ID:    "E0115",
			Title: "images.json is not what platc image writes",
			Cause: "images.json beside arch.cue is not JSON, was cut off, has conflict markers, names a component twice, or has a field that it does not have.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 8080}
-- images.json --
{"orders": {"tag": "1.4.0", "registry": "registry.example.com"}}
`,
			Fix: "Take the file from version control, and change it with `platc image set`.",
		},
		{
			ID:    "E0116",
			Title: "images.json names what the architecture has not",
			Cause: "images.json beside arch.cue names the image of a component that is not in the architecture, or that has none of its own: the images of servers belong to their kinds.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 8080}
-- images.json --
{"order": {"tag": "1.4.0"}}
`,
			Fix: "After a component was renamed, set its image anew; `platc image unset` takes a name out of the file.",
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
			Cause: "The library has no rule from the kind of the source to the kind of the target, so the link would have no meaning.",
			Example: `
name: "shop"
components: {
	db: {kind: "postgresql", namespace: "data", links: cache: {}}
	cache: {kind: "redis", namespace: "data"}
}
`,
			Fix: "Remove the link, or reverse it. `platc explain KIND` lists the kinds that a kind can link to.",
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
			Fix: "Set `startup: false` on one of the links, where the source can run without the target for a while.",
		},
		{
			ID:    "E0205",
			Title: "two components claim the same thing in the cluster",
			Cause: "Both would create an object with the same kind, namespace and name, or claim a name that must be unique in a cluster, such as an ingress class.",
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
			Cause: "A celery component needs exactly one redis or rabbitmq component as its broker, and an application can link to at most one celery component.",
			Example: `
name: "shop"
components: worker: {kind: "celery", namespace: "jobs"}
`,
			Fix: "Add the missing link, or remove the extra one.",
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
			Title: "attributes that cannot be combined",
			Cause: "Each value is valid on its own, but not together with the other.",
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
			ID:    "E0210",
			Title: "what goes into an image differs between environments",
			Cause: "One image is built of a component, tested in one environment and then promoted to the next: its source, requirements, packages, modules, Python, version and name cannot depend on the environment.",
			Example: `
name:         "shop"
environments: ["dev", "prod"]
_env:         *"dev" | string @tag(env)
components: orders: {
	kind:      "fastapi"
	namespace: "orders"
	port:      8080
	version:   [if _env == "prod" {"1.0.0"}, "1.1.0"][0]
}
`,
			Fix: "Set it without a tag. Sizes, replicas, domains, namespaces, variables and external servers may differ.",
		},
		{
			ID:    "E0211",
			Title: "a link to a server whose users are not made from here, without credentials",
			Cause: "The target has external without admin: platc cannot make a user there, so the link has to give one that the server has.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "db/orders": {}}
	db: {
		kind: "postgresql"
		external: {host: "db.example.com", cidr: ["10.20.0.0/16"]}
		database: orders: {}
	}
}
`,
			Fix: "Add `credentials: {user: \"orders\", password: {env: \"ORDERS_DB_PASSWORD\"}}` to the link, or `admin` to external.",
		},
		{
			ID:    "E0212",
			Title: "credentials for a server whose users platc makes",
			Cause: "A link gives credentials, but its target is deployed, or external with admin: platc makes the user, and draws the password.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "db/orders": credentials: {user: "orders", password: {env: "ORDERS_DB_PASSWORD"}}}
	db: {kind: "postgresql", namespace: "data", database: orders: {}}
}
`,
			Fix: "Leave out credentials.",
		},
		{
			ID:    "E0301",
			Title: "two links set the same environment variable to different values",
			Cause: "Two links, or a link and `env`, set the same variable to different values, and neither silently wins.",
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
			Title: "two sources pin the same Python requirement to different versions",
			Cause: "An environment can hold only one version of a package. A module of your own pins a different version from a link or the application itself.",
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
			ID:      "E0401",
			Outside: true,
			Title:   "no SOPS recipient and no key to create secrets with",
			Cause:   "Secrets are only ever written encrypted, and there is no recipient to encrypt them to.",
			Example: `
$ platc build --no-dev-key
`,
			Fix: "Create a key with `age-keygen -o keys.txt`, add its public key to `config.secrets.recipients`, and keep the file where SOPS looks for it (SOPS_AGE_KEY_FILE).",
		},
		{
			ID:      "E0402",
			Outside: true,
			Title:   "a secret changed but no private key can decrypt the existing file",
			Cause:   "A link was added or removed, so a secret file needs different entries; the ones to keep are in a file that cannot be decrypted here.",
			Example: `
$ SOPS_AGE_KEY_FILE= platc build
`,
			Fix: "Build on a machine that has the private key of one of the recipients: set SOPS_AGE_KEY_FILE, SOPS_AGE_KEY or SOPS_AGE_KEY_CMD. Restore a file that is damaged, or in the middle of a merge, from version control: `git checkout HEAD -- FILE`.",
		},
		{
			ID:      "E0403",
			Outside: true,
			Title:   "credentials that a running system may use would be replaced",
			Cause:   "Generated credentials exist only in the files of the last build. Here these are missing: the folder has no record of a build although recipients are configured, an archive is written without `--state`, or a file is gone whose password a running server still uses.",
			Example: `
$ platc build -o shop.tar
`,
			Fix: "Build into the tree from version control, restore the file (`git checkout HEAD -- FILE`), or pass the tree or archive of the last build with `--state`. For the very first build, when nothing is running yet, pass `--new-secrets`.",
		},
		{
			ID:      "E0501",
			Outside: true,
			Title:   "a file that platc wrote has been edited",
			Cause:   "The file differs from what platc last wrote, and a build would lose the edit. For a secret file, the message names the values that were set, added or removed, as far as a private key is available.",
			Example: `
$ platc build
$ echo "# mine" >> out/orders/Dockerfile
$ platc build
`,
			Fix: "Move the change into arch.cue or into an overlay of your own outside the output directory; `platc secrets set` sets a secret, `config.secrets.recipients` lists who can read them; `platc build --force` overwrites the file and lists it. After a merge conflict, take either side for the whole output directory (`git checkout --ours -- out`), resolve arch.cue, and build again.",
		},
		{
			ID:      "E0502",
			Outside: true,
			Title:   "a file that platc did not write is in the way",
			Cause:   "A file or folder that platc has no record of is where an output file has to go.",
			Example: `
$ mkdir -p out/orders && touch out/orders/Dockerfile
$ platc build
`,
			Fix: "Move it away, or build into another directory with `-o`. If platc wrote the file and only the record is lost, restore the record from version control, or let `--force` take the file over.",
		},
		{
			ID:      "E0503",
			Outside: true,
			Title:   "the output directory holds the tree of another architecture, or of other tags",
			Cause:   "A build would replace the files and secrets of something else: an architecture with another name, or the same one built with different tags that `@if` reads. Values, as in `-t key=value`, do not count.",
			Example: `
$ platc build
$ platc build -t prod
`,
			Fix: "Give each architecture, and each set of tags, an output directory of its own with `-o`. If the tree is to belong to this build from now on, `platc build --adopt` takes it over and keeps its credentials.",
		},
		{
			ID:      "E0504",
			Outside: true,
			Title:   "data would be left behind",
			Cause:   "A component or sub-component that owns data, such as a server with a volume, a database, a bucket, a topic or a queue, was removed, renamed, or moved to another namespace. Whatever replaces it starts empty; the data, and often the only password to it, would be left behind.",
			Example: `
$ platc build
$ sed -i 's/database: orders:/database: sales:/' arch.cue
$ platc build
`,
			Fix: "Undo the change; or move or give up the data, and record that in arch.cue: `retired: \"db/database/orders\": \"moved to sales on 2026-12-01\"`. A key covers everything below it. `--force` does not help here.",
		},
		{
			ID:      "E0505",
			Outside: true,
			Title:   "data in a format that the new version cannot read",
			Cause:   "The version, or another attribute, has changed so that the server would not start with its existing volume, or could not read what is on it.",
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
			Cause: "`config.registry.host` is not set, so images are named after a registry that does not exist.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 8080}
`,
			Fix: "Set `config: registry: {host: \"registry.example.com\", project: \"shop\"}`.",
		},
		{
			ID:    "W0111",
			Title: "placeholder git context",
			Cause: "`config.git.url` is not set, so the build Jobs clone from a URL that does not exist.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 8080}
`,
			Fix: "Set `config: git: {url: \"https://git.example.com/shop.git\", ref: \"main\"}`.",
		},
		{
			ID:    "W0112",
			Title: "public without auth",
			Cause: "A gateway, or a `service_type` of its own, exposes an application that does not authenticate its callers.",
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
			Fix: "Set `auth: \"api_key\"` on the application, or authenticate requests at the gateway and accept the warning.",
		},
		{
			ID:    "W0113",
			Title: "component without links",
			Cause: "Nothing links to the component, and it links to nothing: no network policy allows traffic to it. An application may be alone, and so may the only component. Nothing is said while a link has an error.",
			Example: `
name: "shop"
components: {
	db: {kind: "postgresql", namespace: "data"}
	site: {kind: "fastapi", namespace: "shop", port: 8000}
}
`,
			Fix: "Add the link that was meant, or remove the component.",
		},
		{
			ID:    "W0114",
			Title: "Prometheus or gateway outside a STRICT mesh",
			Cause: "The target accepts only mutual TLS from inside the mesh; this source is outside, so its requests are refused.",
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
			Cause: "The project behind the image no longer publishes images, not even for security fixes. The last one of MinIO has CVE-2025-62506: a user with restricted credentials of a service account can make unrestricted ones.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "files/invoices": {}}
	files: {kind: "minio", namespace: "storage", bucket: invoices: {}}
}
`,
			Fix: "Set `image` to one that you build and maintain: for MinIO from the source of RELEASE.2025-10-15T17-29-55Z or later (`go install github.com/minio/minio@RELEASE.2025-10-15T17-29-55Z`), where it is fixed. Or plan a replacement.",
		},
		{
			ID:      "W0116",
			Outside: true,
			Title:   "development identity in use",
			Cause:   "No recipient is configured, so secrets are encrypted to a key beside arch.cue, on this machine only.",
			Example: `
$ platc build
`,
			Fix: "Add the public keys of the team and of the cluster to `config.secrets.recipients` before anything is deployed. " +
				"Until then the key is `.platc/dev.agekey` beside arch.cue: keep a copy of it, and in that folder run `export SOPS_AGE_KEY_FILE=$PWD/.platc/dev.agekey` before you run `sops`. " +
				"`scripts/deploy.sh` finds the key by itself if the output is below that folder.",
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
			Cause: "The route matches any host name, because the link has no `subdomain`.",
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
			Cause: "`config.registry` has no user name and password, so images can only be pulled from a public registry, and not pushed anywhere.",
			Example: `
name: "shop"
config: registry: {host: "registry.example.com", project: "shop"}
components: orders: {kind: "fastapi", namespace: "orders", port: 8080}
`,
			Fix: "Set `username` and `password: {env: \"REGISTRY_PASSWORD\"}` or `{file: \"registry-password\"}`.",
		},
		{
			ID:    "W0120",
			Title: "plain-text secret in arch.cue",
			Cause: "A password, or a token in `git.url`, is in a file that is likely to be committed.",
			Example: `
name: "shop"
config: registry: {host: "registry.example.com", project: "shop", username: "robot", password: "hunter2"}
components: orders: {kind: "fastapi", namespace: "orders", port: 8080}
`,
			Fix: "Use `{env: NAME}` or `{file: PATH}` instead, and change the password.",
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
			Title: "queue and exchange with the same name",
			Cause: "A queue and an exchange with the same name are easily confused, in links and in permissions.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "events/queue/placed": {}}
	events: {kind: "rabbitmq", namespace: "messaging", queue: placed: {}, exchange: placed: {}}
}
`,
			Fix: "Rename one of them, for example after its purpose.",
		},
		{
			ID:      "W0123",
			Outside: true,
			Title:   "what an application keeps under its old name",
			Cause:   "An application was renamed, and its name is part of names that it uses elsewhere: its keys and queues in redis begin with it, and its consumer group is named after it. The application no longer finds what is under the old name.",
			Example: `
$ platc build
$ sed -i 's/orders:/sales:/' arch.cue
$ platc check --against out
`,
			Fix: "Keep the name, or let the application finish its work before you rename it.",
		},
		{
			ID:      "W0124",
			Outside: true,
			Title:   "variables that a second instance removes",
			Cause:   "An application links to a second component of the same kind, so its variables are named after both (`POSTGRES_DB_HOST`, `POSTGRES_PG_HOST`), and the plain names (`POSTGRES_HOST`) are gone. Generated modules read both; your own code may read the plain names.",
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
		{
			ID:    "W0126",
			Title: "a pin of your own in place of one of platc",
			Cause: "The attribute `requirements`, or the requirements.txt of an application's own package, pins a Python package to another version than the one that the generated code was written for and tested with. Your pin is taken.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 8080, requirements: ["pydantic==2.13.0"]}
`,
			Fix: "Run the emitted tests, or leave the pin out.",
		},
		{
			ID:    "W0127",
			Title: "attribute that another one makes unused",
			Cause: "An attribute is set, and another attribute of the component decides in its place. With `hpa` the HorizontalPodAutoscaler sets the number of pods, and `replicas` is not read.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 8080, hpa: true, replicas: 3}
`,
			Fix: "Leave it out, or set `hpa_min_replicas` and `hpa_max_replicas`. Where a definition sets `replicas` for all and some have `hpa`, accept the warning there.",
		},
		{
			ID:    "W0128",
			Title: "subdomain that holds the domain",
			Cause: "The host of a gateway link is `<subdomain>.<domain>`, and its `subdomain` ends in `config.domain` already, so that the host has it twice. No certificate and no DNS record will be for that.",
			Example: `
name: "shop"
config: domain: "shop.example.com"
components: {
	edge: {kind: "kong", namespace: "edge", gateway: public: links: orders: subdomain: "api.shop.example.com"}
	orders: {kind: "fastapi", namespace: "orders", port: 8080, auth: "api_key"}
}
`,
			Fix: "Write the part before the domain: `subdomain: \"api\"`.",
		},
		{
			ID:    "W0129",
			Title: "public host without TLS",
			Cause: "A gateway link has a host, and no `tls`: passwords, keys and sessions of its users can be read and changed on the way.",
			Example: `
name: "shop"
config: domain: "shop.example.com"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, auth: "api_key"}
	edge: {
		kind:      "kong"
		namespace: "edge"
		gateway: public: links: orders: subdomain: "api"
	}
}
`,
			Fix: "Set `tls: {secret: \"api-tls\"}` on the link or on its gateway. With `issuer`, cert-manager makes the certificate; else put it into that Secret. A gateway whose `service_type` is `ClusterIP` has something in front of it, and is not asked. An application that has a `service_type` of its own needs a gateway for that, unless it encrypts by itself.",
		},
		{
			ID:    "W0130",
			Title: "console published to everyone",
			Cause: "A gateway link leads to the console of a server, where its administrators log in, and lets in every address.",
			Example: `
name: "shop"
config: domain: "shop.example.com"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "events/queue/placed": {}}
	events: {kind: "rabbitmq", namespace: "events", queue: placed: {}}
	edge: {kind: "kong", namespace: "edge", links: events: {subdomain: "events", tls: secret: "events-tls"}}
}
`,
			Fix: "Set `allow` on the link to the addresses of those who need it, such as `[\"203.0.113.0/24\"]`; or remove the link, and use `kubectl port-forward`.",
		},
		{
			ID:    "W0131",
			Title: "metrics that the proxy of a mesh cannot read",
			Cause: "In a STRICT mesh a Prometheus scrapes the proxy of a pod, which merges the metrics of the server into its own. It asks without a password and in clear text, and gets none where the server demands either. There are no alerts on them then.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "docs/orders": {}}
	docs: {kind: "mongodb", namespace: "docs", mongo_db: orders: {}}
	prom: {kind: "prometheus", namespace: "monitoring", links: docs: {}}
	mesh: {kind: "istio", cni: true, links: {orders: {}, docs: {}, prom: {}}}
}
`,
			Fix: "Leave out `tls` on the server, since the mesh encrypts. If its metrics need a password, set `mtls: \"PERMISSIVE\"` on the link of the mesh to it, or accept the warning.",
		},
		{
			ID:    "W0132",
			Title: "`accept` of a warning that is not there",
			Cause: "`accept` of a component, or of `config`, names a warning that does not arise there any more, or arises elsewhere. It is only looked for where the architecture has no errors, and in all environments.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 8080, accept: W0112: "internal only"}
`,
			Fix: "Remove it, or put it where the warning arises. Where a definition of your own has it for all that use it, let the definition accept W0132 too.",
		},
		{
			ID:    "W0133",
			Title: "an even number of nodes that decide by majority",
			Cause: "A cluster that decides by majority goes on as long as more than half of its nodes are there: four nodes can lose one, as three can, and two can lose none. The last node costs a volume and a vote, and saves nothing.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "bus/mails": {}}
	bus: {kind: "rabbitmq", namespace: "data", replicas: 2, queue: mails: {}}
}
`,
			Fix: "Set `replicas` to an odd number.",
		},
		{
			ID:    "W0134",
			Title: "CUE file beside the architecture that is not read",
			Cause: "The architecture is a folder whose files name their package, and one file of it names none. CUE leaves that file out: what stands in it is not built. Or a file begins with `@if(prodd)`: no environment sets the tag, and one is called nearly so.",
			Example: `
name: "shop"
components: orders: {kind: "fastapi", namespace: "orders", port: 8080}
-- cache.cue --
components: cache: {kind: "redis", namespace: "data"}
`,
			Fix: "Begin the file with the same `package` as the others, or move it away; name an environment in `@if`, or give the tag with `-t`.",
		},
		{
			ID:    "W0135",
			Title: "a server elsewhere that could be at any address",
			Cause: "The attribute external has a range of all addresses, so the NetworkPolicies of its clients let them reach the whole Internet on that port.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: "db/orders": credentials: {user: "orders", password: {env: "ORDERS_DB_PASSWORD"}}}
	db: {
		kind: "postgresql"
		external: {host: "db.example.com", cidr: ["0.0.0.0/0"], tls: true}
		database: orders: {}
	}
}
`,
			Fix: "Name the range that the server is in.",
		},
		{
			ID:    "W0136",
			Title: "required on a link that nothing waits for",
			Cause: "The link attribute `required` says whether a new pod gets requests only once the target has answered it. A link that brings no module has no such check.",
			Example: `
name: "shop"
config: domain: "example.com"
components: {
	kong: {kind: "kong", namespace: "kong", links: orders: {required: false, subdomain: "orders"}}
	orders: {kind: "fastapi", namespace: "orders", port: 8080}
}
`,
			Fix: "Remove `required`.",
		},
		{
			ID:    "W0137",
			Title: "connections in clear text",
			Cause: "A server could encrypt what its clients say to it, and does not; and no mesh has both ends, which would. Whoever can listen between the nodes of the cluster reads passwords and data. One warning names all such servers, and who reaches them.",
			Example: `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: db: {}}
	db: {kind: "postgresql", namespace: "data"}
}
`,
			Fix: "Set `tls: true` on the server: cert-manager makes its certificate, and every client verifies it. Or link an `istio` to the server and to its clients.",
		},
		{
			ID:    "W0138",
			Title: "proxies trusted at every address",
			Cause: "A gateway takes the address of a client from what connects to it, if that is in `trusted_ips`. With a range of all addresses it is the client itself that says it, and passes `allow` and limits by address.",
			Example: `
name: "shop"
config: domain: "example.com"
components: {
	edge: {kind: "kong", namespace: "edge", trusted_ips: ["0.0.0.0/0"], links: orders: subdomain: "orders"}
	orders: {kind: "fastapi", namespace: "orders", port: 8080, auth: "api_key"}
}
`,
			Fix: "Name the addresses of the load balancer or the proxies in front of the gateway.",
		},
		{
			ID:    "W0139",
			Title: "deployed from a repository over plain HTTP",
			Cause: "A GitOps engine applies what it reads from `config.gitops.repo`. Over plain HTTP whoever is between it and the server can change that.",
			Example: `
name: "shop"
config: gitops: {tool: "flux", repo: "http://git.example.com/shop/deploy.git"}
components: cache: {kind: "redis", namespace: "data"}
`,
			Fix: "Use a URL with `https://` or `ssh://`.",
		},
		{
			ID:    "W0140",
			Title: "a component that does not run on one machine",
			Cause: "Every build writes local/compose.yaml, by which the architecture runs in containers on one machine. A kind in kinds/ beside arch.cue says with `local` in its manifests.cue how its components do; this one says nothing, so they are left out.",
			Example: `
$ cat kinds/board/manifests.cue
package board

manifests: {
	#self: _
	files: "k8s/deploy/base/kustomization.yaml": kustomization: {kind: "Kustomization"}
}
$ platc check
`,
			Fix: "Add `local: pods: true` where its pods run as they are, or name its services: see `local` in KINDS.md. `local: none: \"TEXT\"` says that nothing of it can run on one machine.",
		},
	}
}
