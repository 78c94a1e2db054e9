package eval

import "platc.dev/platc/compiler/kind"

// Memo keeps what was made of answers to a question, or to a part of it, by what these read of their inputs: it is as well what would be made of the answer for any
// inputs of which the same is read. Texts and whole numbers that were only taken over are not compared, but filled in. It is not safe on several goroutines.
type Memo[T any] struct {
	tops map[int]*point[T] // by which inputs there are
}

// point is where all trails are that have found the same so far. What they read next is the same as well.
type point[T any] struct {
	step step
	ends bool
	made T
	ways []way[T]
	many map[found]*point[T] // the same, where they are more than a few
}

type way[T any] struct {
	found found
	to    *point[T]
}

// Find is what was made of an answer that holds for inputs, and in p what is to be filled in.
func (m *Memo[T]) Find(inputs map[string]kind.Object, p *Places) (made T, ok bool) {
	at := m.tops[p.start(inputs)]
	for at != nil && !at.ends {
		at = at.to(p.take(&at.step))
	}
	if at == nil {
		return made, false
	}
	return at.made, true
}

// Keep keeps what was made of an answer of AskOpen for inputs. What is read of the answer afterwards does not count.
func (m *Memo[T]) Keep(a *Answer, inputs map[string]kind.Object, made T) {
	p := &Places{}
	which := p.start(inputs)
	at := m.tops[which]
	if at == nil {
		if m.tops == nil {
			m.tops = map[int]*point[T]{}
		}
		at = &point[T]{}
		m.tops[which] = at
	}
	for _, s := range a.c.trail.steps {
		switch {
		case at.ends:
			return // somebody else was as fast
		case len(at.ways) == 0:
			at.step = s
		default:
			at.step.seen = at.step.seen || s.seen // there was no such field before
		}
		f := p.take(&s)
		next := at.to(f)
		if next == nil {
			next = &point[T]{}
			at.add(f, next)
		}
		at = next
	}
	at.ends, at.made = true, made
}

func (p *point[T]) to(f found) *point[T] {
	if p.many != nil {
		return p.many[f]
	}
	for i := range p.ways {
		if p.ways[i].found == f {
			return p.ways[i].to
		}
	}
	return nil
}

func (p *point[T]) add(f found, to *point[T]) {
	const few = 16
	p.ways = append(p.ways, way[T]{f, to})
	switch {
	case p.many != nil:
		p.many[f] = to
	case len(p.ways) > few:
		p.many = map[found]*point[T]{}
		for _, w := range p.ways {
			p.many[w.found] = w.to
		}
	}
}

// start makes inputs the first places, and says which of them there are.
func (p *Places) start(inputs map[string]kind.Object) (which int) {
	p.Reset()
	for i, name := range inputNames() {
		o := inputs[name]
		if o == nil {
			p.all = append(p.all, nil)
			continue
		}
		p.all = append(p.all, o)
		which |= 1 << i
	}
	return which
}
