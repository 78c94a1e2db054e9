package ir

import (
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/internal/pen"
	"platc.dev/platc/compiler/kind"
)

// Decided is a value of the plan with its origins. Everyone can read one; only package pass can make one. The zero value is what no pass decided.
type Decided[T any] struct {
	value T
	by    []Origin
}

// Decide makes a decision. The first origin decided; the others contribute to the value, or ask for the same.
func Decide[T any](_ pen.Pen, value T, by ...Origin) Decided[T] {
	return Decided[T]{value: value, by: by}
}

// Join is a decision with further origins. It takes the place of the one that it was made from.
func Join[T any](_ pen.Pen, d Decided[T], by ...Origin) Decided[T] {
	return Decided[T]{value: d.value, by: append(d.by, by...)}
}

// Value is what was decided.
func (d Decided[T]) Value() T { return d.value }

// By is all that contributes to the value, or asks for it: without any of them it would not be what it is. The first decided it.
func (d Decided[T]) By() []Origin { return slices.Clone(d.by) }

// Origin is one answer to the question why a decision was taken: who asked for it, and in which words.
type Origin struct {
	Pass string // that took the decision
	// Edge is the link that asked; nil where no link did.
	Edge *Edge
	// With are further links without which Edge would not ask: the second half of a way through a component, the link because of which other pods act for its source.
	With []*Edge
	// Rule is the rule of Edge that asked. It is nil where the link itself did, by an attribute that every link has or by being there, and where no link asked.
	Rule *kind.Rule
	// Node is the component or sub-component that asked, where no link did; nil for what concerns the whole tree.
	Node *Node
	// Attribute is what was written at Edge, or else at Node, and decided; "" where a rule, a description or the mere presence did.
	Attribute string
	// At is the path in the answer in which this was asked for, of Rule about Edge or of the description of Node, as "out", "env", "HOST"; nil for
	// what a rule declares for all its links.
	At []any
	// Trace says where the value at At comes from; nil where nothing more is known.
	Trace kind.Trace
	// Pos is the place in arch.cue that asked.
	Pos    diag.Pos
	Reason string // in words
}

// Source is where what was asked for is written, and what it was read from; false where the answer does not say.
func (o Origin) Source() (kind.Source, bool) {
	if o.Trace == nil || o.At == nil {
		return kind.Source{}, false
	}
	return o.Trace(o.At...), true
}

// Same says whether two origins are one.
func (o Origin) Same(p Origin) bool {
	return o.Pass == p.Pass && o.Edge == p.Edge && o.Rule == p.Rule && o.Node == p.Node && o.Attribute == p.Attribute && o.Pos == p.Pos && o.Reason == p.Reason &&
		slices.Equal(o.At, p.At) && slices.Equal(o.With, p.With)
}
