package explain

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit/encode"
	"platc.dev/platc/emit/text"
)

// File is a file that a build writes, or leaves out.
type File struct {
	Path    string // from the folder of its component, or from the root for a file of the whole tree
	Node    *ir.Node
	decided ir.Decided[bool]
	row     kind.Row // of one that is written
}

// line is one line of a file: what it depends on beside the file itself, and the place in the kind, or in the library, that wrote it.
type line struct {
	text     string
	on       *cause
	at       diag.Pos
	path     []any // of the value in the answer of the kind; nil where it is no part of a document
	from, to int   // of a text of several lines: the bytes that the line shows
}

// errSealed is what a file ends in whose lines are known when secrets are written, or that is drawn: what is said of it is said of each line.
var errSealed = errors.New("its lines are known when the secrets are written")

// lines are the lines of a file. Of an encrypted one they are what it says in clear: comments, names, and secrets by their names.
func (o *origins) lines(f *File) ([]line, error) {
	a := asked{node: f.Node, tree: f.Node == nil}
	switch c := f.row.Content.(type) {
	case kind.Objects:
		return o.objects(a, f, c)
	case kind.Kustomization:
		data, marks, err := encode.YAMLLines(c.Object)
		return o.headed(f, data, "", o.structured(a, f, marks, []any{"kustomization"}, c.Object), err)
	case kind.Document:
		data, marks, err := encode.YAMLLines(c.Object)
		return o.headed(f, data, "", o.assembled(f, c.Object, marks), err)
	case kind.Text:
		return o.headed(f, oneNewline([]byte(c.Text)), c.Comment, o.text(a, f, "text"), nil)
	case kind.Verbatim:
		return numbered(oneNewline([]byte(c)), o.text(a, f, "verbatim")), nil
	case kind.Template:
		return o.template(a, f, c)
	case kind.Copy:
		return o.copied(f, c)
	case kind.Folder:
		return userLines(c)
	case kind.Dotenv:
		return o.variables(a, f, c, 0, "dotenv")
	case kind.Environment:
		return o.variables(a, f, c.Groups(), len(c.Links), "environment", "extra")
	case kind.JSON:
		data, marks, err := encode.JSONLines(displayed(c.Data))
		if err != nil {
			return nil, err
		}
		return numbered(data, o.structured(a, f, marks, []any{"json"}, c.Data)), nil
	case kind.Requirements:
		return o.requirements(a, f, c)
	}
	return nil, errSealed
}

// numbered gives each line of a text what of says of it.
func numbered(data []byte, of func(i int, text string) line) []line {
	var all []line
	for i, text := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		l := of(i, text)
		l.text = text
		all = append(all, l)
	}
	return all
}

// headed is numbered for a text that gets the generated header: that line is of the file alone.
func (o *origins) headed(f *File, data []byte, comment string, of func(i int, text string) line, err error) ([]line, error) {
	if err != nil {
		return nil, err
	}
	body := numbered(data, of)
	whole := text.Headed(f.row.Path, comment, data)
	if bytes.Equal(whole, data) {
		return body, nil
	}
	at := 0
	if strings.HasPrefix(body[0].text, "#!") || strings.HasPrefix(body[0].text, "<?") {
		at = 1
	}
	header := strings.Split(string(whole), "\n")[at]
	return slices.Insert(body, at, line{text: header, at: f.row.Pos}), nil
}

// oneNewline ends a text with exactly one newline.
func oneNewline(data []byte) []byte { return append(bytes.TrimRight(data, "\n"), '\n') }

