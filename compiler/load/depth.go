package load

import (
	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"
)

// maxDepth bounds how deep a text nests: CUE's parser and evaluator recurse, and an overflow of the stack cannot be caught.
const maxDepth = 2000

// maxChain bounds how many operators or labels stand in one expression: each is a level too, but a flat one.
const maxChain = 5000

// tooDeep is the line where a text nests too deep, 0 if nowhere. The text is only scanned where it could.
func tooDeep(data []byte) int {
	if !couldBeDeep(data) {
		return 0
	}
	var s scanner.Scanner
	f := token.NewFile("", -1, len(data))
	s.Init(f, data, func(token.Pos, string, []any) {}, 0)
	depth, chain := 0, 0
	for {
		pos, tok, _ := s.Scan()
		switch {
		case tok == token.EOF:
			return 0
		case tok == token.LBRACE, tok == token.LBRACK, tok == token.LPAREN:
			depth++
			chain = 0
		case tok == token.RBRACE, tok == token.RBRACK, tok == token.RPAREN:
			depth = max(0, depth-1)
		case tok == token.COMMA:
			chain = 0
		case tok.IsOperator():
			chain++
		}
		if depth > maxDepth || chain > maxChain {
			return pos.Line()
		}
	}
}

// couldBeDeep counts bytes without regard to strings and comments: it may be wrong in one direction only.
func couldBeDeep(data []byte) bool {
	depth, chain := 0, 0
	for _, c := range data {
		switch c {
		case '{', '[', '(':
			depth++
		case '}', ']', ')':
			depth--
		case '!', '-', '+', '*', '/', '<', '>', '=', '~', '&', '|', ':', '.', '?':
			chain++
		case '\n', ',':
			chain = 0
		}
		if depth > maxDepth || chain > maxChain {
			return true
		}
	}
	return false
}
