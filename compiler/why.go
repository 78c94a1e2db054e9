package compiler

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
	"platc.dev/platc/emit/text"
)

// Answer says why a component has a thing, or has it not.
type Answer struct {
	Component string    `json:"component"`
	Thing     string    `json:"thing"`
	What      string    `json:"what"` // "variable", "requirement", "module", "file" or "line"
	Present   bool      `json:"present"`
	Value     string    `json:"value"` // of a variable, a requirement or a line; secrets by name
	Because   []Because `json:"because"`
}

// Because is one origin of a decision.
type Because struct {
	Reason string `json:"reason"`
	Edge   string `json:"edge"` // "orders -> db/orders"; "" without an edge
	Rule   string `json:"rule"`
	Pass   string `json:"pass"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// Unknown is a question about what no component or rule of the architecture could have.
type Unknown struct{ Message, Help string }

func (u *Unknown) Error() string { return u.Message }

// Why answers a question about a component of a checked build: a variable, requirement, module, file (path from the component's folder)
// or line (FILE:LINE). What is absent has an answer too, when a rule could bring it. The error is an *Unknown, or one of rendering.
func Why(b *Build, component, thing string) (Answer, error) {
	if b.Plan == nil || !b.Plan.Sealed {
		return Answer{}, ErrFindings
	}
	n := b.Graph.Node(component)
	if n == nil || n.Parent != nil {
		return Answer{}, noComponent(b.Graph, component)
	}
	w := why{plan: b.Plan, library: b.Graph.Library, node: n, np: b.Plan.Of[n]}
	thing = strings.TrimSpace(thing)
	if file, line, ok := w.fileLine(thing); ok {
		return w.line(file, line)
	}
	for _, ask := range []func(string) (Answer, bool){w.variable, w.requirement, w.module, w.file, w.noVariable, w.noRequirement, w.noFile} {
		if a, ok := ask(thing); ok {
			a.Component, a.Thing = n.Name, thing
			return a, nil
		}
	}
	return Answer{}, w.unknown(thing)
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
}

func (w why) unknown(thing string) error {
	var known []string
	known = slices.AppendSeq(known, maps.Keys(w.np.Env))
	known = slices.AppendSeq(known, maps.Keys(w.node.Description.Settings))
	known = slices.AppendSeq(known, maps.Keys(w.np.Requirements))
	known = slices.AppendSeq(known, maps.Keys(w.np.Files))
	for asset := range w.np.Modules {
		known = append(known, path.Base(asset))
	}
	slices.Sort(known)
	help := "ask for a variable, a requirement, a module, a file such as k8s/deploy/base/kustomization.yaml, or FILE:LINE"
	if near := diag.Nearest(thing, known); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	return &Unknown{fmt.Sprintf("%s has nothing called %q, and no rule could bring it", w.node.Name, thing), help}
}

// origins are the reasons of a decision, each edge and rule once.
func origins(by []ir.Origin) []Because {
	all := []Because{}
	for _, o := range by {
		r := Because{Reason: o.Reason, Pass: o.Pass, File: o.Pos.File, Line: o.Pos.Line, Column: o.Pos.Column}
		if o.Edge != nil {
			r.Edge = o.Edge.Name()
		}
		if o.Rule != nil {
			r.Rule = o.Rule.Name()
		}
		if !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	return all
}

func because(pos diag.Pos, passName, reason string) Because {
	return Because{Reason: reason, Pass: passName, File: pos.File, Line: pos.Line, Column: pos.Column}
}

func (w why) variable(name string) (Answer, bool) {
	if d, ok := w.np.Env[name]; ok {
		return Answer{What: "variable", Present: true, Value: value.Display(d.Value()), Because: origins(d.By())}, true
	}
	v, ok := w.node.Description.Settings[name]
	if !ok {
		return Answer{}, false
	}
	by := because(w.settingPos(name), "load", w.node.Name+" sets it itself")
	return Answer{What: "variable", Present: true, Value: value.Display(v), Because: []Because{by}}, true
}

// settingPos is where the user set a setting: in a map of variables, or by the attribute of that name; else the component.
func (w why) settingPos(name string) diag.Pos {
	if w.node.Given == nil {
		return w.node.Pos
	}
	for _, f := range w.node.Given.Fields {
		if f.Struct && f.Field(name) != nil && f.Key != "links" {
			return f.Field(name).Pos
		}
	}
	return w.node.AttrPos(strings.ToLower(name))
}

// noVariable explains a variable that a rule could set.
func (w why) noVariable(name string) (Answer, bool) {
	var ends []string
	var by []Because
	for _, r := range w.rulesFrom() {
		if !r.Brings.Variable(name) {
			continue
		}
		ends = append(ends, w.targets(r)...)
		for _, e := range w.edgesOf(r) {
			by = append(by, w.otherName(e, r, name)...)
		}
	}
	if len(ends) == 0 {
		return Answer{}, false
	}
	if len(by) == 0 {
		by = []Because{because(w.node.Pos, "bind-env", "no link to "+alternatives(ends))}
	}
	return Answer{What: "variable", Because: unique(by)}, true
}

// otherName is why a link that could set a variable does not: it is renamed or left out, or stands under the name of an instance.
func (w why) otherName(e *ir.Edge, r *kind.Rule, name string) []Because {
	at := Because{Edge: e.Name(), Rule: r.Name(), Pass: "bind-env", File: e.Pos.File, Line: e.Pos.Line, Column: e.Pos.Column}
	if names, ok := e.Attrs["env"].(kind.Object); ok {
		if to, ok := names[name]; ok {
			pos := e.AttrPos("env")
			at.File, at.Line, at.Column = pos.File, pos.Line, pos.Column
			at.Reason = "the link leaves it out"
			if s, ok := to.(string); ok {
				at.Reason = "the link calls it " + s
			}
			return []Because{at}
		}
	}
	var instances []string
	for _, d := range w.np.Instances {
		if i := d.Value(); strings.HasPrefix(name, i.Prefix+"_") {
			instances = append(instances, i.Component.Name)
		}
	}
	switch {
	case len(instances) > 1:
		at.Reason = fmt.Sprintf("there are several instances, %s, and the plain name is only for a link with primary: true", strings.Join(instances, " and "))
	case r.Brings.Prefix != "*" && !slices.Contains(r.Brings.Variables(), name):
		at.Reason = "names with an instance are only for several instances, and there is one"
	case r.Brings.Prefix == "*":
		return nil
	default:
		at.Reason = "the link does not set it with its attributes"
	}
	return []Because{at}
}

// rulesFrom are the rules with this component, or a sub-component of its kind, as their source.
func (w why) rulesFrom() []*kind.Rule {
	return w.rules(func(r *kind.Rule) string { return r.From })
}

func (w why) rulesTo() []*kind.Rule {
	return w.rules(func(r *kind.Rule) string { return r.To })
}

func (w why) rules(end func(*kind.Rule) string) []*kind.Rule {
	var all []*kind.Rule
	for _, name := range slices.Sorted(maps.Keys(w.library.Rules)) {
		r := w.library.Rules[name]
		if w.node.Kind.Is(end(r)) || slices.ContainsFunc(slices.Collect(maps.Values(w.node.Kind.Subs)), func(sub *kind.Kind) bool { return sub.Is(end(r)) }) {
			all = append(all, r)
		}
	}
	return all
}

// edgesOf are the edges of this component that a rule was applied to.
func (w why) edgesOf(r *kind.Rule) []*ir.Edge {
	var all []*ir.Edge
	for _, e := range w.plan.Graph.Edges {
		if e.Source.Component() == w.node && slices.Contains(e.Rules, r) {
			all = append(all, e)
		}
	}
	return all
}

// targets are the kinds that a rule of this source leads to, as users call them, with the sub-kinds that bring the rule of their component.
func (w why) targets(r *kind.Rule) []string {
	all := w.library.Targets(r)
	for i, end := range all {
		all[i] = short(end)
	}
	return all
}

// short is a kind as users call it: "database", or "what provides metrics" of a capability.
func short(end string) string {
	if capability, ok := strings.CutPrefix(end, "@"); ok {
		return "any component with " + capability
	}
	return kind.Short(end)
}

func alternatives(words []string) string {
	var once []string
	for _, word := range words {
		if !slices.Contains(once, word) {
			once = append(once, word)
		}
	}
	return strings.Join(once, " or ")
}

func unique(all []Because) []Because {
	var once []Because
	for _, r := range all {
		if !slices.Contains(once, r) {
			once = append(once, r)
		}
	}
	return once
}

func (w why) requirement(name string) (Answer, bool) {
	wanted := kind.ParsePin(name).Distribution
	if wanted == "" || strings.ContainsAny(name, "/ ") {
		return Answer{}, false
	}
	for _, d := range slices.Sorted(maps.Keys(w.np.Requirements)) {
		if kind.ParsePin(d).Distribution == wanted {
			r := w.np.Requirements[d]
			return Answer{What: "requirement", Present: true, Value: r.Value(), Because: origins(r.By())}, true
		}
	}
	for _, row := range w.np.Rows {
		for _, pin := range row.Requirements {
			if kind.ParsePin(pin).Distribution == wanted {
				by := because(w.node.Pos, "keep-files", fmt.Sprintf("%s of every %s pins it", row.Path, w.node.Kind.Name))
				return Answer{What: "requirement", Present: true, Value: pin, Because: []Because{by}}, true
			}
		}
	}
	return Answer{}, false
}

// noRequirement explains a requirement that a rule could bring.
func (w why) noRequirement(name string) (Answer, bool) {
	wanted := kind.ParsePin(name).Distribution
	has := func(pins []string) bool {
		return slices.ContainsFunc(pins, func(pin string) bool { return kind.ParsePin(pin).Distribution == wanted })
	}
	var ends []string
	for _, r := range w.rulesFrom() {
		if has(r.Brings.Out.Requirements) {
			ends = append(ends, w.targets(r)...)
		}
	}
	reason := "no link to " + alternatives(ends)
	if len(ends) == 0 {
		if ends = w.sources(func(s kind.Side) bool { return has(s.Requirements) }); len(ends) == 0 {
			return Answer{}, false
		}
		reason = "no link from " + alternatives(ends)
	}
	return Answer{What: "requirement", Because: []Because{because(w.node.Pos, "collect-requirements", reason)}}, true
}

// sources are the kinds whose links to this component would bring something.
func (w why) sources(brings func(kind.Side) bool) []string {
	var ends []string
	for _, r := range w.rulesTo() {
		if brings(r.Brings.In) {
			ends = append(ends, short(r.From))
		}
	}
	return ends
}

// module finds a module by its name, with or without its kind, its folder or .py.
func (w why) module(name string) (Answer, bool) {
	wanted := strings.TrimSuffix(strings.TrimSuffix(name, "/"), ".py")
	for _, asset := range slices.Sorted(maps.Keys(w.np.Modules)) {
		base := strings.TrimSuffix(path.Base(asset), ".py")
		if wanted != asset && wanted != base && (path.Base(wanted) != base || w.isFile(name)) {
			continue
		}
		d := w.np.Modules[asset]
		return Answer{What: "module", Present: d.Value(), Because: origins(d.By())}, true
	}
	return Answer{}, false
}

func (w why) isFile(name string) bool {
	_, ok := w.np.Files[w.inside(name)]
	return ok
}

// inside is a path from the component's folder: what stands in front of that folder is cut off where the rest is a file.
func (w why) inside(name string) string {
	name = path.Clean(name)
	if _, ok := w.np.Files[name]; ok {
		return name
	}
	parts := strings.Split(name, "/")
	for i, part := range parts {
		if rest := strings.Join(parts[i+1:], "/"); part == w.node.Name && rest != "" {
			return rest
		}
	}
	return name
}

func (w why) file(name string) (Answer, bool) {
	name = w.inside(name)
	d, ok := w.np.Files[name]
	if !ok {
		return Answer{}, false
	}
	a := Answer{What: "file", Present: d.Value(), Because: origins(d.By())}
	if !d.Value() {
		a.Because = w.missing(name, a.Because)
	}
	return a, true
}

// missing names the links that would bring a file that depends on them.
func (w why) missing(row string, otherwise []Because) []Because {
	i := slices.IndexFunc(w.node.Kind.Rows, func(r kind.Row) bool { return r.Path == row })
	if i < 0 || w.node.Kind.Rows[i].When == nil {
		return otherwise
	}
	slots := w.node.Kind.Rows[i].When.Slots()
	brings := func(s kind.Side) bool {
		return slices.ContainsFunc(s.Parts, func(slot string) bool { return slices.Contains(slots, slot) })
	}
	var reasons []string
	if from := w.sources(brings); len(from) > 0 {
		reasons = append(reasons, "from "+alternatives(from))
	}
	var to []string
	for _, r := range w.rulesFrom() {
		if brings(r.Brings.Out) {
			to = append(to, short(r.To))
		}
	}
	if len(to) > 0 {
		reasons = append(reasons, "to "+alternatives(to))
	}
	if len(reasons) == 0 {
		return otherwise
	}
	return []Because{because(w.node.Pos, "keep-files", "no link "+strings.Join(reasons, ", or "))}
}

// noFile explains a file of a row that stands for several: those of other names, and those of a folder that is left out.
func (w why) noFile(name string) (Answer, bool) {
	name = w.inside(name)
	for _, row := range w.node.Kind.Rows {
		pattern := regexp.QuoteMeta(row.Path)
		if strings.HasSuffix(row.Path, "/") {
			if d, ok := w.np.Files[row.Path]; ok && !d.Value() && strings.HasPrefix(name, row.Path) {
				return Answer{What: "file", Because: w.missing(row.Path, origins(d.By()))}, true
			}
			continue
		}
		if !strings.Contains(pattern, `\{name\}`) || !regexp.MustCompile("^"+strings.ReplaceAll(pattern, `\{name\}`, "[^/]+")+"$").MatchString(name) {
			continue
		}
		by := []Because{because(w.node.Pos, "keep-files", "nothing of that name asks for it")}
		return Answer{What: "file", Because: w.missing(row.Path, by)}, true
	}
	return Answer{}, false
}

// fileLine splits FILE:LINE where FILE is a file of the component.
func (w why) fileLine(thing string) (file string, line int, ok bool) {
	name, number, found := cutLast(thing, ":")
	line, err := strconv.Atoi(number)
	if !found || err != nil {
		return "", 0, false
	}
	name = w.inside(name)
	_, ok = w.np.Files[name]
	return name, line, ok
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// line explains a line of a file that is there; of one that is not, the file.
func (w why) line(file string, number int) (Answer, error) {
	thing := file + ":" + strconv.Itoa(number)
	about, _ := w.file(file)
	about.Component, about.Thing = w.node.Name, thing
	if !about.Present {
		return about, nil
	}
	lines, encrypted, err := w.lines(file)
	if err != nil {
		return Answer{}, err
	}
	if encrypted && number > len(lines) { // what SOPS wrote, and nobody else can read
		about.What = "line"
		return about, nil
	}
	if number < 1 || number > len(lines) {
		return Answer{}, &Unknown{fmt.Sprintf("%s of %s has no line %d", file, w.node.Name, number), fmt.Sprintf("it has %d lines", len(lines))}
	}
	a := Answer{Component: w.node.Name, Thing: thing, What: "line", Present: true, Value: strings.TrimSpace(lines[number-1]), Because: about.Because}
	if by := w.explainLine(file, lines, number-1); len(by) > 0 {
		a.Because = by
	}
	return a, nil
}

// lines is the text of a file. Of an encrypted one it is what stands in clear at its beginning: comments and names.
func (w why) lines(file string) (lines []string, encrypted bool, err error) {
	i := slices.IndexFunc(w.np.Rows, func(r kind.Row) bool { return r.Path == file })
	if i >= 0 && (w.np.Rows[i].Environment != nil || w.np.Rows[i].IsDotenv) && text.IsSecret(file) {
		return dotenvLines(w.plan, w.np.Rows[i]), true, nil
	}
	files, err := renderComponents(w.plan, []*ir.Node{w.node}, 1)
	if err != nil {
		return nil, false, err
	}
	for _, f := range files {
		if f.Path == path.Join(w.node.Name, file) {
			return strings.Split(strings.TrimSuffix(string(f.Data), "\n"), "\n"), false, nil
		}
	}
	if i < 0 {
		return nil, false, errors.New("no emitter wrote " + file)
	}
	return nil, true, nil
}

func dotenvLines(p *ir.Plan, row kind.Row) []string {
	groups := row.Dotenv
	if row.Environment != nil {
		groups = environment(p, row.Environment)
	}
	var all []string
	for _, g := range groups {
		if g.Comment != "" {
			all = append(all, "# "+g.Comment)
		}
		for _, name := range slices.Sorted(maps.Keys(g.Vars)) {
			all = append(all, name+"="+value.Display(g.Vars[name]))
		}
	}
	return all
}

// byPlace sorts reasons by place, so that an answer does not depend on the order of maps.
func byPlace(all []Because) []Because {
	slices.SortStableFunc(all, func(a, b Because) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Edge, b.Edge), cmp.Compare(a.Rule, b.Rule))
	})
	return all
}