// objects are the documents of a file in the order in which they are written (OUTPUT.md, K8S-18), with their places in the answer.
func (o *origins) objects(a asked, f *File, objects kind.Objects) ([]line, error) {
	order := make([]int, len(objects))
	for i := range order {
		order[i] = i
	}
	name := func(i int) (string, string) {
		k, _ := objects[i]["kind"].(string)
		meta, _ := objects[i]["metadata"].(kind.Object)
		n, _ := meta["name"].(string)
		return k, n
	}
	slices.SortStableFunc(order, func(x, y int) int {
		xKind, xName := name(x)
		yKind, yName := name(y)
		return cmp.Or(cmp.Compare(xKind, yKind), cmp.Compare(xName, yName))
	})
	docs, data := make([]any, len(order)), make([]any, len(objects))
	for i, at := range order {
		docs[i], data[at] = objects[at], objects[at]
	}
	bytes, marks, err := encode.YAMLLines(docs...)
	for i := range marks {
		marks[i].Path[0] = order[marks[i].Path[0].(int)]
	}
	if len(objects) == 0 {
		marks = nil
	}
	return o.headed(f, bytes, "", o.structured(a, f, marks, []any{"objects"}, data), err)
}

// structured says what wrote each line of a document, by its path. A path of YAMLLines begins with a document: that of a single one is not in the answer.
func (o *origins) structured(a asked, f *File, marks []encode.Line, prefix []any, data any) func(int, string) line {
	single := prefix[0] == "kustomization"
	return func(i int, _ string) line {
		if i >= len(marks) {
			return line{at: f.row.Pos}
		}
		m := marks[i]
		if single {
			m.Path = m.Path[1:]
		}
		return o.leaf(a, f, slices.Concat(prefix, m.Path), at(data, m.Path), m.From, m.To)
	}
}

// at is the data at a path, nil where the path leads elsewhere.
func at(data any, path []any) any {
	for _, step := range path {
		switch d := data.(type) {
		case map[string]any:
			key, _ := step.(string)
			data = d[key]
		case []any:
			i, ok := step.(int)
			if !ok || i >= len(d) {
				return nil
			}
			data = d[i]
		default:
			return nil
		}
	}
	return data
}

// leaf is what a line depends on that shows a value, or the beginning or end of a map or list: of those any field or item keeps the line.
func (o *origins) leaf(a asked, f *File, path []any, data any, from, to int) line {
	if f.row.Trace == nil {
		return line{at: f.row.Pos}
	}
	of := path
	if d, ok := data.(map[string]any); ok && value.IsReference(d) {
		of = append(slices.Clone(path), kind.Whole{})
	}
	s := o.trace(f, of)
	if to > 0 {
		s = spanned(s, from, to)
	} else {
		s = spanned(s, 0, math.MaxInt)
	}
	l := line{at: s.Pos, on: o.source(a, s), path: path, from: from, to: to}
	if l.at.File == "" {
		l.at = f.row.Pos
	}
	var children []any
	switch d := data.(type) {
	case map[string]any:
		if value.IsReference(d) {
			return l
		}
		for _, key := range sorted(d) {
			children = append(children, key)
		}
	case []any:
		for i := range d {
			children = append(children, i)
		}
	}
	if len(children) == 0 {
		return l
	}
	l.on = o.needs(a, s.Exists)
	var present []*cause
	for _, child := range children {
		c := o.needs(a, f.row.Trace(append(slices.Clone(path), child)...).Exists)
		if c == nil || l.on != nil && c == l.on {
			return l
		}
		present = append(present, c)
	}
	l.on = all(l.on, anyOf(present...))
	return l
}

// heading is the line above a text of several lines: any part that breaks one is enough for it.
func (o *origins) heading(a asked, s kind.Source, text string) line {
	var causes []*cause
	begin := 0
	for _, span := range s.Spans {
		if strings.Contains(text[begin:span.End], "\n") {
			causes = append(causes, all(o.needs(a, span.Exists), o.needs(a, span.Read)))
		}
		begin = span.End
	}
	return line{at: s.Pos, on: all(o.needs(a, s.Exists), anyOf(causes...))}
}

