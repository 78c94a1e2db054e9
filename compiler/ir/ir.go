package ir

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/images"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// Graph is an architecture: components and sub-components as nodes, links as edges.
type Graph struct {
	Name    string
	Arch    kind.Object        // what kinds see as #arch; secrets are references
	Given   map[string]Given   // secrets that the user gave, by ID
	GivenTo map[string]string  // the component that has one as its own, by ID; those of config are nobody's
	GivenBy map[string]GivenBy // where their texts come from, by ID
	Config  Config
	Images  images.File       // which image of a component is deployed
	Retired map[string]string // ID -> why the data of an owner that is gone may stay behind
	Accepts []Accept          // warnings that are not reported, in the order in which they are written
	Tags    []string          // that were given and that decide, by @if, which files are read; sorted
	// Environment is the one that this is the architecture in, and Environments are all of them, in order; "" and none where it has none.
	Environment  string
	Environments []string
	BuiltBefore  map[string]bool // names of components that an earlier environment has too: the Jobs that build their images are there
	Beside       []string        // names of components that only other environments have, sorted
	Pos          diag.Pos        // of the architecture's name
	Nodes        []*Node         // by ID
	Links        []Link          // as written, by source and target; resolve-links makes edges of them
	Edges        []*Edge         // by source and target
	Library      *kind.Library
	Dir          string          // the folder of arch.cue
	Loose        []Link          // of components that were refused: their targets are looked at, and nothing else
	Failed       map[string]bool // IDs of nodes that were refused: links to them are no second mistake
	Named        []string        // files and folders of the user's own that attributes name, absolute, whether or not they are there; sorted

	EnvironmentsPos diag.Pos    // of the key environments; where there is none, of the name
	ComponentsPos   diag.Pos    // of the key components
	ConfigGiven     *kind.Given // what the user wrote as config, for positions; nil where there is none

	nodeIndex atomic.Pointer[nodeIndex]
	edgeIndex atomic.Pointer[edgeIndex]
}

// PartOf is what the cluster knows the architecture by: its name, with the environment.
func (g *Graph) PartOf() string {
	if g.Environment == "" {
		return g.Name
	}
	return g.Name + "-" + g.Environment
}

// Folder is where the files of the environment are in the output; "" is its root.
func (g *Graph) Folder() string {
	if g.Environment == "" {
		return ""
	}
	return "env/" + g.Environment
}

// Given reads the text of a secret that the user gave, or says why it cannot be read.
type Given func() (string, *diag.Diagnostic)

// GivenBy is where the text of a secret comes from: an environment variable, a file, or neither, which is arch.cue.
type GivenBy struct{ Env, File string }

func (g GivenBy) String() string {
	switch {
	case g.Env != "":
		return "the environment variable " + g.Env
	case g.File != "":
		return "the file " + g.File
	}
	return "arch.cue"
}

// Config is what the compiler itself needs of `config`.
type Config struct {
	Recipients []string // age public keys
}

// Node is a component or a sub-component.
type Node struct {
	ID          string // "db"; "db/database/orders"
	Name        string // "orders"
	Kind        *kind.Kind
	Parent      *Node                    // nil for a component
	Subs        []*Node                  // of a component, by ID
	Attrs       kind.Object              // complete: defaults are in
	Listings    map[string]*kind.Listing // what attributes with a mark name, by their dotted paths
	Given       *kind.Given              // what the user wrote, for positions; nil where implied
	Description kind.Description
	Implied     bool // made for a link to the whole component
	Pos         diag.Pos

	Patches []Patch // of a component: changes to objects of its files, in the order in which they are written
	Extra   []Extra // of a component: files with objects beside its own

	Invalid bool // its kind cannot describe it, which is reported: what follows from that is no second mistake
}

// Component is the node itself, or the component that it belongs to.
func (n *Node) Component() *Node {
	if n.Parent != nil {
		return n.Parent
	}
	return n
}

// Namespace is the namespace of the node's component.
func (n *Node) Namespace() string {
	ns, _ := n.Component().Attrs["namespace"].(string)
	return ns
}

// Path is the node's place in arch.cue: components.db.database.orders.
func (n *Node) Path() string {
	if n.Parent == nil {
		return "components." + Label(n.Name)
	}
	return n.Parent.Path() + "." + n.SubKind() + "." + Label(n.Name)
}

// Processes are the processes of a component beside its own pods, by ID.
func (n *Node) Processes() []*Node {
	var all []*Node
	for _, sub := range n.Subs {
		if sub.Kind.Process {
			all = append(all, sub)
		}
	}
	return all
}

// SubKind is the short name of a sub-component's kind.
func (n *Node) SubKind() string {
	_, short, _ := strings.Cut(n.Kind.Name, "/")
	return short
}

