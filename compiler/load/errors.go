package load

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
)

func position(p token.Pos) diag.Pos {
	if !p.IsValid() {
		return diag.Pos{}
	}
	at := p.Position()
	if f := p.File(); f != nil && f.Size() > 0 && at.Offset >= f.Size() {
		at = f.Position(f.Pos(f.Size()-1, token.NoRelPos)) // the end of a file is behind its last line
	}
	return diag.Pos{File: at.Filename, Line: at.Line, Column: at.Column}
}

// positionOf is the place of a CUE error in a file of the user, relative to dir; other places are ignored where there is one.
func positionOf(e errors.Error, dir string) diag.Pos {
	all := errors.Positions(e)
	for _, p := range all {
		if at := relative(position(p), dir); at.IsValid() && !strings.HasPrefix(at.File, "..") && !strings.Contains(at.File, "cue.mod/") {
			return at
		}
	}
	for _, p := range all {
		if at := relative(position(p), dir); at.IsValid() {
			return at
		}
	}
	return diag.Pos{}
}

// relative makes a file name relative to the working directory, where it is below it.
func relative(p diag.Pos, dir string) diag.Pos {
	if dir == "" || !filepath.IsAbs(p.File) {
		return p
	}
	if rel, err := filepath.Rel(dir, p.File); err == nil && !strings.HasPrefix(rel, "../../../..") {
		p.File = rel
	}
	return p
}

// message is a CUE error's own text, without positions and without the path that the diagnostic has apart. Values are
// not in it: the excerpt shows them, but for secrets. Of what is about a secret nothing is said but what is wrong.
func message(e errors.Error, hidden *diag.Hidden, secret bool) string {
	format, args := e.Msg()
	text := withoutValues(format, args, hidden, secret)
	if w := errors.Unwrap(e); w != nil {
		if inner := errors.Error(nil); errors.As(w, &inner) {
			if t := message(inner, hidden, secret); t != "" && !strings.Contains(text, t) {
				text = strings.TrimSuffix(text+": "+t, ": ")
			}
		} else if t := cutValues(hidden.Text(w.Error()), secret); !strings.Contains(text, t) {
			text = strings.TrimPrefix(text+": "+t, ": ")
		}
	}
	text, _, _ = strings.Cut(strings.ReplaceAll(text, "\n", " "), "\x00")
	const limit = 400
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return strings.TrimSpace(text)
}

// ofWhat begins what CUE says of values with what they are of.
func ofWhat(path, message string) string {
	rest, conflict := strings.CutPrefix(message, "conflicting values")
	value, invalid := strings.CutPrefix(message, "invalid value")
	switch {
	case path == "":
		return message
	case conflict:
		return path + " has conflicting values" + strings.TrimSuffix(rest, " … and …")
	case invalid && value == "":
		return path + " has an invalid value"
	case invalid:
		return path + " has the invalid value" + value
	}
	return message
}

// naming are the texts of CUE that quote a name, of a field, a file, a package or a tag, and no value.
func naming() *regexp.Regexp {
	return regexp.MustCompile(`^(%s: )?(reference %q not found|predeclared name|import|cannot find package|cannot find module|package|found packages|builtin package|no tag for|tag |cue: %q|undefined field|imports? |alias|unreferenced alias|no matches for glob|cannot embed|invalid [A-Z]+ for file |path %q|module|no files|no CUE|no package|relative import|load |open |required field|field |case-insensitive|cyclic reference|cannot reference|index out of range |"?%v: |build constraints|the file )`)
}

// withoutValues is the text of a CUE error without the values that it speaks of.
func withoutValues(format string, args []any, hidden *diag.Hidden, secret bool) string {
	switch {
	case format == "expected %s, found '%s' %s" && len(args) == 3:
		// the third is what is written there
		return fmt.Sprintf("expected %s, found %s", args[:2]...)
	case strings.HasPrefix(format, "expected %s"), strings.HasPrefix(format, "missing ','"):
		return fmt.Sprintf(format, args...)
	case strings.HasPrefix(format, "illegal character %#U") && !secret:
		return fmt.Sprintf(format, args...)
	case strings.HasPrefix(format, "conflicting values %s and %s") && secret:
		return "conflicting values"
	case strings.HasPrefix(format, "invalid value ") && secret:
		return "invalid value"
	case !secret && naming().MatchString(format):
		return fmt.Sprintf(format, args...)
	}
	// a message of the user's own may hold a secret without quotes
	return cutValues(hidden.Text(fmt.Sprintf(format, args...)), secret)
}

