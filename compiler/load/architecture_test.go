package load

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
)

// good is an architecture without a mistake.
const good = `	a: {kind: "fastapi", namespace: "a", port: 8080}`

// Each mistake is one finding, with the code and the place that docs/reference/LANGUAGE.md gives it.
func TestEachMistakeHasItsCodeAndPlace(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 41)
	for what, c := range map[string]struct {
		source string
		want   string // "CODE line:column"
		says   string
	}{
		"nothing is wrong": {arch(good), "", ""},

		// E0101: syntax, references, conflicts between the user's own values
		"a bracket is missing":         {"package shop\nname: \"shop\"\ncomponents: {", "E0101 3:13", "is not closed"},
		"a name is not defined":        {arch(`	a: {kind: "fastapi", namespace: nowhere, port: 8080}`), "E0101 4:34", `reference "nowhere" not found`},
		"two values of one field":      {arch(good + "\n\ta: port: 8081"), "E0101 4:45", "components.a.port has conflicting values 8081 and 8080"},
		"a value beside its own bound": {arch(`	a: {kind: "fastapi", namespace: "a", port: 8080 & <80}`), "E0101 4:52", "components.a.port has the invalid value 8080"},

		// E0102: closedness, ours or the user's
		"an unknown field on top":               {arch(good) + "neme: 1", "E0102 6:1", `did you mean "name"?`},
		"an unknown attribute":                  {arch(`	a: {kind: "fastapi", namespace: "a", prot: 1, port: 8080}`), "E0102 4:39", `did you mean "port"?`},
		"an unknown sub-kind":                   {arch(`	a: {kind: "postgresql", namespace: "a", databse: x: {}}`), "E0102 4:42", `did you mean "database"?`},
		"an attribute of a sub-component":       {arch(`	a: {kind: "postgresql", namespace: "a", database: x: {ownr: "y"}}`), "E0102 4:56", `did you mean "owner"?`},
		"a field inside an attribute":           {arch(`	a: {kind: "fastapi", namespace: "a", port: 8080, egress: [{cdir: "x"}]}`), "E0102 4:61", `did you mean "cidr"?`},
		"a setting":                             {arch(good) + `config: registry: hots: "x"`, "E0102 6:19", `did you mean "host"?`},
		"a closed definition of the user's own": {arch(`	a: #App & {hpa: true}`) + `#App: {kind: "fastapi", namespace: "a", port: 8080}`, "E0102 4:13", "`...`"},

		"a required attribute": {arch(`	a: {kind: "fastapi", namespace: "a", prot: 8080}`), "E0102 4:39", `did you mean "port"?`},

		// E0103: at the key of what lacks it
		"a missing kind":              {arch(`	a: {namespace: "a"}`), "E0103 4:2", "a has no kind"},
		"a missing attribute":         {arch(`	a: {kind: "postgresql"}`), "E0103 4:2", "a has no namespace, which is required"},
		"a missing name":              {"package shop\ncomponents: {}", "E0103 2:1", "the architecture has no name"},
		"missing components":          {"package shop\nname: \"shop\"", "E0103 2:1", "the architecture has no components"},
		"a password without its user": {arch(good) + `config: registry: {password: {env: "SET"}}`, "E0103 6:9", "config.registry has a password but no username"},

		// E0104: any other value that the schema refuses
		"a value out of bounds":          {arch(`	a: {kind: "fastapi", namespace: "a", port: 80}`), "E0104 4:45", "1024..65535"},
		"a value of a wrong type":        {arch(`	a: {kind: "fastapi", namespace: "a", port: "8080"}`), "E0104 4:45", `a's port is "8080"`},
		"a text for a struct":            {arch(`	a: "fastapi"`), "E0104 4:5", "a must be a struct"},
		"a kind that is no string":       {arch(`	a: {kind: 5, namespace: "a"}`), "E0104 4:12", "a has a kind that is not a string"},
		"no quantity":                    {arch(`	a: {kind: "postgresql", namespace: "a", storage_size: "1GiB"}`), "E0104 4:56", "a Kubernetes quantity"},
		"no member of an enumeration":    {arch(`	a: {kind: "fastapi", namespace: "a", port: 8080, auth: "basic"}`), "E0104 4:57", `"none" or "api_key"`},
		"no list":                        {arch(`	a: {kind: "celery", namespace: "a", queues: "x"}`), "E0104 4:46", ""},
		"null":                           {arch(`	a: {kind: "postgresql", namespace: "a", storage_class: null}`), "E0104 4:57", "storage_class is null"},
		"links that are not a struct":    {arch(`	a: {kind: "fastapi", namespace: "a", port: 8080, links: ["b"]}`), "E0104 4:58", "a's links must be a struct"},
		"a link that is no struct":       {arch(`	a: {kind: "fastapi", namespace: "a", port: 8080, links: b: true}`), "E0104 4:61", `a's link to "b" must be a struct`},
		"a sub-component that is none":   {arch(`	a: {kind: "postgresql", namespace: "a", database: x: 1}`), "E0104 4:55", "must be a struct"},
		"sub-components that are none":   {arch(`	a: {kind: "postgresql", namespace: "a", database: "x"}`), "E0104 4:52", "must be a struct"},
		"a name that is no string":       {"package shop\nname: 5\ncomponents: {}", "E0108 2:7", "name is not a string"},
		"components that are none":       {"package shop\nname: \"shop\"\ncomponents: []", "E0104 3:13", "must be a struct"},
		"a setting of a wrong form":      {arch(good) + `config: domain: "No Domain"`, "E0104 6:17", "a DNS name"},
		"config that is no struct":       {arch(good) + `config: 1`, "E0104 6:9", "config must be a struct"},
		"a secret of a wrong form":       {arch(good) + `config: registry: {username: "u", password: {name: "X"}}`, "E0104 6:45", "{env: NAME} or {file: PATH}"},
		"a secret with a misspelt field": {arch(good) + `config: registry: {username: "u", password: {evn: "X"}}`, "E0102 6:46", `did you mean "env"?`},
		"a version that is no exact one": {arch(`	a: {kind: "fastapi", namespace: "a", port: 8080, version: "latest"}`), "E0104 4:60", "an exact image tag"},

		"an unknown kind":        {arch(`	a: {kind: "fastap", namespace: "a"}`), "E0105 4:12", `did you mean "fastapi"?`},
		"the name of a sub-kind": {arch(`	a: {kind: "postgresql/database", namespace: "a"}`), "E0105 4:12", ""},

		// E0106: although there is a default
		"a type for a value":               {arch(`	a: {kind: "fastapi", namespace: "a", port: int}`), "E0106 4:45", "a's port is int"},
		"a choice for a value":             {arch(`	a: {kind: "fastapi", namespace: "a", port: 8080, auth: "none" | "api_key"}`), "E0106 4:57", ""},
		"a kind that is not concrete":      {arch(`	a: {kind: string, namespace: "a"}`), "E0106 4:12", "a's kind is string"},
		"a name that is not concrete":      {"package shop\nname: string\ncomponents: {}", "E0106 2:7", "name is string"},
		"a component that is not concrete": {arch(`	a: _`), "E0106 4:5", "a is _, which is not a concrete value"},
		"a link that is not concrete":      {arch(`	a: {kind: "fastapi", namespace: "a", port: 8080, links: b: _}`), "E0106 4:61", ""},
		"a secret that is not concrete":    {arch(good) + `config: registry: {username: "u", password: {env: string}}`, "E0106 6:51", ""},

		// E0107: what the settings name and is not there
		"a device": {arch(good) + `config: git: {username: "u", password: {file: "/dev/zero"}}`, "E0107 6:40", "is not a regular file"},
		"a folder": {arch(good) + `config: git: {username: "u", password: {file: "."}}`, "E0107 6:40", "is not a regular file"},

		// E0108: names of components and sub-components, name, namespace
		"a component with capitals":     {arch(`	Ab: {kind: "postgresql", namespace: "a"}`), "E0108 4:2", "DNS-1123 label of at most 40 characters"},
		"a component of 41 characters":  {arch(`	` + long + `: {kind: "postgresql", namespace: "a"}`), "E0108 4:2", ""},
		"a sub-component":               {arch(`	a: {kind: "postgresql", namespace: "a", database: Bad: {}}`), "E0108 4:52", `a has a database called "Bad"`},
		"a reserved sub-component":      {arch(`	a: {kind: "postgresql", namespace: "a", database: postgres: {}}`), "E0108 4:52", "is reserved"},
		"a namespace":                   {arch(`	a: {kind: "postgresql", namespace: "A"}`), "E0108 4:37", ""},
		"a namespace of 58 characters":  {arch(`	a: {kind: "postgresql", namespace: "` + strings.Repeat("x", 58) + `"}`), "E0108 4:37", "at most 57 characters"},
		"a namespace that is no string": {arch(`	a: {kind: "postgresql", namespace: 5}`), "E0108 4:37", ""},
		"the architecture's name":       {"package shop\nname: \"My Shop\"\ncomponents: {}", "E0108 2:7", "not a valid DNS-1123 label"},

		// E0208 between attributes of one component
		"a request above its limit": {arch(`	a: {kind: "postgresql", namespace: "a", cpu_request: 2}`), "E0208 4:55", "a has cpu_request 2 above cpu_limit 1"},
		"a limit below its request": {arch(`	a: {kind: "postgresql", namespace: "a", mem_limit: "1Mi"}`), "E0208 4:53", "a has mem_request 512Mi above mem_limit 1Mi"},

		"a secret in clear": {arch(good) + `config: registry: {username: "u", password: "p"}`, "W0120 6:45", "config.registry.password is in plain text"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := files{"arch.cue": c.source}.write(t)
			_, list := loaded(Source{Dir: dir, Args: []string{"arch.cue"}, Env: environ("SET=x", "EMPTY=")})
			got := strings.ReplaceAll(strings.Join(found(list), ", "), "arch.cue:", "")
			if got != c.want || !strings.Contains(said(list), c.says) {
				t.Errorf("%s, want %s, saying %q:\n%s", got, c.want, c.says, said(list))
			}
		})
	}
}

