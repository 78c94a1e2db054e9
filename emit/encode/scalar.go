package encode

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// byteOrderMark is printable to Unicode and swallowed by readers.
const byteOrderMark = '\uFEFF'

// scalar writes a string behind a key or a dash at a column, and ends the line.
func (e *yamlEncoder) scalar(s string, column int) error {
	if strings.IndexByte(s, '\n') >= 0 && isLiteral(s) {
		e.literal(s, column+2)
		return nil
	}
	err := e.text(s)
	e.end()
	return err
}

// literal writes a text of several lines as a block, whose lines stand at a column.
func (e *yamlEncoder) literal(s string, column int) {
	e.b = append(e.b, '|')
	if s[0] == ' ' || s[0] == '\t' || s[0] == '\n' {
		e.b = append(e.b, '2') // a reader cannot tell the indentation from such a line
	}
	body, ended := strings.CutSuffix(s, "\n")
	if !ended {
		e.b = append(e.b, '-')
	}
	e.end()
	at := 0
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" {
			e.b = append(appendIndent(e.b, column), line...)
		}
		e.b = append(e.b, '\n')
		e.trace.part(at, at+len(line))
		at += len(line) + 1
	}
}

// isLiteral says whether a text survives as a block, and leaves neither trailing blanks nor empty lines at its end.
func isLiteral(s string) bool {
	if strings.HasSuffix(s, "\n\n") || s == "\n" || !utf8.ValidString(s) {
		return false
	}
	previous := rune(0)
	for _, r := range s {
		switch {
		case r == '\n':
			if isBlank(previous) {
				return false
			}
		case r != '\t' && !isPrintable(r):
			return false
		}
		previous = r
	}
	return !isBlank(previous)
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' }

func isPrintable(r rune) bool {
	if r < utf8.RuneSelf {
		return ' ' <= r && r <= '~'
	}
	return r != byteOrderMark && unicode.IsPrint(r)
}

// text writes a string on one line, quoted if it has to be.
func (e *yamlEncoder) text(s string) error {
	if isPlain(s) {
		e.b = append(e.b, s...)
		return nil
	}
	if err := checkText(s); err != nil {
		return err
	}
	e.b = append(e.b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			e.b = append(e.b, '\\', byte(r))
		case isPrintable(r):
			e.b = utf8.AppendRune(e.b, r)
		case r == '\n':
			e.b = append(e.b, `\n`...)
		case r == '\t':
			e.b = append(e.b, `\t`...)
		case r == '\r':
			e.b = append(e.b, `\r`...)
		case r <= 0xff:
			e.b = appendHex(append(e.b, `\x`...), r, 2)
		case r <= 0xffff:
			e.b = appendHex(append(e.b, `\u`...), r, 4)
		default:
			e.b = appendHex(append(e.b, `\U`...), r, 8)
		}
	}
	e.b = append(e.b, '"')
	return nil
}

// isPlain says whether every reader takes the text, as it is, for just this string. In doubt it does not.
func isPlain(s string) bool {
	if s == "" || !startsPlain(s) {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '-' <= c && c <= '9': // and . / in between
		case c == ':':
			if i+1 == len(s) || s[i+1] == ' ' { // begins a value
				return false
			}
		case c == ' ':
			if i+1 == len(s) || s[i+1] == '#' { // begins a comment
				return false
			}
		case c >= utf8.RuneSelf:
			return isPlainUnicode(s, i)
		case c < ' ' || c > '~':
			return false
		}
	}
	return true
}

// isPlainUnicode is isPlain from the first byte that is not ASCII.
func isPlainUnicode(s string, i int) bool {
	if !utf8.ValidString(s[i:]) {
		return false
	}
	for _, r := range s[i:] {
		if !isPrintable(r) {
			return false
		}
	}
	return !strings.HasSuffix(s, " ") && !strings.HasSuffix(s, ":") && !strings.Contains(s[i:], ": ") && !strings.Contains(s[i:], " #")
}

// startsPlain looks at how a text begins: with what begins something else, as a word with a meaning, as a number, as the mark of a document.
func startsPlain(s string) bool {
	switch c := s[0]; c {
	case ' ', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', '~':
		return false
	case 'y', 'Y', 'n', 'N', 't', 'T', 'f', 'F', 'o', 'O', '=', '<':
		return len(s) > len("false") || !isWord(s)
	case '-', '+', '.', '_', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		switch {
		case isNumeric(s) || isWord(s), s == "-", strings.HasPrefix(s, "- "), strings.HasPrefix(s, "---"), strings.HasPrefix(s, "..."):
			return false
		}
	}
	return true
}

// isWord knows the words of YAML 1.1 and 1.2 for true, false, null, infinity, merge and value.
func isWord(s string) bool {
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null", ".inf", "+.inf", "-.inf", ".nan", "=", "<<":
		return true
	}
	return false
}

// isNumeric is true for all that a reader may take for a number, a time or a date: 0123, 0x1f, 0o17, 1_000, -_0, 1e3, .5, 1:30, 2001-12-14 21:59:43.
// It is wider than the grammars, so versions and addresses (1.2.3.4, which the float of YAML 1.1 matches) are quoted, quantities (100m, 1Gi) are not.
func isNumeric(s string) bool {
	digits := s
	if s[0] == '-' || s[0] == '+' {
		digits = s[1:]
	}
	if digits == "" || digits[0] != '.' && digits[0] != '_' && !isDigit(digits[0]) {
		return false
	}
	more := "_.:,+-eEtTzZ "
	if len(digits) > 1 && digits[0] == '0' && strings.IndexByte("xXoObB", digits[1]) >= 0 {
		digits, more = digits[2:], "abcdefABCDEF_"
	}
	for i := 0; i < len(digits); i++ {
		if !isDigit(digits[i]) && strings.IndexByte(more, digits[i]) < 0 {
			return false
		}
	}
	return true
}
