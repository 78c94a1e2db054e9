package load

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
)

// slip is what people write who come from YAML, JSON, templates or a shell, and what to write in CUE.
type slip struct {
	message string // that CUE has for it: a pattern
	before  string // what stands before the place, in its line: a pattern; "": anything
	after   string // what stands at the place
	help    string // $1 is the first group of before, or else of after, or else of message
}

// fromEnvironment is the help for a variable of the environment in a text.
const fromEnvironment = `variables of the environment are not put into a text: declare a tag, _name: string @tag(name), and give it with -t name=…; a secret is {env: "NAME"}`

// slips is the table of them. The first that fits counts.
func slips() []slip {
	const syntax = `^(expected|missing|illegal|string|unknown)`
	return []slip{
		{`^illegal character U\+201[89CD]`, ``, ``, `write straight quotes: "text"`},
		{`^illegal character U\+00A0|^illegal character U\+200B|^illegal character U\+FEFF`, ``, ``, "an invisible character stands here, as it comes with text from a web page: replace it by a space"},
		{`^illegal character U\+201[34]`, ``, ``, "write - for the dash"},
		{`^illegal character U\+0060`, ``, ``, `write double quotes: "text", and """ around a text of several lines`},
		{`^illegal character NUL|^illegal UTF-8|invalid BOM`, ``, ``, "the file is no text in UTF-8: save it as such"},
		{syntax, `\{\{[^"]*$`, ``, "templates of Helm or Jinja are not evaluated: declare a tag, _namespace: string @tag(namespace), and give it with -t namespace=…"},
		{syntax, ``, `^\{?\s*\.Values`, "templates of Helm or Jinja are not evaluated: declare a tag, _namespace: string @tag(namespace), and give it with -t namespace=…"},
		{`expected label or ':'|^missing ','|^expected 'STRING'`, `^\s*#!?\s*\S*\s*$|^\s*#\s|\s#\s+\w*\s*$`, ``, "a comment begins with //"},
		{syntax, `^\s*import\s*\(?\s*$`, ``, "imports stand above all else, below the package clause"},
		{syntax, `^\s*package\b`, ``, "the name of a package has letters, digits and _, and begins with a letter: package shop"},
		{syntax, `^---`, ``, "a file is one package: there is no --- between documents"},
		{syntax, `^\s*-\s+`, ``, "a list is written [a, b], and has no items with a dash"},
		{`^expected operand`, `-\s*$`, ``, "a list is written [a, b], and has no items with a dash"},
		{`^missing ','|^expected`, `([A-Za-z0-9_$]+(?:[-./][A-Za-z0-9_$]+)+)\s*$`, `^:`, `write quotes around the name, which has more than letters, digits and _: "$1":`},
		{`^missing ','|^expected`, `([A-Za-z0-9_$]+[-./])$`, ``, "write quotes around a name or a text that has more than letters, digits and _"},
		{syntax, `[\w"]\s*=\s*[^=]*$`, ``, "a field is set with a colon: port: 8080"},
		{syntax, ``, `^;`, "fields stand on lines of their own, or have a comma between them"},
		{syntax, ``, `^\$\{`, fromEnvironment},
		{syntax, `\$$`, ``, fromEnvironment},
		{`^expected operand`, `<<$`, `^:`, "there is no <<: declare _common: {…} once, and write _common in the braces where it is meant"},
		{syntax, `:\s*!!?[A-Za-z]\w*\s+$`, ``, "there are no types in front of values: leave it out; a text stands in quotes"},
		{`^missing ','|^expected`, `(^|[\s{])\.\.\.$`, `^\w`, "what a struct takes over stands in it without the dots: {_common, port: 8080}"},
		{`^missing ','`, `(^|[\s{,])[0-9]+$`, `^[A-Za-z_]\w*\s*:`, "write quotes around a name that begins with a digit"},
		{`^expected newline after multiline quote`, ``, ``, `a text on one line stands between "; behind """ begins a new line, and the """ that ends the text has one of its own`},
		{`^invalid operands .* to '\+' \(type (string and (int|float|number|bool)|(int|float|number|bool) and string)\)`, ``, ``, `put the value into the text: "text-\(value)"`},
		{`^expected operand`, ``, `^[&*]`, "there are no anchors: declare _common: {…} once, and write _common where it is meant"},
		{`^expected operand`, ``, `^[|>]\s*[-+]?\s*$`, `a text of several lines stands between """ and """`},
		{`^expected operand`, ``, `^~`, "there is no ~: leave the field out"},
		{syntax, `\?\s*$`, ``, "there is no a ? b : c: write if a {…} and if !a {…}"},
		{`^else requires`, ``, ``, "there is no else: write if !condition {…}"},
		{`^string literal not terminated`, ``, ``, `end the text with ", or begin and end one of several lines with """`},
		{`^unknown escape sequence`, ``, ``, `write \\ for a backslash, or #"…"# around the text`},
		{`^illegal integer number`, ``, `^0+([0-9]+)`, "write the number without 0 in front: $1"},
		{`^expected 'EOF', found '[}\])]'`, ``, ``, "a bracket is closed here that was not opened: remove it"},
		{`^expected label or ':', found (STRING|INT|FLOAT|IDENT)`, `(\w+)\s+$`, ``, "write a colon between a name and its value: $1:"},
		{`^reference "(?i:true|yes|on)" not found`, ``, ``, "write true"},
		{`^reference "(?i:false|no|off)" not found`, ``, ``, "write false"},
		{`^reference "(None|nil|NULL|Null|undefined)" not found`, ``, ``, "leave the field out"},
		{`^reference … not found`, ``, ``, "a text stands in quotes, such as {env: \"NAME\"}: without them a name is a reference"},
		{`^reference "([^"]+)" not found`, ``, `^\w+\s*\(`, "there is no such function: those of a package are written strings.ToLower(…), with import \"strings\""},
		{`^unreferenced alias`, `:\s*$`, `^(\w+)\s*=`, "a field is set with a colon: $1: …"},
		{`(^|: )invalid interpolation: cannot use \{…\} \(type struct\)`, ``, ``, "a secret has no text here: write {concat: [\"…\", value]}, as Values and secrets in docs/reference/KINDS.md says"},
		{`^invalid operand (\S+) \(found \w+, want list or struct\)`, ``, ``, "$1 is no struct, and has no fields: refer to $1 alone, or to another value"},
		{`^index out of range \[\d+\] with length (\d+)`, ``, ``, "the first item of a list is [0], and this list ends before [$1]"},
		{`^conflicting values`, ``, ``, "set it in one place, or give one of them a default that others may replace: *1 | int"},
		{`non-matching whitespace`, ``, ``, `begin each line of the text with what stands before the closing """; empty lines in a file with CRLF are such lines, too`},
	}
}

