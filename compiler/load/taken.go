package load

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"platc.dev/platc/compiler/eval"
	"platc.dev/platc/compiler/kind"
)

// taken is what environments take from each other: an answer to the question of one of them is that of another one as well, where all that it was read from is
// the same. It is safe on many goroutines.
type taken struct {
	mu  sync.Mutex
	all map[whom][]earlier
}

// whom says what was asked about whom: the first thing that has to be the same.
type whom struct {
	q        *question
	what, of string
}

// earlier is an answer of the evaluator, and what was made of it.
type earlier struct {
	reads *eval.Reads
	got   any
}

func newTaken() *taken { return &taken{all: map[whom][]earlier{}} }

// find is what was made of an answer that holds for other inputs as well, and the texts there of those that it left open.
func (t *taken) find(w whom, in given) (got any, texts []string, ok bool) {
	t.mu.Lock()
	all := t.all[w]
	t.mu.Unlock()
	for _, e := range all {
		if texts, ok := e.reads.Hold(in); ok {
			return e.got, texts, true
		}
	}
	return nil, nil, false
}

func (t *taken) keep(w whom, e earlier) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all[w] = append(t.all[w], e)
}

// about is the question about those that the inputs are of.
func (q *question) about(what string, in given) whom {
	var names []string
	for _, input := range []string{"self", "parent", "from", "to"} {
		names = append(names, str(in[input]["id"]), str(in[input]["name"]))
	}
	return whom{q, what, strings.Join(names, " ")}
}

// askOnce is ask, where another environment may have asked. What read makes of an answer depends on the answer alone, and nobody changes it.
func askOnce[T any](l *lib, q *question, what string, in given, read func(answer) (T, error)) (T, error) {
	if !l.out.Several {
		return ask(l, q, in, read)
	}
	w := q.about(what, in)
	if got, _, ok := l.taken.find(w, in); ok {
		return got.(T), nil
	}
	return ask(l, q, in, func(a answer) (T, error) {
		got, err := read(a)
		if own, ok := a.(ownAnswer); ok && err == nil {
			l.taken.keep(w, earlier{own.a.Reads(), got})
		}
		return got, err
	})
}

// toldRow is what a kind says of a file, with the row that is made of it where nothing is to be filled in.
type toldRow struct {
	told

	open bool // texts are to be filled in
	row  kind.Row
}

// toldOnce is what a kind says of the files of a component, as rows and as it was told, where another environment may have asked. Texts that have the name of the
// architecture in them, which is another one in each, stand in a few of its files: they are left open. ok is false where that does not work.
func (l *lib) toldOnce(k *kind.Kind, q *question, in given, context bool) (rows []kind.Row, all []told, ok bool) {
	if !l.out.Several || q.pkg.root.own() {
		return nil, nil, false
	}
	what := "files"
	if context {
		what = "context"
	}
	w := q.about(what, in)
	if got, texts, found := l.taken.find(w, in); found {
		if rows, all, ok = l.retold(k, q, in, got.([]toldRow), texts); ok {
			return rows, all, true
		}
	}
	own, refused := q.own()
	if refused != nil || q.closed.Load() {
		return nil, nil, false
	}
	open := eval.OpenTo(str(in["arch"]["name"]))
	a, err := own.AskOpen(in, open)
	var answered []toldRow
	if err == nil {
		answered, err = l.toldRows(k, q, in, ownAnswer{a}, context)
	}
	if err != nil {
		if open.LookedInto() {
			q.closed.Store(true)
		}
		return nil, nil, false
	}
	if rows, all, ok = l.retold(k, q, in, answered, open.Texts()); ok {
		l.taken.keep(w, earlier{a.Reads(), answered})
	}
	return rows, all, ok
}

// toldRows are an answer with the rows that are made of it, as far as they have nothing to be filled in.
func (l *lib) toldRows(k *kind.Kind, q *question, in given, a answer, context bool) ([]toldRow, error) {
	all, err := l.told(q.pkg.root, k, in, a, context)
	if err != nil {
		return nil, err
	}
	answered := make([]toldRow, len(all))
	for i, t := range all {
		answered[i] = toldRow{told: t, open: hasMark(t.data)}
		if hasMark(t.when) {
			return nil, errOpen
		}
		if answered[i].open {
			answered[i].row.Context = context
			continue
		}
		if answered[i].row, err = l.row(q, in, a, t, context); err != nil {
			return nil, err
		}
		if err := writable(k, q, answered[i].row); err != nil {
			return nil, err
		}
		answered[i].row.Trace = nil // it holds on to what was asked
	}
	return answered, nil
}

var errOpen = errors.New("the condition of a file is left open")

// retold is what was told of a component in another environment. ok is false where conditions of files come out another way there.
func (l *lib) retold(k *kind.Kind, q *question, in given, answered []toldRow, texts []string) (rows []kind.Row, all []told, ok bool) {
	rows, all = make([]kind.Row, len(answered)), make([]told, len(answered))
	for i, s := range answered {
		if conditionOf(s.when).Holds(in["self"]) != (s.data != nil) {
			return nil, nil, false
		}
		all[i], rows[i] = s.told, s.row
		if !s.open {
			rows[i].Trace = l.trace(q, in, ownAnswer{}, s.told)
			continue
		}
		all[i].data = object(filledIn(s.data, texts))
		var err error
		if rows[i], err = l.row(q, in, ownAnswer{}, all[i], s.row.Context); err != nil || writable(k, q, rows[i]) != nil {
			return nil, nil, false
		}
	}
	return rows, all, true
}

// hasMark says whether something is to be filled into data.
func hasMark(data any) bool {
	switch x := data.(type) {
	case string:
		return eval.HasMark(x)
	case []any:
		return slices.ContainsFunc(x, hasMark)
	case kind.Object:
		for _, v := range x {
			if hasMark(v) {
				return true
			}
		}
	}
	return false
}

// filledIn is data with texts filled in. What has nothing to fill in is taken over.
func filledIn(data any, texts []string) any {
	if !hasMark(data) {
		return data
	}
	switch x := data.(type) {
	case string:
		return eval.Fill(x, texts)
	case []any:
		all := make([]any, len(x))
		for i, v := range x {
			all[i] = filledIn(v, texts)
		}
		return all
	case kind.Object:
		o := make(kind.Object, len(x))
		for name, v := range x {
			o[name] = filledIn(v, texts)
		}
		return o
	}
	return data
}