// trace is the source of a value of a file. The one of a text is asked for line by line, and found out once.
func (o *origins) trace(f *File, path []any) kind.Source {
	if o.last.file != f || !slices.Equal(o.last.path, path) {
		o.last = lastTrace{f, slices.Clone(path), f.row.Trace(path...)}
	}
	return o.last.source
}

// spanned is the source of the bytes of a text that one line shows.
func spanned(s kind.Source, from, to int) kind.Source {
	if s.Spans == nil {
		return s
	}
	part := kind.Source{Pos: s.Pos, Exists: s.Exists}
	begin, first := 0, true
	for _, span := range s.Spans {
		touches := begin < to && span.End > from || from == to && begin <= from && span.End > from || begin == span.End && begin >= from && begin <= to
		if touches {
			if first && span.Pos.File != "" {
				part.Pos = span.Pos
				first = false
			}
			part.Read = append(part.Read, span.Read...)
			part.Exists = append(part.Exists, span.Exists...)
		}
		begin = span.End
	}
	return part
}

// text says what wrote each line of a text that is one value.
func (o *origins) text(a asked, f *File, content string) func(int, string) line {
	from := 0
	return func(_ int, text string) line {
		begin := from
		from += len(text) + 1
		path := []any{content}
		return o.leaf(a, f, path, nil, begin, begin+max(len(text), 1))
	}
}

func (o *origins) template(a asked, f *File, c kind.Template) ([]line, error) {
	source, err := fs.ReadFile(c.Assets, c.Name)
	if err != nil {
		return nil, err
	}
	data, marks, err := text.Lines(c.Name, string(source), c.Data)
	if err != nil {
		return nil, err
	}
	file := o.folder(f) + c.Name
	if f.row.Pos.File == "" {
		f.row.Pos = diag.Pos{File: file, Line: 1, Column: 1}
	}
	return o.headed(f, oneNewline(data), c.Comment, func(i int, _ string) line {
		if i >= len(marks) {
			return line{at: diag.Pos{File: file}}
		}
		var read, exists []kind.Ref
		for _, ref := range marks[i].Read {
			read = append(read, rooted(a, ref))
		}
		for _, ref := range marks[i].Exists {
			exists = append(exists, rooted(a, ref))
		}
		return line{at: diag.Pos{File: file, Line: marks[i].Source, Column: 1}, on: o.source(a, kind.Source{Read: kind.Refs(read...), Exists: kind.Refs(exists...)})}
	}, nil)
}

// rooted is a path of the data of a template as a path of inputs: a component's template sees itself at the root.
func rooted(a asked, ref kind.Ref) kind.Ref {
	if a.tree || ref[0] == "arch" {
		return ref
	}
	return append(kind.Ref{"self"}, ref...)
}

// folder is where the assets of a file's content are, with a slash at the end.
func (o *origins) folder(f *File) string {
	if f.Node == nil {
		return "cue/tree/"
	}
	return kindFolder(f.Node.Kind)
}

// kindFolder is the folder of a kind's files, as positions in them name it.
func kindFolder(k *kind.Kind) string {
	if path.Ext(k.Pos.File) == "" {
		return k.Pos.File + "/"
	}
	return path.Dir(k.Pos.File) + "/"
}

func (o *origins) copied(f *File, c kind.Copy) ([]line, error) {
	data, err := fs.ReadFile(c.Assets, c.Name)
	if err != nil {
		return nil, err
	}
	file := o.folder(f) + c.Name
	if owner := o.moduleOwner(f, c); owner != nil {
		file = kindFolder(owner) + c.Name
	}
	of := func(i int, _ string) line { return line{at: diag.Pos{File: file, Line: i + 1, Column: 1}} }
	if c.Header {
		return o.headed(f, oneNewline(data), c.Comment, of, nil)
	}
	return numbered(data, of), nil
}