// packages are those of CUE that need an import, by what they are called in a file.
func packages() map[string]string {
	all := map[string]string{"json": "encoding/json", "yaml": "encoding/yaml", "base64": "encoding/base64", "hex": "encoding/hex", "sha256": "crypto/sha256", "template": "text/template", "schema": module + "/schema"}
	for _, name := range []string{"list", "math", "net", "path", "regexp", "strconv", "strings", "struct", "time"} {
		all[name] = name
	}
	return all
}

// slipHelp is what to write in place of what CUE cannot read, "" where nobody knows. scope are the names that may be written there.
func slipHelp(message, line string, column int, scope []string) string {
	at := min(max(column-1, 0), len(line))
	before, after := line[:at], line[at:]
	for _, s := range slips() {
		groups := matching([2]string{s.before, before}, [2]string{s.after, after}, [2]string{s.message, message})
		if groups == nil {
			continue
		}
		return strings.ReplaceAll(s.help, "$1", groups[0])
	}
	if name := notFound(message); name != "" {
		return referenceHelp(name, line, column, scope)
	}
	return ""
}

// matching is the first group of patterns that all match, the texts without a pattern left out; nil if one does not match.
func matching(all ...[2]string) []string {
	groups := []string{}
	for _, a := range all {
		if a[0] == "" {
			continue
		}
		found := regexp.MustCompile(a[0]).FindStringSubmatch(a[1])
		if found == nil {
			return nil
		}
		for _, g := range found[1:] {
			if g != "" {
				groups = append(groups, g)
			}
		}
	}
	return append(groups, "")
}

// lineOf is a line of a file, from 1; "" where it cannot be read.
func lineOf(dir string, pos diag.Pos) (line string, text []byte) {
	name := pos.File
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSize {
		return "", nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return "", nil
	}
	lines := strings.Split(string(data), "\n")
	if pos.Line < 1 || pos.Line > len(lines) {
		return "", data
	}
	return strings.TrimSuffix(lines[pos.Line-1], "\r"), data
}

// unclosed is the bracket of a file that is not closed: of those around the end, the first that a bracket with another indent seems to close.
func unclosed(file string, data []byte) (pos diag.Pos, bracket string) {
	type opening struct {
		at     token.Position
		indent int
		sign   string
	}
	lines := strings.Split(string(data), "\n")
	indent := func(line int) int {
		if line < 1 || line > len(lines) {
			return 0
		}
		return len(lines[line-1]) - len(strings.TrimLeft(lines[line-1], " \t"))
	}
	var open []opening
	var suspect *opening
	for _, w := range wordsOf(file, data) {
		at := w.at
		switch w.Token {
		case token.LBRACE, token.LBRACK, token.LPAREN:
			open = append(open, opening{at, indent(at.Line), w.String()})
		case token.RBRACE, token.RBRACK, token.RPAREN:
			if len(open) == 0 {
				return diag.Pos{}, ""
			}
			last := open[len(open)-1]
			if suspect == nil && last.at.Line != at.Line && last.indent != indent(at.Line) {
				suspect = &last
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return diag.Pos{}, ""
	}
	if suspect == nil {
		suspect = &open[len(open)-1]
	}
	return diag.Pos{File: file, Line: suspect.at.Line, Column: suspect.at.Column}, suspect.sign
}
