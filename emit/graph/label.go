package graph

import (
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
)

const (
	labelLines = 6  // of an arrow; the rest is counted
	labelWidth = 48 // characters of a line of a label
)

// label is what stands at an arrow: per edge the sub-components that the arrow does not name, and the attributes that the user wrote.
func (l line) label() []string {
	var all []string
	for _, e := range l.edges {
		if text := edgeLabel(e, e.Source != l.source, e.Named() != l.target); text != "" {
			all = append(all, short(text))
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) > labelLines {
		all = append(all[:labelLines-1:labelLines-1], fmt.Sprintf("and %d more", len(all)-labelLines+1))
	}
	return all
}

func edgeLabel(e *ir.Edge, nameSource, nameTarget bool) string {
	var parts []string
	if nameSource {
		parts = append(parts, subName(e.Source))
	}
	if nameTarget {
		to := subName(e.Named())
		if nameSource {
			to = "to " + to
		}
		parts = append(parts, to)
	}
	switch given := attributes(e); {
	case given != "" && len(parts) > 0:
		parts = append(parts, "("+given+")")
	case given != "":
		parts = append(parts, given)
	}
	return strings.Join(parts, " ")
}

func subName(n *ir.Node) string { return n.SubKind() + " " + n.Name }

// attributes is the plain link attributes that the user wrote, sorted.
func attributes(e *ir.Edge) string {
	if e.Given == nil {
		return ""
	}
	var all []string
	for _, f := range e.Given.Fields {
		if !f.Struct && !f.List && f.Scalar != nil {
			all = append(all, fmt.Sprintf("%s: %v", f.Key, shown(e, f.Key, f.Scalar)))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// shown is the value of a link attribute, unless a rule calls it a secret.
func shown(e *ir.Edge, name string, v any) any {
	for _, r := range e.Rules {
		if r.Attributes == nil {
			continue
		}
		if t := r.Attributes.Field(name); t != nil && t.Secret {
			return "[secret]"
		}
	}
	return v
}

// short is a text on one line, cut where it is long.
func short(text string) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > labelWidth {
		return string(runes[:labelWidth-1]) + "…"
	}
	return string(runes)
}
