package text

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit/encode"
)

// Text is a text with the generated header. name is the file's, for the syntax of a comment.
func Text(name string, t kind.Text) []byte { return headed(name, t.Comment, []byte(t.Text)) }

// Verbatim is a text without header.
func Verbatim(v kind.Verbatim) []byte { return oneNewline([]byte(v)) }

// Copy is a file of a kind's folder.
func Copy(name string, c kind.Copy) ([]byte, error) {
	data, err := fs.ReadFile(c.Assets, c.Name)
	if err != nil || !c.Header {
		return data, err
	}
	return headed(name, c.Comment, data), nil
}

// Requirements are pins, one a line (OUTPUT.md, REQ-01).
func Requirements(name string, r kind.Requirements) []byte {
	header, _ := encode.Header(name)
	return encode.WithHeader(header, []byte(strings.Join(r.Pins, "\n")+"\n"))
}

// Dotenv is variables. It refuses those that hold a secret: emit/secrets writes them.
func Dotenv(groups kind.Dotenv) ([]byte, error) {
	all := make([]encode.Group, 0, len(groups))
	for _, g := range groups {
		out := encode.Group{Comment: g.Comment}
		for _, name := range slices.Sorted(maps.Keys(g.Vars)) {
			if value.IsSecret(g.Vars[name]) {
				return nil, fmt.Errorf("%s holds a secret, but the file is not encrypted", name)
			}
			out.Variables = append(out.Variables, encode.Variable{Name: name, Value: value.Display(g.Vars[name])})
		}
		all = append(all, out)
	}
	return encode.Dotenv(all)
}

// headed puts the generated header in front of a text that has none (OUTPUT.md, OUT-05), and ends it with one newline.
func headed(name, comment string, data []byte) []byte {
	data = oneNewline(data)
	head, _, _ := bytes.Cut(data, []byte("\n\n"))
	if bytes.Contains(head, []byte("DO NOT EDIT.")) {
		return data
	}
	if comment != "" {
		return encode.WithHeader(encode.HeaderAs(comment), data)
	}
	if header, ok := encode.Header(path.Base(name)); ok {
		return encode.WithHeader(header, data)
	}
	return data
}

// oneNewline ends a text with exactly one newline.
func oneNewline(data []byte) []byte {
	return append(bytes.TrimRight(data, "\n"), '\n')
}

// Templates writes templates. It keeps those that were parsed, since one of a kind serves all its components; it is safe for several goroutines.
type Templates struct{ parsed sync.Map }

// Write is the text of a template, with the generated header. name is the file's, for the syntax of a comment.
func (t *Templates) Write(name string, content kind.Template) ([]byte, error) {
	tmpl, err := t.parse(content)
	if err != nil {
		return nil, err
	}
	data := content.Data
	if content.Bounded {
		data = maps.Clone(data)
		data[turns] = new(int)
	}
	b := &bounded{none: !content.Bounded}
	if err := tmpl.Execute(b, data); err != nil {
		return nil, err
	}
	return headed(name, content.Comment, b.Bytes()), nil
}

// source is a template as it is written: two kinds may have one of a name.
type source struct{ name, text string }

func (t *Templates) parse(content kind.Template) (*template.Template, error) {
	text, err := fs.ReadFile(content.Assets, content.Name)
	if err != nil {
		return nil, err
	}
	key := source{content.Name, string(text)}
	if tmpl, ok := t.parsed.Load(key); ok {
		return tmpl.(*template.Template), nil
	}
	tmpl, err := Parse(key.name, key.text)
	if err != nil {
		return nil, err
	}
	t.parsed.Store(key, tmpl)
	return tmpl, nil
}

// What a template of a user's own kind may use: it may come from a stranger, and must not hold up a build.
const (
	maxTurns = 1_000_000 // of all its loops together
	maxText  = 16 << 20  // bytes
	turns    = ""        // key of the counter in the view; no name of a kind is empty
)

// bounded is a buffer that refuses more than maxText, unless it has no bound.
type bounded struct {
	bytes.Buffer

	none bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if !b.none && b.Len()+len(p) > maxText {
		return 0, fmt.Errorf("the template writes more than %d MiB", maxText>>20)
	}
	return b.Buffer.Write(p)
}

// turn counts one turn of a loop.
func turn(view map[string]any) (string, error) {
	count, ok := view[turns].(*int)
	if !ok {
		return "", nil // not a template of a kind
	}
	*count++
	if *count > maxTurns {
		return "", fmt.Errorf("the loops of the template take more than %d turns", maxTurns)
	}
	return "", nil
}

// count makes every loop below a node count its turns: a range over a number can be of any length and write nothing.
func count(n parse.Node, counter parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, item := range n.Nodes {
			count(item, counter)
		}
	case *parse.IfNode:
		count(n.List, counter)
		count(n.ElseList, counter)
	case *parse.WithNode:
		count(n.List, counter)
		count(n.ElseList, counter)
	case *parse.RangeNode:
		count(n.List, counter)
		count(n.ElseList, counter)
		n.List.Nodes = slices.Insert(n.List.Nodes, 0, counter)
	}
}

// Parse reads a template; a name that the view does not have is an error when it is executed.
// quote writes a double-quoted literal of JSON, which is one of Python too.
func Parse(name, source string) (*template.Template, error) { return parseWith(name, source, nil) }

func parseWith(name, source string, more template.FuncMap) (*template.Template, error) {
	functions := template.FuncMap{"quote": quote, "turn": turn}
	maps.Copy(functions, more)
	t, err := template.New(name).Option("missingkey=error").Funcs(functions).Parse(source)
	if err != nil {
		return nil, err
	}
	counter := template.Must(template.New("").Funcs(functions).Parse("{{turn $}}")).Root.Nodes[0]
	if len(t.Templates()) > 1 {
		return nil, fmt.Errorf("template: %s: define and block are not available", name)
	}
	if t.Tree != nil {
		count(t.Root, counter)
	}
	return t, nil
}

func quote(s string) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
