package load

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
)

// explainer tells CUE's errors in an architecture.
type explainer struct {
	source Source
	inst   *build.Instance
	c      *concealer
	reader reader
}

func (s Source) explainer(inst *build.Instance, c *concealer) *explainer {
	return &explainer{source: s, inst: inst, c: c, reader: reader{dir: s.Dir, inst: inst}}
}

// noneFits says whether an error is that no alternative of a choice fits.
func noneFits(e errors.Error) bool {
	format, _ := e.Msg()
	return strings.Contains(format, "errors in empty disjunction")
}

// choices reports the choices of which no alternative fits, each as one finding, and is the errors that are left.
func (x *explainer) choices(list *diag.List, all []errors.Error) []errors.Error {
	told := map[int]bool{}
	for i, e := range all {
		if !noneFits(e) || told[i] {
			continue
		}
		told[i] = true
		f := x.choiceOf(e)
		named := f == nil
		if named {
			f = x.namedChoice(e, all)
		}
		var children []errors.Error
		for j, child := range all {
			if !told[j] && x.follows(child, e, f, named) {
				told[j] = true
				if !noneFits(child) {
					children = append(children, child)
				}
			}
		}
		if named && f != nil {
			list.Add(x.unfit(e, f, children))
			continue
		}
		list.Add(x.choice(e, f, children))
	}
	var left []errors.Error
	for i, e := range all {
		if !told[i] {
			left = append(left, e)
		}
	}
	return left
}

// choiceOf is the field that a choice is written in, nil where that is not plain.
func (x *explainer) choiceOf(e errors.Error) *ast.Field {
	if f := x.choiceAt(errors.Positions(e)); f != nil {
		return f
	}
	// one that is nowhere in the text has the path of its field
	path := e.Path()
	for _, file := range filesOf(x.inst) {
		if len(path) == 0 {
			break
		}
		if f := fieldAt(file.Decls, path); f != nil && choiceIn(f.Value) != nil {
			return f
		}
	}
	return nil
}

// namedChoice is the field of a choice that is used by its name: the errors of its alternatives stand in it.
func (x *explainer) namedChoice(e errors.Error, all []errors.Error) *ast.Field {
	for _, child := range all {
		if child != e && below(child, e) {
			if f := x.choiceAt(errors.Positions(child)); f != nil {
				return f
			}
		}
	}
	return nil
}

// choiceAt is the field with a choice that one of some places is in.
func (x *explainer) choiceAt(at []token.Pos) *ast.Field {
	for _, p := range at {
		var found *ast.Field
		x.reader.walk(p, func(n ast.Node) {
			f, ok := n.(*ast.Field)
			if ok && f.Value != nil && (f.Label.Pos() == p || inside(p, f.Value)) && choiceIn(f.Value) != nil {
				found = f
			}
		})
		if found != nil {
			return found
		}
	}
	return nil
}

// below says whether an error is at the path of another one, or inside it.
func below(child, outer errors.Error) bool {
	path := outer.Path()
	return len(path) > 0 && len(child.Path()) >= len(path) && slices.Equal(child.Path()[:len(path)], path)
}

// choiceIn is the choice that an expression is, nil where it is none. What a tag gives is joined to it with &.
func choiceIn(e ast.Expr) *ast.BinaryExpr {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return choiceIn(e.X)
	case *ast.BinaryExpr:
		if e.Op == token.OR {
			return e
		}
		if e.Op == token.AND {
			return cmp.Or(choiceIn(e.X), choiceIn(e.Y))
		}
	}
	return nil
}

func inside(p token.Pos, n ast.Node) bool {
	from, to := n.Pos(), n.End()
	return from.IsValid() && to.IsValid() && from.Filename() == p.Filename() && from.Offset() <= p.Offset() && p.Offset() < to.Offset()
}

// follows says whether an error is one of an alternative of a choice, or what comes of there being none. Of a choice that is used by its name only
// those are that are at the same path: it may be used elsewhere too.
func (x *explainer) follows(child, choice errors.Error, f *ast.Field, named bool) bool {
	at := errors.Positions(choice)
	return (!named || below(child, choice)) && slices.ContainsFunc(errors.Positions(child), func(p token.Pos) bool {
		return slices.Contains(at, p) || f != nil && inside(p, choiceIn(f.Value))
	}) || child != choice && wraps(child)
}

