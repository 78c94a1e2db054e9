package passes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/pass"
)

// notFound reports a link to nothing. near is the target that was most likely meant; choices says what there is, where none is near.
func notFound(c *pass.Context, l ir.Link, why, near, choices string) {
	help := choices
	if near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	c.Report(diag.Diagnostic{Code: "E0201", Path: linkPath(l), Pos: l.Pos, Message: fmt.Sprintf("%s links to %q, but %s", l.Source.ID, l.Target, why), Help: help})
}

// maxChoices bounds the names in a help.
const maxChoices = 10

// chosen is the first names of a choice, and how many more there are.
func chosen(names []string) string {
	names = slices.Sorted(slices.Values(names))
	if more := len(names) - maxChoices; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxChoices], ", "), more)
	}
	return strings.Join(names, ", ")
}

// named says which components there are.
func (t *targets) named() string { return "the components are " + chosen(t.components) }

// subsOf says which sub-components a component has.
func subsOf(n *ir.Node) string {
	if len(n.Kind.Subs) == 0 {
		return fmt.Sprintf("link to %q", n.Name)
	}
	var names []string
	for _, sub := range n.Subs {
		if !sub.Implied {
			names = append(names, sub.SubKind()+"/"+sub.Name)
		}
	}
	if len(names) == 0 {
		return n.Name + " has none: declare it there"
	}
	return n.Name + " has " + chosen(names)
}

// missingSub says what a component does not have.
func missingSub(component *ir.Node, short, name string) string {
	kinds := make([]string, 0, len(component.Kind.Subs))
	for sub := range component.Kind.Subs {
		kinds = append(kinds, sub)
	}
	slices.Sort(kinds)
	switch {
	case len(kinds) == 0:
		return component.Name + " has no sub-components"
	case short != "" && component.Kind.Subs[short] == nil:
		return fmt.Sprintf("%s has no sub-components of kind %q, but %s", component.Name, short, strings.Join(kinds, " and "))
	case short != "":
		return fmt.Sprintf("%s has no %s %q", component.Name, short, name)
	}
	return fmt.Sprintf("%s has no %s %q", component.Name, strings.Join(kinds, " or "), name)
}

// nearest is the target that was most likely meant, as short as it can be written; "" if none is near. It looks in the nearest component
// first, and then for the same name in others: a look at every pair of names would take minutes where a large component was renamed.
func (t *targets) nearest(written string) string {
	name, rest, deep := strings.Cut(written, "/")
	component := t.index[name]
	if component == nil {
		near, known := t.near[name]
		if !known {
			near = cmp.Or(diag.Nearest(name, t.components), t.ofKind(name))
			t.near[name] = near
		}
		if component = t.index[near]; component != nil && !deep {
			return near
		}
	}
	if component != nil {
		if len(component.Kind.Subs) == 0 {
			return component.Name
		}
		if sub := t.within(component, rest); sub != "" {
			return component.Name + "/" + sub
		}
	}
	var others []string
	for _, n := range t.subs[last(written)] {
		others = append(others, n.Parent.Name+"/"+t.short(n))
	}
	if len(others) == 0 {
		return ""
	}
	return cmp.Or(diag.Nearest(written, others), others[0])
}

// ofKind is the component whose kind a name is, or nearly is, "" where there are none or several.
func (t *targets) ofKind(name string) string {
	kinds := slices.Sorted(maps.Keys(t.kinds))
	near := diag.Meant(name, kinds, t.words)
	for _, k := range append([]string{name}, near...) {
		if len(t.kinds[k]) == 1 {
			return t.kinds[k][0]
		}
	}
	return ""
}

// within is the sub-component of a component that was most likely meant: one of the same name, or of the nearest.
func (t *targets) within(component *ir.Node, written string) string {
	for _, n := range t.subs[last(written)] {
		if n.Parent != component {
			continue
		}
		if strings.Contains(written, "/") {
			return n.SubKind() + "/" + n.Name
		}
		return t.short(n)
	}
	var names []string
	for _, sub := range component.Subs {
		names = append(names, sub.SubKind()+"/"+sub.Name)
		if s := t.short(sub); s == sub.Name {
			names = append(names, s)
		}
	}
	return diag.Nearest(written, names)
}

// last is the last name of a target.
func last(written string) string { return written[strings.LastIndex(written, "/")+1:] }

// short is how a link names a sub-component behind its component: with its kind where another one has its name.
func (t *targets) short(n *ir.Node) string {
	for _, other := range t.subs[n.Name] {
		if other.Parent == n.Parent && other != n {
			return n.SubKind() + "/" + n.Name
		}
	}
	return n.Name
}