func TestAllMistakesAreReportedTogether(t *testing.T) {
	t.Parallel()
	_, list := files{"arch.cue": arch(`	a: {kind: "fastapi", namespace: "A", prot: 8080, port: 80, hpa: bool}
	Bad: {kind: "nothing", namespace: "b"}
	c: {kind: "postgresql", storage_size: "x", database: {Bad: {}, good: {owner: 5, ownr: "x"}}, links: 1}
	d: kind: "fastapi" & "postgresql"`) + "extra: 1\n"}.load(t)
	want := []string{
		"E0108 arch.cue:4:34", "E0102 arch.cue:4:39", "E0104 arch.cue:4:57", "E0106 arch.cue:4:66",
		"E0108 arch.cue:5:2", "E0105 arch.cue:5:14",
		"E0103 arch.cue:6:2", "E0104 arch.cue:6:40", "E0108 arch.cue:6:56", "E0104 arch.cue:6:79", "E0102 arch.cue:6:82", "E0104 arch.cue:6:102",
		"E0101 arch.cue:7:11", "E0102 arch.cue:9:1",
	}
	if got := found(list); !slices.Equal(got, want) {
		t.Errorf("%q\n%s", got, said(list))
	}
}

// What refers to a broken component goes on without it, and says no more.
func TestRefusedNodesAreKnownByName(t *testing.T) {
	t.Parallel()
	g, _ := files{"arch.cue": arch(`	a: {kind: "nothing"}
	b: 1
	c: {kind: "postgresql", namespace: "c", database: {Bad: {}, five: 5, good: {}}}`)}.load(t)
	for _, id := range []string{"a", "b", "c/database/Bad", "c/database/bad", "c/database/five"} {
		if !g.Failed[id] || g.Node(id) != nil {
			t.Errorf("%s: %v", id, g.Failed)
		}
	}
	if g.Node("c/database/good") == nil || len(g.Failed) != 5 {
		t.Errorf("%v", g.Failed)
	}
}

