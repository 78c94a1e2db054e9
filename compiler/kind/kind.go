package kind

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/value"
)

// Object is data of a kind as decoded from CUE: maps of string to any, []any, string, int64, float64, bool, nil.
type Object = map[string]any

// Kind is a kind of component or sub-component.
type Kind struct {
	Name, Title, Doc string           // "postgresql", "PostgreSQL"; "postgresql/database" for a sub-kind
	Parent           string           // the kind that this is a sub-kind of, or ""
	Process          bool             // of a sub-kind: its nodes are processes of their component, whose links they have beside their own
	Provides         []string         // capabilities that a rule may name in place of a kind, as "@workload"
	Attributes       *Type            // a struct
	AtMost           [][2]string      // pairs of quantities: the first may not exceed the second
	OneOf            [][]string       // groups of attributes, of each of which exactly one is given
	Subs             map[string]*Kind // by short name: "database"
	Names            NameRule         // of sub-components
	StandsFor        *StandsFor       // what a Compose file runs in its place, or nil
	Implied          *Implied         // what a link to the whole component means, or nil
	Slots            []string         // part slots that the manifests read
	System           *Pattern         // names of variables that the system or its image reads, which no link may set; nil: SystemVariables
	Starts           bool             // its image does not start without the variables of its links, by their names
	Counts           []Count          // bounds on the number of links
	Rows             []Row            // the file table without content, in order of path
	Assets           fs.FS            // python/ and files/; nil for a sub-kind
	Describe         func(self, parent, arch Object) (Description, error)
	Context          func(self, arch Object) ([]Row, error) // the rows of the build context of its image; nil where it has none
	Manifests        func(self, arch Object) ([]Row, error) // the other rows; nil for a sub-kind
	Own              bool                                   // a user's own, not a built-in one
	PodsAt           map[string]diag.Pos                    // of a user's own: where its groups of pods are written
	NamedAt          map[string]diag.Pos                    // of a user\'s own: where at_most and one_of name its attributes
	Pos              diag.Pos                               // in the library, for findings in a user's own kind
}

// SystemVariables are the names of variables that the system reads in any image.
const SystemVariables = "^(PATH|HOSTNAME|PWD|LD_.*|KUBERNETES_.*)$"

// IsSystem says whether the system or the image of a component reads a variable.
func (k *Kind) IsSystem(name string) bool {
	if k.System != nil {
		return k.System.MatchString(name)
	}
	return (&Pattern{Text: SystemVariables}).MatchString(name)
}

// NameRule is what the names of sub-components must match.
type NameRule struct {
	Pattern *Pattern // nil: any
	Not     []string // reserved names
	Help    string   // the rule in words
}

// Check says what is wrong with a name, "" if nothing is.
func (r NameRule) Check(name string) string {
	switch {
	case slices.Contains(r.Not, name):
		return "is reserved"
	case r.Pattern != nil && !r.Pattern.MatchString(name):
		return "is not " + r.Help
	}
	return ""
}

// Instead is what to write in place of a name that Check refuses.
func (r NameRule) Instead(name string) string {
	switch {
	case !slices.Contains(r.Not, name):
		return "use " + r.Help
	case len(r.Not) > 10:
		return "choose another name: " + r.Help
	}
	return "choose another name: " + strings.Join(r.Not, ", ") + " are reserved"
}

// StandsFor is what a Compose file runs in the place of a component of the kind, for `platc init --from`.
type StandsFor struct {
	Images    []string            // repositories, without docker.io/library/; "*": every one that no other kind stands for
	Version   string              // the attribute that takes the version in the tag; "": none
	Sub       string              // the sub-kind that applications link to; ""; they link to the component
	Named     string              // the field of a link that is the name of that sub-component
	Address   string              // the field of a link that is the address with its port; "": {host}:{port}
	Variables map[string][]string // fields of a link, and the variables of the image that hold the same: password, POSTGRES_PASSWORD
	Query     map[string]string   // parameters of a URL that a field of the link decides
}

// Implied is the sub-component that a link to a whole component means.
type Implied struct {
	Sub  string // short name of the sub-kind
	Name string // "_" or "-": what the source's name is reduced with
}

// Count bounds the links of one component.
type Count struct {
	Out       bool   // links that it is the source of; else the target
	Other     string // the kind at the other end
	PerSource bool   // counted per source, over all components of this kind
	Min, Max  int    // Max 0: no bound
	Code      string
	Message   string // follows the component's name
	Help      string
}

// Description is what a node offers, from its attributes alone.
type Description struct {
	Host          string
	External      *External // it is there already, and not deployed; nil: it is
	Image         *Image    // that the application is made of; nil: none of its own
	Ports         map[string]Port
	Pods          map[string]Pods
	Services      []string // that an operator makes, beside those of the table
	Cleartext     []Cleartext
	Derived       Object
	Settings      map[string]value.Value // variables of the component's ConfigMap
	Variables     []Group                // secret variables of its own, beside those of its links
	Claims        []Claim
	Findings      []Finding
	Level         *Level
	Capacity      map[string]Capacity
	Data          []Data
	Exposes       []Exposure
	Requirements  []string // pins
	Overrides     []string // pins that win over those of kinds and rules
	Seams         []Seam
	Rollout       []any // strings "type/name", or objects {job}, {resource, condition}
	Prerequisites []Object
	Notes         []string
	Trace         Trace
}