// Instance is the component's key in names of variables: upper case, - as _.
func (n *Node) Instance() string {
	return strings.ToUpper(strings.ReplaceAll(n.Component().Name, "-", "_"))
}

// AttrPos is where an attribute was written, by its dotted path; else what holds it, or the node itself.
func (n *Node) AttrPos(name string) diag.Pos { return attrPos(n.Given, name, n.Pos) }

func attrPos(given *kind.Given, name string, pos diag.Pos) diag.Pos {
	for part := range strings.SplitSeq(name, ".") {
		if given == nil {
			break
		}
		if given = given.Field(part); given == nil {
			break
		}
		pos = given.Pos
	}
	return pos
}

// Link is a link as written.
type Link struct {
	Source *Node
	Target string
	Given  *kind.Given
	Pos    diag.Pos

	Invalid bool // its target or its rule does not exist, which is reported: it is not an edge
}

// The keys of a credential that a link gives.
const (
	CredentialUser     = "user"
	CredentialPassword = "password"
)

// CredentialKeys are all of them.
func CredentialKeys() []string { return []string{CredentialUser, CredentialPassword} }

// Credential is the ID of a part of the credential that a link gives, where that is a secret.
func (l Link) Credential(key string) string { return l.Source.ID + ":" + l.Target + "/" + key }

// Path is the link's place in arch.cue.
func (l Link) Path() string { return linkPath(l.Source, l.Target) }

func linkPath(source *Node, target string) string {
	return source.Path() + ".links[" + quote(target) + "]"
}

// Edge is a link whose target was found.
type Edge struct {
	Source, Target *Node
	Link           *Link
	Whole          bool   // the link names the component, and means an implied sub-component
	As             string // the target as written
	Rules          []*kind.Rule
	Attrs          kind.Object // link attributes, complete
	Startup        bool        // the source waits for the target
	Followed       []*Edge     // links of the source because of which the target waits for it instead; the edge itself where it is behind the source
	Given          *kind.Given
	Pos            diag.Pos
}

// Path is the edge's place in arch.cue.
func (e *Edge) Path() string { return linkPath(e.Source, e.As) }

// Name is how messages call the edge: orders -> db/orders.
func (e *Edge) Name() string { return e.Source.ID + " -> " + e.As }

// AttrPos is where a link attribute was written, or the link itself.
func (e *Edge) AttrPos(name string) diag.Pos { return attrPos(e.Given, name, e.Pos) }

// Internal says whether both ends are of one component.
func (e *Edge) Internal() bool { return e.Source.Component() == e.Target.Component() }

// Order is who waits for whom at start-up because of the edge; nil where it orders nothing.
func (e *Edge) Order() (waits, first *Node) {
	switch {
	case e.Internal():
		return nil, nil // an edge inside one component orders nothing
	case len(e.Followed) > 0:
		return e.Target.Component(), e.Source.Component()
	case e.Startup:
		return e.Source.Component(), e.Target.Component()
	}
	return nil, nil
}

// Follows is the attribute of other links of its source because of which the target waits for the source instead; "" without.
func (e *Edge) Follows() string {
	for _, r := range e.Rules {
		if r.Follows != "" {
			return r.Follows
		}
	}
	return ""
}

// Behind is the derived value of its source, a list, because of which the target waits for the source instead, and how many are in it.
func (e *Edge) Behind() (name string, count int) {
	for _, r := range e.Rules {
		if list, _ := e.Source.Component().Description.Derived[r.Behind].([]any); len(list) > 0 {
			return r.Behind, len(list)
		}
	}
	return "", 0
}

// Identity is the credential of an edge.
type Identity struct {
	Login
	Other  Login  // what the server accepts besides: a user that takes turns with this one, or this one with its password of before; zero for most
	Access string // union over the edges that share it; "" where the rules have no access
	Known  *Known // the user that the server has already, and that the link gives: it makes none; nil without
	// More are further credentials of the edge, with two users each as the first: by the link attribute that asks for one.
	More map[string]Identity
}

// All are the credential and those further ones, by name.
func (i Identity) All() []Identity {
	all := []Identity{i}
	for _, name := range slices.Sorted(maps.Keys(i.More)) {
		all = append(all, i.More[name])
	}
	return all
}

// Known is a credential that a link gives.
type Known struct{ User, Password value.Value }

// Secrets are those of the credential, by their IDs.
func (k *Known) Secrets() []value.Secret {
	if k == nil {
		return nil
	}
	return append(value.Secrets(k.User), value.Secrets(k.Password)...)
}

// Login is a user name with the password that goes with it.
type Login struct {
	User     string
	Password value.Secret
}

// Logins are all pairs that the server has to accept: none that it accepts already.
func (i Identity) Logins() []Login {
	if i.Known != nil {
		return nil
	}
	if i.Other == (Login{}) {
		return []Login{i.Login}
	}
	return []Login{i.Login, i.Other}
}

