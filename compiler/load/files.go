package load

import (
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/eval"
	"platc.dev/platc/compiler/kind"
)

// Topics that no file has as its path.
const (
	headsTopic        = "\x00heads"
	contextHeadsTopic = "\x00heads of the build context"
	localTopic        = "\x00local"
)

// head is what a kind says of a file before its content.
type head struct {
	path    string
	pos     diag.Pos
	when    any // the condition
	holds   *kind.When
	context bool
}

// headsIn is the heads of an answer, as data.
func headsIn(r root, manifests answer) (any, error) {
	files, _ := manifests.field("files")
	fields, err := files.fields()
	if err != nil {
		return nil, err
	}
	all := make([]any, len(fields))
	for i, f := range fields {
		context, err := contextIn(f)
		if err != nil {
			return nil, err
		}
		when, err := decoded(f, "when")
		if err != nil {
			return nil, err
		}
		all[i] = []any{f.name, placed(f.place(r)), when, context}
	}
	return all, nil
}

func headsOf(data any) []head {
	rows := list(data)
	all := make([]head, len(rows))
	for i, row := range rows {
		f := list(row)
		all[i] = head{path: str(f[0]), pos: posIn(f[1]), when: f[2], holds: conditionOf(f[2]), context: boolean(f[3], false)}
	}
	return all
}

// placed is a position as data.
func placed(p diag.Pos) any { return []any{p.File, int64(p.Line), int64(p.Column)} }

func posIn(data any) diag.Pos {
	f := list(data)
	return diag.Pos{File: str(f[0]), Line: integer(f[1]), Column: integer(f[2])}
}

// asking asks a kind for the files of a component, each as a topic of its own: most of a component is as in others.
type asking struct {
	l       *lib
	k       *kind.Kind
	q       *question
	in      given
	context bool

	whole *eval.Answer // of what is asked in the ordinary way
	rows  []kind.Row
	all   []told
}

// toldAlike is what a kind says of the files of a component, as rows and as it was told, where others may have asked alike. ok is false where that does not work.
func (l *lib) toldAlike(k *kind.Kind, q *question, in given, context bool) (rows []kind.Row, all []told, ok bool) {
	topic := headsTopic
	if context {
		topic = contextHeadsTopic
	}
	h, ok := l.recall(q, topic, in, func(a answer) (any, error) { return headsIn(q.pkg.root, a) }, func(data any) any { return headsOf(data) })
	if !ok {
		return nil, nil, false
	}
	heads, made := h.made.([]head)
	if !made {
		heads = headsOf(h.data)
	}
	a := asking{l: l, k: k, q: q, in: in, context: context}
	a.rows, a.all = make([]kind.Row, 0, len(heads)+1), make([]told, 0, len(heads)+1)
	if !context && !a.local() {
		return nil, nil, false
	}
	for _, h := range heads {
		if h.context != context {
			continue
		}
		if _, lacks := underived(h.holds, in["self"]); lacks || !a.file(h) {
			return nil, nil, false
		}
	}
	return a.rows, a.all, true
}

// ask is recall, and where that does not work the ordinary way.
func (a *asking) ask(part string, read func(manifests answer) (any, error), build func(data any) any) (k known, ok bool) {
	if k, ok = a.l.recall(a.q, part, a.in, read, build); ok {
		return k, true
	}
	if a.whole == nil {
		own, _ := a.q.own()
		whole, err := own.Ask(a.in)
		if err != nil {
			return k, false
		}
		a.whole = whole
	}
	data, err := read(ownAnswer{a.whole})
	return known{data, &kept{}}, err == nil
}

// local asks for how the component runs on one machine, which a kind need not say.
func (a *asking) local() bool {
	k, ok := a.ask(localTopic, func(manifests answer) (any, error) {
		local, there := manifests.field("local")
		if !there {
			return nil, nil
		}
		t, err := a.l.local(a.q.pkg.root, a.k, local)
		return []any{placed(t.pos), t.data}, err
	}, nil)
	if !ok || k.data == nil {
		return ok
	}
	f := list(k.data)
	return a.add(told{pos: posIn(f[0]), data: object(f[1])}, k)
}

func (a *asking) file(h head) bool {
	t := told{path: h.path, pos: h.pos, when: h.when}
	if !h.holds.Holds(a.in["self"]) {
		return a.add(t, known{kept: &kept{}})
	}
	k, ok := a.ask(h.path, func(manifests answer) (any, error) {
		files, _ := manifests.field("files")
		f, _ := files.field(h.path)
		return a.l.content(a.q.pkg.root, a.k, t, f)
	}, func(data any) any {
		t.data = object(data)
		row, ok := a.row(t)
		if !ok {
			return nil
		}
		return row
	})
	if !ok {
		return false
	}
	t.data = object(k.data)
	return a.add(t, k)
}

// add takes in what was told.
func (a *asking) add(t told, k known) bool {
	row, ok := k.made.(kind.Row)
	if !ok {
		if row, ok = a.row(t); !ok {
			return false
		}
	}
	row.Trace = a.l.trace(a.q, a.in, ownAnswer{}, t)
	a.rows, a.all = append(a.rows, row), append(a.all, t)
	return true
}

// row is the row of what was told, without its trace. ok is false where no file can be made of it.
func (a *asking) row(t told) (row kind.Row, ok bool) {
	row, err := a.l.row(a.q, a.in, ownAnswer{}, t, a.context)
	row.Trace = nil
	return row, err == nil && writable(a.k, a.q, row) == nil
}
