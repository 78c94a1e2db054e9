package compiler

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/kubernetes"
	"platc.dev/platc/emit/output"
	"platc.dev/platc/emit/secrets"
)

// Credential is a secret of an architecture as people call it.
type Credential struct {
	secrets.Credential
	Name, Owner string   // COMPONENT/NAME, and the component
	Environment string   // that it belongs to; "": there are none
	Links       []string // what uses it: "orders -> db/orders"
	By          string   // where its text comes from if the user gives it: "the environment variable REGISTRY_PASSWORD"
}

// Credentials lists the secrets of a checked build, by name, with what an output directory has of them. It never shows a text.
func Credentials(b *Build, o RenderOptions) ([]Credential, error) {
	if b.Plan == nil || !b.Plan.Sealed {
		return nil, ErrFindings
	}
	own := b.secretsOf()
	options := own.options(o)
	options.Given = map[string]func() string{}
	old, err := output.OpenOld(o.Out, "", &b.Findings)
	if err != nil {
		return nil, err
	}
	defer old.Close()
	options.Old = old.Read
	for id := range b.Graph.Given {
		options.Given[id] = func() string { return "" }
	}
	list, err := secrets.List(own.inputs, options)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	links := b.links()
	all := make([]Credential, len(list))
	for i, c := range list {
		all[i] = Credential{Credential: c, Name: slashed(c.ID), Environment: own.Name}
		if by, given := b.Graph.GivenBy[c.ID]; given {
			all[i].By = by.String()
		}
		all[i].Owner, _, _ = strings.Cut(all[i].Name, "/")
		count[all[i].Name]++
		for _, e := range links[c.ID] {
			all[i].Links = append(all[i].Links, e.Name())
		}
	}
	for i, c := range all {
		if count[c.Name] > 1 {
			all[i].Name = c.ID
		}
	}
	slices.SortFunc(all, func(x, y Credential) int { return cmp.Compare(x.Name, y.Name) })
	return all, nil
}

// secretsOf are the secrets of the first environment that was asked for.
func (b *Build) secretsOf() *set {
	sets, _ := b.rows(nil)
	return sets[0]
}

// slashed is the ID of a credential with slashes alone: orders/db/database/orders. It begins with a component, or with config.
func slashed(id string) string { return strings.Replace(id, ":", "/", 1) }

// links are the edges that use a credential, by its ID.
func (b *Build) links() map[string][]*ir.Edge {
	links := map[string][]*ir.Edge{}
	for _, e := range b.Graph.Edges {
		if d, ok := b.Plan.Identities[e]; ok {
			for _, identity := range d.Value().All() {
				links[identity.Password.ID] = append(links[identity.Password.ID], e)
			}
		}
	}
	return links
}

// Unknown is a name of what no component has.
type Unknown struct{ Message, Help string }

func (u *Unknown) Error() string { return u.Message }

// FindCredential is the one of a name as `platc secrets list` prints it. The error is an *Unknown.
func FindCredential(all []Credential, name string) (Credential, error) {
	for _, c := range all {
		if c.Name == name || c.ID == name {
			return c, c.ours()
		}
	}
	return Credential{}, &Unknown{fmt.Sprintf("there is no secret %q", name), nearest(name, CredentialNames(all), "`platc secrets list` prints the names")}
}

// CredentialNames are the names that FindCredential takes, but for those that the user gives.
func CredentialNames(all []Credential) []string {
	var names []string
	for _, c := range all {
		if !c.Given {
			names = append(names, c.Name)
		}
	}
	return names
}

func nearest(name string, names []string, help string) string {
	if near := diag.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return help
}

// ours refuses a credential whose text is not in platc's hands.
func (c Credential) ours() error {
	switch {
	case c.Keeps == secrets.OverlapFixed:
		return &Unknown{
			fmt.Sprintf("%s is fixed when the server first starts, so platc cannot change it", c.Name),
			"change it on the server by hand, edit the secret with sops, then run `platc build --force`",
		}
	case !c.Given:
		return nil
	}
	return &Unknown{
		fmt.Sprintf("%s is given by %s, so platc cannot change it", c.Name, cmp.Or(c.By, "arch.cue")),
		"change it there, and where it is used, then run `platc build`",
	}
}