func TestGraphIsSortedAndComplete(t *testing.T) {
	t.Parallel()
	g, list := files{"arch.cue": arch(`	z: {kind: "fastapi", namespace: "z", port: 8080, links: {"db/orders": {access: "read"}, a: {}}}
	db: {kind: "postgresql", namespace: "data", database: {orders: {}, items: owner: "me"}}
	a: {kind: "rabbitmq", namespace: "a", exchange: e: links: q: {}, queue: q: {}}`)}.load(t)
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	var ids, links []string
	for _, n := range g.Nodes {
		ids = append(ids, n.ID)
	}
	for _, l := range g.Links {
		links = append(links, l.Source.ID+" -> "+l.Target+" "+l.Pos.String())
	}
	if !slices.Equal(ids, []string{"a", "a/exchange/e", "a/queue/q", "db", "db/database/items", "db/database/orders", "z"}) {
		t.Errorf("%q", ids)
	}
	if !slices.Equal(links, []string{"a/exchange/e -> q arch.cue:6:60", "z -> a arch.cue:4:90", "z -> db/orders arch.cue:4:59"}) {
		t.Errorf("%q", links)
	}
	if n := g.Node("db/database/items"); n.Attrs["owner"] != "me" || n.Parent != g.Node("db") || n.Kind.Name != "postgresql/database" || n.Pos.String() != "arch.cue:5:69" {
		t.Errorf("%+v", n)
	}
	if n := g.Node("z"); n.Attrs["hpa"] != false || n.Attrs["port"] != int64(8080) || n.Attrs["replicas"] != nil || n.Attrs["env"] == nil {
		t.Errorf("%v", n.Attrs)
	}
	if g.Name != "shop" || g.Pos.String() != "arch.cue:2:7" || g.Arch["name"] != "shop" {
		t.Errorf("%s %s %v", g.Name, g.Pos, g.Arch)
	}
}