// userLines are the lines of a copy of a file of the user's own: the user wrote them.
func userLines(c kind.Folder) ([]line, error) {
	data, err := c.File.Read()
	if err != nil {
		return nil, err
	}
	return numbered(data, func(i int, _ string) line { return line{at: diag.Pos{File: c.File.Source, Line: i + 1, Column: 1}} }), nil
}

// moduleOwner is the kind that brought a module, nil for a file of the component's own kind.
func (o *origins) moduleOwner(f *File, c kind.Copy) *kind.Kind {
	if f.Node == nil || f.row.Pos.File != "" {
		return nil
	}
	if asset := o.module(f.Node, c.Name); asset != "" {
		owner, _, _ := strings.Cut(asset, "/")
		return o.plan.Graph.Library.Kinds[owner]
	}
	return nil
}

// module is the module kept that a copied file is of, "" if it is of none.
func (o *origins) module(n *ir.Node, name string) string {
	p := o.plan.Of[n]
	for _, asset := range sorted(p.Modules) {
		_, module, _ := strings.Cut(asset, "/")
		if p.Modules[asset].Value() && (strings.HasPrefix(name, "python/"+module+"/") || name == "python/"+strings.TrimSuffix(module, ".py")+".py") {
			return asset
		}
	}
	return ""
}

// variables are the lines of a dotenv file: a comment for each group, and its variables. The first groups are those of links.
func (o *origins) variables(a asked, f *File, groups []kind.Group, ofLinks int, prefix ...any) ([]line, error) {
	shown := make([]encode.Group, len(groups))
	for i, g := range groups {
		shown[i].Comment = g.Comment
		for _, name := range sorted(g.Vars) {
			shown[i].Variables = append(shown[i].Variables, encode.Variable{Name: name, Value: value.Display(g.Vars[name])})
		}
	}
	of := func(group int, name string) line {
		if group < ofLinks {
			env := o.environment(f)
			return line{at: f.row.Pos, on: o.by(env[name].By())}
		}
		return o.leaf(a, f, append(slices.Clone(prefix), group-ofLinks, "vars", name, kind.Whole{}), nil, 0, 0)
	}
	data, marks, err := encode.DotenvLines(shown)
	if err != nil {
		return nil, err
	}
	return numbered(data, func(i int, _ string) line {
		switch path := marks[i].Path; len(path) {
		case 2:
			return of(path[0].(int), path[1].(string))
		case 1:
			group := path[0].(int)
			l := of(group, shown[group].Variables[0].Name)
			var causes []*cause
			for _, v := range shown[group].Variables {
				var said []ir.Origin // what gives the variable, whatever it is called
				if group < ofLinks {
					said = slices.DeleteFunc(slices.Clone(o.environment(f)[v.Name].By()), func(by ir.Origin) bool { return by.Rule == nil })
				}
				if len(said) > 0 {
					causes = append(causes, o.by(said))
				} else {
					causes = append(causes, of(group, v.Name).on)
				}
			}
			l.on = anyOf(causes...)
			return l
		}
		return line{at: f.row.Pos}
	}), nil
}

// environment is the variables of the component that a file of variables is about.
func (o *origins) environment(f *File) map[string]ir.Decided[value.Value] {
	n := f.Node
	if c, ok := f.row.Content.(kind.Environment); ok {
		n = o.plan.Graph.Node(c.Of)
	}
	return o.plan.VariablesOf(n).Env
}

// displayed is data with every secret by its name.
func displayed(data any) any {
	switch d := data.(type) {
	case value.Value:
		return value.Display(d)
	case map[string]any:
		if value.IsReference(d) {
			if v, err := value.From(d); err == nil {
				return value.Display(v)
			}
		}
		shown := map[string]any{}
		for key, item := range d {
			shown[key] = displayed(item)
		}
		return shown
	case []any:
		shown := make([]any, len(d))
		for i, item := range d {
			shown[i] = displayed(item)
		}
		return shown
	}
	return data
}

