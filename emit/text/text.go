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

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/encode"
)

// New is the emitter of text.
func New() emit.Emitter {
	t := &texts{templates: map[string]*template.Template{}}
	return emit.Emitter{
		Name:      "text",
		Doc:       "Templates, given texts, copies of a kind's files, configuration without secrets; README and scripts of the whole tree.",
		Component: t.component,
		Tree:      tree,
	}
}

// texts keeps templates that were parsed: a kind's template serves all its components.
type texts struct {
	mu        sync.Mutex
	templates map[string]*template.Template
}

func (t *texts) component(p *ir.Plan, n *ir.Node) ([]emit.File, error) {
	var files []emit.File
	for _, row := range p.Of[n].Rows {
		data, ok, err := t.row(p, n, row)
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", path.Join(n.Name, row.Path), err)
		}
		if !ok {
			continue
		}
		f := emit.File{Path: path.Join(n.Name, row.Path), Component: n.Name, Data: data, Mode: 0o644, Ownership: emit.Generated}
		if row.Mode == "0755" {
			f.Mode = 0o755
		}
		files = append(files, f)
	}
	return files, nil
}

// row is the text of a row; ok is false for rows of other emitters.
func (t *texts) row(p *ir.Plan, n *ir.Node, row kind.Row) (data []byte, ok bool, err error) {
	switch {
	case row.IsText:
		return headed(row, []byte(row.Text)), true, nil
	case row.IsVerbatim:
		return oneNewline([]byte(row.Verbatim)), true, nil
	case row.Template != "":
		data, err = t.execute(p, n, row.Template)
		return headed(row, data), true, err
	case row.Copy != "":
		assets := row.Assets
		if assets == nil {
			assets = n.Kind.Assets
		}
		data, err = fs.ReadFile(assets, row.Copy)
		if row.Header {
			data = headed(row, data)
		}
		return data, true, err
	case IsSecret(row.Path):
		return nil, false, nil
	case row.IsDotenv:
		data, err = dotenv(row.Dotenv)
		return data, true, err
	case row.IsJSON:
		data, err = encode.JSON(row.JSON)
		return data, true, err
	}
	return nil, false, nil
}

// IsSecret says whether a file is one of secrets, which another emitter writes (OUTPUT.md, section 8).
func IsSecret(name string) bool { return strings.Contains("/"+name, "/secret/") }

// headed puts the generated header in front of a text that has none (OUTPUT.md, OUT-05), and ends it with one newline.
func headed(row kind.Row, data []byte) []byte {
	data = oneNewline(data)
	head, _, _ := bytes.Cut(data, []byte("\n\n"))
	if bytes.Contains(head, []byte("DO NOT EDIT.")) {
		return data
	}
	if row.Comment != "" {
		return encode.WithHeader(encode.HeaderAs(row.Comment), data)
	}
	if header, ok := encode.Header(path.Base(row.Path)); ok {
		return encode.WithHeader(header, data)
	}
	return data
}

// oneNewline ends a text with exactly one newline.
func oneNewline(data []byte) []byte {
	return append(bytes.TrimRight(data, "\n"), '\n')
}

func (t *texts) execute(p *ir.Plan, n *ir.Node, name string) ([]byte, error) {
	tmpl, err := t.parse(n.Kind, name)
	if err != nil {
		return nil, err
	}
	view := maps.Clone(p.Of[n].View)
	view["arch"] = p.Graph.Arch
	view[turns] = new(int)
	b := &bounded{}
	if err := tmpl.Execute(b, view); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// What a template of a user's own kind may use: it may come from a stranger, and must not hold up a build.
const (
	maxTurns = 1_000_000 // of all its loops together
	maxText  = 16 << 20  // bytes
	turns    = ""        // key of the counter in the view; no name of a kind is empty
)

// bounded is a buffer that refuses more than maxText.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxText {
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

func (t *texts) parse(k *kind.Kind, name string) (*template.Template, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := k.Name + "/" + name
	if tmpl := t.templates[key]; tmpl != nil {
		return tmpl, nil
	}
	source, err := fs.ReadFile(k.Assets, name)
	if err != nil {
		return nil, err
	}
	tmpl, err := Parse(name, string(source))
	if err != nil {
		return nil, err
	}
	t.templates[key] = tmpl
	return tmpl, nil
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

func dotenv(groups []kind.Group) ([]byte, error) {
	all := make([]encode.Group, 0, len(groups))
	for _, g := range groups {
		out := encode.Group{Comment: g.Comment}
		for _, name := range slices.Sorted(maps.Keys(g.Vars)) {
			if value.IsSecret(g.Vars[name]) {
				return nil, fmt.Errorf("%s holds a secret, but the file is not below secret/", name)
			}
			out.Variables = append(out.Variables, encode.Variable{Name: name, Value: value.Display(g.Vars[name])})
		}
		all = append(all, out)
	}
	return encode.Dotenv(all)
}