func TestUsersDefaultsAreTaken(t *testing.T) {
	t.Parallel()
	g, list := files{"arch.cue": arch(`	a: #App & {hpa: *true | bool, image_of: _|_} | #App
	b: #App & {port: 9090, env: {A: *"x" | string}, egress: *[{cidr: "203.0.113.0/24", ports: [443]}] | [...]}`) +
		`#App: {kind: *"fastapi" | string, namespace: *"apps" | string, port: *8080 | int, ...}`}.load(t)
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	a, b := g.Node("a").Attrs, g.Node("b").Attrs
	if a["port"] != int64(8080) || a["namespace"] != "apps" || b["port"] != int64(9090) || b["env"].(map[string]any)["A"] != "x" || len(b["egress"].([]any)) != 1 {
		t.Errorf("%v\n%v", a, b)
	}
}

// A closed definition of the user's own limits what the user adds; our defaults come in all the same.
func TestClosedDefinitionsDoNotKeepOurDefaultsOut(t *testing.T) {
	t.Parallel()
	g, list := files{"arch.cue": arch(`	a: #App & {port: 8080}`) + `#App: close({kind: "fastapi", namespace: "apps", port: int})`}.load(t)
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	if g.Node("a").Attrs["cpu_request"] != "100m" {
		t.Errorf("%v", g.Node("a").Attrs)
	}
}

// Hidden fields, definitions and let are the user's own.
func TestUsersOwnFieldsAreLeftAlone(t *testing.T) {
	t.Parallel()
	g, list := files{"arch.cue": "package shop\nlet n = \"shop\"\n_port: 8080\n#X: {y: int}\nname: n\ncomponents: {\n\t_hidden: 5\n\t#Def: 1\n\ta: {kind: \"fastapi\", namespace: \"a\", port: _port, _own: 1, links: {_x: 1}}\n\topt?: 5\n}"}.load(t)
	if err := list.Err(); err != nil || len(g.Nodes) != 1 || len(g.Links) != 0 {
		t.Fatal(err, len(g.Nodes))
	}
}

