package compiler_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
)

// An architecture with a kind from elsewhere: evil, which is linked to cache and called by app, and has nothing to do with db.
const reachArch = `package s

name: "s"
config: registry: {host: "r.example.com", project: "x", username: "u", password: "secret-in-clear"}
components: {
	app: {kind: "fastapi", namespace: "a", port: 8080, auth: "api_key", links: {"db/d1": {}, evil: {}}}
	db: {kind: "postgresql", namespace: "d", database: d1: {}}
	cache: {kind: "redis", namespace: "c"}
	evil: {kind: "evil", namespace: "e", links: cache: {}}
}
`

const reachKind = `package evil

kind: {
	name: "evil"
	doc:  "A kind from elsewhere."
	provides: ["workload"]
	slots: ["logins"]
	attributes: {
		// Kubernetes namespace.
		namespace!: string
	}
	describe: {
		#self: _
		host: "evil"
		ports: web: {port: 8000, pods: "server"}
		pods: server: labels: app: "evil"
		%s
	}
}
`

const reachLinks = `package evil

links: {
	"fastapi -> evil": {
		doc: "The application asks."
		#from: _, #to: _, #identity: _
		ports: ["web"]
		identity: {scope: "component", style: "_"}
		out: {
			prefix: "EVIL"
			env: {HOST: #to.host, PASSWORD: #identity.password, %s}
		}
		in: parts: logins: [{user: #identity.user, password: #identity.password}]
		%s
	}
	"evil -> redis": {
		doc: "It keeps things."
		#from: _, #to: _, #identity: _
		ports: ["redis"]
		identity: {scope: "component", style: "_"}
		in: parts: users: [{user: #identity.user, password: #identity.password, owner: #from.component, applications: []}]
		out: {
			prefix: "CACHE"
			env: PASSWORD: #identity.password
			%s
		}
	}
}
`

const reachManifests = `package evil

manifests: {
	#self: _, #arch: _
	files: {
		"k8s/deploy/base/secret/evil.env": dotenv: [{comment: "own", vars: {OWN: secret: "\(#self.name)/x", for l in #self.parts.logins {"LOGIN": l.password}}}]
		"k8s/deploy/base/secret/cache.env": environment: {of: #self.name, without: []}
		%s
	}
}
`

// what a kind says in the places of the texts above
type reachCase struct{ describe, env, rule, out, files string }

func TestKindsFromElsewhereStayWithinReach(t *testing.T) {
	t.Parallel()
	dotenv := func(id string) string {
		return fmt.Sprintf(`"k8s/deploy/base/secret/more.env": dotenv: [{comment: "x", vars: X_PASSWORD: secret: %q}]`, id)
	}
	for name, c := range map[string]struct {
		reachCase
		want string // code and a part of the message; "": all is well
	}{
		"as it is": {},
		"a part that its kind cannot use": {reachCase{out: `}
		in: parts: monitors: [{x: 1}]
		out: {`}, `E0101: the rule "evil -> redis" gives cache what its kind redis cannot use`},
		"own secret in describe":               {reachCase{describe: `variables: [{comment: "x", vars: X: secret: "evil/y"}]`}, ""},
		"secret of a linked component":         {reachCase{files: dotenv("cache/probe")}, ""},
		"login to the registry":                {reachCase{files: `"k8s/deploy/base/secret/registry.json": json: auths: (#arch.registry.host): auth: base64: concat: [#arch.registry.username, ":", #arch.registry.password]`}, ""},
		"superuser of another component":       {reachCase{files: dotenv("db/admin")}, `E0109: the variable X_PASSWORD of evil names the secret "db/admin"`},
		"credential of others' link":           {reachCase{files: dotenv("app:db/database/d1")}, `E0109`},
		"the same in JSON":                     {reachCase{files: `"k8s/deploy/base/secret/x.json": json: {a: [{secret: "db/admin"}]}`}, `E0109: the file "k8s/deploy/base/secret/x.json" of evil names`},
		"hash of it":                           {reachCase{files: `"k8s/deploy/base/secret/x.json": json: {a: {secret: "evil/h", hash: "salted-sha256", of: {secret: "db/admin"}}}`}, `E0109`},
		"within a text":                        {reachCase{files: `"k8s/deploy/base/secret/x.json": json: {a: {concat: ["x", {base64: {secret: "db/admin"}}]}}`}, `E0109`},
		"password of the registry":             {reachCase{files: dotenv("config/registry/password")}, `E0109`},
		"login to another registry":            {reachCase{files: `"k8s/deploy/base/secret/registry.json": json: auths: "evil.example.com": password: #arch.registry.password`}, `E0109`},
		"registry beside a login":              {reachCase{files: `"k8s/deploy/base/secret/registry.json": json: {auths: {}, password: #arch.registry.password}`}, `E0109`},
		"variables of another component":       {reachCase{files: `"k8s/deploy/base/secret/x.env": environment: {of: "db", without: []}`}, `E0109: the file "k8s/deploy/base/secret/x.env" of evil holds the variables of db`},
		"in describe":                          {reachCase{describe: `variables: [{comment: "x", vars: X: secret: "db/admin"}]`}, `E0109: the variable X of evil names`},
		"in a rule, for the source":            {reachCase{env: `ADMIN: {secret: "db/admin"}`}, `E0109: the rule "fastapi -> evil" names the secret "db/admin"`},
		"in a rule, exported":                  {reachCase{out: `exports: x: {secret: "db/admin"}`}, `E0109`},
		"below .git":                           {reachCase{files: `".git/config": verbatim: "[core]"`}, `E0109: evil would write the file ".git/config"`},
		"below .GIT in a folder":               {reachCase{files: `"a/.GIT/config": verbatim: "[core]"`}, `E0109`},
		"below .platc":                         {reachCase{files: `".platc/manifest.json": verbatim: "{}"`}, `E0109`},
		"out of its folder":                    {reachCase{files: `"../db/Dockerfile": verbatim: "x"`}, `E0101: the file "../db/Dockerfile" of evil is not a path below`},
		"absolute":                             {reachCase{files: `"/etc/x": verbatim: "x"`}, `E0101`},
		"a module over the application's file": {reachCase{rule: `modules: ["evil/main.py"]`}, `E0205: app would have the file "src/main.py" twice`},
		"an object with a secret in clear":     {reachCase{files: `"k8s/deploy/base/x.yaml": objects: [{apiVersion: "v1", kind: "ConfigMap", metadata: name: "x", data: p: {secret: "evil/x"}}]`}, `E0101: the file "k8s/deploy/base/x.yaml" of evil names the secret`},
		"a secret in clear in a dotenv":        {reachCase{files: `"x.env": dotenv: [{comment: "x", vars: X: secret: "evil/x"}]`}, `E0101: the file "x.env" of evil holds the secret`},
		"a secret in clear in JSON":            {reachCase{files: `"x.json": json: {x: {secret: "evil/x"}}`}, `E0101: the file "x.json" of evil holds a secret`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			place(t, dir, "arch.cue", reachArch)
			place(t, dir, "kinds/evil/kind.cue", fmt.Sprintf(reachKind, c.describe))
			place(t, dir, "kinds/evil/links.cue", fmt.Sprintf(reachLinks, c.env, c.rule, c.out))
			place(t, dir, "kinds/evil/manifests.cue", fmt.Sprintf(reachManifests, c.files))
			place(t, dir, "kinds/evil/python/main.py", "x = 1\n")
			if got := reachErrors(dir); c.want == "" && len(got) > 0 || c.want != "" && !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, c.want) }) {
				t.Errorf("its errors are %q", got)
			}
		})
	}
}

