package load

import (
	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"
)

// maxDepth bounds how deep a text nests: CUE's parser and evaluator recurse, and an overflow of the stack cannot be caught.
const maxDepth = 2000

// maxChain bounds how many operators or labels stand in one expression: each is a level too, but a flat one.
const maxChain = 5000

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