func TestArchitectureIsReadFromWhatIsNamed(t *testing.T) {
	t.Parallel()
	folder := files{
		"cue.mod/module.cue": "module: \"example.com/shop@v0\"\nlanguage: version: \"v0.17.0\"\n",
		"arch.cue":           "package shop\nname: \"shop\"\ncomponents: a: {kind: \"fastapi\", namespace: \"a\", port: 8080}\n",
		"more.cue":           "package shop\ncomponents: b: {kind: \"redis\", namespace: \"b\"}\n",
		"deploy/arch.cue":    "package deploy\nimport \"example.com/shop/lib\"\nname: lib.name\ncomponents: {}\n",
		"lib/lib.cue":        "package lib\nname: \"imported\"\n",
		"two/one.cue":        "package one\nname: \"one\"\ncomponents: {}\n",
		"two/two.cue":        "package two\nname: \"two\"\ncomponents: {}\n",
		"kinds.txt":          "no CUE",
		"empty/x.txt":        "no CUE",
	}.write(t)
	for _, c := range []struct {
		args string
		name string // of the architecture, "" for an error
		dir  string // where .sops.yaml is looked for
		n    int    // components
	}{
		{"", "shop", "", 2},
		{".", "shop", "", 2},
		{"arch.cue", "shop", "", 1},
		{"./arch.cue", "shop", "", 1},
		{"arch.cue more.cue", "shop", "", 2},
		{"deploy", "imported", "deploy", 0},
		{"./deploy", "imported", "deploy", 0},
		{"deploy/arch.cue", "imported", "deploy", 0},
		{"example.com/shop/deploy", "imported", "deploy", 0},
		{"example.com/shop/deploy:deploy", "imported", "deploy", 0},
		{"./two:two", "two", "two", 0},
		{folder, "shop", "", 2},
		{filepath.Join(folder, "deploy"), "imported", "deploy", 0},
		{"two", "", "", 0},
		{"nowhere", "", "", 0},
		{"nowhere.cue", "", "", 0},
		{"example.com/other", "", "", 0},
		{"empty", "", "", 0},
		{"kinds.txt", "", "", 0},
		{"arch.cue deploy/arch.cue", "", "", 0},
	} {
		g, list := loaded(Source{Dir: folder, Args: strings.Fields(c.args)})
		if c.name == "" {
			if got := found(list); len(got) != 1 || !strings.HasPrefix(got[0], "E0101") || strings.Contains(said(list), folder) {
				t.Errorf("%q: %s", c.args, said(list))
			}
			continue
		}
		if err := list.Err(); err != nil || g.Name != c.name || g.Dir != filepath.Join(folder, c.dir) || len(g.Nodes) != c.n {
			t.Errorf("%q: %v, %+v", c.args, err, g)
		}
	}
}

func TestTagsAreSet(t *testing.T) {
	t.Parallel()
	dir := files{"arch.cue": arch(`	a: {kind: "fastapi", namespace: *"dev" | string @tag(env), port: int @tag(port,type=int)}`)}.write(t)
	g, list := loaded(Source{Dir: dir, Tags: []string{"env=live", "port=9090"}})
	if err := list.Err(); err != nil || g.Node("a").Attrs["namespace"] != "live" || g.Node("a").Attrs["port"] != int64(9090) {
		t.Errorf("%v", err)
	}
	for _, tags := range [][]string{{"evn=live", "port=1"}, {"port=x"}} {
		if _, list := loaded(Source{Dir: dir, Tags: tags}); len(found(list)) == 0 || !strings.HasPrefix(found(list)[0], "E0101") {
			t.Errorf("%v: %s", tags, said(list))
		}
	}
}

