package explain

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

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
		i := d.Value()
		if strings.HasPrefix(name, i.Prefix+"_") {
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

// targets are the kinds that a rule leads to, as users call them, with the sub-kinds that bring the rule of their component.
func (w why) targets(r *kind.Rule) []string {
	var all []string
	for _, end := range w.library.Targets(r) {
		all = append(all, kind.Short(end))
	}
	return all
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

// noRequirement explains a requirement that a rule could bring.
func (w why) noRequirement(name string) (Answer, bool) {
	wanted := distribution(name)
	has := func(pins []string) bool {
		return slices.ContainsFunc(pins, func(pin string) bool { return distribution(pin) == wanted })
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
			ends = append(ends, kind.Short(r.From))
		}
	}
	return ends
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
			to = append(to, kind.Short(r.To))
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
	name = inside(w.node, name)
	for _, row := range w.node.Kind.Rows {
		pattern := regexp.QuoteMeta(row.Path)
		if strings.HasSuffix(row.Path, "/") {
			if d, ok := w.np.Files[row.Path]; ok && !d.Value() && strings.HasPrefix(name, row.Path) {
				return Answer{What: "file", Because: w.missing(row.Path, w.origins.by(d.By()).named())}, true
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