// Exposure is who reaches a component beside its links, or its target by a link.
type Exposure struct {
	From       string   // "internet", "nodes", "cluster", "namespace watch"
	By         string   // "a route of api", "ingress_from"
	Host, Path string   // of a route; Host is "" where every name leads to it
	TLS        bool     // as far as the architecture knows
	Allow      []string // addresses, or labels of pods, that alone get through; none: everyone there
	Auth       string   // what callers are asked for: "none", "api_key", "login", or "own" where the application alone knows
}

// External is a server that somebody else runs.
type External struct {
	At    string // "db.example.com:5432"
	Given bool   // its users are there too, and links say which; else links make theirs, whose names begin with that of the architecture
}

// Image is the image of an application.
type Image struct {
	Name    string // with the registry, without a tag: "registry.example.com/shop/orders"
	Version string // what its tag begins with: "1.4.0"
	Context string // folder of the build context below that of the component; "": that itself
	Foreign bool   // another build makes it: it is named as arch.cue says, but where images.json says another one
}

// Seam is a place where files of the user's own join the component, if they have it.
type Seam struct {
	Name  string // "setup"
	Of    string // the attribute that names the files
	Finds string // a top-level name of the Python package; "": what File says
	File  string // a file of the folder, or a folder with files when it ends in /
}

// Port is a port of a group of pods.
type Port struct {
	Port int    // of the pods, not of the Service
	Pods string // group
}

// Cleartext is a port whose connections an attribute could encrypt, and does not.
type Cleartext struct {
	Port   string // its name
	Unless string // a mark that says, of both ends of a connection, that something else encrypts it; "": nothing does
}

// Pods is a group of pods of a component.
type Pods struct {
	Labels  map[string]string
	Account string // ServiceAccount; the component's name where empty
	Process string // the process that runs in them, as "worker/mails"; "": the component itself

	// of a server that is not deployed
	Namespace string   // of the pods; "": the component's
	Addresses []string // ranges of addresses in place of pods, such as "10.20.0.0/16"
}

// Level is the pod-security level that a component needs, if below restricted.
type Level struct{ Enforce, Reason string }

// Capacity is an amount that the edges of a component use together.
type Capacity struct {
	Limit int
	What  string // "connections of db"
}

// Data is storage that a node owns, and that stays when the node goes.
type Data struct {
	What, Namespace, Object string // "database", "data", "orders"
	Format                  string // another one cannot be read; "": any can
	Upgrade                 string // how data of another format is brought along
	Attribute               string // that decides on the format
}

// Kept is what the source of an edge keeps at the target below a name that is made of the source's.
type Kept struct{ What, Object string }

// Claim says that a name is taken.
type Claim struct {
	Key, Within, What, Code, Attribute, Help string
	Owner                                    string // claims of one owner do not collide; "": each stands alone
	Reach                                    string // how far it is one name beyond the architecture: ReachCluster, ReachWorld; "": not at all
}

// How far a claim reaches.
const (
	ReachCluster = "cluster" // no other environment in the same cluster may have it
	ReachWorld   = "world"   // no other environment may have it, wherever it runs
)

// Finding is a diagnostic of a kind or a rule; the compiler adds position and path.
type Finding struct {
	Code, Message, Help, Attribute string
	At                             string // of a rule: "from" or "to" where Attribute is one of that node; "": of the link
}

// Group is variables under one comment.
type Group struct {
	Comment string
	Vars    map[string]value.Value
}

// Row is a file: a row of a kind's table, or of a plan.
type Row struct {
	Path    string // relative to the component's folder, or to the root for a file of the whole tree
	When    *When  // nil: always
	Mode    string // "0755", or "" for 0644
	Secret  bool   // SOPS encrypts it: it holds a secret, or a Secret is made of it
	Role    Role   // of a Kustomization
	Context bool   // it belongs to the build context of the component's image, whose tag is made of it
	Yields  bool   // a file of that name that the user had before stays

	Environment string // of a file of the whole tree: the one that it belongs to; "": all share it
	Pos         diag.Pos
	Told        string  // a sum of all that its content was told from, which is in no two tables; "": nobody knows
	Trace       Trace   // its paths begin with the name of the content, as "objects", 0, "spec"
	Content     Content // nil in a table that was not asked about a component, and where When does not hold
}

