package text

import (
	"bytes"
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"platc.dev/platc/compiler/kind"
)

// Line says where one line of an executed template comes from.
type Line struct {
	Source int        // line of the template, from 1
	Read   []kind.Ref // the data that its actions read, from the root of the view
	Exists []kind.Ref // the data that the conditions and loops around it read
}

// Headed puts the generated header in front of a text that has none (OUTPUT.md, OUT-05), and ends it with one newline. name is the file's.
func Headed(name, comment string, data []byte) []byte { return headed(name, comment, data) }

// Lines executes a template and says of each line where it comes from. Ahead of every node a mark is put into the parsed template, so that the
// writer knows at each byte which node wrote it, in which turn of which loop.
func Lines(name, source string, view kind.Object) ([]byte, []Line, error) {
	r := &recorder{source: source, view: view}
	t, err := parseWith(name, source, template.FuncMap{"mark": r.mark})
	if err != nil {
		return nil, nil, err
	}
	if t.Tree != nil {
		r.list(t.Root, scope{vars: map[string]binding{"$": {known: true}}, dot: binding{known: true}})
	}
	given := maps.Clone(view)
	given[turns] = new(int)
	if err := t.Execute(r, given); err != nil {
		return nil, nil, err
	}
	return r.Bytes(), r.lines(), nil
}

// recorder is the text of a template, and who wrote which bytes of it.
type recorder struct {
	bounded
	source string
	view   kind.Object
	points []point
	at     int   // the point of what is written now
	turn   []int // of each loop the turn that it is in
	parts  []part
}

// point is a place of a template ahead of a node.
type point struct {
	pos    int                        // in the source
	read   []dataPath                 // by the node
	around []dataPath                 // by the conditions and loops around it
	loop   int                        // the loop that begins here or takes its next turn; -1: none
	begins bool                       // the loop begins
	quiet  func(startsLine bool) bool // of a condition or loop: what it writes would be lines of their own; nil: another node
}

// part is bytes that one node wrote, or a condition that could have written something there.
type part struct {
	from, to     int // of the text
	point        int
	read, exists []kind.Ref
}

// dataPath is a place in the view: keys, and turns of loops.
type dataPath []step

type step struct {
	key  string
	loop int // with key "": the loop whose turn is the index
}

// binding is what a dot or a variable stands for: a place in the view, or something that was made of places.
type binding struct {
	known bool
	path  dataPath
	made  []dataPath
}

func (b binding) places() []dataPath {
	if b.known {
		return []dataPath{b.path}
	}
	return b.made
}

func (b binding) field(names []string) binding {
	if !b.known || len(names) == 0 {
		return b
	}
	path := slices.Clone(b.path)
	for _, name := range names {
		path = append(path, step{key: name})
	}
	return binding{known: true, path: path}
}

// scope is what names mean at a place of a template.
type scope struct {
	dot    binding
	vars   map[string]binding
	around []dataPath
}

func (s scope) inside(dot binding, around []dataPath) scope {
	return scope{dot: dot, vars: maps.Clone(s.vars), around: slices.Concat(s.around, around)}
}

// list puts a mark ahead of every node of a list.
func (r *recorder) list(l *parse.ListNode, s scope) {
	if l == nil {
		return
	}
	var marked []parse.Node
	for _, n := range l.Nodes {
		p := point{pos: int(n.Position()), around: s.around, loop: -1}
		switch n := n.(type) {
		case *parse.ActionNode:
			b := r.pipe(n.Pipe, s)
			p.read = b.places()
			if len(n.Pipe.Decl) > 0 {
				p.read = nil
			}
		case *parse.IfNode:
			inner := s.inside(s.dot, nil)
			p.read = r.pipe(n.Pipe, inner).places()
			p.quiet = quiet(n.List)
			r.list(n.List, inner.inside(s.dot, p.read))
			r.list(n.ElseList, inner.inside(s.dot, p.read))
		case *parse.WithNode:
			inner := s.inside(s.dot, nil)
			b := r.pipe(n.Pipe, inner)
			p.read, p.quiet = b.places(), quiet(n.List)
			r.list(n.List, inner.inside(b, p.read))
			r.list(n.ElseList, inner.inside(s.dot, p.read))
		case *parse.RangeNode:
			p.loop, p.begins, p.quiet = len(r.turn), true, quiet(n.List)
			p.read = r.loop(n, s)
		}
		marked = append(marked, r.point(p), n)
	}
	l.Nodes = marked
}