// Active is the user name that the source logs in with: in turns where two users take them.
func (i Identity) Active() value.Value {
	if i.Known != nil {
		return i.Known.User
	}
	return i.turn(value.Literal(i.User), value.Literal(i.Other.User))
}

// ActivePassword is the password of the user that the source logs in with.
func (i Identity) ActivePassword() value.Value {
	if i.Known != nil {
		return i.Known.Password
	}
	return i.turn(i.Password, i.Other.Password)
}

func (i Identity) turn(first, other value.Value) value.Value {
	if i.Other.User == "" || i.Other.User == i.User {
		return first
	}
	return value.Turn{ID: i.Password.ID, Of: [2]value.Value{first, other}}
}

// Instance is one provider component as an application sees it.
type Instance struct {
	Prefix    string // "POSTGRES"
	Component *Node
	Variables map[string]Decided[string] // KEY -> name of the variable, after renames
	May       map[string]Decided[string] // the same of keys that the rules may leave out, set here or not
	Resources []Decided[kind.Resource]   // by kind and name
	Optional  Decided[bool]              // a new pod does not wait for it
}

// Peer is a group of pods at the other end of a policy.
type Peer struct {
	Node  *Node
	Group string
}

// Opening is one allowance of a policy: a port, open to or from a peer. For ingress the port is the component's own, for egress the peer's.
type Opening struct {
	Peer Peer
	Port int
}

// Policy is what edges open for one group of pods.
type Policy struct{ Ingress, Egress []Decided[Opening] }

// Namespace is what the components of one namespace decide together.
type Namespace struct {
	Name    string
	Enforce Decided[string] // pod-security level
	Labels  map[string]Decided[string]
}

// Applied is a rule and what it said of an edge.
type Applied struct {
	Rule   *kind.Rule
	Result kind.Result
}

// Variables are what links give to a component, or to one of its processes.
type Variables struct {
	Env       map[string]Decided[value.Value] // by name
	EnvGroup  map[string]string               // variable -> comment it stands under
	Instances []Decided[Instance]
}

func newVariables() Variables {
	return Variables{Env: map[string]Decided[value.Value]{}, EnvGroup: map[string]string{}}
}

// NodePlan is every decision about one component.
type NodePlan struct {
	Variables                          // of the links of the component
	Processes     map[*Node]*Variables // of each process: those of the component's links, and of its own
	Marks         map[string]Decided[any]
	Exports       map[string]Decided[any]    // what rules say of this component to whoever links to it
	Requirements  map[string]Decided[string] // distribution -> pin
	Modules       map[string]Decided[bool]   // asset "kind/name"; false: left out, and By says why
	Seams         map[string]Decided[bool]   // where files of the user's own could join: whether they do, and By says why
	Files         map[string]Decided[bool]
	Context       []kind.Row                    // rows of the build context of its image, as its kind answers them
	Built         Decided[string]               // name and tag of the image that is built; zero: none
	Image         Decided[string]               // name and tag or digest of the one that is deployed; zero: none, or a foreign one that arch.cue alone names
	Rows          []kind.Row                    // the files kept, by path; each is written as it stands here
	Overlay       string                        // folder of the overlay that stands in for the deployed one where another component brings the Namespace; "": none
	Folders       map[kind.Role]Decided[string] // of the kustomizations that have a role, below the component's own; without Overlay
	Jobs          []Decided[Job]                // of these kustomizations, by file
	View          kind.Object                   // the component as its manifests and templates see it; those of the build context without the image
	Parts         map[string][]Decided[kind.Object]
	Pods          map[string]Decided[kind.Pods] // groups of the kind, and those that edges add
	Policies      map[string]*Policy            // by pod group
	Uses          map[string][]Decided[int]
	Rollout       []Decided[any] // what deploy.sh waits for beside what the kind describes
	Notes         []Decided[string]
	Prerequisites []Decided[kind.Object]
	Local         kind.Row         // how it runs on one machine, as its kind says it; without content where that says nothing
	Order         Decided[int]     // wave of the start-up order, from 0
	Waits         []Decided[*Node] // components that it waits for, by name
}

// Job is a Job that a script of the tree runs by name, or makes way for.
type Job struct {
	Role            kind.Role // of the kustomization that lists it: in one that is deployed it prepares a server
	Name, Namespace string
	File            string // below the component's folder
}

// Step is one thing that deploy.sh waits for: a Job, a resource that reaches a condition, or the roll-out of a resource.
type Step struct{ Job, Resource, Condition string }

