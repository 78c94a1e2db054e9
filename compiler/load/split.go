package load

import (
	"path"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler/eval"
)

// split is a file of the library without the fields at its top, which are parsed when they are needed: parsing the schema is a fifth of a check of one component, which needs a third of it.
// As cue fmt writes files, a field with a plain name begins a line, and what else it has is indented or closes a bracket. A file that has other lines is parsed as a whole.
func (r root) split(name string) eval.File {
	text, full := r.read(name), path.Join(r.name, name)
	var f eval.File
	label, begin, above := "", 0, 0
	field := func(end int) {
		own, above := text[begin:end], above
		if label == "" {
			f.Tree = parsed(full, own, parser.ImportsOnly)
			return
		}
		f.Later = append(f.Later, eval.Later{Name: label, Parse: func() *ast.Field {
			// What stands above is as many empty lines: places are those of the file.
			return parsed(full, strings.Repeat("\n", above)+own, 0).Decls[0].(*ast.Field)
		}})
	}
	at, lines := 0, 0
	for line := range strings.Lines(text) {
		switch next := plainLabel(line); {
		case next != "":
			field(at)
			label, begin, above = next, at, lines
		case !strings.ContainsRune("\t})]/\n", rune(line[0])) && !strings.HasPrefix(line, "package ") && !strings.HasPrefix(line, "import "):
			return eval.File{Tree: parsed(full, text, 0)}
		}
		at += len(line)
		lines++
	}
	field(at)
	return f
}

// plainLabel is the name that a line begins with as the label of a field, "" without one.
func plainLabel(line string) string {
	for i, c := range []byte(line) {
		switch {
		case c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z', c == '#' && i == 0, '0' <= c && c <= '9' && i > 0:
		case c == ':' && i > 0:
			return line[:i]
		default:
			return ""
		}
	}
	return ""
}
