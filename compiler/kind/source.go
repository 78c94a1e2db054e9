package kind

import (
	"strings"

	"platc.dev/platc/compiler/diag"
)

// Ref names one leaf of what a question was given: the input, then keys and indexes, as "self", "attrs", "replicas" or "self", "parts", "users", "0".
// A leaf that was asked for and that is missing is named as well: its absence decided.
type Ref []string

// Need is a leaf or, with Any, at least one of several sets of needs.
type Need struct {
	Ref Ref
	Any []Needs
	// While is what has to be there for the need to matter: what keeps an item out of a list matters as long as there is the item.
	While Needs
}

// Needs are all needed together.
type Needs []Need

// Refs are needs that are single leaves.
func Refs(refs ...Ref) Needs {
	needs := make(Needs, len(refs))
	for i, ref := range refs {
		needs[i].Ref = ref
	}
	return needs
}

// String is the needs as a formula: a.b c.d (e.f | g.h) [i.j while k.l].
func (n Needs) String() string {
	words := make([]string, len(n))
	for i, need := range n {
		words[i] = need.String()
	}
	return strings.Join(words, " ")
}

func (n Need) String() string {
	text := strings.Join(n.Ref, ".")
	if n.Any != nil {
		words := make([]string, len(n.Any))
		for i, needs := range n.Any {
			words[i] = needs.String()
		}
		text = "(" + strings.Join(words, " | ") + ")"
	}
	if n.While != nil {
		text = "[" + text + " while " + n.While.String() + "]"
	}
	return text
}

// Source says where one value of an answer comes from.
type Source struct {
	Pos    diag.Pos // where it is written in the files of the kind, or of the library
	Read   Needs    // what the value itself was read from
	Exists Needs    // what decided that it is there: conditions, also those that did not hold, and items that were looped over
	Shape  Needs    // what decided which fields or items stand beside it
	Spans  []Span   // of a text put together from several: which bytes come from where, in order; nil: all from the same
}

// Span is a part of a text, up to End (exclusive, in bytes) and from the end of the span before it. An empty one is a place where there would be more.
type Span struct {
	End  int
	Pos  diag.Pos
	Read Needs
	// Exists is what decided that this part is in the text, or that there is none.
	Exists Needs
}

// Trace gives the source of the value at a path of an answer: keys (string) and indexes (int), and Whole at the end for the value with all that is in it.
// A nil Trace knows nothing: CUE has answered.
type Trace func(path ...any) Source

// Whole ends the path of a value that is told as one though it has parts, such as a text with secrets in it.
type Whole struct{}