// SelectCredentials is what is meant by COMPONENT, COMPONENT/RESOURCE or a name: "" is all but those that the user gives. A component stands for
// its own secrets and for those of all links from and to it. The error is an *Unknown.
func SelectCredentials(b *Build, all []Credential, what string) ([]Credential, error) {
	for _, c := range all {
		if c.Name == what || c.ID == what {
			return []Credential{c}, c.ours()
		}
	}
	component, resource, narrowed := strings.Cut(what, "/")
	ids := map[string]bool{}
	switch n := b.Graph.Node(component); {
	case what == "":
		for _, c := range all {
			ids[c.ID] = true
		}
	case n == nil:
		return nil, unknownSelection(b, all, what)
	case narrowed:
		var err error
		if ids, err = b.ofResource(component, resource); err != nil {
			return nil, err
		}
	default:
		for _, c := range all {
			ids[c.ID] = c.Owner == component
		}
		for id, edges := range b.links() {
			ids[id] = ids[id] || slices.ContainsFunc(edges, func(e *ir.Edge) bool { return e.Target.Component() == n })
		}
	}
	chosen := slices.DeleteFunc(slices.Clone(all), func(c Credential) bool { return c.Given || c.Keeps == secrets.OverlapFixed || !ids[c.ID] })
	switch {
	case len(chosen) > 0:
		return chosen, nil
	case narrowed:
		return nil, unknownSelection(b, all, what)
	case what == "":
		return nil, &Unknown{b.Graph.Name + " has no secret that platc generates", "`platc secrets list` prints the ones that you provide"}
	}
	return nil, &Unknown{component + " has no secret, and no link from or to it has one", "`platc secrets list` prints the names"}
}

// ofResource is the credentials of the links from a component to what is called resource, or of those to that resource of the component.
func (b *Build) ofResource(component, resource string) (map[string]bool, error) {
	from, to := map[string]bool{}, map[string]map[string]bool{}
	for id, edges := range b.links() {
		for _, e := range edges {
			if e.Source.Component().Name == component && slices.Contains([]string{e.As, e.Target.ID, e.Target.Component().Name}, resource) {
				from[id] = true
			}
			if e.Target.Component().Name == component && e.Target.Parent != nil && (e.Target.Name == resource || e.Target.ID == component+"/"+resource) {
				if to[e.Target.ID] == nil {
					to[e.Target.ID] = map[string]bool{}
				}
				to[e.Target.ID][id] = true
			}
		}
	}
	meanings := slices.Sorted(maps.Keys(to))
	if len(meanings) == 1 && (len(from) == 0 || maps.Equal(from, to[meanings[0]])) {
		return to[meanings[0]], nil
	}
	if len(meanings) == 0 {
		return from, nil
	}
	for _, id := range slices.Sorted(maps.Keys(from)) {
		meanings = append(meanings, slashed(id))
	}
	return nil, &Unknown{fmt.Sprintf("%s/%s is ambiguous", component, resource), "use one of " + strings.Join(meanings, ", ")}
}

func unknownSelection(b *Build, all []Credential, what string) error {
	return &Unknown{
		fmt.Sprintf("%s has no component, resource or secret %q with credentials", b.Graph.Name, what),
		nearest(what, SelectionNames(b, all), "`platc secrets list` prints the names"),
	}
}

