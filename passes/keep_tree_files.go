package passes

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func keepTreeFiles() pass.Pass {
	return pass.Pass{
		Name: "keep-tree-files",
		Doc:  "The files of the whole tree and what is in them: what is applied, what deploy.sh waits for, prerequisites, notes.",
		After: []string{
			"assign-roles",   // what is applied, and the Jobs that scripts run
			"local-services", // what runs on one machine
		},
		Run:     runKeepTreeFiles,
		Promise: "Every deployed component has an entry in the top kustomization, and every file of the tree was decided once.",
		Holds:   treeHolds,
	}
}

func runKeepTreeFiles(c *pass.Context) bool {
	t := &c.Plan.Tree
	for _, n := range c.Graph.Components() {
		p := c.Of(n)
		if folder, deployed := p.Folders[kind.Deploy]; deployed {
			enterTop(c, n, folder)
		}
		t.Steps[n.Name] = steps(c, n)
	}
	t.Prerequisites, t.Notes = prerequisites(c), notes(c)
	data := treeData(c)
	for _, f := range treeFiles(c.Graph, c.Plan.Local) {
		keepTreeFile(c, f, data)
	}
	keepTreeFile(c, treeFile{path: "kustomization.yaml", content: topKustomization(t), own: true, reason: "it lists every component that is deployed"}, data)
	slices.SortFunc(t.Rows, func(a, b kind.Row) int { return cmp.Compare(a.Path, b.Path) })
	return true
}

// keepTreeFile decides a file: at the root, or in the folder of the environment where it is the environment's own.
func keepTreeFile(c *pass.Context, f treeFile, data kind.Object) {
	row := kind.Row{Path: f.path, Mode: f.mode, Yields: f.yields, Secret: f.secret, Content: f.content}
	if f.own {
		row.Path, row.Environment = path.Join(c.Graph.Folder(), f.path), c.Graph.Environment
	}
	pass.Set(c, c.Plan.Tree.Files, row.Path, true, equalBools, c.Because(c.Graph.Pos, f.reason))
	if f.template != "" {
		row.Content = kind.Template{Name: f.template, Assets: c.Graph.Library.Tree, Data: data}
	}
	c.Plan.Tree.Rows = append(c.Plan.Tree.Rows, row)
}

// treeFile is a file that every tree has.
type treeFile struct {
	path, reason   string
	template       string       // of the library's folder of them, or
	content        kind.Content // what another room knows
	mode           string
	yields, secret bool
	own            bool // each environment has its own
}

// treeFiles lists them. A repository whose root is the output directory has some of these names already: those yield.
func treeFiles(g *ir.Graph, local ir.Local) []treeFile {
	all := []treeFile{
		{path: ".gitattributes", template: "gitattributes.tmpl", yields: true, reason: "git must not merge lines of what is made from arch.cue"},
		{path: ".gitignore", template: "gitignore.tmpl", yields: true, reason: "git must not take keys and decrypted files"},
		{path: "README.md", template: "README.md.tmpl", yields: g.Environment == "", own: true, reason: "it says what is in the tree, and how to apply it"},
		{path: "local/compose.yaml", content: kind.Document{Object: local.Document}, own: true, reason: "the architecture runs on one machine with it"},
		{path: "scripts/deploy.sh", template: "deploy.sh.tmpl", mode: "0755", own: true, reason: "it applies the tree in start-up order"},
		{path: "scripts/verify.sh", template: "verify.sh.tmpl", mode: "0755", own: true, reason: "it checks the tree without a key"},
		{path: ".sops.yaml", content: kind.Recipients{}, secret: true, reason: "it says who opens the secrets, and which values are secret"},
		{path: ".platc/manifest.json", content: kind.Record{}, reason: "it records what was written, for the next build"},
	}
	if g.Environment == "" {
		return all
	}
	return append(
		all,
		treeFile{path: "README.md", template: "environments/README.md.tmpl", yields: true, reason: "it says which environments there are, and what they share"},
		treeFile{path: "scripts/deploy.sh", template: "environments/deploy.sh.tmpl", mode: "0755", reason: "it applies an environment"},
		treeFile{path: "scripts/verify.sh", template: "environments/verify.sh.tmpl", mode: "0755", reason: "it checks all environments without a key"},
	)
}

// enterTop decides which folder of a component the top kustomization lists: the deployed one, or its overlay without the Namespace.
func enterTop(c *pass.Context, n *ir.Node, folder ir.Decided[string]) {
	p := c.Of(n)
	entry, by := folder.Value(), folder.By()
	if p.Overlay != "" {
		entry, by = p.Overlay, p.Files[p.Overlay+"/kustomization.yaml"].By()
	}
	for _, o := range by {
		pass.Set(c, c.Plan.Tree.Entries, n.Name, path.Join(n.Name, entry), equalTexts, o)
	}
}

func topKustomization(t *ir.Tree) kind.Kustomization {
	var entries []string
	for _, name := range slices.Sorted(maps.Keys(t.Entries)) {
		entries = append(entries, t.Entries[name].Value())
	}
	slices.Sort(entries)
	return kind.Kustomization{Object: kind.Object{
		"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": anyStrings(entries), "sortOptions": kind.Object{"order": "legacy"},
	}}
}

