package passes

import (
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func findRules() pass.Pass {
	return pass.Pass{
		Name: "find-rules",
		Doc:  "The rules of each edge, its complete attributes, and whether its source waits for its target.",
		After: []string{
			"describe-nodes", // a node that its kind refuses is known by then, and its links are no second mistake
		},
		Codes:   []string{"E0102", "E0103", "E0104", "E0106", "E0203"},
		Run:     runFindRules,
		Promise: "Every edge has rules and complete attributes, and an edge inside one component orders nothing.",
		Holds:   rulesHold,
	}
}

func runFindRules(c *pass.Context) bool {
	f := finder{library: c.Graph.Library, between: map[pair]found{}}
	var kept []*ir.Edge
	for _, e := range c.Graph.Edges {
		if e.Rules = f.rulesOf(e); e.Rules == nil {
			e.Link.Invalid = true
			noRule(c, e)
			continue
		}
		f.completeLink(c, e)
		kept = append(kept, e)
	}
	c.Graph.Edges = kept
	followSources(c.Graph)
	return true
}

// finder looks for the rules of two kinds once.
type finder struct {
	library *kind.Library
	between map[pair]found
}

type pair struct{ source, target *kind.Kind }

// found is what all links between two kinds have in common.
type found struct {
	rules []*kind.Rule
	link  *kind.Type // attributes
}

func (f finder) of(e *ir.Edge) found {
	p := pair{e.Source.Kind, e.Target.Kind}
	known, ok := f.between[p]
	if !ok {
		known.rules = f.library.RulesBetween(p.source, p.target)
		known.link = linkType(known.rules)
		f.between[p] = known
	}
	return known
}

// rulesOf are the rules of an edge; nil without. A component and what belongs to it have no rule: they need no link.
func (f finder) rulesOf(e *ir.Edge) []*kind.Rule {
	if e.Source == e.Target || e.Source == e.Target.Parent || e.Target == e.Source.Parent {
		return nil
	}
	return f.of(e).rules
}

func noRule(c *pass.Context, e *ir.Edge) {
	// the rule has a mistake, which is reported
	if lacking := c.Graph.Library.Lacking; lacking[e.Source.Component().Kind.Name] || lacking[e.Target.Component().Kind.Name] {
		return
	}
	if e.Internal() && len(c.Graph.Library.RulesOf(e.Source.Kind, e.Target.Kind)) > 0 {
		c.Report(diag.Diagnostic{Code: "E0203", Path: e.Path(), Pos: e.Pos, Message: fmt.Sprintf("%s links to %q, %s", e.Source.ID, e.As, kinship(e)), Help: "remove the link: within a component, only a sub-component can link to another"})
		return
	}
	if e.Target.Kind.Process {
		c.Report(diag.Diagnostic{Code: "E0203", Path: e.Path(), Pos: e.Pos, Message: fmt.Sprintf("%s links to %q, a %s of %s: nothing can link to it", e.Source.ID, e.As, e.Target.SubKind(), e.Target.Parent.Name), Help: "link to " + e.Target.Parent.Name + ", which answers requests"})
		return
	}
	var targets []string
	for _, k := range c.Graph.Library.Kinds {
		if len(c.Graph.Library.RulesOf(e.Source.Kind, k)) > 0 {
			targets = append(targets, k.Name)
		}
	}
	slices.Sort(targets)
	help := e.Source.Kind.Name + " components cannot link to anything"
	if len(targets) > 0 {
		help = fmt.Sprintf("%s components can link to %s", e.Source.Kind.Name, strings.Join(targets, ", "))
	}
	c.Report(diag.Diagnostic{Code: "E0203", Path: e.Path(), Pos: e.Pos, Message: fmt.Sprintf("%s links to %q, but there is no rule for a link from %s to %s", e.Source.ID, e.As, e.Source.Kind.Name, e.Target.Kind.Name), Help: help})
}

// kinship says what the target of an edge inside one component is to the source.
func kinship(e *ir.Edge) string {
	switch e.Target {
	case e.Source:
		return "which is itself"
	case e.Source.Parent:
		return "which it belongs to"
	}
	return "which belongs to it"
}

func rulesHold(c *pass.Context) error {
	for _, e := range c.Graph.Edges {
		if len(e.Rules) == 0 || e.Attrs == nil || e.Startup && (e.Internal() || len(e.Followed) > 0) {
			return fmt.Errorf("%s has %d rules, attributes %v, startup %v", e.Name(), len(e.Rules), e.Attrs, e.Startup)
		}
	}
	return nil
}