func TestFilesAreEmbedded(t *testing.T) {
	t.Parallel()
	source := "@extern(embed)\npackage shop\n_code: string @embed(file=routes.py,type=text)\nname: \"shop\"\ncomponents: a: {kind: \"fastapi\", namespace: \"a\", port: 8080, custom_api: x: fastapi_custom_route: _code}\n"
	for what, folder := range map[string]files{
		"alone":       {"arch.cue": source, "routes.py": "router = 1\n"},
		"in a module": {"arch.cue": source, "routes.py": "router = 1\n", "cue.mod/module.cue": "module: \"example.com/shop@v0\"\nlanguage: version: \"v0.17.0\"\n"},
	} {
		for _, args := range [][]string{nil, {"arch.cue"}} {
			g, list := folder.load(t, args...)
			if err := list.Err(); err != nil || g.Node("a/custom_api/x").Attrs["fastapi_custom_route"] != "router = 1\n" {
				t.Errorf("%s, %v: %v", what, args, err)
			}
		}
	}
}

func TestSchemaImportResolves(t *testing.T) {
	t.Parallel()
	module := "module: \"example.com/shop@v0\"\nlanguage: version: \"v0.17.0\"\n"
	source := "package shop\nimport \"platc.dev/platc/schema\"\nschema.#Architecture\nname: \"shop\"\ncomponents: a: {kind: \"fastapi\", namespace: \"a\", port: 80}\n"
	for what, c := range map[string]struct {
		files files
		arg   string
	}{
		"alone":               {files{"arch.cue": source}, "."},
		"a file alone":        {files{"arch.cue": source}, "arch.cue"},
		"in a folder":         {files{"deploy/arch.cue": source}, "deploy"},
		"in a module":         {files{"arch.cue": source, "cue.mod/module.cue": module}, "."},
		"below a module":      {files{"deploy/arch.cue": source, "cue.mod/module.cue": module}, "deploy/arch.cue"},
		"by its package path": {files{"deploy/arch.cue": source, "cue.mod/module.cue": module}, "example.com/shop/deploy:shop"},
		"laid out by init":    {files{"arch.cue": source, "cue.mod/module.cue": module, "cue.mod/pkg/platc.dev/platc/schema/architecture.cue": "package schema\n#Architecture: {name: int}\n", "cue.mod/pkg/platc.dev/platc/schema/more.cue": "package schema\n#Architecture: never: true\n"}, "."},
		"by another name":     {files{"arch.cue": strings.NewReplacer("import ", "import s ", "schema.#", "s.#").Replace(source)}, "."},
		"with its package":    {files{"arch.cue": strings.Replace(source, "platc/schema\"", "platc/schema:schema\"", 1)}, "."},
		"by a package of the user's": {files{
			"arch.cue": strings.NewReplacer("platc.dev/platc/schema", "example.com/shop/lib", "schema.#", "lib.#").Replace(source), "cue.mod/module.cue": module,
			"lib/lib.cue": "package lib\nimport \"platc.dev/platc/schema\"\n#Architecture: schema.#Architecture\n",
		}, "."},
		"by a file of the package above": {files{
			"arch.cue": "package shop\nimport \"platc.dev/platc/schema\"\nschema.#Architecture\n", "cue.mod/module.cue": module,
			"deploy/arch.cue": "package shop\n\n\nname: \"shop\"\ncomponents: a: {kind: \"fastapi\", namespace: \"a\", port: 80}\n",
		}, "./deploy"},
	} {
		_, list := c.files.load(t, c.arg)
		file := "arch.cue"
		if c.files["deploy/arch.cue"] != "" {
			file = filepath.Join("deploy", file)
		}
		if got := found(list); !slices.Equal(got, []string{"E0104 " + file + ":5:56"}) {
			t.Errorf("%s: %q\n%s", what, got, said(list))
		}
	}
}

