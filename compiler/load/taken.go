package load

import (
	"maps"
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

// find is what was made of an answer that holds for other inputs as well.
func (t *taken) find(w whom, in given) (got any, ok bool) {
	t.mu.Lock()
	all := t.all[w]
	t.mu.Unlock()
	for _, e := range all {
		if e.reads.Hold(in) {
			return e.got, true
		}
	}
	return nil, false
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
	if got, ok := l.taken.find(w, in); ok {
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

// said is what a kind says of a file, with the row that is made of it where that is the same whatever the environment is called.
type said struct {
	told

	blank bool // the name of the architecture is to be filled in
	row   kind.Row
}

// toldOnce is what a kind says of the files of a component, as rows and as it was told, where another environment may have asked. The architecture has another
// name in each, which stands in a few of its files: it is asked about with the name left open. ok is false where that does not work, and nothing is known then.
func (l *lib) toldOnce(k *kind.Kind, q *question, in given, context bool) (rows []kind.Row, all []told, ok bool) {
	if !l.out.Several || q.pkg.root.own() || in["arch"]["name"] == nil {
		return nil, nil, false
	}
	open := maps.Clone(in)
	open["arch"] = maps.Clone(in["arch"])
	open["arch"]["name"] = eval.Blank{}
	what := "files"
	if context {
		what = "context"
	}
	w := q.about(what, in)
	if got, found := l.taken.find(w, open); found {
		if rows, all, ok = l.retold(k, q, in, got.([]said), context); ok {
			return rows, all, true
		}
	}
	own, refused := q.own()
	if refused != nil {
		return nil, nil, false
	}
	a, err := own.Ask(open)
	if err != nil {
		return nil, nil, false
	}
	first, err := l.told(q.pkg.root, k, open, ownAnswer{a}, context)
	if err != nil || slices.ContainsFunc(first, func(t told) bool { return hasMark(t.when) }) {
		return nil, nil, false
	}
	answered := make([]said, len(first))
	for i, t := range first {
		answered[i] = said{told: t, blank: hasMark(t.data)}
		if !answered[i].blank {
			if answered[i].row, err = l.row(q, in, ownAnswer{a}, t, context); err != nil || writable(k, q, answered[i].row) != nil {
				return nil, nil, false
			}
			answered[i].row.Trace = nil // it would hold on to what was asked
		}
	}
	if rows, all, ok = l.retold(k, q, in, answered, context); ok {
		l.taken.keep(w, earlier{a.Reads(), answered})
	}
	return rows, all, ok
}

// retold is what was said of a component in its environment. ok is false where conditions of files come out another way there.
func (l *lib) retold(k *kind.Kind, q *question, in given, answered []said, context bool) (rows []kind.Row, all []told, ok bool) {
	rows, all = make([]kind.Row, len(answered)), make([]told, len(answered))
	name := str(in["arch"]["name"])
	for i, s := range answered {
		if conditionOf(s.when).Holds(in["self"]) != (s.data != nil) {
			return nil, nil, false
		}
		all[i] = s.told
		if !s.blank {
			rows[i] = s.row
			rows[i].Trace = l.trace(q, in, ownAnswer{}, s.told)
			continue
		}
		all[i].data = object(filledIn(s.data, name))
		var err error
		if rows[i], err = l.row(q, in, ownAnswer{}, all[i], context); err != nil || writable(k, q, rows[i]) != nil {
			return nil, nil, false
		}
	}
	return rows, all, true
}

// hasMark says whether something is to be filled into data.
func hasMark(data any) bool {
	switch x := data.(type) {
	case string:
		return strings.Contains(x, eval.Mark)
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

// filledIn is data with a text filled in. What has nothing to fill in is taken over.
func filledIn(data any, text string) any {
	if !hasMark(data) {
		return data
	}
	switch x := data.(type) {
	case string:
		return strings.ReplaceAll(x, eval.Mark, text)
	case []any:
		all := make([]any, len(x))
		for i, v := range x {
			all[i] = filledIn(v, text)
		}
		return all
	case kind.Object:
		o := make(kind.Object, len(x))
		for name, v := range x {
			o[name] = filledIn(v, text)
		}
		return o
	}
	return data
}
