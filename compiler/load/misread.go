package load

import (
	"slices"
	"strings"

	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
)

// word is a token of a file and where it stands.
type word struct {
	token.Token
	at token.Position
}

func (w word) pos(file string) diag.Pos {
	return diag.Pos{File: file, Line: w.at.Line, Column: w.at.Column}
}

// wordsOf are the tokens of a file.
func wordsOf(file string, data []byte) []word {
	var s scanner.Scanner
	f := token.NewFile(file, -1, len(data))
	s.Init(f, data, func(token.Pos, string, []any) {}, 0)
	var all []word
	for {
		p, tok, _ := s.Scan()
		if tok == token.EOF {
			return all
		}
		all = append(all, word{tok, p.Position()})
	}
}

// misread finds what CUE has read as something else, and complains of behind it: a comment as in other languages, and a field that is set with =.
func misread(d diag.Diagnostic, data []byte) (found diag.Diagnostic, ok bool) {
	words := wordsOf(d.Pos.File, data)
	end := slices.IndexFunc(words, func(w word) bool { return d.Pos.Compare(w.pos(d.Pos.File)) < 0 })
	if end < 0 {
		end = len(words)
	}
	for i := min(end, len(words)-1) - 1; i >= 0; i-- {
		if words[i].Token == token.QUO && words[i+1].Token == token.MUL && words[i].at.Offset+1 == words[i+1].at.Offset {
			d.Pos, d.Message, d.Help = words[i].pos(d.Pos.File), "/* begins no comment", "a comment begins with //, and there is none of several lines"
			return d, true
		}
	}
	if !strings.HasPrefix(d.Message, "expected label or ':'") {
		return d, false
	}
	words = words[:end]
	if n := len(words); n > 0 && words[n-1].pos(d.Pos.File) == d.Pos && words[n-1].Token != token.BIND {
		words = words[:n-1] // where it was noticed
	}
	depth := 0
	for i := len(words) - 1; i > 0 && depth >= 0; i-- {
		switch words[i].Token {
		case token.RBRACE, token.RBRACK, token.RPAREN:
			depth++
		case token.LBRACE, token.LBRACK, token.LPAREN:
			depth--
		case token.COLON:
			if depth == 0 {
				return d, false // of a field that is set
			}
		case token.BIND:
			if depth == 0 {
				d.Pos, d.Message, d.Help = words[i].pos(d.Pos.File), "expected ':', found '='", "a field is set with a colon: port: 8080"
				return d, true
			}
		}
	}
	return d, false
}
