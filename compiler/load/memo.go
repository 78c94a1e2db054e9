package load

import (
	"sync"
	"sync/atomic"

	"platc.dev/platc/compiler/eval"
	"platc.dev/platc/compiler/kind"
)

// memos are what built-in kinds answered so far, for whoever asks alike: other components, links and environments. They are safe on many goroutines.
type memos struct {
	mu  sync.RWMutex
	all map[topic]*memo
}

// topic is a question, or a part of what it is answered: "", the path of a file, or one of those in files.go.
type topic struct {
	q    *question
	part string
}

func newMemos() *memos { return &memos{all: map[topic]*memo{}} }

func (m *memos) of(q *question, part string) *memo {
	t := topic{q, part}
	m.mu.RLock()
	one := m.all[t]
	m.mu.RUnlock()
	if one != nil {
		return one
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all[t] == nil {
		m.all[t] = &memo{}
	}
	return m.all[t]
}

// memo is what was answered to one topic.
type memo struct {
	asked, found atomic.Int64

	mu   sync.RWMutex
	kept eval.Memo[*kept]
}

// useless says whether hardly anybody finds something here.
func (m *memo) useless() bool {
	const enough = 32
	asked, found := m.asked.Load(), m.found.Load()
	return asked-found > enough && found < asked/2
}

func (m *memo) find(in given, p *eval.Places) (*kept, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.kept.Find(in, p)
}

func (m *memo) keep(a *eval.Answer, in given, one *kept) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept.Keep(a, in, one)
}

// kept is an answer as it is for all who ask alike, with the places of what is another text or number for each of them.
type kept struct {
	mold any
	open bool
	made any // of an answer that is the same for all
}

// known is an answer: its data, and where it is the same for all who ask alike what was made of that.
type known struct {
	data any
	*kept
}

// places are used again: an evaluation needs some dozens of them for a moment.
func places() *sync.Pool { return &sync.Pool{New: func() any { return &eval.Places{} }} }

// recall is the answer to a topic: what was answered before where that holds for the inputs, else what read makes of the answer of the evaluator, which is kept for others. Where the answer is
// the same for all, what build makes of it is kept as well. ok is false where the topic is to be asked in the ordinary way: where nobody has asked it before, where what was answered
// before helps hardly anybody, and where that fails.
func (l *lib) recall(q *question, part string, in given, read func(answer) (any, error), build func(data any) any) (k known, ok bool) {
	own, refused := q.own()
	if refused != nil || q.pkg.root.own() {
		return k, false
	}
	m := l.memos.of(q, part)
	if m.asked.Add(1) == 1 && !l.out.Several {
		return k, false
	}
	p := l.places.Get().(*eval.Places)
	defer func() {
		p.Reset()
		l.places.Put(p)
	}()
	if k.kept, ok = m.find(in, p); ok {
		m.found.Add(1)
	} else {
		if m.useless() && !l.out.Several {
			return k, false
		}
		a, err := own.AskOpen(in)
		if err != nil {
			return k, false
		}
		data, err := read(ownAnswer{a})
		if err != nil {
			return k, false
		}
		one := &kept{mold: molded(data)}
		if one.open = isOpen(one.mold); !one.open && build != nil {
			one.made = build(data)
		}
		m.keep(a, in, one)
		if k.kept, ok = m.find(in, p); !ok {
			return k, false
		}
	}
	k.data = k.mold
	if k.open {
		k.data = filled(k.mold, p)
	}
	return k, true
}

// recallObject is recall of data with fields.
func (l *lib) recallObject(q *question, part string, in given, read func(answer) (kind.Object, error)) (kind.Object, bool) {
	k, ok := l.recall(q, part, in, func(a answer) (any, error) { return read(a) }, nil)
	return object(k.data), ok
}