// A component of the name of a section of config has no right to what is given there.
func TestAComponentCalledConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	place(t, dir, "arch.cue", strings.ReplaceAll(reachArch, "evil: ", "config: "))
	place(t, dir, "kinds/evil/kind.cue", fmt.Sprintf(reachKind, ""))
	place(t, dir, "kinds/evil/links.cue", fmt.Sprintf(reachLinks, "", "", ""))
	place(t, dir, "kinds/evil/manifests.cue", fmt.Sprintf(reachManifests, `"k8s/deploy/base/secret/more.env": dotenv: [{comment: "x", vars: X_PASSWORD: secret: "config/registry/password"}]`))
	got := reachErrors(dir)
	if len(got) != 1 || !strings.HasPrefix(got[0], `E0109: the variable X_PASSWORD of config names the secret "config/registry/password"`) {
		t.Errorf("its errors are %q", got)
	}
}

func place(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func reachErrors(dir string) []string {
	b := compiler.Check(compiler.Input{Dir: dir, Env: func(string) (string, bool) { return "", false }})
	var all []string
	for _, d := range b.Findings.Sorted() {
		if strings.HasPrefix(d.Code, "E") {
			all = append(all, d.Code+": "+d.Message)
		}
	}
	return all
}

// A kind reads nothing outside its folder, whatever links it has inside.
func TestKindsReadTheirFolderOnly(t *testing.T) {
	t.Parallel()
	const key = "../../.platc/dev.agekey"
	for _, c := range []struct{ at, link, files string }{
		{"files/link", key, `"notes.txt": copy: "files/link"`},
		{"files/link", "/etc/passwd", `"notes.txt": copy: "files/link"`},
		{"files/link", "../other/notes.txt", `"notes.txt": copy: "files/link"`},
		{"files/all/link", key, `"notes/": copy: "files/all/"`},
		{"files/x.tmpl", "../../arch.cue", `"notes.txt": template: "files/x.tmpl"`},
		{"python/evil_module/link.py", key, ""},
		{"more.cue", key, ""},
	} {
		t.Run(c.at+" to "+c.link, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			place(t, dir, "arch.cue", reachArch)
			place(t, dir, ".platc/dev.agekey", "AGE-SECRET-KEY-1\n")
			place(t, dir, "kinds/other/notes.txt", "x")
			place(t, dir, "kinds/evil/kind.cue", fmt.Sprintf(reachKind, ""))
			place(t, dir, "kinds/evil/links.cue", fmt.Sprintf(reachLinks, "", "", ""))
			place(t, dir, "kinds/evil/manifests.cue", fmt.Sprintf(reachManifests, c.files))
			file := filepath.Join(dir, "kinds/evil", filepath.FromSlash(c.at))
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			link := c.link
			if !filepath.IsAbs(link) {
				link = strings.Repeat("../", strings.Count(c.at, "/")) + link
			}
			if err := os.Symlink(link, file); err != nil {
				t.Fatal(err)
			}
			got := reachErrors(dir)
			if !slices.ContainsFunc(got, func(s string) bool {
				return strings.HasPrefix(s, "E0109: the kind evil has the file") && strings.Contains(s, "symbolic link")
			}) {
				t.Errorf("its errors are %q", got)
			}
		})
	}
}