// cutValues is a text without the strings, structs and lists in it; where it is about a secret, without numbers and names too.
func cutValues(text string, secret bool) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		if n := cutAt(text[i:]); n > 0 {
			what := "…"
			switch text[i] {
			case '{':
				what = "{…}"
			case '[':
				what = "[…]"
			}
			if operator := text[i : i+n]; text[i] == '\'' && strings.Trim(operator, "'+-*/<>=!~&|") == "" {
				what = operator
			}
			b.WriteString(what)
			i += n
			continue
		}
		b.WriteByte(text[i])
		i++
	}
	text = b.String()
	if secret {
		text = regexp.MustCompile(`[-+]?\b[0-9][0-9_.eE+-]*|\b(reference|identifier|value|literal|field:?) [^\s…(]+`).ReplaceAllStringFunc(text, func(found string) string {
			if word, _, ok := strings.Cut(found, " "); ok {
				return word + " …"
			}
			return "…"
		})
	}
	return text
}

// cutAt is the length of a string, a struct or a list at the beginning of a text, 0 without one. One that does not end goes to the end.
func cutAt(text string) int {
	hashes := len(text) - len(strings.TrimLeft(text, "#"))
	rest := text[hashes:]
	if rest == "" {
		return 0
	}
	switch mark := rest[0]; mark {
	case '"', '`', '\'':
		if mark == '`' {
			if i := strings.IndexByte(rest[1:], '`'); i >= 0 {
				return i + 2
			}
			return len(text)
		}
		quote := rest[:1]
		if strings.HasPrefix(rest, strings.Repeat(quote, 3)) {
			quote = strings.Repeat(quote, 3)
		}
		end, escape := quote+strings.Repeat("#", hashes), `\`+strings.Repeat("#", hashes)
		for i := len(quote); i < len(rest); i++ {
			switch {
			case strings.HasPrefix(rest[i:], escape):
				i += len(escape)
			case strings.HasPrefix(rest[i:], end):
				return hashes + i + len(end)
			}
		}
		return len(text)
	case '{', '[':
		if hashes > 0 {
			return 0
		}
		depth := 0
		for i := 0; i < len(rest); i++ {
			switch rest[i] {
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			case '"', '\'':
				i += max(cutAt(rest[i:]), 1) - 1
			}
		}
		return len(text)
	}
	return 0
}

// local is a text without the working directory in front of names: what is said does not depend on the folder.
func local(text, dir string) string {
	if dir != "" && dir != "/" {
		text = strings.ReplaceAll(strings.ReplaceAll(text, dir+"/", ""), strconv.Quote(dir), `"."`)
	}
	return strings.Join(strings.Fields(text), " ")
}

// selection is the help for what CUE says of the files that were named, rather than of what is in them.
func selection(message string) string {
	switch {
	case strings.Contains(message, "no package name"):
		return "begin every file with the same package clause, such as `package shop`, or name the files"
	case strings.HasPrefix(message, "found packages"), strings.Contains(message, "package is "):
		return "name the package behind the folder, such as ./deploy:shop, or name the files of one package"
	}
	return ""
}

// isNotAllowed says whether a CUE error is about a field that a closed struct does not have.
func isNotAllowed(e errors.Error) bool {
	format, _ := e.Msg()
	return strings.Contains(format, "field not allowed")
}

// report adds CUE errors of the user's own files: E0101, or E0102 where the user's definition is closed. at finds the place of a path, for errors that have none.
func report(list *diag.List, err error, dir string, c *concealer, at func(path []string) diag.Pos) {
	for _, e := range errors.Errors(err) {
		path := strings.Join(e.Path(), ".")
		d := diag.Diagnostic{Code: "E0101", Path: path, Message: local(message(e, c.masks(), c.at(e)), dir), Pos: positionOf(e, dir)}
		d.Help = selection(d.Message)
		if !d.Pos.IsValid() && at != nil {
			d.Pos = at(e.Path())
		}
		if isNotAllowed(e) {
			name := path
			if p := e.Path(); len(p) > 0 {
				name = p[len(p)-1]
			}
			d.Code = "E0102"
			d.Message = fmt.Sprintf("field %s is not allowed by the closed definition that %s is built from", name, strings.Join(slices.Concat(e.Path()[:max(0, len(e.Path())-1)]), "."))
			d.Help = "add the field to the definition, or `...` to leave the definition open" // where it is written is told by who has the files
		}
		for _, p := range errors.Positions(e) {
			if at := relative(position(p), dir); at.IsValid() && at != d.Pos && len(d.Related) < 4 {
				d.Related = append(d.Related, diag.Related{Message: "also here", Pos: at})
			}
		}
		list.Add(d)
	}
}
