package passes

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

func collectRequirements() pass.Pass {
	return pass.Pass{
		Name: "collect-requirements",
		Doc:  "The pins of kinds, rules and sub-components, merged.",
		After: []string{
			"apply-rules", // rules bring pins to both ends
		},
		Codes:   []string{"E0302", "W0126"},
		Run:     runCollectRequirements,
		Promise: "A requirement is a pin, once per distribution.",
		Holds:   requirementsHold,
	}
}

func runCollectRequirements(c *pass.Context) bool {
	for _, n := range c.Graph.Nodes {
		for i, pin := range n.Description.Requirements {
			by := c.Described(n, n.ID, "requirements", i)
			if n.Parent != nil { // those of a component are its kind's
				by.Pos = n.AttrPos("requirements")
			}
			require(c, n, pin, by)
		}
	}
	for _, e := range c.Graph.Edges {
		for _, a := range c.Plan.Applied[e] {
			for _, pin := range a.Rule.Requirements {
				require(c, e.Source, pin, c.From(e, a.Rule))
			}
			for i, pin := range a.Result.Out.Requirements {
				require(c, e.Source, pin, c.Said(e, a, "out", "requirements", i))
			}
			for i, pin := range a.Result.In.Requirements {
				require(c, e.Target, pin, c.Said(e, a, "in", "requirements", i))
			}
		}
	}
	for _, n := range c.Graph.Nodes {
		for i, pin := range n.Description.Overrides {
			override(c, n, pin, ownPin(c, n, i, pin))
		}
	}
	return true
}

// ownPin is the origin of a pin of the user's: an item of an attribute, or a line of the requirements.txt of a package.
func ownPin(c *pass.Context, n *ir.Node, i int, text string) ir.Origin {
	by := c.Described(n, "requirements of "+n.ID, "overrides", i)
	if given := n.Given.Field("requirements"); given != nil {
		for _, item := range given.Items {
			if item.Scalar == text {
				by.Pos = item.Pos
				return by
			}
		}
	}
	for _, attribute := range slices.Sorted(maps.Keys(n.Listings)) {
		listing := n.Listings[attribute]
		if at := slices.Index(listing.Pins, text); at >= 0 {
			by.Pos = listing.PinsAt[at]
			by.Reason = fmt.Sprintf("line %d of %s", by.Pos.Line, by.Pos.File)
			return by
		}
	}
	return by
}

// override enters a pin of the user's: it takes the place of another version that a kind or a rule asks for, with a warning. Pins of the user's own that
// contradict each other are E0302.
func override(c *pass.Context, n *ir.Node, text string, by ir.Origin) {
	pin, p := kind.ParsePin(text), c.Of(n)
	old, exists := p.Requirements[pin.Distribution]
	if !exists || kind.ParsePin(old.Value()).Version == pin.Version || slices.ContainsFunc(old.By(), ofUser) {
		require(c, n, text, by)
		return
	}
	platc := kind.ParsePin(old.Value())
	c.Report(diag.Diagnostic{
		Code: "W0126", Path: n.Path(), Pos: by.Pos, Message: fmt.Sprintf("%s pins %s, and platc was written for %s: the pin of %s is taken", n.ID, text, old.Value(), n.ID),
		Help: "run the emitted tests, or leave the pin out", Related: []diag.Related{{Message: old.Value() + " is asked for here", Pos: old.By()[0].Pos}},
	})
	pin.Extras = slices.Compact(slices.Sorted(slices.Values(slices.Concat(platc.Extras, pin.Extras))))
	p.Requirements[pin.Distribution] = pass.Decide(c, pin.String(), by)
}

// ofUser says whether a pin is the user's own: of an override, or of a sub-component.
func ofUser(o ir.Origin) bool {
	return o.Node != nil && (o.Node.Parent != nil || len(o.At) > 0 && o.At[0] == "overrides")
}

// require adds a pin; extras of one distribution are united, a second version is E0302.
func require(c *pass.Context, n *ir.Node, text string, by ir.Origin) {
	pin, p := kind.ParsePin(text), c.Of(n)
	old, exists := p.Requirements[pin.Distribution]
	if !exists || old.Value() == text {
		pass.Set(c, p.Requirements, pin.Distribution, text, equalTexts, by)
		return
	}
	united := kind.ParsePin(old.Value())
	if !sameVersion(pin.Version, united.Version) {
		c.Conflict("E0302", fmt.Sprintf("%s would have two versions of %s, %s and %s", n.Component().Name, pin.Distribution, united.Version, pin.Version), "pin the same version, or drop one of the pins", old.By()[0], by)
		return
	}
	united.Version = min(pin.Version, united.Version)
	if pin.Marker != united.Marker {
		united.Marker = "" // one of the two is for everywhere, or both together may be
	}
	united.Extras = slices.Compact(slices.Sorted(slices.Values(slices.Concat(united.Extras, pin.Extras))))
	p.Requirements[pin.Distribution] = pass.Decide(c, united.String(), append(old.By(), by)...)
}

// sameVersion says whether two versions are one, as 1.0 and 1.0.0 are by PEP 440.
func sameVersion(a, b string) bool {
	release := regexp.MustCompile(`^[0-9]+([.][0-9]+)*$`)
	short := func(version string) string {
		for release.MatchString(version) && strings.HasSuffix(version, ".0") {
			version = strings.TrimSuffix(version, ".0")
		}
		return version
	}
	return short(a) == short(b)
}

func equalTexts(a, b string) bool { return a == b }

func requirementsHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for name, d := range p.Requirements {
			if pin := kind.ParsePin(d.Value()); pin.Distribution != name || pin.Version == "" {
				return fmt.Errorf("requirement %s of %s is %q", name, n.Name, d.Value())
			}
		}
	}
	return nil
}
