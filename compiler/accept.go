package compiler

import (
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
)

// acceptUnused is the code of an accept that accepts nothing.
const acceptUnused = "W0132"

// accepted is an accept that was of use.
type accepted struct{ owner, code string }

// accept marks the warnings that an environment accepts where they arise: at a component, or in its config if they arise at none.
func (b *Build) accept(e *Environment, found *diag.List) {
	if e.Graph == nil || len(e.Graph.Accepts) == 0 {
		return
	}
	at, reasons := placesOf(e.Graph), map[accepted]string{}
	for _, a := range e.Graph.Accepts {
		reasons[accepted{a.Owner, a.Code}] = a.Reason
	}
	found.Accept(func(d diag.Diagnostic) (string, bool) {
		key := accepted{at.of(d.Path), d.Code}
		reason, ok := reasons[key]
		if ok {
			if b.accepts == nil {
				b.accepts = map[accepted]bool{}
			}
			b.accepts[key] = true
		}
		return reason, ok
	})
}

// unaccepted warns of every accept that was of no use. Only an architecture that was read as a whole, and without errors, has all its warnings.
func (b *Build) unaccepted() {
	mistaken := slices.ContainsFunc(b.Findings.Sorted(), func(d diag.Diagnostic) bool { return d.Severity == diag.Error && !d.Denied })
	if mistaken || !b.sealed() || b.total() > len(b.Environments) {
		return
	}
	b.say(func(e *Environment, found *diag.List) {
		for _, a := range e.Graph.Accepts {
			code, _ := diag.Lookup(a.Code)
			if b.accepts[accepted{a.Owner, a.Code}] || code.Outside || a.Code == acceptUnused {
				continue
			}
			subject := a.Owner
			if subject == "" {
				subject = "config"
			}
			found.Add(diag.Diagnostic{
				Code: acceptUnused, Path: a.Path, Pos: a.Pos, Message: fmt.Sprintf("%s accepts %s, which does not arise there", subject, a.Code),
				Help: b.elsewhere(e.Graph, a.Code),
			})
		}
	})
}

// elsewhere says where a warning arises that is accepted where it does not.
func (b *Build) elsewhere(g *ir.Graph, code string) string {
	at := placesOf(g)
	var found []string
	for _, d := range b.Findings.Sorted() {
		if d.Code != code {
			continue
		}
		place := at.of(d.Path)
		if place == "" {
			place = "config"
		}
		found = append(found, place)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) == 0 {
		return "remove it"
	}
	return "accept it at " + strings.Join(found, ", ") + ", where it is reported, or remove it"
}

// places are the components of a graph by their paths in arch.cue.
type places map[string]string

func placesOf(g *ir.Graph) places {
	all := places{}
	for _, n := range g.Components() {
		all[n.Path()] = n.Name
	}
	return all
}

// of is the component that a path of arch.cue leads to or into, "" without.
func (o places) of(path string) string {
	for i := range len(path) + 1 {
		if i == len(path) || path[i] == '.' || path[i] == '[' {
			if name, ok := o[path[:i]]; ok {
				return name
			}
		}
	}
	return ""
}