// wraps says whether an error is that of an interpolation or a reference which has no value because of another one.
func wraps(e errors.Error) bool {
	format, _ := e.Msg()
	inner := errors.Unwrap(e)
	return strings.HasPrefix(format, "invalid interpolation") && inner != nil && strings.Contains(inner.Error(), "empty disjunction")
}

// choice is the finding for a choice of which no alternative fits.
func (x *explainer) choice(e errors.Error, f *ast.Field, children []errors.Error) diag.Diagnostic {
	d := diag.Diagnostic{Code: "E0101", Path: strings.Join(e.Path(), "."), Pos: positionOf(e, x.source.Dir)}
	if f == nil {
		d.Message = "none of the alternatives fits"
		d.Help = "compare the value with each of them"
		for _, child := range children {
			text := local(message(child, x.c.masks(), x.c.at(child)), x.source.Dir)
			if at := positionOf(child, x.source.Dir); at.IsValid() && at != d.Pos && len(d.Related) < 4 {
				d.Related = append(d.Related, diag.Related{Message: text, Pos: at})
			}
		}
		return d
	}
	name, _, _ := ast.LabelName(f.Label)
	d.Pos = relative(position(f.Label.Pos()), x.source.Dir)
	secret := x.c.at(e) || x.c.holds(f.Value.Pos())
	allowed := choicesOf(choiceIn(f.Value))
	tag, value, given := x.given(f)
	switch {
	case secret:
		d.Message = name + " is none of its alternatives"
	case given:
		d.Message = fmt.Sprintf("%s is %q (from -t %s=%s), which is none of its alternatives", name, x.c.masks().Text(value), tag, x.c.masks().Text(value))
	default:
		d.Message = name + " is set to what is none of its alternatives"
	}
	d.Help = "it may be " + strings.Join(allowed, " or ")
	if help := textHelp(f, tag, value); given && help != "" {
		d.Help = help
	}
	where := "it is set here"
	if given {
		where = "it is used here"
	}
	for _, child := range children {
		for _, p := range errors.Positions(child) {
			at := relative(position(p), x.source.Dir)
			if at.IsValid() && at != d.Pos && !inside(p, choiceIn(f.Value)) && !slices.ContainsFunc(d.Related, func(r diag.Related) bool { return r.Pos == at }) && len(d.Related) < 4 {
				d.Related = append(d.Related, diag.Related{Message: where, Pos: at})
			}
		}
	}
	return d
}

// unfit is the finding for a value that none of the alternatives fits of a choice which is used by its name.
func (x *explainer) unfit(e errors.Error, f *ast.Field, children []errors.Error) diag.Diagnostic {
	path, choice := e.Path(), choiceIn(f.Value)
	allowed := choicesOf(choice)
	var inner []string // what stands where a value inside the alternatives does not fit
	var at diag.Pos
	for _, child := range children {
		if wraps(child) {
			continue
		}
		for _, p := range errors.Positions(child) {
			lit := x.reader.literalAt(p)
			switch {
			case inside(p, choice) && lit != nil && len(child.Path()) > len(e.Path()):
				path = child.Path()
				if text := source(lit); !slices.Contains(inner, text) {
					inner = append(inner, text)
				}
			case !inside(p, choice) && (lit != nil || !at.IsValid()):
				at = relative(position(p), x.source.Dir)
			}
		}
	}
	if len(inner) > 0 && slices.Equal(allowed, []string{"{…}"}) {
		allowed = inner
	} else {
		path = e.Path()
	}
	name, chosen := strings.Join(path, "."), relative(position(f.Label.Pos()), x.source.Dir)
	d := diag.Diagnostic{Code: "E0101", Path: name, Pos: at, Message: name + " is set to what is none of its alternatives", Help: "it may be " + strings.Join(allowed, " or ")}
	if !at.IsValid() {
		d.Pos = chosen
	} else {
		d.Related = []diag.Related{{Message: "these are the alternatives", Pos: chosen}}
	}
	return d
}

// given is the tag that sets a field, and its value on the command line.
func (x *explainer) given(f *ast.Field) (tag, value string, ok bool) {
	tags := x.source.Tags
	if x.source.environment != "" {
		tags = x.source.tagsOf(x.source.environment)
	}
	for _, a := range f.Attrs {
		key, body := a.Split()
		name, _, _ := strings.Cut(body, ",")
		for _, t := range tags {
			if k, v, is := strings.Cut(t, "="); key == "tag" && is && k == strings.TrimSpace(name) {
				return k, v, true
			}
		}
	}
	return "", "", false
}