// loop marks what a loop repeats, and gives what it loops over.
func (r *recorder) loop(n *parse.RangeNode, s scope) []dataPath {
	id := len(r.turn)
	r.turn = append(r.turn, -1)
	over := r.value(n.Pipe, s)
	item := over
	if over.known {
		item = binding{known: true, path: append(slices.Clone(over.path), step{loop: id})}
	}
	inner := s.inside(item, item.places())
	for i, d := range n.Pipe.Decl {
		if i == len(n.Pipe.Decl)-1 {
			inner.vars[d.Ident[0]] = item
		} else {
			inner.vars[d.Ident[0]] = binding{} // an index or a key
		}
	}
	next := r.point(point{pos: int(n.Position()), around: inner.around, loop: id})
	r.list(n.List, inner)
	n.List.Nodes = slices.Insert(n.List.Nodes, 0, next)
	r.list(n.ElseList, s.inside(s.dot, over.places()))
	return over.places()
}

// pipe is what a pipeline stands for; it declares its variables.
func (r *recorder) pipe(p *parse.PipeNode, s scope) binding {
	b := r.value(p, s)
	for _, d := range p.Decl {
		s.vars[d.Ident[0]] = b
	}
	return b
}

func (r *recorder) value(p *parse.PipeNode, s scope) binding {
	if p == nil {
		return binding{}
	}
	if len(p.Cmds) == 1 && len(p.Cmds[0].Args) == 1 {
		return r.arg(p.Cmds[0].Args[0], s)
	}
	var made []dataPath
	for _, cmd := range p.Cmds {
		for _, a := range cmd.Args {
			made = append(made, r.arg(a, s).places()...)
		}
	}
	return binding{made: made}
}

func (r *recorder) arg(n parse.Node, s scope) binding {
	switch n := n.(type) {
	case *parse.DotNode:
		return s.dot
	case *parse.FieldNode:
		return s.dot.field(n.Ident)
	case *parse.VariableNode:
		return s.vars[n.Ident[0]].field(n.Ident[1:])
	case *parse.ChainNode:
		return r.arg(n.Node, s).field(n.Field)
	case *parse.PipeNode:
		return r.value(n, s)
	}
	return binding{}
}

// quiet says of what a condition or loop writes whether it is lines of their own, so that the line around it is the same without.
func quiet(l *parse.ListNode) func(startsLine bool) bool {
	first, last := edge(l, true), edge(l, false)
	return func(startsLine bool) bool {
		return strings.HasPrefix(first, "\n") || startsLine && strings.HasSuffix(last, "\n")
	}
}

// edge is the text that a list begins or ends with, "" where it is none.
func edge(l *parse.ListNode, first bool) string {
	if l == nil {
		return ""
	}
	nodes := slices.DeleteFunc(slices.Clone(l.Nodes), isCounter)
	if len(nodes) == 0 {
		return ""
	}
	n := nodes[len(nodes)-1]
	if first {
		n = nodes[0]
	}
	switch n := n.(type) {
	case *parse.TextNode:
		return string(n.Text)
	case *parse.IfNode:
		return edge(n.List, first)
	case *parse.WithNode:
		return edge(n.List, first)
	case *parse.RangeNode:
		return edge(n.List, first)
	}
	return ""
}

// isCounter says whether a node is the one that counts the turns of loops.
func isCounter(n parse.Node) bool {
	a, ok := n.(*parse.ActionNode)
	return ok && strings.HasPrefix(a.String(), "{{turn ")
}

