package load

import (
	"fmt"
	"path/filepath"
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

// message is a CUE error's own text, without positions and without the path that the diagnostic has apart.
func message(e errors.Error) string {
	format, args := e.Msg()
	text := fmt.Sprintf(format, args...)
	if w := errors.Unwrap(e); w != nil {
		if inner := errors.Error(nil); errors.As(w, &inner) {
			if t := message(inner); t != "" && !strings.Contains(text, t) {
				text = strings.TrimSuffix(text+": "+t, ": ")
			}
		} else if !strings.Contains(text, w.Error()) {
			text = strings.TrimPrefix(text+": "+w.Error(), ": ")
		}
	}
	text, _, _ = strings.Cut(strings.ReplaceAll(text, "\n", " "), "\x00")
	const limit = 400
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return strings.TrimSpace(text)
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
func report(list *diag.List, err error, dir string, at func(path []string) diag.Pos) {
	for _, e := range errors.Errors(err) {
		path := strings.Join(e.Path(), ".")
		d := diag.Diagnostic{Code: "E0101", Path: path, Message: local(message(e), dir), Pos: positionOf(e, dir)}
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
			d.Message = fmt.Sprintf("field %s is not allowed by the closed definition that %s is made of", name, strings.Join(slices.Concat(e.Path()[:max(0, len(e.Path())-1)]), "."))
			d.Help = "add the field to the definition, or `...` to leave the definition open"
		}
		for _, p := range errors.Positions(e) {
			if at := relative(position(p), dir); at.IsValid() && at != d.Pos && len(d.Related) < 4 {
				d.Related = append(d.Related, diag.Related{Message: "also here", Pos: at})
			}
		}
		list.Add(d)
	}
}
