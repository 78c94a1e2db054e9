package owners

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// Options say how a plan is compared.
type Options struct {
	Tree  string   // the tree as the user knows it: "out"
	Adopt bool     // the tree of another architecture, or of other tags, is taken over
	Only  []string // components that are built; empty: all

	Environments []string // that are built; empty: all, or there are none
}

func (o Options) builds(component string) bool {
	return len(o.Only) == 0 || slices.Contains(o.Only, component)
}

func (o Options) of(environment string) bool {
	return len(o.Environments) == 0 || slices.Contains(o.Environments, environment)
}

// Compare says what a plan would leave behind of what a tree stands for.
func Compare(old Tree, p *ir.Plan, o Options) *diag.List {
	c := comparison{whole: old, old: old.In(Predecessor(old, p.Graph.Environment)), plan: p, new: Of(p).In(p.Graph.Environment), nodes: map[string]*ir.Node{}, options: o, found: &diag.List{}}
	if old.Architecture == "" || !o.of(p.Graph.Environment) {
		return c.found // a record that is older than all this; an environment that is not built
	}
	for _, n := range p.Graph.Nodes {
		c.nodes[n.ID] = n
	}
	if c.otherwiseDivided() || !o.Adopt && c.another() {
		return c.found // all else would follow from it
	}
	c.index()
	c.data()
	c.keeps()
	c.variables()
	return c.found
}

type comparison struct {
	whole    Tree // old, with all environments
	old, new Tree
	plan     *ir.Plan
	nodes    map[string]*ir.Node
	options  Options
	found    *diag.List

	now   map[Data]Data        // new rows by identity
	there map[Data]string      // namespaces of new rows, by the rest of their identity
	added map[place][]*ir.Node // owners that are new, by where they could have been before
}

// place is a kind, and the component where it is a sub-kind's.
type place struct{ kind, component string }

func placeOf(id, of string) place {
	if !strings.Contains(id, "/") {
		return place{kind: of}
	}
	return place{of, component(id)}
}

func (c *comparison) index() {
	known := map[string]bool{}
	for _, d := range c.old.Data {
		known[d.Node] = true
	}
	c.now, c.there, c.added = map[Data]Data{}, map[Data]string{}, map[place][]*ir.Node{}
	for _, d := range c.new.Data {
		c.now[d.identity()] = d
		c.there[d.anywhere()] = d.Namespace
		if !known[d.Node] {
			known[d.Node] = true
			at := placeOf(d.Node, d.Kind)
			c.added[at] = append(c.added[at], c.nodes[d.Node])
		}
	}
}

func (d Data) identity() Data {
	d.Format = ""
	return d
}

func (d Data) anywhere() Data {
	d.Format, d.Namespace = "", ""
	return d
}

// another says whether the tree stands for something else, and reports it.
func (c *comparison) another() bool {
	g := c.plan.Graph
	d := diag.Diagnostic{
		Code: "E0503", Path: "name", Pos: g.Pos,
		Help: fmt.Sprintf("build into another directory with -o, or run build with --adopt: %s then belongs to this architecture and these tags", c.options.Tree),
	}
	switch {
	case c.old.Architecture != g.Name:
		d.Message = fmt.Sprintf("%s would replace the architecture %s in %s", g.Name, strconv.Quote(c.old.Architecture), c.options.Tree)
	case !slices.Equal(c.old.Tags, g.Tags):
		d.Message = fmt.Sprintf("%s is built %s, but the tree in %s was built %s", g.Name, with(g.Tags), c.options.Tree, with(c.old.Tags))
	default:
		return false
	}
	c.found.Add(d)
	return true
}

// with is "with -t prod".
func with(tags []string) string {
	if len(tags) == 0 {
		return "without a tag"
	}
	return "with -t " + strings.Join(tags, " -t ")
}

// retired says whether arch.cue gives a reason why data of a node may stay behind.
func (c *comparison) retired(node string) bool {
	for id := range c.plan.Graph.Retired {
		if node == id || strings.HasPrefix(node, id+"/") {
			return true
		}
	}
	return false
}

// data reports storage that would be left behind, and storage that could not be read any more.
func (c *comparison) data() {
	var lost, unreadable []Data
	for _, d := range c.old.Data {
		if c.retired(d.Node) || !c.options.builds(component(d.Node)) {
			continue
		}
		switch after, ok := c.now[d.identity()]; {
		case !ok:
			lost = append(lost, d)
		case d.Format != "" && after.Format != "" && d.Format != after.Format:
			unreadable = append(unreadable, d)
		}
	}
	for _, rows := range byOwner(lost, component) {
		c.lost(rows)
	}
	for _, rows := range byOwner(unreadable, func(node string) string { return node }) {
		c.unreadable(rows)
	}
}

// byOwner groups rows, which are sorted by node.
func byOwner(rows []Data, owner func(node string) string) [][]Data {
	var groups [][]Data
	for _, d := range rows {
		if n := len(groups); n > 0 && owner(groups[n-1][0].Node) == owner(d.Node) {
			groups[n-1] = append(groups[n-1], d)
			continue
		}
		groups = append(groups, []Data{d})
	}
	return groups
}

