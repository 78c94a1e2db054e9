package explain

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// Answer says why a component has a thing, or has it not.
type Answer struct {
	Environment string    `json:"environment"` // "": there are none
	Component   string    `json:"component"`
	Thing       string    `json:"thing"`
	What        string    `json:"what"` // "variable", "requirement", "module", "file", "line", "attribute", "link", "peer", "sub-component", "seam", "user" or "value"
	Present     bool      `json:"present"`
	Value       string    `json:"value"` // of a variable, a requirement, an attribute or a line; secrets by name
	Because     []Because `json:"because"`
	Kind        *Place    `json:"kind,omitempty"` // of a line: where the kind, or the library, writes it
	Part        *Place    `json:"part,omitempty"` // of a line: of the building block that the kind writes it with
}

// Unknown is a question about what no component or rule of the architecture could have.
type Unknown struct{ Message, Help string }

func (u *Unknown) Error() string { return u.Message }

// Why answers a question about a component of a sealed plan: a variable, requirement, module, file (its path from the component's folder or in the
// output, or its last name), line (FILE:LINE), attribute, also of a sub-component or a link (NAME.ATTRIBUTE), link or linked component, sub-component or user
// name. What is absent has an answer too, when something could bring it. The error is an *Unknown, or one of rendering.
func Why(p *ir.Plan, component, thing string) (Answer, error) {
	n := p.Graph.Node(component)
	if n == nil || n.Parent != nil {
		return Answer{}, noComponent(p.Graph, component)
	}
	w := why{plan: p, library: p.Graph.Library, node: n, np: p.Of[n], origins: newOrigins(p)}
	thing = strings.TrimSpace(thing)
	a, err := w.answer(thing)
	a.Environment, a.Component, a.Thing = p.Graph.Environment, n.Name, thing
	return a, err
}