// textHelp is the help for a tag that gives text where a number or a truth is wanted, "" where it does not.
func textHelp(f *ast.Field, tag, value string) string {
	for _, a := range f.Attrs {
		if key, body := a.Split(); key == "tag" && strings.Contains(body, "type=") {
			return ""
		}
	}
	wanted := ""
	ast.Walk(f.Value, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if n.Name == "int" || n.Name == "bool" || n.Name == "number" {
				wanted = n.Name
			}
		case *ast.BasicLit:
			switch n.Kind {
			case token.INT:
				wanted = "int"
			case token.TRUE, token.FALSE:
				wanted = "bool"
			}
		}
		return true
	}, nil)
	if wanted == "" || strings.Trim(value, "0123456789") != "" && value != "true" && value != "false" {
		return ""
	}
	return fmt.Sprintf("-t gives text: write @tag(%s,type=%s)", tag, wanted)
}

// choicesOf are those of a choice, as they are written, each once.
func choicesOf(e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		if e.Op == token.OR {
			all := choicesOf(e.X)
			for _, y := range choicesOf(e.Y) {
				if !slices.Contains(all, y) {
					all = append(all, y)
				}
			}
			return all
		}
	case *ast.UnaryExpr:
		if e.Op == token.MUL {
			return choicesOf(e.X)
		}
	case *ast.ParenExpr:
		return choicesOf(e.X)
	case *ast.StructLit:
		return []string{"{…}"}
	}
	text := strings.Join(strings.Fields(source(e)), " ")
	if len(text) > 60 {
		text = text[:60] + "…"
	}
	return []string{strings.ToValidUTF8(text, "")}
}

// closed is where the definition that does not allow a field is written: help and further places for the finding.
func (x *explainer) closed(path []string) (help string, related []diag.Related) {
	help = "add the field to the definition, or `...` to leave the definition open"
	if len(path) < 3 || path[0] != "components" {
		return help, nil
	}
	inner := path[2 : len(path)-1]
	for i := range inner {
		inner[i] = strings.Trim(inner[i], `"`)
	}
	for _, f := range filesOf(x.inst) {
		for _, decl := range f.Decls {
			def, ok := decl.(*ast.Field)
			if !ok {
				continue
			}
			name, _, err := ast.LabelName(def.Label)
			if err != nil || !strings.HasPrefix(name, "#") && !strings.HasPrefix(name, "_#") {
				continue
			}
			at := def
			if len(inner) > 0 {
				at = fieldIn(def.Value, inner)
			}
			if at == nil || leftOpen(at.Value) || !x.mentions(path[1], name) {
				continue
			}
			related = append(related, diag.Related{Message: "it is closed here", Pos: relative(position(at.Label.Pos()), x.source.Dir)})
			if len(inner) > 0 {
				help = fmt.Sprintf("write `...` in %s of %s: that of the definition does not reach into its fields", strings.Join(inner, "."), name)
			}
			return help, related
		}
	}
	return help, related
}

// mentions says whether a component, as far as it is written out by its name, is made of a definition.
func (x *explainer) mentions(component, definition string) bool {
	written, found := false, false
	for _, f := range filesOf(x.inst) {
		field := fieldAt(f.Decls, []string{"components", strings.Trim(component, `"`)})
		if field == nil {
			continue
		}
		written = true
		ast.Walk(field.Value, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.Name == definition {
				found = true
			}
			return true
		}, nil)
	}
	return found || !written
}

// leftOpen says whether a struct is written with an ellipsis.
func leftOpen(e ast.Expr) bool {
	s, ok := e.(*ast.StructLit)
	if !ok {
		return false
	}
	return slices.ContainsFunc(s.Elts, func(d ast.Decl) bool { _, is := d.(*ast.Ellipsis); return is })
}