// requirements are pins: those that the kind lists, and those that were collected.
func (o *origins) requirements(a asked, f *File, c kind.Requirements) ([]line, error) {
	collected := map[string]*cause{}
	if c.Main {
		for _, d := range o.plan.Of[f.Node].Requirements {
			collected[d.Value()] = o.by(d.By())
		}
	}
	return o.headed(f, []byte(strings.Join(c.Pins, "\n")+"\n"), "", func(i int, text string) line {
		if on, ok := collected[text]; ok || f.row.Trace == nil {
			return line{at: f.row.Pos, on: on}
		}
		return o.leaf(a, f, []any{"requirements", slices.Index(c.Pins, text)}, nil, 0, 0)
	}, nil)
}

// file is what a file depends on.
func (o *origins) file(f *File) *cause {
	if f.Node == nil {
		return all(o.tellingOf(f), o.by(f.decided.By()))
	}
	if c, ok := f.row.Content.(kind.Copy); ok && f.row.Pos.File == "" {
		if asset := o.module(f.Node, c.Name); asset != "" {
			return o.by(o.plan.Of[f.Node].Modules[asset].By())
		}
	}
	var listed *cause // what decided that the row is in the table of the kind
	if f.row.Trace != nil {
		listed = o.needs(asked{node: f.Node}, f.row.Trace().Exists)
	}
	if f.row.When == nil {
		return all(listed, o.by(f.decided.By()))
	}
	return all(listed, o.when(f.Node, *f.row.When))
}

// when is what the condition of a file depends on; of alternatives any one is enough.
func (o *origins) when(n *ir.Node, w kind.When) *cause {
	a, self := asked{node: n}, o.plan.Of[n].View
	switch {
	case w.Attribute != "":
		return o.ref(a, kind.Ref{"self", "attrs", w.Attribute})
	case w.Derived != "":
		return all(o.ref(a, kind.Ref{"self", "derived", w.Derived}), o.filled(n, self, w.Derived))
	case w.Part != "":
		return o.ref(a, kind.Ref{"self", "parts", w.Part})
	case w.Sub != "":
		return o.ref(a, kind.Ref{"self", "subs", w.Sub})
	}
	var causes []*cause
	for _, alternative := range w.Any {
		if alternative.Holds(self) {
			causes = append(causes, o.when(n, alternative))
		}
	}
	return anyOf(causes...)
}

// filled is why a derived list has items: any of them is enough.
func (o *origins) filled(n *ir.Node, self kind.Object, name string) *cause {
	derived, _ := self["derived"].(kind.Object)
	items, _ := derived[name].([]any)
	if len(items) == 0 || n.Description.Trace == nil {
		return nil
	}
	causes := make([]*cause, len(items))
	for i := range items {
		causes[i] = o.needs(asked{node: n}, n.Description.Trace("derived", name, i).Exists)
	}
	return anyOf(causes...)
}

// files are the files of a component, and of the whole tree where n is nil, by path.
func files(p *ir.Plan, n *ir.Node) []*File {
	if n != nil {
		return filesOf(n, p.Of[n].Files, p.Of[n].Rows)
	}
	all := slices.Concat(filesOf(nil, p.Tree.Files, p.Tree.Rows), filesOf(nil, p.GitOps.Files, p.GitOps.Rows))
	slices.SortFunc(all, func(a, b *File) int { return cmp.Compare(a.Path, b.Path) })
	return all
}

func filesOf(n *ir.Node, decided map[string]ir.Decided[bool], rows []kind.Row) []*File {
	written := map[string]kind.Row{}
	for _, row := range rows {
		written[row.Path] = row
	}
	var all []*File
	for _, name := range sorted(decided) {
		all = append(all, &File{Path: name, Node: n, decided: decided[name], row: written[name]})
	}
	return all
}

func (f *File) String() string {
	if f.Node == nil {
		return f.Path
	}
	return fmt.Sprintf("%s of %s", f.Path, f.Node.Name)
}
