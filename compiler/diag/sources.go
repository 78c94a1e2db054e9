package diag

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sources reads a file by the name that a position gives it; nil when it cannot be read.
type Sources func(file string) []byte

// lines is the lines of the files that positions name, each file read once.
type lines struct {
	read  Sources
	below string // the folder that names are relative to, from the root of the repository
	files map[string][][]byte
}

func newLines(read Sources) *lines { return &lines{read: read, files: map[string][][]byte{}} }

// at is the line of a position, without its end.
func (l *lines) at(pos Pos) (string, bool) {
	if !pos.IsValid() || pos.File == "" || l.read == nil {
		return "", false
	}
	all, ok := l.files[pos.File]
	if !ok {
		if data := l.read(pos.File); data != nil {
			all = bytes.Split(data, []byte("\n"))
		}
		l.files[pos.File] = all
	}
	if pos.Line > len(all) {
		return "", false
	}
	return strings.TrimSuffix(string(all[pos.Line-1]), "\r"), true
}

// end is the column behind what stands at a place, in bytes; its own where that is not known.
func (l *lines) end(pos Pos) int {
	line, ok := l.at(pos)
	if !ok || pos.Column <= 0 {
		return pos.Column
	}
	offset := min(pos.Column-1, len(line))
	return min(offset+token(line, offset), max(len(line), offset)) + 1
}

// token is how many bytes stand at an offset of a line as one string, identifier, number, or bracket with what it holds;
// 1 for anything else.
func token(line string, offset int) int {
	rest := line[offset:]
	if rest == "" {
		return 1
	}
	if n := quoted(rest); n > 0 {
		return n
	}
	if n := bracketed(rest); n > 0 {
		return n
	}
	if signs := len(rest) - len(strings.TrimLeft(rest, "#@+-<>=!~")); signs > 0 {
		return signs + wordAfter(line, offset+signs)
	}
	n := strings.IndexFunc(rest, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '$'
	})
	if first, _ := utf8.DecodeRuneInString(rest); unicode.IsDigit(first) {
		n = strings.IndexFunc(rest, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '.'
		})
	}
	switch n {
	case -1:
		return len(rest)
	case 0:
		_, size := utf8.DecodeRuneInString(rest)
		return size
	}
	return n
}

// wordAfter is the length of the token after signs, 0 when none follows.
func wordAfter(line string, offset int) int {
	r, _ := utf8.DecodeRuneInString(line[offset:])
	if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '"' {
		return 0
	}
	return token(line, offset)
}

// bracketed is the length of a bracket that closes on the same line; 0 without one.
func bracketed(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{', '[', '(':
			depth++
		case '}', ']', ')':
			depth--
		case '"', '\'':
			i += max(quoted(s[i:]), 1) - 1
		}
		if depth <= 0 {
			if i == 0 {
				return 0
			}
			return min(i+1, len(s))
		}
	}
	return 0
}

// quoted is the length of the string literal at the start of a text, to the end of the line where it does not end; 0 without one.
func quoted(s string) int {
	hashes := len(s) - len(strings.TrimLeft(s, "#"))
	rest := s[hashes:]
	if rest == "" || (rest[0] != '"' && rest[0] != '\'') {
		return 0
	}
	mark := rest[:1]
	if strings.HasPrefix(rest, strings.Repeat(mark, 3)) {
		return len(s)
	}
	end := mark + strings.Repeat("#", hashes)
	escape := `\` + strings.Repeat("#", hashes)
	for i := 1; i < len(rest); i++ {
		switch {
		case strings.HasPrefix(rest[i:], escape):
			i += len(escape)
		case strings.HasPrefix(rest[i:], end):
			return hashes + i + len(end)
		}
	}
	return len(s)
}

// printable is a text without what would disturb a terminal.
func printable(s string) string {
	return strings.Map(visible, strings.ToValidUTF8(s, "\uFFFD"))
}

// visible replaces control characters, invalid bytes, and marks that reorder text.
func visible(r rune) rune {
	if r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) {
		return '\uFFFD'
	}
	return r
}

// width is the columns of a terminal that a rune takes.
func width(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana), r >= 0x1F300 && r <= 0x1FAFF, r >= 0xFF01 && r <= 0xFF60:
		return 2
	}
	return 1
}