// Prerequisite is what has to be installed before the first deployment. Two of one name and version are one.
type Prerequisite struct {
	Name, Version, What string
	Watch               string   // setting for the namespaces that it must watch, or ""
	CRDs                []string // sorted
	Images              []string // ends of names of the images that run it, sorted: their tags show its version
	Annotation          string   // of its CRDs, which shows its version, or ""
	NeededBy            []string // components, sorted
	Namespaces          []string // theirs, sorted
}

// Tree is every decision about the files of the whole tree, and what stands in them.
type Tree struct {
	Files         map[string]Decided[bool]
	Rows          []kind.Row                 // the files, by path; each is written as it stands here
	Entries       map[string]Decided[string] // component -> the folder of it that the top kustomization lists
	Steps         map[string][]Decided[Step] // component -> what deploy.sh waits for, in order
	Prerequisites []Decided[Prerequisite]    // by name and version
	Notes         []Decided[string]          // sorted
}

// Local is how the whole runs on one machine: a document by the Compose specification, with where its lines are from.
type Local struct {
	Document     kind.Object
	Lines        map[string]Line  // by path, whose steps a NUL parts; what has none is from what it is in
	Certificates []Certificate    // that containers have, by the place of their files
	Components   map[string]*Node // of the containers, by their names
}

// Certificate is one that an operator makes in the cluster. Its Secret has tls.crt, tls.key and ca.crt.
type Certificate struct {
	Place     string // in the tree, of the file of variables that its Secret would be made of
	Authority string // what has the same is signed by the same
	Common    string
	Names     []string // of hosts; the first * of a name stands for one label
	Usages    []string // as Kubernetes names them, such as "server auth"
}

// Line is where a line is from that is put together from what several say.
type Line struct {
	Node  *Node      // whose kind says it
	File  string     // in which of its files, "" in none
	Trace kind.Trace // of the answer of the kind
	At    []any      // the place there
	Data  any        // what is there
	Also  []Line     // what else has to be there
	By    []Origin   // the decisions, where no kind says it
	Pos   diag.Pos   // where the kind says that there is such a thing at all
}

// Plan is every decision of a build.
type Plan struct {
	Graph      *Graph
	Of         map[*Node]*NodePlan // of components
	Identities map[*Edge]Decided[Identity]
	Namespaces map[string]*Namespace
	Applied    map[*Edge][]Applied // what each rule of an edge said
	Tree       Tree
	Local      Local
	GitOps     GitOps
	Sealed     bool // closed by the last pass: nothing may be written any more
}

// NewPlan is an empty plan for a graph.
func NewPlan(g *Graph) *Plan {
	p := &Plan{Graph: g, Of: map[*Node]*NodePlan{}, Identities: map[*Edge]Decided[Identity]{}, Namespaces: map[string]*Namespace{}, Applied: map[*Edge][]Applied{}}
	p.Tree = Tree{Files: map[string]Decided[bool]{}, Entries: map[string]Decided[string]{}, Steps: map[string][]Decided[Step]{}}
	p.GitOps = GitOps{Of: map[*Node]*Delivery{}, Files: map[string]Decided[bool]{}}
	for _, n := range g.Components() {
		p.Of[n] = &NodePlan{
			Variables: newVariables(), Processes: map[*Node]*Variables{},
			Marks: map[string]Decided[any]{}, Exports: map[string]Decided[any]{},
			Requirements: map[string]Decided[string]{}, Modules: map[string]Decided[bool]{}, Seams: map[string]Decided[bool]{}, Files: map[string]Decided[bool]{},
			Parts: map[string][]Decided[kind.Object]{}, Pods: map[string]Decided[kind.Pods]{}, Policies: map[string]*Policy{}, Uses: map[string][]Decided[int]{},
			Folders: map[kind.Role]Decided[string]{},
		}
		for _, sub := range n.Subs {
			if sub.Kind.Process {
				own := newVariables()
				p.Of[n].Processes[sub] = &own
			}
		}
	}
	return p
}

// VariablesOf are those of a component, or of one of its processes.
func (p *Plan) VariablesOf(n *Node) *Variables {
	if n.Kind.Process {
		return p.Of[n.Parent].Processes[n]
	}
	return &p.Of[n].Variables
}

// OwnModules are the modules kept because of links of the component itself, and not of its processes alone, by name.
func (p *NodePlan) OwnModules(n *Node) []string {
	var own []string
	for asset, d := range p.Modules {
		if d.value && slices.ContainsFunc(d.by, func(o Origin) bool { return !o.Edge.Source.Kind.Process || o.Edge.Source.Parent != n }) {
			own = append(own, asset)
		}
	}
	slices.SortFunc(own, func(a, b string) int { return cmp.Or(cmp.Compare(moduleName(a), moduleName(b)), cmp.Compare(a, b)) })
	return own
}

// moduleName is the name of an asset behind its kind.
func moduleName(asset string) string {
	_, name, _ := strings.Cut(asset, "/")
	return name
}