func TestSecretsAreRead(t *testing.T) {
	t.Parallel()
	dir := files{
		"deploy/arch.cue": arch(good) + `config: {registry: {host: "r.example.com", username: "robot", password: {env: "TOKEN"}}, git: {url: "https://g.example.com/x.git", username: {env: "USER"}, password: {file: "key"}}}`,
		"deploy/key":      "line\r\n\n",
	}.write(t)
	g, list := loaded(Source{Dir: dir, Args: []string{"deploy/arch.cue"}, Env: environ("TOKEN=hunter2", "USER=me")})
	if len(list.Sorted()) != 0 {
		t.Fatal(said(list))
	}
	for id, want := range map[string]string{"config/registry/username": "robot", "config/registry/password": "hunter2", "config/git/username": "me", "config/git/password": "line"} {
		if text, finding := g.Given[id](); finding != nil || text != want {
			t.Errorf("%s: %v", id, finding)
		}
	}
	registry, git := g.Arch["registry"].(map[string]any), g.Arch["git"].(map[string]any)
	if registry["password"].(map[string]any)["secret"] != "config/registry/password" || registry["project"] != "shop" || git["ref"] != "main" || git["username"].(map[string]any)["secret"] != "config/git/username" {
		t.Errorf("%v", g.Arch)
	}
}

func TestSecretsInPlainTextAreWarnings(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		"": "",
		`config: {registry: {host: "r.example.com", username: "u", password: "p"}, git: url: "https://g.example.com/x"}`:                                          "W0120 6:69",
		`config: {registry: {host: "r.example.com", username: "u", password: {env: "SET"}}, git: url: "https://g.example.com/x"}`:                                 "",
		`config: {registry: {host: "r.example.com", username: "u", password: {env: "SET"}}, git: {url: "https://g.example.com/x", username: "u", password: "p"}}`: "W0120 6:147",
	} {
		dir := files{"arch.cue": arch(good) + config}.write(t)
		g, list := loaded(Source{Dir: dir, Env: environ("SET=x")})
		var got []string
		for _, d := range list.Sorted() {
			got = append(got, d.Code+" "+strings.TrimPrefix(d.Pos.String(), "arch.cue:"))
			if d.Severity != diag.Warning {
				t.Errorf("%+v", d)
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %q", config, got)
		}
		if (g.ConfigGiven == nil) != (config == "") {
			t.Errorf("%s: what was given of config is %v", config, g.ConfigGiven)
		}
	}
}

func TestFilesAreBounded(t *testing.T) {
	t.Parallel()
	dir := files{"arch.cue": arch(good)}.write(t)
	if err := os.Truncate(filepath.Join(dir, "arch.cue"), maxSize+1); err != nil {
		t.Fatal(err)
	}
	_, list := loaded(Source{Dir: dir})
	if got := found(list); len(got) != 1 || !strings.Contains(said(list), "arch.cue is 32 MiB, more than the limit of 32 MiB") {
		t.Errorf("%q %s", got, said(list))
	}
	_, list = files{"arch.cue": arch(good) + "_deep: " + strings.Repeat("[", 2100) + strings.Repeat("]", 2100)}.load(t)
	if got := found(list); !slices.Equal(got, []string{"E0101 arch.cue:6:1"}) || !strings.Contains(said(list), "is nested more than 2000 levels deep") {
		t.Errorf("%q %s", got, said(list))
	}
	_, list = files{"arch.cue": strings.Repeat("\x00{[(", 500)}.load(t)
	if got := found(list); len(got) == 0 || len(got) > maxErrors {
		t.Errorf("%d findings for a binary file", len(got))
	}
}

// TestTextsAreUTF8: CUE would read U+FFFD for what is no character, and all that is behind it stands elsewhere.
func TestTextsAreUTF8(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		arch(good) + "// caf\xe9 \xe9":                   "E0101 arch.cue:6:7",
		arch(good) + "_a: \"caf\xc3\xa9\"\n_b: \"\xc3\"": "E0101 arch.cue:7:6",
		"\xff\xfep\x00a\x00":                             "E0101 arch.cue:1:1",
		arch(good) + "_a: \"\ufffd\"":                    "",
	} {
		_, list := files{"arch.cue": text}.load(t)
		if got := found(list); strings.Join(got, ", ") != want || want != "" && !strings.Contains(said(list), "arch.cue is not UTF-8: the byte 0x") {
			t.Errorf("%q: %q, not %q: %s", text, got, want, said(list))
		}
	}
}
