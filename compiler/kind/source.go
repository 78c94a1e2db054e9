package kind

import "platc.dev/platc/compiler/diag"

// Ref names one leaf of what a question was given: the input, then keys and indexes, as "self", "attrs", "replicas" or "self", "parts", "users", "0".
// A leaf that was asked for and that is missing is named as well: its absence decided.
type Ref []string

// Source says where one value of an answer comes from.
type Source struct {
	Pos    diag.Pos // where it is written in the files of the kind, or of the library
	Read   []Ref    // what the value itself was read from
	Exists []Ref    // what decided that it is there: conditions, also those that did not hold, and items that were looped over
	Shape  []Ref    // what decided which fields or items stand beside it
	Spans  []Span   // of a text put together from several: which bytes come from where, in order; nil: all from the same
}

// Span is a part of a text, up to End (exclusive, in bytes) and from the end of the span before it.
type Span struct {
	End  int
	Pos  diag.Pos
	Read []Ref
	// Exists is what decided that this part is in the text.
	Exists []Ref
}

// Trace gives the source of the value at a path of an answer: keys (string) and indexes (int). A nil Trace knows nothing: CUE has answered.
type Trace func(path ...any) Source
