package load

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
)

// maxDepth bounds how deep a text nests: CUE's parser and evaluator recurse, and an overflow of the stack cannot be caught.
const maxDepth = 2000

// maxChain bounds how many operators or labels stand in one expression: each is a level too, but a flat one.
const maxChain = 5000

// illegible is what is wrong with a text that CUE must not read: it would overflow the stack, or put U+FFFD for what is no character and count its bytes.
// what is the text in words.
func illegible(what, file string, data []byte) (d diag.Diagnostic, bad bool) {
	d = diag.Diagnostic{Code: "E0101", Pos: diag.Pos{File: file, Column: 1}}
	if !utf8.Valid(data) {
		before := data[:invalidAt(data)]
		line := before[bytes.LastIndexByte(before, '\n')+1:]
		d.Pos.Line, d.Pos.Column = 1+bytes.Count(before, []byte("\n")), 1+len(line)
		d.Message, d.Help = fmt.Sprintf("%s is not UTF-8: the byte 0x%02x is no part of a character", what, data[len(before)]), "save it as UTF-8"
		return d, true
	}
	d.Pos.Line = tooDeep(data)
	d.Message, d.Help = fmt.Sprintf("%s is nested more than %d levels deep", what, maxDepth), "flatten the structure"
	return d, d.Pos.Line > 0
}

// invalidAt is where the first byte is that is no part of a character; the length of the text if there is none.
func invalidAt(data []byte) int {
	at := 0
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// tooDeep is the line where a text nests too deep, 0 if nowhere.
func tooDeep(data []byte) int {
	if !couldBeDeep(data) {
		return 0
	}
	var s scanner.Scanner
	f := token.NewFile("", -1, len(data))
	s.Init(f, data, func(token.Pos, string, []any) {}, 0)
	chains := []int{0} // of the expression at each level
	for {
		pos, tok, _ := s.Scan()
		at := &chains[len(chains)-1]
		switch {
		case tok == token.EOF:
			return 0
		case tok == token.LBRACE, tok == token.LBRACK, tok == token.LPAREN:
			chains = append(chains, 0)
		case tok == token.RBRACE, tok == token.RBRACK, tok == token.RPAREN:
			chains = chains[:max(1, len(chains)-1)]
		case tok == token.COMMA:
			*at = 0
		case tok.IsOperator():
			*at++
		}
		if len(chains) > maxDepth+1 || chains[len(chains)-1] > maxChain {
			return pos.Line()
		}
	}
}

// couldBeDeep says whether a text has enough brackets or operators, wherever they stand: most have not, and are not scanned.
func couldBeDeep(data []byte) bool {
	brackets, operators := 0, 0
	for _, c := range data {
		switch c {
		case '{', '[', '(':
			brackets++
		case '!', '-', '+', '*', '/', '<', '>', '=', '~', '&', '|', ':', '.', '?':
			operators++
		}
	}
	return brackets > maxDepth || operators > maxChain
}
