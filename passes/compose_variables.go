package passes

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/compiler/value"
)

// offer is a field of a link, and the rule that offers it.
type offer struct {
	value value.Value
	by    ir.Origin
}

// composeVariables enters the variables that the user composes of the fields of a link.
func composeVariables(c *pass.Context, e *ir.Edge) {
	texts, _ := e.Attrs["variables"].(kind.Object)
	if len(texts) == 0 || len(c.Plan.Applied[e]) != len(e.Rules) {
		return
	}
	offers := map[string]offer{}
	for _, a := range c.Plan.Applied[e] { // what is said of a sub-component counts before what is said of its component
		for name, v := range a.Result.Out.Fields {
			offers[name] = offer{v, c.Said(e, a, "out", "fields", name)}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		text, _ := texts[name].(string)
		composeVariable(c, e, name, text, offers)
	}
}

func composeVariable(c *pass.Context, e *ir.Edge, name, text string, offers map[string]offer) {
	n, attribute := e.Source.Component(), "variables."+name
	refuse := func(code, message, help string) {
		c.Report(diag.Diagnostic{Code: code, Path: e.Path() + "." + attribute, Pos: e.AttrPos(attribute), Message: message, Help: help})
	}
	if n.Kind.IsSystem(name) {
		refuse("E0208", fmt.Sprintf("the link %s sets %s, which controls how the image of %s itself runs", e.Name(), name, n.Name), "choose another name")
		return
	}
	by := []ir.Origin{c.OfLink(e, attribute)}
	by[0].Reason = "composed in variables of the link"
	if len(text) > maxVariable {
		refuse("E0208", fmt.Sprintf("the link %s sets %s to %d bytes, more than an environment variable can hold", e.Name(), name, len(text)), fmt.Sprintf("keep it below %d bytes; larger data belongs in a bucket or a database", maxVariable))
		return
	}
	who := readers(n)
	if e.Source.Kind.Process {
		who = []*ir.Node{n, e.Source} // it has the settings of its component too
	}
	for _, reader := range who {
		if isSetting(c, reader, name, "choose another name", by[0]) {
			return
		}
	}
	pieces, err := piecesOf(text)
	if err != nil {
		refuse("E0104", fmt.Sprintf("the link %s sets %s to a text that %v", e.Name(), name, err), "write a field as {host}, and {{ or }} for a brace")
		return
	}
	fields := slices.Sorted(maps.Keys(offers))
	if written, field := foreignField(text, pieces, fields); field != "" {
		refuse("E0104", fmt.Sprintf("the link %s sets %s to a text with %s, as shells and templates write it", e.Name(), name, written), fmt.Sprintf("write {%s}", field))
		return
	}
	isURL := strings.Contains(text, "://")
	var v value.Concat
	for _, p := range pieces {
		of, ok := offers[p.field]
		switch {
		case p.field == "":
			v = append(v, value.Literal(p.text))
			continue
		case !ok:
			refuse("E0104", fmt.Sprintf("the link %s sets %s to a text with {%s}, a field that it does not have", e.Name(), name, p.field), "its fields are "+strings.Join(fields, ", "))
			return
		}
		by = append(by, of.by)
		if isURL && slices.Contains(encodedFields(), p.field) {
			of.value = value.Encoded(of.value)
		}
		v = append(v, of.value)
	}
	if e.Source.Kind.Process {
		who = []*ir.Node{e.Source}
	}
	for _, reader := range who {
		c.SetEnv(reader, name, literal(v), e.Target.Component().Name, by...)
	}
}

// maxVariable is what Linux gives one variable, with room for its name; #MaxVariable of the schema.
const maxVariable = 130000

// encodedFields are those that a URL wants percent-encoded. A host, a port and a list of brokers are parts of its syntax.
func encodedFields() []string { return []string{"user", "password", "database", "vhost"} }

// foreignField is a field as shells have it, ${url}, or in a text without any field as templates have it, {{url}}; "" without. Here a dollar would stand
// before the value, and braces in place of it.
func foreignField(text string, pieces []piece, fields []string) (written, field string) {
	for i := 1; i < len(pieces); i++ {
		if pieces[i].field != "" && strings.HasSuffix(pieces[i-1].text, "$") {
			return "${" + pieces[i].field + "}", pieces[i].field
		}
	}
	if len(pieces) != 1 || pieces[0].field != "" {
		return "", ""
	}
	for _, m := range regexp.MustCompile(`\$?\{\{ *\.?(\w+) *\}\}`).FindAllStringSubmatch(text, -1) {
		if slices.Contains(fields, m[1]) {
			return m[0], m[1]
		}
	}
	return "", ""
}

// piece is a part of a text with fields: the name of one, or what stands between them.
type piece struct{ field, text string }

// piecesOf takes a text apart: {name} is a field, {{ and }} are braces. The error says what is wrong with the text.
func piecesOf(text string) ([]piece, error) {
	var all []piece
	add := func(s string) {
		if n := len(all); n > 0 && all[n-1].field == "" {
			all[n-1].text += s
			return
		}
		all = append(all, piece{text: s})
	}
	for text != "" {
		i := strings.IndexAny(text, "{}")
		if i < 0 {
			add(text)
			break
		}
		if i > 0 {
			add(text[:i])
			text = text[i:]
		}
		switch {
		case strings.HasPrefix(text, "{{"), strings.HasPrefix(text, "}}"):
			add(text[:1])
			text = text[2:]
		case text[0] == '}':
			return nil, errors.New("has a } without a {")
		default:
			name, rest, closed := strings.Cut(text[1:], "}")
			if !closed || strings.Contains(name, "{") {
				return nil, errors.New("has a { without a }")
			}
			if name == "" {
				return nil, errors.New("has a field without a name, {}")
			}
			all = append(all, piece{field: name})
			text = rest
		}
	}
	return all, nil
}