// steps are what deploy.sh waits for after it has applied a component: Jobs of its links, what its kind says, what else its links add.
func steps(c *pass.Context, n *ir.Node) []ir.Decided[ir.Step] {
	var all []ir.Decided[ir.Step]
	index := pass.Index[int]{}
	add := func(said any, by []ir.Origin) {
		place := len(all)
		for _, o := range by {
			all = pass.Append(c, index, place, all, stepOf(said), o)
		}
	}
	// a Job of a link is what the component's own pods wait for
	isJob := func(d ir.Decided[any]) bool { return stepOf(d.Value()).Job != "" }
	for _, d := range c.Of(n).Rollout {
		if isJob(d) {
			add(d.Value(), d.By())
		}
	}
	for i, s := range n.Description.Rollout {
		add(s, []ir.Origin{c.Described(n, n.Kind.Name+" has it", "rollout", i)})
	}
	for _, d := range c.Of(n).Rollout {
		if !isJob(d) {
			add(d.Value(), d.By())
		}
	}
	return all
}

func stepOf(said any) ir.Step {
	if resource, ok := said.(string); ok {
		return ir.Step{Resource: resource}
	}
	o, _ := said.(kind.Object)
	return ir.Step{Job: word(o, "job"), Resource: word(o, "resource"), Condition: word(o, "condition")}
}

// word is a text in data, "" without.
func word(o kind.Object, key string) string {
	s, _ := o[key].(string)
	return s
}

// need is a prerequisite with those who need it.
type need struct {
	ir.Prerequisite

	by []ir.Origin
}

// needs are prerequisites by name and version.
type needs map[string]*need

// prerequisites are those of all components and links, each once.
func prerequisites(c *pass.Context) []ir.Decided[ir.Prerequisite] {
	needs := needs{}
	for _, n := range c.Graph.Components() {
		for i, said := range n.Description.Prerequisites {
			needs.add(said, n, c.Described(n, n.Kind.Name+" needs it", "prerequisites", i))
		}
		for _, d := range c.Of(n).Prerequisites {
			needs.add(d.Value(), n, d.By()...)
		}
	}
	var all []ir.Decided[ir.Prerequisite]
	index := pass.Index[string]{}
	for _, key := range slices.Sorted(maps.Keys(needs)) {
		for _, o := range needs[key].by {
			all = pass.Append(c, index, key, all, needs[key].Prerequisite, o)
		}
	}
	return all
}

// add enters that a component needs something.
func (all needs) add(said kind.Object, n *ir.Node, by ...ir.Origin) {
	key := word(said, "name") + "\x00" + word(said, "version")
	p := all[key]
	if p == nil {
		p = &need{Prerequisite: ir.Prerequisite{Name: word(said, "name"), Version: word(said, "version"), What: word(said, "what")}}
		all[key] = p
	}
	p.Watch, p.Annotation = cmp.Or(word(said, "watch"), p.Watch), cmp.Or(word(said, "annotation"), p.Annotation)
	p.CRDs, p.Images = addedAll(p.CRDs, said["crds"]), addedAll(p.Images, said["images"])
	p.NeededBy, p.Namespaces = added(p.NeededBy, n.Name), added(p.Namespaces, n.Namespace())
	p.by = append(p.by, by...)
}

func addedAll(list []string, words any) []string {
	all, _ := words.([]any)
	for _, word := range all {
		name, _ := word.(string)
		list = added(list, name)
	}
	return list
}

// added is a sorted list with one more word, unless it is there.
func added(list []string, word string) []string {
	if i, found := slices.BinarySearch(list, word); !found {
		return slices.Insert(list, i, word)
	}
	return list
}

// notes are those of all components and links, each once, sorted.
func notes(c *pass.Context) []ir.Decided[string] {
	var all []ir.Decided[string]
	index := pass.Index[string]{}
	add := func(note string, by ir.Origin) {
		note = trimmed(note)
		all = pass.Append(c, index, note, all, note, by)
	}
	for _, n := range c.Graph.Components() {
		for i, note := range n.Description.Notes {
			add(note, c.Described(n, n.Kind.Name+" has it", "notes", i))
		}
		for _, d := range c.Of(n).Notes {
			for _, o := range d.By() {
				add(d.Value(), o)
			}
		}
	}
	slices.SortFunc(all, func(a, b ir.Decided[string]) int { return cmp.Compare(a.Value(), b.Value()) })
	return all
}

// trimmed is a text without blanks at the end of its lines (OUTPUT.md, OUT-06).
func trimmed(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t")
	}
	return strings.Join(lines, "\n")
}

func treeHolds(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		_, deployed := p.Folders[kind.Deploy]
		if _, entered := c.Plan.Tree.Entries[n.Name]; deployed != entered {
			return fmt.Errorf("%s is deployed: %v, and listed: %v", n.Name, deployed, entered)
		}
	}
	seen := map[string]bool{}
	for _, row := range c.Plan.Tree.Rows {
		if !c.Plan.Tree.Files[row.Path].Value() || seen[row.Path] {
			return fmt.Errorf("file %s of the tree is there twice, or was not kept", row.Path)
		}
		seen[row.Path] = true
	}
	return nil
}