// point is a node that tells the recorder when the template comes to a place.
func (r *recorder) point(p point) parse.Node {
	r.points = append(r.points, p)
	call := "{{mark " + strconv.Itoa(len(r.points)-1) + "}}"
	return template.Must(template.New("").Funcs(template.FuncMap{"mark": r.mark}).Parse(call)).Root.Nodes[0]
}

func (r *recorder) mark(id int) string {
	p := r.points[id]
	r.at = id
	if p.loop >= 0 && p.begins {
		r.turn[p.loop] = -1
	} else if p.loop >= 0 {
		r.turn[p.loop]++
	}
	end := r.Len()
	if p.quiet != nil && !p.quiet(end == 0 || r.Bytes()[end-1] == '\n') {
		r.parts = append(r.parts, part{end, end, id, r.refs(p.read), r.refs(p.around)})
	}
	return ""
}

func (r *recorder) Write(b []byte) (int, error) {
	from := r.Len()
	n, err := r.bounded.Write(b)
	if n > 0 {
		p := r.points[r.at]
		r.parts = append(r.parts, part{from, r.Len(), r.at, r.refs(p.read), r.refs(p.around)})
	}
	return n, err
}

// refs are places of the view in the turn that each loop is in.
func (r *recorder) refs(all []dataPath) []kind.Ref {
	var refs []kind.Ref
	for _, path := range all {
		ref := kind.Ref{}
		v := reflect.ValueOf(r.view)
		for _, s := range path {
			for v.Kind() == reflect.Interface {
				v = v.Elem()
			}
			key := s.key
			if key == "" {
				key = keyAt(v, r.turn[s.loop])
			}
			ref = append(ref, key)
			v = child(v, key)
		}
		if len(ref) > 0 {
			refs = append(refs, ref)
		}
	}
	return refs
}

// keyAt is the index or the key of a turn of a loop.
func keyAt(v reflect.Value, turn int) string {
	if v.Kind() == reflect.Map {
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
		if turn >= 0 && turn < len(keys) {
			return keys[turn].String()
		}
	}
	return strconv.Itoa(turn)
}

func child(v reflect.Value, key string) reflect.Value {
	switch v.Kind() {
	case reflect.Map:
		if c := v.MapIndex(reflect.ValueOf(key)); c.IsValid() {
			return c
		}
	case reflect.Slice:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < v.Len() {
			return v.Index(i)
		}
	default:
	}
	return reflect.ValueOf("")
}

// lines puts what was recorded together, line by line.
func (r *recorder) lines() []Line {
	var all []Line
	from := 0
	for from < r.Len() {
		to := from + bytes.IndexByte(r.Bytes()[from:], '\n')
		if to < from {
			to = r.Len()
		}
		all = append(all, r.line(from, to))
		from = to + 1
	}
	return all
}

// line is what wrote the bytes of a line; an empty one is what ended it.
func (r *recorder) line(from, to int) Line {
	l := Line{}
	for _, p := range r.parts {
		within := p.from < to && p.to > from || p.from == p.to && p.from >= from && p.to <= to
		ends := from == to && p.from <= to && p.to > to
		if !within && !ends {
			continue
		}
		if l.Source == 0 && p.from < p.to {
			l.Source = r.sourceLine(p, from)
		}
		l.Read, l.Exists = append(l.Read, p.read...), append(l.Exists, p.exists...)
	}
	return l
}

// sourceLine is the line of the template that wrote a byte of the text.
func (r *recorder) sourceLine(p part, at int) int {
	pos := r.points[p.point].pos
	line := 1 + strings.Count(r.source[:pos], "\n")
	if written := r.Bytes()[p.from:p.to]; at > p.from && bytes.HasPrefix([]byte(r.source[pos:]), written) {
		line += bytes.Count(written[:at-p.from], []byte("\n"))
	}
	return line
}
