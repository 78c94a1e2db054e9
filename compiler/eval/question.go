package eval

import (
	"errors"
	"fmt"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// Refusal says why a question is outside of what is evaluated here, in words for users: CUE has to answer it.
type Refusal struct {
	Pos    diag.Pos
	Reason string
}

// Question is the value at a path of a package, with what it declares as inputs (#self, #arch, …) open. It is safe on many goroutines.
type Question struct {
	program *Program
	conjs   []conj
	label   *label
	names   map[string]bool // of the fields that it declares
}

// Question compiles the value at a path, as "kind", "describe" or "links", "a -> b", and all that it may reach.
// A path that nothing stands at is a question as well: its answer does not exist.
func (p *Program) Question(pkg string, path ...string) (*Question, *Refusal) {
	if k := p.pkgs[pkg]; k != nil {
		k.files() // which may take its time: packages are parsed side by side
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	q := &Question{program: p, names: map[string]bool{}}
	if len(path) == 0 {
		return q, nil
	}
	u := p.unit(pkg, path[0])
	if u == nil {
		return q, nil
	}
	u.compile()
	if u.pkg.bad != nil {
		return nil, u.pkg.bad.told()
	}
	c := &ctx{patterns: &p.patterns}
	at := u.vertex
	for _, name := range path[1:] {
		if r := p.surveyed(c, at, len(path) > 1 && !simple(at)); r != nil {
			return nil, r
		}
		at = c.child(at, name)
		if at == nil {
			return q, nil
		}
	}
	q.label = at.label
	at.conjs(func(cj conj) { q.conjs = append(q.conjs, cj) })
	if r := p.surveyed(c, at, true); r != nil {
		return nil, r
	}
	if c.err != "" {
		return nil, &Refusal{Pos: posOf(at.pos()), Reason: c.err}
	}
	q.declares(c)
	return q, nil
}

func (r *refusal) told() *Refusal { return &Refusal{Pos: posOf(r.at), Reason: r.reason} }

// simple says whether the fields of a vertex can be told without evaluating anything else.
func simple(v *vertex) bool {
	plain := true
	v.conjs(func(cj conj) {
		n, ok := cj.n.(*structLit)
		plain = plain && ok && !n.embeds
	})
	return plain
}

// child is a field of a vertex, which is evaluated so far.
func (c *ctx) child(v *vertex, name string) *vertex {
	val := c.value(v)
	if val.class != structure {
		return nil
	}
	return c.find(val.v, &label{name: name, role: roleOf(name)})
}

// surveyed makes sure that all that a vertex may reach is compiled and settled, and gives the first refusal.
func (p *Program) surveyed(c *ctx, v *vertex, whole bool) *Refusal {
	if !whole {
		return nil
	}
	s := survey{units: map[*unit]bool{}}
	around := map[*vertex]bool{}
	v.conjs(func(cj conj) { s.reached(c, cj, around) })
	seen := map[*unit]bool{}
	for u := range s.units {
		if r := u.reach(seen); r != nil && s.refusal == nil {
			s.refusal = r
		}
	}
	if s.refusal != nil {
		return s.refusal.told()
	}
	constants := &ctx{patterns: &p.patterns, settling: true}
	for u := range seen {
		constants.settle(u)
	}
	for v := range around {
		constants.deep(v, 0)
	}
	if constants.err != "" {
		return &Refusal{Pos: posOf(v.pos()), Reason: constants.err}
	}
	return nil
}

// reached surveys a conjunct, and what it refers to in the literals around it.
func (s *survey) reached(c *ctx, cj conj, around map[*vertex]bool) {
	s.node(cj.n, 0, func(up int, ref node) {
		e := cj.e.at(up)
		var l link
		switch ref := ref.(type) {
		case *fieldRef:
			l = (&fieldRef{ref.place, 0, ref.label}).resolve(c, e)
		case *letRef:
			l = (&letRef{ref.place, 0, ref.slot, ref.let}).resolve(c, e)
		}
		if l.v == nil || around[l.v] {
			return
		}
		around[l.v] = true
		l.v.conjs(func(cj conj) { s.reached(c, cj, around) })
	})
}

// declares notes the names of the fields, as far as they do not depend on inputs.
func (q *Question) declares(c *ctx) {
	v := q.root(c, nil)
	c.value(v)
	if v.body != nil {
		for _, a := range v.body.arcs {
			q.names[a.label.text()] = true
		}
	} else if val := v.val; val.v != nil {
		for _, a := range val.v.body.arcs {
			q.names[a.label.text()] = true
		}
	}
}

// Has says whether the value declares a field, such as an input "#self" or "marks", whatever the inputs are.
func (q *Question) Has(name string) bool { return q.names[name] }

// root is the vertex of an answer.
func (q *Question) root(c *ctx, inputs map[string]kind.Object) *vertex {
	v := c.vertex(conj{})
	v.label = q.label
	if len(q.conjs) > 0 {
		v.first = q.conjs[0]
		v.more = append(v.more, q.conjs[1:]...)
	}
	filled := &inputsNode{}
	for _, name := range inputNames() {
		o := inputs[name]
		if o == nil {
			c.wrapped(nil)
			continue
		}
		filled.labels = append(filled.labels, &label{name: "#" + name, role: definition})
		filled.given = append(filled.given, c.given(o, nil, name))
	}
	if len(filled.given) > 0 {
		v.more = append(v.more, conj{n: filled})
	}
	return v
}

// inputsNode is the inputs of a question, as one more struct that it is unified with.
type inputsNode struct {
	place
	labels []*label
	given  []*vertex
}

func (n *inputsNode) eval(*ctx, *env) value { return fault(refused, "inputs as a value") }

// Ask fills inputs in, by name without "#" ("self", "arch"), and gives the answer, which is evaluated as far as it is read.
// Inputs that are nil are left out. What was given may not be changed while the answer is in use.
// Each error, of Ask or of the answer, means that CUE has to be asked, for the answer or for what is wrong with it.
func (q *Question) Ask(inputs map[string]kind.Object) (*Answer, error) { return q.ask(inputs, nil) }

// AskOpen is Ask with the texts and whole numbers of the inputs left open: the answer is for a Memo.
func (q *Question) AskOpen(inputs map[string]kind.Object) (*Answer, error) {
	return q.ask(inputs, &trail{calls: map[called]value{}, same: map[[2]string]bool{}})
}

func (q *Question) ask(inputs map[string]kind.Object, t *trail) (*Answer, error) {
	c := &ctx{patterns: &q.program.patterns, trail: t}
	a := &Answer{c: c}
	if len(q.conjs) == 0 {
		return a, nil
	}
	a.v = q.root(c, inputs)
	if val := c.value(a.v); val.class == bottom {
		return nil, c.mistaken(val)
	}
	return a, c.failed()
}

func (c *ctx) mistaken(val value) error {
	if err := c.failed(); err != nil {
		return err
	}
	return fmt.Errorf("%s", strings.ReplaceAll(val.s, "\x00", " "))
}

func (c *ctx) failed() error {
	if c.err != "" {
		return errors.New(c.err)
	}
	return nil
}