// lost reports what a component would leave behind: as one mistake where it is one, else for each sub-component that is gone.
func (c *comparison) lost(rows []Data) {
	name := component(rows[0].Node)
	was := component(rows[0].Kind) // postgresql, of postgresql/database
	n := c.nodes[name]
	switch {
	case n == nil:
		c.gone(name, was, rows)
		return
	case n.Kind.Name != was:
		c.behind(rows, diag.Diagnostic{
			Path: n.Path() + ".kind", Pos: n.AttrPos("kind"), Message: fmt.Sprintf("%s was a %s and is now a %s", name, was, n.Kind.Name),
			Help: "give the new component another name to keep both, or " + retire(name, "why its data may stay behind"),
		})
		return
	}
	var moved, changed, gone []Data
	for _, d := range rows {
		switch {
		case c.there[d.anywhere()] != "":
			moved = append(moved, d)
		case c.nodes[d.Node] != nil:
			changed = append(changed, d)
		default:
			gone = append(gone, d)
		}
	}
	if len(moved) > 0 {
		to := c.there[moved[0].anywhere()]
		c.behind(moved, diag.Diagnostic{
			Path: n.Path() + ".namespace", Pos: n.AttrPos("namespace"), Message: fmt.Sprintf("%s moves to namespace %s", name, to),
			Help: "keep the namespace, or move the data and " + retire(name, "moved to namespace "+to),
		})
	}
	if len(changed) > 0 {
		c.behind(changed, diag.Diagnostic{
			Path: n.Path(), Pos: n.Pos, Message: name + " no longer uses all of its data",
			Help: "undo the change, or move the data and " + retire(name, "why its data may stay behind"),
		})
	}
	for _, owned := range byOwner(gone, func(node string) string { return node }) {
		c.gone(owned[0].Node, owned[0].Kind, owned)
	}
}

// gone reports a node that is not there any more, at the node that it was most likely renamed to.
func (c *comparison) gone(id, of string, rows []Data) {
	d := diag.Diagnostic{Path: path(id), Pos: c.plan.Graph.ComponentsPos, Message: id + " is gone"}
	if n := c.nodes[component(id)]; n != nil {
		d.Pos = n.Pos
	}
	switch renamed := c.renamed(id, of); {
	case renamed == nil:
		d.Help = "put it back, or " + retire(id, "why its data may stay behind")
	case renamed.Implied:
		d.Pos = renamed.Pos
		_, name, _ := strings.Cut(id, "/")
		d.Help = fmt.Sprintf("renamed to %s? that one starts empty: declare %s in %s and link to it, or move the data and %s", renamed.ID, strings.Replace(name, "/", " ", 1), component(id), retire(id, "moved to "+renamed.ID))
	default:
		d.Pos = renamed.Pos
		d.Help = fmt.Sprintf("renamed to %s? that one starts empty: keep the old name, or move the data and %s", renamed.ID, retire(id, "moved to "+renamed.ID))
	}
	c.behind(rows, d)
}

// renamed is the node that most likely took the place of another one: the only new owner there, or the one with the nearest name; nil without.
func (c *comparison) renamed(id, of string) *ir.Node {
	added := c.added[placeOf(id, of)]
	const many = 100 // names take time to compare, and of so many none was meant
	switch {
	case len(added) == 1:
		return added[0]
	case len(added) > many:
		return nil
	}
	names := make([]string, len(added))
	for i, n := range added {
		names[i] = n.Name
	}
	if i := slices.Index(names, diag.Misspelt(id[strings.LastIndex(id, "/")+1:], names)); i >= 0 {
		return added[i]
	}
	return nil
}

// behind reports storage that stays behind.
func (c *comparison) behind(rows []Data, d diag.Diagnostic) {
	d.Code = "E0504"
	d.Message += ", and leaves behind " + rows[0].where()
	if len(rows) > 1 {
		d.Message += fmt.Sprintf(" and %d more", len(rows)-1)
		for _, row := range rows {
			d.Related = append(d.Related, diag.Related{Message: fmt.Sprintf("left behind by %s: %s", row.Node, row.where())})
		}
	}
	c.found.Add(d)
}

// unreadable reports storage of one node in a format that it does not read any more.
func (c *comparison) unreadable(rows []Data) {
	id := rows[0].Node
	n := c.nodes[id]
	format := c.now[rows[0].identity()].Format
	var of kind.Data
	for _, d := range n.Description.Data {
		if d.What == rows[0].What && d.Object == rows[0].Object {
			of = d
		}
	}
	d := diag.Diagnostic{
		Code: "E0505", Path: attributePath(n, of.Attribute), Pos: n.AttrPos(of.Attribute),
		Message: fmt.Sprintf("%s could no longer read its data: %s has the format %s, not %s", id, rows[0].where(), strconv.Quote(rows[0].Format), strconv.Quote(format)),
		Help:    cmp.Or(of.Upgrade, "keep the old version, or migrate the data as the product's documentation describes") + "; then " + retire(id, "upgraded to "+format),
	}
	for _, row := range rows[1:] {
		d.Related = append(d.Related, diag.Related{Message: "the same applies to " + row.where()})
	}
	c.found.Add(d)
}

func attributePath(n *ir.Node, attribute string) string {
	if attribute == "" {
		return n.Path()
	}
	return n.Path() + "." + attribute
}

// retire is the line to write.
func retire(id, reason string) string {
	return fmt.Sprintf("write retired: %s: %s in arch.cue", strconv.Quote(id), strconv.Quote(reason))
}

// path is the place of a node that is gone in arch.cue.
func path(id string) string {
	parts := strings.SplitN(id, "/", 3)
	all := "components." + ir.Label(parts[0])
	if len(parts) == 3 {
		all += "." + parts[1] + "." + ir.Label(parts[2])
	}
	return all
}