// WhyFile answers a question about a file of the output, or a line of one (FILE:LINE), by its path. The path of the output may stand in front. The error is an
// *Unknown, or one of rendering.
func WhyFile(p *ir.Plan, thing string) (Answer, error) {
	name, line, ofLine := fileLine(thing)
	if !ofLine {
		name = thing
	}
	name = path.Clean(strings.ReplaceAll(name, `\`, "/"))
	f := fileNamed(p, name)
	if f == nil {
		return Answer{}, noFile(p, name)
	}
	w := why{plan: p, library: p.Graph.Library, node: f.Node, origins: newOrigins(p)}
	var a Answer
	var err error
	if ofLine {
		a, err = w.line(f, line, nil)
	} else {
		a = w.file(f)
	}
	a.Environment, a.Component, a.Thing = p.Graph.Environment, p.Graph.Name, thing
	if f.Node != nil {
		a.Component = f.Node.Name
	}
	return a, err
}

// fileNamed is the file that a path ends in, by its path below the folder of the component or of the whole tree; nil if there is none.
func fileNamed(p *ir.Plan, name string) *File {
	var found *File
	longest := 0
	for _, n := range append(p.Graph.Components(), nil) {
		folder := ""
		if n != nil {
			folder = n.Name + "/"
		}
		for _, f := range files(p, n) {
			above, ok := strings.CutSuffix("/"+name, "/"+folder+f.Path)
			// a file of the whole tree is not in the folder of a component
			if ok && len(folder+f.Path) > longest && (n != nil || p.Graph.Node(path.Base(above)) == nil) {
				found, longest = f, len(folder+f.Path)
			}
		}
	}
	return found
}

// noFile says which files are called like one that there is not, or else are in its folder.
func noFile(p *ir.Plan, name string) error {
	help := "for what is not a file, name the component too, for example `platc why orders POSTGRES_HOST`"
	var alike, beside []string
	for _, n := range p.Graph.Components() {
		for _, f := range files(p, n) {
			full := n.Name + "/" + f.Path
			switch {
			case !f.decided.Value():
			case path.Base(full) == path.Base(name):
				alike = append(alike, full)
			case strings.HasSuffix("/"+path.Dir(name), "/"+path.Dir(full)):
				beside = append(beside, path.Base(full))
			}
		}
	}
	switch {
	case len(alike) > 0:
		help = "files of that name are " + strings.Join(alike[:min(len(alike), 5)], ", ")
	case len(beside) > 0:
		help = "in its folder there are " + strings.Join(beside[:min(len(beside), 10)], ", ")
	}
	return &Unknown{fmt.Sprintf("the output of %s has no file %s", p.Graph.Name, name), help}
}

func noComponent(g *ir.Graph, name string) error {
	var names []string
	for _, n := range g.Components() {
		names = append(names, n.Name)
	}
	help := "its components are " + strings.Join(names[:min(len(names), 10)], ", ")
	if near := diag.Nearest(name, names); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	return &Unknown{fmt.Sprintf("%s has no component %q", g.Name, name), help}
}

// why is a question about one component.
type why struct {
	plan    *ir.Plan
	library *kind.Library
	node    *ir.Node
	np      *ir.NodePlan
	origins *origins
}

// answer looks for what is there first, and then for what could be.
func (w why) answer(thing string) (Answer, error) {
	if name, number, ok := fileLine(thing); ok {
		if f, err := w.find(name); f != nil || err != nil {
			return w.line(f, number, err)
		}
	}
	f, err := w.find(thing)
	for _, ask := range []func(string) (Answer, bool){w.variable, w.link, w.requirement, w.module, w.seam} {
		// a file of the team's own may be in the place of a module or of what a seam makes room for
		if a, ok := ask(thing); ok && (a.Present || f == nil || !f.decided.Value()) {
			return a, nil
		}
	}
	if f != nil || err != nil {
		return w.file(f), err
	}
	for _, ask := range []func(string) (Answer, bool){w.attribute, w.sub, w.inner, w.user, w.item, w.value, w.lower, w.noVariable, w.noRequirement, w.noFile, w.noLink} {
		if a, ok := ask(thing); ok {
			return a, nil
		}
	}
	return Answer{}, w.unknown(thing)
}

func (w why) unknown(thing string) error {
	var known []string
	known = slices.AppendSeq(known, maps.Keys(w.np.Env))
	known = slices.AppendSeq(known, maps.Keys(w.node.Description.Settings))
	known = slices.AppendSeq(known, maps.Keys(w.np.Requirements))
	known = slices.AppendSeq(known, maps.Keys(w.np.Files))
	known = slices.AppendSeq(known, maps.Keys(w.node.Attrs))
	for asset := range w.np.Modules {
		known = append(known, path.Base(asset))
	}
	for _, n := range w.plan.Graph.Nodes {
		known = append(known, n.ID)
	}
	known = append(known, w.inners()...)
	slices.Sort(known)
	// port and PORT are near each other
	small := func(name string) bool { return strings.ToLower(name) == name }
	alike := slices.DeleteFunc(slices.Clone(known), func(name string) bool { return small(name) != small(thing) })
	known = append(alike, known...)
	help := "ask for a variable, a requirement, a module, an attribute, a link, a file such as k8s/deploy/base/kustomization.yaml, or FILE:LINE"
	if near := diag.Nearest(thing, known); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	return &Unknown{fmt.Sprintf("%s has nothing called %q, and no rule could bring it", w.node.Name, thing), help}
}

func because(pos diag.Pos, passName, reason string) Because {
	return Because{Reason: reason, Pass: passName, File: pos.File, Line: pos.Line, Column: pos.Column}
}

// variable is one of links, a setting, or one in a file of variables.
func (w why) variable(name string) (Answer, bool) {
	a := Answer{What: "variable", Present: true}
	if d, ok := w.np.Env[name]; ok {
		a.Value, a.Because = value.Display(d.Value()), w.origins.by(d.By()).named()
		return a, true
	}
	if v, ok := w.node.Description.Settings[name]; ok {
		a.Value, a.Because = value.Display(v), w.origins.described(w.node, "settings", name).named()
		if len(a.Because) == 0 {
			a.Because = []Because{because(w.node.Pos, loads, w.node.Name+" sets it itself")}
		}
		if trace := w.node.Description.Trace; trace != nil {
			a.Kind = w.origins.place(trace("settings", name).Pos)
		}
		return a, true
	}
	for _, f := range files(w.plan, w.node) {
		var groups []kind.Group
		switch c := f.row.Content.(type) {
		case kind.Dotenv:
			groups = c
		case kind.Environment:
			groups = c.Groups()
		}
		for _, g := range groups {
			if v, ok := g.Vars[name]; ok {
				return w.inFile(f, a, value.Display(v), name+"=")
			}
		}
	}
	return Answer{}, false
}

// inFile is the answer about the line of a file of variables that begins with some text.
func (w why) inFile(f *File, a Answer, shown, begins string) (Answer, bool) {
	lines, err := w.origins.lines(f)
	if err != nil {
		return Answer{}, false
	}
	for _, l := range lines {
		if strings.HasPrefix(l.text, begins) {
			of := w.explained(f, l)
			a.Value, a.Because, a.Kind = shown, of.Because, of.Kind
			return a, true
		}
	}
	return Answer{}, false
}

// lower is a variable whose name was written in lower case.
func (w why) lower(name string) (Answer, bool) {
	if upper := strings.ToUpper(name); upper != name {
		if a, ok := w.variable(upper); ok {
			return a, true
		}
		return w.noVariable(upper)
	}
	return Answer{}, false
}

// distribution is the name of a Python distribution without extras and version, normalised as PEP 503 says.
func distribution(pin string) string {
	name := regexp.MustCompile(`^[A-Za-z0-9._-]+`).FindString(pin)
	return strings.ToLower(regexp.MustCompile(`[-_.]+`).ReplaceAllString(name, "-"))
}

func (w why) requirement(name string) (Answer, bool) {
	wanted := distribution(name)
	if wanted == "" || strings.ContainsAny(name, "/ ") {
		return Answer{}, false
	}
	for _, d := range sorted(w.np.Requirements) {
		if distribution(d) == wanted {
			r := w.np.Requirements[d]
			return Answer{What: "requirement", Present: true, Value: r.Value(), Because: w.origins.by(r.By()).named()}, true
		}
	}
	for _, f := range files(w.plan, w.node) {
		c, _ := f.row.Content.(kind.Requirements)
		for _, pin := range c.Pins {
			if distribution(pin) == wanted {
				by := because(w.node.Pos, "keep-files", fmt.Sprintf("%s of every %s pins it", f.Path, w.node.Kind.Name))
				return Answer{What: "requirement", Present: true, Value: pin, Because: []Because{by}, Kind: w.origins.place(f.row.Pos)}, true
			}
		}
	}
	return Answer{}, false
}

// module finds a module by its name, with or without its kind, its folder or .py.
func (w why) module(name string) (Answer, bool) {
	wanted := strings.TrimSuffix(strings.TrimSuffix(name, "/"), ".py")
	_, isFile := w.np.Files[inside(w.node, name)]
	for _, asset := range sorted(w.np.Modules) {
		base := strings.TrimSuffix(path.Base(asset), ".py")
		if wanted != asset && wanted != base && (path.Base(wanted) != base || isFile) {
			continue
		}
		d := w.np.Modules[asset]
		return Answer{What: "module", Present: d.Value(), Because: w.origins.by(d.By()).named()}, true
	}
	return Answer{}, false
}

// seam is a place where the user's own files join the component, by its name or by its folder.
func (w why) seam(name string) (Answer, bool) {
	for _, s := range w.node.Description.Seams {
		if strings.HasSuffix(name, "/") && s.File == name {
			name = s.Name
		}
	}
	d, ok := w.np.Seams[name]
	if !ok {
		return Answer{}, false
	}
	return Answer{What: "seam", Present: d.Value(), Because: w.origins.by(d.By()).named()}, true
}

// inside is a path from the component's folder: what stands in front of that folder is cut off.
func inside(n *ir.Node, name string) string {
	name = path.Clean(name)
	parts := strings.Split(name, "/")
	for i, part := range parts {
		if rest := strings.Join(parts[i+1:], "/"); part == n.Name && rest != "" {
			return rest
		}
	}
	return name
}

// find is the file of a path, or of the end of one: of the component, else of the whole tree; what is written goes first.
func (w why) find(name string) (*File, error) {
	name = strings.TrimPrefix(path.Clean(name), w.plan.Graph.Folder()+"/")
	own, tree := files(w.plan, w.node), files(w.plan, nil)
	for _, wanted := range []string{name, inside(w.node, name)} {
		for _, f := range own {
			if f.Path == wanted {
				return f, nil
			}
		}
	}
	for _, all := range [][]*File{own, tree} {
		found := slices.DeleteFunc(slices.Clone(all), func(f *File) bool { return !f.decided.Value() || !ends(f, name) })
		if whole := slices.DeleteFunc(slices.Clone(found), func(f *File) bool { return !isPath(f, name) }); len(whole) > 0 {
			return slices.MaxFunc(whole, func(a, b *File) int { return cmp.Compare(len(a.Path), len(b.Path)) }), nil
		}
		if len(found) > 1 {
			return nil, w.several(name, found)
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	if i := slices.IndexFunc(own, func(f *File) bool { return ends(f, name) }); i >= 0 {
		return own[i], nil
	}
	return nil, nil
}

// ends says whether a name is the end of the path of a file, or the path of one of the whole tree in the output.
func ends(f *File, name string) bool {
	return strings.HasSuffix("/"+f.Path, "/"+name) || isPath(f, name)
}

// isPath says whether a name is the path of a file of the whole tree, perhaps with that of the output in front.
func isPath(f *File, name string) bool {
	return f.Node == nil && strings.HasSuffix("/"+name, "/"+f.Path)
}

func (w why) several(name string, found []*File) error {
	var paths []string
	for _, f := range found {
		paths = append(paths, f.Path)
	}
	return &Unknown{fmt.Sprintf("%s has several files called %s", w.node.Name, name), "say which: " + strings.Join(paths, ", ")}
}

func (w why) file(f *File) Answer {
	if f == nil {
		return Answer{}
	}
	a := Answer{What: "file", Present: f.decided.Value(), Because: w.origins.by(f.decided.By()).named(), Kind: w.origins.place(f.row.Pos)}
	if !f.decided.Value() {
		if f.Node != nil {
			a.Because = w.missing(f.Path, a.Because)
		}
		return a
	}
	if named := w.origins.file(f).named(); len(named) > 0 {
		a.Because = named
	}
	return a
}

// fileLine splits FILE:LINE.
func fileLine(thing string) (file string, line int, ok bool) {
	i := strings.LastIndex(thing, ":")
	if i < 0 {
		return "", 0, false
	}
	line, err := strconv.Atoi(thing[i+1:])
	return thing[:i], line, err == nil
}

// line explains a line of a file that is there; of one that is not, the file.
func (w why) line(f *File, number int, err error) (Answer, error) {
	if err != nil {
		return Answer{}, err
	}
	if !f.decided.Value() {
		return w.file(f), nil
	}
	lines, err := w.origins.lines(f)
	if err != nil && !errors.Is(err, errSealed) {
		return Answer{}, err
	}
	if number > 0 && number > len(lines) && (f.row.Secret || errors.Is(err, errSealed)) { // what is written there follows from the keys and the values
		a := w.file(f)
		a.What = "line"
		return a, nil
	}
	if number < 1 || number > len(lines) {
		return Answer{}, &Unknown{fmt.Sprintf("%s has no line %d", f, number), fmt.Sprintf("it has %d lines", len(lines))}
	}
	return w.explained(f, lines[number-1]), nil
}

// explained is the answer about a line: what it depends on together with its file, or the file alone.
func (w why) explained(f *File, l line) Answer {
	a := w.file(f)
	a.What, a.Value = "line", strings.TrimSpace(l.text)
	a.Kind, a.Part = w.origins.written(l.at, f.row.Pos)
	if named := all(w.origins.file(f), l.on).named(); len(named) > 0 {
		a.Because = named
	}
	return a
}

// attribute is one that the user gave, or its default.
func (w why) attribute(name string) (Answer, bool) {
	top, _, _ := strings.Cut(name, ".")
	field := w.node.Kind.Attributes.Field(top)
	if field == nil {
		return Answer{}, false
	}
	return w.given(w.node, name), true
}

// given is an attribute of a component or of a sub-component, which its kind has.
func (w why) given(n *ir.Node, name string) Answer {
	top, _, _ := strings.Cut(name, ".")
	a := valued(n.Attrs[top])
	a.Kind = w.origins.place(n.Kind.Pos)
	a.Because = w.origins.attribute(n, strings.Split(name, ".")).named()
	if n.Given.Field(top) == nil && a.Present {
		a.Because = []Because{because(n.Pos, loads, "it is not given: this is the default of every "+n.Kind.Name)}
	}
	return a
}

// valued is the answer for an attribute that has a value, or none.
func valued(v any) Answer {
	a := Answer{What: "attribute", Present: v != nil}
	switch v.(type) {
	case nil, map[string]any, []any:
	default:
		a.Value = fmt.Sprint(v)
	}
	return a
}

// inner is an attribute of a sub-component or of a link: its name behind that of what has it, as in worker/mails.command or db/orders.access.
func (w why) inner(name string) (Answer, bool) {
	for _, sub := range w.node.Subs {
		for _, called := range []string{sub.Name, sub.SubKind() + "/" + sub.Name} {
			path, ok := strings.CutPrefix(name, called+".")
			top, _, _ := strings.Cut(path, ".")
			if ok && sub.Kind.Attributes.Field(top) != nil {
				return w.given(sub, path), true
			}
		}
	}
	for _, e := range w.plan.Graph.Edges {
		path, ok := strings.CutPrefix(name, e.As+".")
		top, _, _ := strings.Cut(path, ".")
		if !ok || e.Source.Component() != w.node || !takes(e, top) {
			continue
		}
		a := valued(e.Attrs[top])
		a.Because = w.origins.linkAttribute(e, strings.Split(path, ".")).named()
		return a, true
	}
	return Answer{}, false
}

// inners are the attributes of sub-components and links, as inner knows them.
func (w why) inners() []string {
	var all []string
	add := func(of string, fields ...kind.Field) {
		for _, f := range fields {
			all = append(all, of+"."+f.Name)
		}
	}
	for _, sub := range w.node.Subs {
		add(sub.Name, sub.Kind.Attributes.Fields...)
		add(sub.SubKind()+"/"+sub.Name, sub.Kind.Attributes.Fields...)
	}
	for _, e := range w.plan.Graph.Edges {
		if e.Source.Component() != w.node {
			continue
		}
		add(e.As, kind.EveryLink()...)
		for _, r := range e.Rules {
			if r.Attributes != nil {
				add(e.As, r.Attributes.Fields...)
			}
		}
	}
	return all
}

// takes says whether a link may have an attribute, or has it.
func takes(e *ir.Edge, name string) bool {
	return e.Given.Field(name) != nil ||
		slices.ContainsFunc(kind.EveryLink(), func(f kind.Field) bool { return f.Name == name }) ||
		slices.ContainsFunc(e.Rules, func(r *kind.Rule) bool { return r.Attributes != nil && r.Attributes.Field(name) != nil })
}

// namesOf are the names under which a question may mean an end of a link.
func namesOf(n *ir.Node) []string {
	return []string{n.ID, n.Component().ID, n.Component().Name + "/" + n.Name}
}

// link is the links between the component and another one, either way, or what the network policies open between them without one.
func (w why) link(name string) (Answer, bool) {
	var by []Because
	for _, e := range w.plan.Graph.Edges {
		out := e.Source.Component() == w.node && (e.As == name || slices.Contains(namesOf(e.Target), name))
		in := e.Target.Component() == w.node && slices.Contains(namesOf(e.Source), name)
		if out || in {
			by = append(by, w.origins.link(e, "resolve-links").named()...)
		}
	}
	if len(by) > 0 {
		return Answer{What: "link", Present: true, Because: by}, true
	}
	var openings []*cause
	for _, group := range sorted(w.np.Policies) {
		for _, d := range slices.Concat(w.np.Policies[group].Ingress, w.np.Policies[group].Egress) {
			if d.Value().Peer.Node.Name == name {
				openings = append(openings, w.origins.by(d.By()))
			}
		}
	}
	if len(openings) > 0 {
		return Answer{What: "peer", Present: true, Because: all(openings...).named()}, true
	}
	return Answer{}, false
}

// noLink is another component that has no link with this one.
func (w why) noLink(name string) (Answer, bool) {
	other := w.plan.Graph.Node(name)
	if other == nil {
		return Answer{}, false
	}
	reason := fmt.Sprintf("neither %s nor %s links to the other", w.node.Name, other.ID)
	if len(w.library.RulesOf(w.node.Kind, other.Kind)) == 0 && len(w.library.RulesOf(other.Kind, w.node.Kind)) == 0 {
		reason += fmt.Sprintf(", and there is no rule between %s and %s", w.node.Kind.Name, other.Kind.Name)
	}
	return Answer{What: "link", Because: []Because{because(w.node.Pos, "resolve-links", reason)}}, true
}

// sub is a sub-component, by its name or as KIND/NAME.
func (w why) sub(name string) (Answer, bool) {
	for _, sub := range w.node.Subs {
		if name == sub.Name || name == sub.SubKind()+"/"+sub.Name || name == sub.ID {
			return Answer{What: "sub-component", Present: true, Because: w.origins.sub(sub).named(), Kind: w.origins.place(sub.Kind.Pos)}, true
		}
	}
	return Answer{}, false
}

// user is the name of a credential of a link from or to the component.
func (w why) user(name string) (Answer, bool) {
	var causes []*cause
	for _, e := range w.plan.Graph.Edges {
		id, ok := w.plan.Identities[e]
		if ok && (e.Source.Component() == w.node || e.Target.Component() == w.node) && slices.ContainsFunc(id.Value().All(), func(i ir.Identity) bool { return i.User == name || i.Other.User == name }) {
			causes = append(causes, w.origins.by(id.By()))
		}
	}
	if len(causes) == 0 {
		return Answer{}, false
	}
	return Answer{What: "user", Present: true, Because: anyOf(causes...).named()}, true
}

// value is a key or a scalar of a document, such as the name of an object.
func (w why) value(name string) (Answer, bool) {
	for _, f := range files(w.plan, w.node) {
		var data any
		var prefix []any
		switch c := f.row.Content.(type) {
		case kind.Objects:
			objects := make([]any, len(c))
			for i, o := range c {
				objects[i] = o
			}
			data, prefix = objects, []any{"objects"}
		case kind.Kustomization:
			data, prefix = c.Object, []any{"kustomization"}
		case kind.JSON:
			data, prefix = c.Data, []any{"json"}
		}
		if found, ok := lookFor(data, name); ok {
			l := w.origins.leaf(asked{node: w.node}, f, slices.Concat(prefix, found), at(data, found), 0, 0)
			a := w.explained(f, l)
			a.What, a.Value = "value", "in "+f.Path
			return a, true
		}
	}
	return Answer{}, false
}

// item is one of a list that an attribute is.
func (w why) item(name string) (Answer, bool) {
	for _, attribute := range sorted(w.node.Attrs) {
		items, _ := w.node.Attrs[attribute].([]any)
		if i := slices.Index(items, any(name)); i >= 0 {
			a, ok := w.attribute(fmt.Sprintf("%s.%d", attribute, i))
			a.What, a.Value = "value", "in "+attribute
			return a, ok
		}
	}
	return Answer{}, false
}

// lookFor is the path of the first key or text that is a name.
func lookFor(data any, name string) ([]any, bool) {
	switch d := data.(type) {
	case string:
		return nil, d == name
	case map[string]any:
		for _, key := range sorted(d) {
			if key == name {
				return []any{key}, true
			}
			if below, ok := lookFor(d[key], name); ok {
				return append([]any{key}, below...), true
			}
		}
	case []any:
		for i, item := range d {
			if below, ok := lookFor(item, name); ok {
				return append([]any{i}, below...), true
			}
		}
	}
	return nil, false
}