// SelectionNames are the components, resources and secrets that SelectCredentials takes.
func SelectionNames(b *Build, all []Credential) []string {
	names := CredentialNames(all)
	for _, c := range all {
		if !c.Given {
			names = append(names, c.Owner)
		}
	}
	for _, edges := range b.links() {
		for _, e := range edges {
			names = append(names, e.Target.ID, e.Target.Component().Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// SecretChange is what happens to the secrets of a tree.
type SecretChange struct {
	Rotate map[string]bool          // IDs of credentials that get a new text
	Set    map[string]func() string // IDs of credentials with the text that they get
	Rekey  bool                     // every file gets a new data key, for the recipients of today
}

// Stale is a tree that a build would change, so that a change of secrets would not be all that changes.
type Stale struct {
	Out   string
	Empty bool     // there is no output yet
	Paths []string // what a build would change; empty: the record alone
	Keys  bool     // these are files of secrets and SOPS's rules for them alone, as when recipients change
}

func (s *Stale) Error() string {
	if s.Empty {
		return s.Out + " has no output of platc yet"
	}
	if len(s.Paths) == 0 {
		return s.Out + " was written by another version of platc, or for another arch.cue"
	}
	const most = 5
	shown := strings.Join(s.Paths[:min(len(s.Paths), most)], ", ")
	if more := len(s.Paths) - most; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("%s does not match arch.cue: a build would change %s", s.Out, shown)
}

// ErrChanged is a tree that another build wrote to between two looks at it.
var ErrChanged = errors.New("another build wrote to the output in the meantime: try again")

// ChangeSecrets plans a change of secrets and of nothing else, for output.Write: the files are those of a build, with other texts.
// Call output.Recover first.
//
// Errors: ErrFindings with what a build would report; *Stale; ErrChanged; what Render and output.Plan return.
func ChangeSecrets(b *Build, o RenderOptions, s SecretChange, version string) (*output.Change, error) {
	old, found, err := output.Recorded(o.Out)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, &Stale{Out: o.Out, Empty: true}
	}
	Compare(b, old, owners.Options{Tree: o.Out})
	if b.Findings.HasErrors() {
		return nil, ErrFindings
	}
	o.Old = old
	o.ReadOnly, o.NoDevKey = true, true // a tree that is there has its key
	now, err := compareTree(b, o, &old, version)
	if err != nil {
		return nil, err
	}
	if stale := staleness(o.Out, now, s.Rekey); stale != nil {
		return nil, stale
	}
	o.Rotate, o.Set, o.Rekey = func(id string) bool { return s.Rotate[id] }, s.Set, s.Rekey
	change, err := compareTree(b, o, &old, version)
	if err != nil {
		return nil, err
	}
	if !change.SameRecord(now) {
		return nil, ErrChanged
	}
	return change, nil
}

// compareTree renders a build, and compares it with the output directory. What only a build has to say is left out of the findings.
func compareTree(b *Build, o RenderOptions, old *owners.Tree, version string) (*output.Change, error) {
	attempt := *b
	rendered, err := Render(&attempt, o)
	if err != nil {
		b.Findings = attempt.Findings
		return nil, err
	}
	if rendered.Refused.HasErrors() {
		b.Findings.AddAll(&rendered.Refused)
		return nil, ErrFindings
	}
	change, err := output.Plan(o.Out, rendered.Files, output.Options{Version: version, Tree: rendered.Tree, Environments: b.Partial(), Old: old, Workers: o.Jobs, Yours: rendered.Yours})
	if err != nil {
		return nil, err
	}
	if change.Conflicts.HasErrors() {
		b.Findings.AddAll(&change.Conflicts)
		return nil, ErrFindings
	}
	return change, nil
}

// staleness is what a build would change, nil where that is nothing. Before new data keys the recipients may have changed.
func staleness(out string, change *output.Change, rekey bool) error {
	var paths []string
	keys := true
	for _, e := range slices.Concat(change.Added, change.Changed, change.Removed) {
		followsRecipients := e.Old != nil && e.New != nil && (e.Ownership == emit.State || e.Path == secrets.ConfigFile)
		if !rekey || !followsRecipients {
			paths = append(paths, e.Path)
			keys = keys && followsRecipients
		}
	}
	slices.Sort(paths)
	if len(paths) > 0 || change.Record && !rekey {
		return &Stale{Out: out, Paths: paths, Keys: keys && len(paths) > 0}
	}
	return nil
}

// Reader is an object that reads a secret file, and so follows a change of it.
type Reader struct {
	kubernetes.Reader
	Component string
}

// Readers lists the objects that read one of these files.
func Readers(b *Build, paths []string) []Reader {
	var all []Reader
	for _, name := range paths {
		component, file, _ := strings.Cut(strings.TrimPrefix(name, b.Graph.Folder()+"/"), "/")
		n := b.Graph.Node(component)
		if n == nil {
			continue
		}
		for _, r := range kubernetes.Readers(b.Plan.Of[n].Rows, file) {
			r.Namespace = cmp.Or(r.Namespace, n.Namespace())
			all = append(all, Reader{r, component})
		}
	}
	slices.SortFunc(all, func(x, y Reader) int {
		return cmp.Or(cmp.Compare(x.Component, y.Component), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Namespace, y.Namespace))
	})
	return slices.Compact(all)
}
