package kind

import (
	"cmp"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/diag"
)

// Lack is why a value is not concrete: the first thing that it depends on and that has no value.
type Lack struct {
	Name string   // _prod; or the names that stand for each other
	Pos  diag.Pos // where it is declared
	Tags []string // by which it can be set
	Text string   // what is allowed, as CUE prints it; "": not known
	Why  string   // what is wrong, where it is not that it has no value: "components.dbb, which does not exist"
	Turn string   // the references that lead back to each other; "": none do
	Help string
}

// Open is the finding for a value that is not concrete. allowed says in words what the value may be.
func (g *Given) Open(at Place, allowed string, secret bool) diag.Diagnostic {
	d := diag.Diagnostic{Code: "E0106", Path: at.Path, Pos: g.Pos, Secret: secret, Help: "give it a value"}
	if allowed != "" {
		d.Help += ": " + allowed
	}
	verb := "depends"
	if g.Several {
		verb = "depend"
	}
	l := g.Lack
	switch {
	case l != nil && l.Turn != "":
		d.Message, d.Help, d.Cause = l.Turn+" stand for each other, and have no value", l.Help, l.Turn
		d.Pos, d.Secret = l.Pos, false
	case l != nil && l.Why != "":
		d.Message, d.Help, d.Cause = fmt.Sprintf("%s %s on %s", at.Subject, verb, l.Why), l.Help, l.Why
		if l.Pos.IsValid() {
			d.Pos = l.Pos
		}
	case l != nil:
		d.Message, d.Cause = fmt.Sprintf("%s %s on %s, which has no value", at.Subject, verb, l.Name), l.Name
		if l.Pos.IsValid() && l.Pos != g.Pos {
			d.Related = []diag.Related{{Message: "it is used here", Pos: g.Pos}}
			d.Pos, d.Secret = l.Pos, false // nothing stands there
		}
		d.Help = "give " + l.Name + " a value"
		if l.Text != "" {
			d.Help += ": " + alternatives(l.Text)
		}
		if len(l.Tags) > 0 {
			ways := make([]string, len(l.Tags))
			for i, tag := range l.Tags {
				ways[i] = "-t " + tag
			}
			d.Help = "set it with " + strings.Join(ways, " or ")
		}
	case secret, g.Struct || g.List || g.Text == "":
		d.Message = at.Subject + " is not a concrete value"
	default:
		d.Message = fmt.Sprintf("%s is %s, which is not a concrete value", at.Subject, brief(g.Text))
		if strings.Contains(g.Text, " | ") {
			d.Message = fmt.Sprintf("%s may be %s, and nothing says which", at.Subject, strings.Join(strings.Split(brief(g.Text), " | "), " or "))
			d.Help = "give it one of them, or mark a default with *"
		}
	}
	return d
}

// place is where a value has to change, and where it is used if that is another place.
func (g *Given) place() (diag.Pos, []diag.Related) {
	if g.From == nil {
		return g.Pos, nil
	}
	from := g.From()
	if !from.IsValid() || from == g.Pos {
		return g.Pos, nil
	}
	return from, []diag.Related{{Message: "it is used here", Pos: g.Pos}}
}

// of is the name of an attribute of a subject: orders' port, api's env.WORKERS, bus' topic visits: retention_ms.
func of(name, subject string) string {
	if _, inner, nested := strings.Cut(subject, "'s "); nested && !strings.Contains(inner, " ") {
		return subject + "." + name
	}
	if _, inner, nested := strings.Cut(subject, "s' "); nested && !strings.Contains(inner, " ") {
		return subject + "." + name
	}
	if strings.Contains(subject, ": ") {
		return subject + "." + name
	}
	if strings.Contains(subject, " ") && (strings.Contains(subject, "'s ") || strings.Contains(subject, "s' ")) {
		return subject + ": " + name // of a sub-component
	}
	return Own(subject) + " " + name
}

// Own is a subject to which something belongs: api's, orders'.
func Own(subject string) string {
	if strings.HasSuffix(subject, "s") {
		return subject + "'"
	}
	return subject + "'s"
}

// instead says what to write for a value that does not fit: what is nearly right is named first.
func (t *Type) instead(given *Given) string {
	help := "give it " + t.allowed()
	switch v := given.Scalar.(type) {
	case []byte:
		return "write text in double quotes"
	case string:
		if strings.Contains(v, "{{") && !t.holdsSecret() {
			return "templates of Helm or Jinja are not evaluated: declare a tag, _name: string @tag(name), and give it with -t name=…"
		}
	}
	if t.Check == nil || t.holdsSecret() {
		return help
	}
	fits := func(data any) bool { return t.Check.Holds(data) && (!t.Quantity || isQuantity(data)) }
	switch v := given.Scalar.(type) {
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && fits(n) {
			return fmt.Sprintf("write the number %d without quotes", n)
		}
		if b, err := strconv.ParseBool(v); err == nil && v != "1" && v != "0" && fits(b) {
			return fmt.Sprintf("write %t without quotes", b)
		}
		if near := diag.Misspelt(v, t.choices()); near != "" {
			return fmt.Sprintf("did you mean %q? It may be %s", near, t.allowed())
		}
	case int64, float64, bool, *big.Int:
		if text := cmp.Or(given.Digits, fmt.Sprint(v)); fits(text) {
			return fmt.Sprintf("write it as text: %q", text)
		}
	}
	return help
}

// choices are the texts that fit, nil where others than those that are written out do.
func (t *Type) choices() []string { return t.Check.choices() }

func (c *Check) choices() []string {
	if text, ok := c.Limit.(string); ok && c.Op == "==" {
		return []string{text}
	}
	parts := c.Any
	if len(c.All) == 1 {
		parts = c.All
	}
	var all []string
	for _, part := range parts {
		inner := part.choices()
		if inner == nil {
			return nil
		}
		all = append(all, inner...)
	}
	return all
}