// LocalVariable is the environment variable in which local/compose.yaml expects one variable of an encrypted file, whose name has the component in front.
func LocalVariable(file, name string) string {
	component, rest, _ := strings.Cut(file, "/")
	stem := path.Base(strings.TrimSuffix(rest, path.Ext(rest)))
	return "PLATC_" + strings.ToUpper(strings.Join([]string{upper(component), upper(stem), upper(name)}, "__"))
}

// LocalPort is the environment variable in which local/compose.yaml expects the port of the machine for one of a service.
func LocalPort(service string, port int) string {
	return "PLATC_PORT_" + strings.ToUpper(upper(service)) + "_" + strconv.Itoa(port)
}

// upper is a text of letters, digits and _.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z' {
			return '_'
		}
		return r
	}, s)
}

// Encryptable says whether SOPS can encrypt a file: its content value by value, and its path by the rules of .sops.yaml (OUTPUT.md, SEC-02).
func (r Row) Encryptable() bool {
	switch r.Content.(type) {
	case Dotenv, Environment, JSON:
		return strings.Contains("/"+r.Path, "/secret/")
	}
	return false
}

// When is the one decision that a file depends on.
type When struct {
	Attribute, Derived, Part, Sub string
	Any                           []When
}

// Rule says what an edge from one kind to another changes, on both sides.
type Rule struct {
	From, To, Doc string // kinds, or a capability as "@workload"
	Attributes    *Type  // link attributes; nil: none
	Inherit       []string
	Startup       bool     // the source waits for the target
	Follows       string   // a link attribute: where a link of the source has it, the target waits for the source instead
	Behind        string   // a derived value of the source: where it is not empty, the target waits for the source instead
	Lends         []string // slots of the source whose parts the target gets too
	Ports         []string
	FromPods      string
	Through       []string // kinds of component: the source's pods also reach what the target links to of them
	Optional      []string // keys of variables that the application can do without: `env` may leave them out
	Identity      *Identity
	Modules       []string // "postgresql/postgresql_module", for the source
	InModules     []string // the same for the target
	Requirements  []string // pins
	HasActs       bool     // the target acts for the source: Result.Acts
	HasExports    bool     // the source exports something to those who link to it
	Brings        Brings   // what it may change, known before it is applied
	Marks         func(link, from, arch Object) (Object, Trace, error)
	Apply         func(Input) (Result, error)
	Own           bool // of a user's own kind
	Pos           diag.Pos
}

// Name is "from -> to".
func (r *Rule) Name() string { return r.From + " -> " + r.To }

// Identity says which edges share a credential and how its user is named.
type Identity struct {
	PerComponent bool     // one per (source component, target component); else per target
	Style        string   // "_" or "-"
	More         []string // link attributes that ask for a further credential, which has the rights that the rule gives it: <user>_<attribute>
	Rotate       string   // how the server keeps the credential of before valid when it is rotated: RotateUsers, RotatePasswords, or "" where it does not
	Given        string   // the link attribute {user, password} that says the credential of a server whose users are there already; "": none does
}

// Ways to rotate a credential without a gap.
const (
	RotateUsers     = "users"     // two users take turns
	RotatePasswords = "passwords" // one user has two passwords
)

// Input is one edge as a rule sees it.
type Input struct {
	From, To, Link, Arch Object
	Identity             Object // nil without identity
}

// Result is what a rule says of one edge.
type Result struct {
	About    string // what the edge is for, where the rule's Doc is too general; else ""
	Claims   []Claim
	Findings []Finding
	Open     []Port // ports beyond the rule's own
	Keeps    []Kept
	Exposes  []Exposure
	Acts     []Acts // pods of the target that act for the source
	Joins    *Acts  // pods of the source's own that use this edge beside its server: nil without
	Out, In  Effects
	Trace    Trace
}

// Acts is a group of the target's pods that act for the source: they reach what it links to.
type Acts struct {
	Group string
	Pods  Pods
	At    []any // where the answer says so
}

// Effects is what an edge changes on one side.
type Effects struct {
	Prefix        string // "POSTGRES"
	Env           map[string]value.Value
	Fields        map[string]value.Value     // what the link attribute variables may be composed of: "host", "password", "url"
	Lists         map[string][][]value.Value // KEY -> records -> fields
	Names         map[string][]string
	Resources     []Resource
	Exports       Object
	Requirements  []string
	Modules       []string
	Parts         map[string][]Object
	Defaults      map[string]value.Value // KEY -> value where no edge of the instance gives the KEY in Env
	Uses          map[string]int
	Rollout       []any // further steps of the roll-out of that side
	Namespace     *Namespace
	Notes         []string
	Prerequisites []Object
}

// Resource is what an application may address through an instance.
type Resource struct{ Name, Kind, Access string }

// Namespace is what an edge asks of the namespace of one side.
type Namespace struct {
	Labels map[string]string
	Level  *Level
}

// Definition is the name of a kind's definition in the schema for editors: #fastapi, #postgresql_database.
func Definition(name string) string {
	return "#" + strings.NewReplacer("/", "_", "-", "_").Replace(name)
}