// explained are findings with what to do about them, and without those that follow from one before them.
func (x *explainer) explained(all []errors.Error, found *diag.List) []diag.Diagnostic {
	var told []diag.Diagnostic
	for i, d := range found.All() {
		if format, args := all[i].Msg(); strings.HasPrefix(format, "no tag for ") {
			d.Help = x.tagHelp(fmt.Sprint(args[0]))
		}
		if mistyped, ok := x.mistyped(all[i], d); ok {
			told = append(told, mistyped)
			continue
		}
		if wrong, ok := noFunction(d); ok {
			told = append(told, wrong)
			continue
		}
		line, data := lineOf(x.source.Dir, d.Pos)
		if d.Code == "E0102" {
			help, related := x.closed(all[i].Path())
			d.Help, d.Related = help, append(d.Related, related...)
		}
		if syntactic(d) && data != nil {
			if before, ok := misread(d, data); ok {
				if !slices.ContainsFunc(told, func(t diag.Diagnostic) bool { return t.Pos == before.Pos }) {
					before.Related = nil
					told = append(told, before)
				}
				continue
			}
		}
		if ending := strings.HasSuffix(d.Message, "found 'EOF'"); ending {
			if len(told) > 0 && syntactic(told[len(told)-1]) {
				continue // what was taken for something else before it
			}
			if pos, sign := unclosed(d.Pos.File, data); pos.IsValid() {
				d.Related = append(d.Related, diag.Related{Message: "the file ends here", Pos: d.Pos})
				d.Pos, d.Message, d.Help = pos, fmt.Sprintf("the bracket %s is not closed", sign), "close it where what it holds ends"
			}
		} else if balanced(d.Message, data) && slices.ContainsFunc(told, func(before diag.Diagnostic) bool { return syntactic(before) && before.Pos.File == d.Pos.File }) {
			continue // the bracket that opened it was taken for something else
		} else if syntactic(d) && slices.ContainsFunc(told, func(before diag.Diagnostic) bool {
			return syntactic(before) && before.Pos.File == d.Pos.File && d.Pos.Line-before.Pos.Line <= 1 && before.Help != ""
		}) {
			continue
		}
		if d.Help == "" && separated(data, d.Pos.Line) {
			d.Help = "a file is one package: there is no --- between documents"
		}
		if d.Help == "" {
			var scope []string
			if at := errors.Positions(all[i]); len(at) > 0 && notFound(d.Message) != "" {
				scope = x.reader.inScope(at[0])
			}
			d.Help = slipHelp(d.Message, line, d.Pos.Column, scope)
			if notFound(d.Message) != "" && slices.ContainsFunc(told, func(before diag.Diagnostic) bool {
				return notFound(before.Message) != "" && before.Pos.File == d.Pos.File && before.Pos.Line == d.Pos.Line && before.Help == d.Help
			}) {
				continue // another word of one text
			}
		}
		if f := x.tagged(all[i]); f != nil {
			if tag, value, ok := x.given(f); ok {
				if help := textHelp(f, tag, value); help != "" {
					d.Help = help
				}
			}
		}
		told = append(told, d)
	}
	return slices.DeleteFunc(slices.Clone(told), func(d diag.Diagnostic) bool {
		return slices.ContainsFunc(told, func(cause diag.Diagnostic) bool { return followsFrom(d, cause) })
	})
}

// followsFrom says whether a finding is that a value needs one that has a mistake: its text ends with that of the other, and it names the place.
func followsFrom(d, cause diag.Diagnostic) bool {
	return strings.HasSuffix(d.Message, ": "+cause.Message) && slices.ContainsFunc(d.Related, func(r diag.Related) bool { return r.Pos == cause.Pos })
}

// balanced says whether a finding is of a bracket that is closed where none is open, in a file that has as many open as closed ones of that kind.
func balanced(message string, data []byte) bool {
	closing, ok := strings.CutPrefix(message, "expected 'EOF', found '")
	if !ok {
		return false
	}
	opening, known := map[string]string{"}'": "{", "]'": "[", ")'": "("}[closing]
	return known && bytes.Count(data, []byte(opening)) == bytes.Count(data, []byte(closing[:1]))
}

// separated says whether the line before one is what stands between documents of YAML.
func separated(data []byte, line int) bool {
	lines := strings.Split(string(data), "\n")
	return line >= 2 && line <= len(lines) && strings.TrimSpace(lines[line-2]) == "---"
}

// tagged is the field with a tag that an error is at, nil without.
func (x *explainer) tagged(e errors.Error) *ast.Field {
	for _, p := range errors.Positions(e) {
		if f := x.reader.fieldOf(p); f != nil && len(f.Attrs) > 0 {
			return f
		}
	}
	return nil
}

// syntactic says whether a finding is of CUE's reading of a file, rather than of its meaning.
func syntactic(d diag.Diagnostic) bool {
	for _, begin := range []string{"expected ", "missing ", "illegal ", "string literal ", "unknown escape"} {
		if strings.HasPrefix(d.Message, begin) {
			return true
		}
	}
	return false
}
